"""`GateResult`: what one rule of a gate found, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict

PASSED: Final = 0
FAILED: Final = 1
COULD_NOT_MEASURE: Final = 3


class GateResult(BaseModel):
    """Tells whether a rule holds: `passed` is None where that could not be measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    system: str
    passed: bool | None
    found: str


def exit_code(results: Sequence[GateResult]) -> int:
    """Return 0 if all rules hold, 1 if one does not, 3 if one could not be measured."""
    if any(each.passed is False for each in results):
        return FAILED
    return COULD_NOT_MEASURE if any(each.passed is None for each in results) else PASSED
