"""Packages whose names are imported when they are first used, and listed once, in `__init__.pyi`.

    __init__.pyi   from nuthatch.errors import NuthatchError as NuthatchError
    __init__.py    _HOME_OF, __getattr__, __dir__ = attach_stub(__name__, __file__)

Type checkers read the stub in place of the package; at run time `attach_stub` does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

_IMPORT = re.compile(r"^from (nuthatch\.\S+) import (?:\(([^)]*)\)|(.+))", re.MULTILINE)


def attach_stub(
    package: str, file: str
) -> tuple[Mapping[str, str], Callable[[str], object], Callable[[], list[str]]]:
    """Return the module of each name in the package's stub, its `__getattr__` and its `__dir__`."""
    stub = Path(file).with_suffix(".pyi").read_text("utf-8")
    home_of = {
        line.split(" as ")[-1]: home
        for home, several, one in _IMPORT.findall(stub)
        for line in re.findall(r"\w+ as \w+", several or one)
    }
    names = vars(sys.modules[package])

    def get(name: str) -> object:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        names[name] = getattr(import_module(home_of[name]), name)
        value: object = names[name]
        return value

    return home_of, get, lambda: sorted({*names, *home_of})
