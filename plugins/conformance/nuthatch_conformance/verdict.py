"""From pytest's report on one test to the kit's verdict: no test ends in a way of its own."""

from __future__ import annotations

from typing import Any

import pytest

from nuthatch_conformance.card import Verdict
from nuthatch_conformance.case_metadata import Case, NotApplicable
from nuthatch_conformance.deviations import Deviation
from nuthatch_conformance.story import story


def judge(
    case: Case,
    deviation: Deviation | None,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
) -> Verdict | None:
    """Return the verdict of one phase of a test; None where the phase says nothing yet.

    The report is changed to agree with it.
    """
    error = None if call.excinfo is None else call.excinfo.value
    if error is None:
        if report.when != "call":
            return None
        if hasattr(report, "wasxfail") or not report.passed:
            return _failed(report, case, "it was marked to fail; declare it in deviations.toml")
        if deviation is not None:
            text = "the deviation that is declared for this test is no longer needed: it passes"
            return _failed(report, case, text, deviation)
        return Verdict(case, "passed")
    if isinstance(error, NotApplicable):
        if deviation is not None:
            text = f"a deviation is declared for a test that does not apply ({error})"
            return _failed(report, case, text, deviation)
        return Verdict(case, "not applicable", str(error))
    if isinstance(error, pytest.skip.Exception | pytest.xfail.Exception):
        text = f"the test was skipped ({error}); declare it in deviations.toml"
        return _failed(report, case, text)
    if deviation is None:
        return _failed(report, case, story(case, error))
    if report.when == "teardown" or not deviation.expects(error):
        text = f"the deviation declares {deviation.error}; the test raised {type(error).__name__}"
        return _failed(report, case, f"{text}\n{story(case, error)}", deviation)
    report.outcome = "skipped"
    report.wasxfail = f"{deviation.kind}: {deviation.reason}"
    return Verdict(case, "deviation", f"{type(error).__name__}: {error}", _told(deviation))


def _failed(
    report: pytest.TestReport, case: Case, text: str, deviation: Deviation | None = None
) -> Verdict:
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    report.outcome = "failed"
    report.longrepr = text
    return Verdict(case, "failed", text, None if deviation is None else _told(deviation))


def _told(deviation: Deviation) -> dict[str, Any]:
    return deviation.model_dump(exclude={"test"}, exclude_defaults=True)
