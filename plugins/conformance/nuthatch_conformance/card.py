"""The report card: what a backend promises and which tests of the kit it passed.

    format, kit, profile        what was run
    backend, distribution, …    what it was run against, its capabilities included
    counts, complete            how it went; complete: no test was left out
    tests                       id, topic, since, needs, outcome, message

Two runs of the same tests on the same backend give the same card: it holds no times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from nuthatch_conformance.case_metadata import Case

FORMAT: Final = 1

Outcome = Literal["passed", "failed", "deviation", "not applicable"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("passed", "failed", "deviation", "not applicable")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tells how one test ended, and why; `deviation` is its entry, where it has one."""

    case: Case
    outcome: Outcome
    message: str = ""
    deviation: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as the card shows it."""
        values: dict[str, Any] = {
            "id": self.case.id,
            "topic": self.case.topic,
            "since": ".".join(map(str, self.case.since)),
            "needs": list(self.case.needs),
            "outcome": self.outcome,
            "message": self.message,
        }
        return values if self.deviation is None else {**values, "deviation": dict(self.deviation)}


def report_card(
    kit: Mapping[str, Any],
    facts: Mapping[str, Any],
    known: Iterable[str],
    verdicts: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the card; tests stand in the kit's order, those that were not run are left out."""
    tests = [verdicts[each] for each in known if each in verdicts]
    counts = {outcome: sum(test["outcome"] == outcome for test in tests) for outcome in OUTCOMES}
    return {
        "format": FORMAT,
        "kit": dict(kit),
        **facts,
        "complete": len(tests) == len(list(known)),
        "counts": counts,
        "tests": tests,
    }


def to_text(card: Mapping[str, Any]) -> str:
    """Return the card as it is written to files."""
    return json.dumps(card, ensure_ascii=True, indent=2) + "\n"
