"""`Case`: what a test of the kit says of itself; and how one ends that does not apply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import pytest

_CAUSES: Final = "Likely causes:"


class NotApplicable(pytest.skip.Exception):  # type: ignore[name-defined, misc]
    """Ends a test that asks for what the backend honestly does not have."""


@dataclass(frozen=True, slots=True)
class Case:
    """Describes a test: `since` is a contract version, `needs` are dotted capabilities."""

    name: str
    since: tuple[int, int]
    needs: tuple[str, ...]
    doc: str
    topic: str = ""

    @property
    def id(self) -> str:
        """Is how report cards and deviations name the test."""
        return f"{self.topic}.{self.name.removeprefix('test_')}"

    @property
    def rule(self) -> str:
        """Is what must hold, in words."""
        return " ".join(self.doc.partition(_CAUSES)[0].split())

    @property
    def causes(self) -> list[str]:
        """Are the slips that usually break it."""
        told = " ".join(self.doc.partition(_CAUSES)[2].split())
        return [cause.strip().rstrip(".") for cause in told.split(";") if cause.strip()]

    def of(self, topic: str, needs: tuple[str, ...]) -> Case:
        """Return the case as part of a topic, which may need something itself."""
        return replace(self, topic=topic, needs=tuple(dict.fromkeys((*needs, *self.needs))))
