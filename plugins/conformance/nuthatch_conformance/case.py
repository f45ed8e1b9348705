"""A case: one test of the kit, and the classes that hold cases.

Case             name, contract version, needed capabilities, docstring
CaseSet          the base of topics and suites; refuses subclasses that change a case
NotApplicable    the end of a case that needs what the backend does not declare
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import pytest

_CAUSES: Final = "Likely causes:"
#: Marks with which pytest, or a plugin of pytest, does not run a test or accepts its failure.
_EXEMPTING_MARKS: Final = frozenset({"skip", "skipif", "xfail"})


class NotApplicable(pytest.skip.Exception):  # type: ignore[name-defined, misc]
    """The end of a test that needs what the backend does not declare."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test of the kit: `since` is a contract version, `needs` are dotted capabilities."""

    name: str
    since: tuple[int, int]
    needs: tuple[str, ...]
    doc: str
    topic: str = ""

    @property
    def id(self) -> str:
        """The name of the test on report cards and in deviations."""
        return f"{self.topic}.{self.name.removeprefix('test_')}"

    @property
    def rule(self) -> str:
        """The property that must hold, in words."""
        return " ".join(self.doc.partition(_CAUSES)[0].split())

    @property
    def causes(self) -> list[str]:
        """The mistakes that usually break the property."""
        causes = " ".join(self.doc.partition(_CAUSES)[2].split())
        return [cause.strip().rstrip(".") for cause in causes.split(";") if cause.strip()]

    def with_topic(self, topic: str, needs: tuple[str, ...]) -> Case:
        """Return the case as a member of a topic, with the needs of both."""
        return replace(self, topic=topic, needs=tuple(dict.fromkeys((*needs, *self.needs))))


class CaseSet:
    """The base of topics and suites: gathers the cases, and refuses subclasses that change one."""

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
        topic_needs = tuple(needs.split())
        own = {
            name: value.case.with_topic(topic, topic_needs)
            for name, value in vars(cls).items()
            if topic and hasattr(value, "case")
        }
        cls._cases = {**inherited, **own}

    @classmethod
    def cases(cls) -> dict[str, Case]:
        """Return the cases of this class by the names of their functions."""
        return cls._cases


def refuse_changes(cls: type[CaseSet], inherited: dict[str, Case]) -> None:
    """Raise `TypeError` where an author's class replaces, removes or exempts a case."""
    for name in inherited:
        topics = (vars(base) for base in cls.__mro__[1:] if vars(base).get("_topic"))
        original = next(members[name] for members in topics if name in members)
        if getattr(cls, name, None) is not original:
            raise TypeError(
                f"{cls.__name__}.{name} replaces a test of the kit; a test that cannot pass is "
                "declared in deviations.toml"
            )
    if "engine" in vars(cls) and any("engine" in vars(base) for base in cls.__mro__[1:]):
        raise TypeError(f"{cls.__name__}.engine replaces a fixture of the kit; give `url` only")
    marks = getattr(cls, "pytestmark", [])
    for mark in marks if isinstance(marks, list) else [marks]:
        if mark.name in _EXEMPTING_MARKS:
            raise TypeError(
                f"{cls.__name__} is marked {mark.name}; a test that cannot pass is declared in "
                "deviations.toml"
            )


def find_exempting_mark(item: pytest.Item) -> str:
    """Return the name of a mark that would keep a test from running or failing, "" if none."""
    return next((mark.name for mark in item.iter_markers() if mark.name in _EXEMPTING_MARKS), "")
