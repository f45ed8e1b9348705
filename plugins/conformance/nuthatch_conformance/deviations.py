"""deviations.toml: declares the tests that a backend is known to fail.

    [[deviation]]
    test = "searching.ties_keep_the_document_order"
    kind = "notyet"            never: the engine cannot; notimpl: nobody did; notyet: being done
    error = "AssertionError"   the type of what the test raises
    reason = "segments are merged in any order"

Entries are strict: one whose test passes, or does not apply, fails that test; one that names no
test stops the run. All are counted on the report card.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nuthatch import InvalidConfig


class Deviation(BaseModel):
    """One entry: which test fails, with which error, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: str
    kind: Literal["notimpl", "notyet", "never"]
    error: str = Field(pattern=r"^\w+$")
    reason: str = Field(min_length=1)
    link: str = ""

    def expects(self, error: BaseException) -> bool:
        """Return whether the error is of the declared type."""
        return self.error in {kind.__name__ for kind in type(error).__mro__}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    deviation: list[Deviation] = []


def read_deviations(path: Path, known: Collection[str]) -> Mapping[str, Deviation]:
    """Return the entries by test. Raise `InvalidConfig`, also for a test that is not known."""
    try:
        entries = _File.model_validate(tomllib.loads(path.read_text("utf-8"))).deviation
    except (OSError, ValueError) as error:
        raise InvalidConfig(f"{path} cannot be read: {_describe(error)}") from error
    deviations: dict[str, Deviation] = {}
    for entry in entries:
        if entry.test not in known:
            near = get_close_matches(entry.test, known, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise InvalidConfig(f"{path}: the kit has no test {entry.test!r}{hint}")
        if entry.test in deviations:
            raise InvalidConfig(f"{path}: {entry.test!r} is declared twice")
        deviations[entry.test] = entry
    return deviations


def _describe(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}"
        for entry in error.errors()
    )
