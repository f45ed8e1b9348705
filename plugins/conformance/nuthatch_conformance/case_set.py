"""`CaseSet`: the tests that a class has from the kit, and what subclasses may not do."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from nuthatch_conformance.case_metadata import Case

#: What pytest, or a plugin of its, would take for permission not to run a test.
_EXITS = frozenset({"skip", "skipif", "xfail"})


class CaseSet:
    """Gathers the tests of a group or suite, and refuses subclasses that change them."""

    #: A file of deviations, relative to the file of the class.
    deviations: ClassVar[str | None] = None

    _topic: ClassVar[str] = ""
    _cases: ClassVar[dict[str, Case]] = {}

    def __init_subclass__(cls, topic: str = "", needs: str = "", **others: Any) -> None:
        super().__init_subclass__(**others)
        inherited: dict[str, Case] = {}
        for base in reversed(cls.__mro__[1:]):
            inherited.update(vars(base).get("_cases", {}))
        cls._topic = topic
        refuse_changes(cls, inherited)
        wanted = tuple(needs.split())
        own = {
            name: value.case.of(topic, wanted)
            for name, value in vars(cls).items()
            if topic and hasattr(value, "case")
        }
        cls._cases = {**inherited, **own}

    @classmethod
    def cases(cls) -> dict[str, Case]:
        """Return the kit's tests of this class by the names of their functions."""
        return cls._cases


def refuse_changes(cls: type[CaseSet], inherited: dict[str, Case]) -> None:
    """Raise `TypeError` where an author's class replaces, removes or excuses a test."""
    for name in inherited:
        kits = (vars(base) for base in cls.__mro__[1:] if vars(base).get("_topic"))
        if getattr(cls, name, None) is not next(each[name] for each in kits if name in each):
            raise TypeError(
                f"{cls.__name__}.{name} replaces a test of the kit; a test that cannot pass is "
                "declared in deviations.toml"
            )
    if "engine" in vars(cls) and any("engine" in vars(base) for base in cls.__mro__[1:]):
        raise TypeError(f"{cls.__name__}.engine replaces a fixture of the kit; give `url` only")
    marks = getattr(cls, "pytestmark", [])
    for mark in marks if isinstance(marks, list) else [marks]:
        if mark.name in _EXITS:
            raise TypeError(
                f"{cls.__name__} is marked {mark.name}; a test that cannot pass is declared in "
                "deviations.toml"
            )


def excused(item: pytest.Item) -> str:
    """Return the name of a mark that would keep a test from running or failing, if any."""
    return next((mark.name for mark in item.iter_markers() if mark.name in _EXITS), "")
