"""`GateResult`: what one rule of a gate found."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class GateResult(BaseModel):
    """Tells whether a rule holds: `passed` is None where that could not be measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    system: str
    passed: bool | None
    found: str
