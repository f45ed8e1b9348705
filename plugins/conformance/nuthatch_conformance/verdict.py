"""The verdict on one test, from pytest's report on it: every test ends in one of four outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pytest

from nuthatch_conformance.case import Case, NotApplicable
from nuthatch_conformance.deviations import Deviation
from nuthatch_conformance.failure_report import describe_failure

Outcome = Literal["passed", "failed", "deviation", "not applicable"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("passed", "failed", "deviation", "not applicable")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one test ended, and why; `deviation` is the entry declared for it, if there is one."""

    case: Case
    outcome: Outcome
    message: str = ""
    deviation: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as the report card shows it."""
        values: dict[str, Any] = {
            "id": self.case.id,
            "topic": self.case.topic,
            "since": ".".join(map(str, self.case.since)),
            "needs": list(self.case.needs),
            "outcome": self.outcome,
            "message": self.message,
        }
        return values if self.deviation is None else {**values, "deviation": dict(self.deviation)}


def judge(
    case: Case,
    deviation: Deviation | None,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
) -> Verdict | None:
    """Return the verdict of one phase of a test; None where the phase decides nothing.

    The report is changed to agree with the verdict.
    """
    error = None if call.excinfo is None else call.excinfo.value
    if error is None:
        if report.when != "call":
            return None
        if hasattr(report, "wasxfail") or not report.passed:
            return _fail(report, case, "it was marked to fail; declare it in deviations.toml")
        if deviation is not None:
            text = "the deviation that is declared for this test is no longer needed: it passes"
            return _fail(report, case, text, deviation)
        return Verdict(case, "passed")
    if isinstance(error, NotApplicable):
        if deviation is not None:
            text = f"a deviation is declared for a test that does not apply ({error})"
            return _fail(report, case, text, deviation)
        return Verdict(case, "not applicable", str(error))
    if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
        text = f"the test was skipped ({error}); declare it in deviations.toml"
        return _fail(report, case, text)
    if deviation is None:
        return _fail(report, case, describe_failure(case, error))
    if report.when == "teardown" or not deviation.expects(error):
        text = f"the deviation declares {deviation.error}; the test raised {type(error).__name__}"
        return _fail(report, case, f"{text}\n{describe_failure(case, error)}", deviation)
    report.outcome = "skipped"
    report.wasxfail = f"{deviation.kind}: {deviation.reason}"
    return Verdict(case, "deviation", f"{type(error).__name__}: {error}", _to_json(deviation))


def _fail(
    report: pytest.TestReport, case: Case, text: str, deviation: Deviation | None = None
) -> Verdict:
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    report.outcome = "failed"
    report.longrepr = text
    return Verdict(case, "failed", text, None if deviation is None else _to_json(deviation))


def _to_json(deviation: Deviation) -> dict[str, Any]:
    return deviation.model_dump(exclude={"test"}, exclude_defaults=True)
