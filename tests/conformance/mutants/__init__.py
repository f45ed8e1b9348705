"""Backends that are wrong, to test the kit: each must fail at least one of its tests.

To add a mutant, write a subclass of `Working` into one of the modules here (or a new one): the
docstring is the slip in one sentence, the body changes at most ten lines. Then

    python -m tests.conformance.mutants FiltersAreDropped             which tests kill it, and how
    python -m tests.conformance.mutants FiltersAreDropped --record    and keeps that in matrix.json
    python -m tests.conformance.mutants                               the whole matrix, in minutes
    python -m tests.conformance.mutants --record                      and keeps it, all rows anew

A new test of the kit needs a mutant that it kills. No test is removed to fill the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from .working import Working

for _module in iter_modules(__path__):
    if not _module.name.startswith("__"):
        import_module(f"{__name__}.{_module.name}")


def _find_subclasses(base: type[Working]) -> Iterator[type[Working]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from _find_subclasses(subclass)


#: Every mutant by the name of its class.
MUTANTS = {mutant.__name__: mutant for mutant in _find_subclasses(Working)}
