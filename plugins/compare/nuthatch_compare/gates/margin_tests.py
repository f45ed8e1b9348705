"""Tests of a mean against a margin, by which a gate decides.

A mean lies above a margin where
    the mean and the lower end of its interval are above it, strictly
    and the permutation test of the values minus the margin has, by Holm's adjustment over all that
    a gate compares, a p of at most α

Where a test cannot decide (too few queries, a run that was cut off), it neither passes nor fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nuthatch_compare.comparison import Comparison, GateResult
from nuthatch_compare.formatting import format_count, format_number, format_p_value
from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.intervals import compute_intervals
from nuthatch_compare.statistics.permutation import permutation_test
from nuthatch_compare.statistics.significance import holm

#: The least number of judged queries that a rule of relevance needs.
MIN_QUERIES = 10


@dataclass(frozen=True, slots=True)
class MarginTest:
    """One mean and its margin: `values` per query, of which each is from `least` to 1.

    `untrusted_reason` says why the values are not to be trusted, and `trivial_reason` why a rule
    that holds proves nothing. Each is empty if there is no such reason.
    """

    rule: str
    system: str
    values: Values
    margin: float
    least: float = -1.0
    untrusted_reason: str = ""
    trivial_reason: str = ""
    note: str = ""


def decide(tests: Sequence[MarginTest], alpha: float, seed: int) -> Iterator[GateResult]:
    """Yield the result of each test; those with values to be trusted are one family."""
    trusted = [test for test in tests if not test.untrusted_reason]
    above = [np.asarray(test.values - test.margin)[:, None] for test in trusted]
    adjusted = iter(holm([permutation_test(column, seed=seed)[0].p for column in above]))
    for test in tests:
        if test.untrusted_reason:
            yield _leave_open(test, test.untrusted_reason)
        else:
            yield _decide_one(test, next(adjusted), alpha, seed)


def _leave_open(test: MarginTest, reason: str) -> GateResult:
    return GateResult(rule=test.rule, system=test.system, passed=None, found=reason)


def _decide_one(test: MarginTest, p: float, alpha: float, seed: int) -> GateResult:
    """Return the result of one test, given its `p` of the permutation test by Holm's adjustment.

    It passes if the mean, the lower end of its interval and `p` all show it above the margin.
    Where that is trivial it is left open.
    """
    mean = float(test.values.mean())
    ((low, high),) = compute_intervals(
        test.values[:, None], alpha=alpha, seed=seed, least=test.least, most=1
    )
    passed = mean > test.margin and low > test.margin and p <= alpha
    sign = test.least < 0
    value, least, most = (format_number(number, sign=sign) for number in (mean, low, high))
    found = (
        f"{value}, between {least} and {most}, "
        f"{format_p_value(p)} of {format_count(len(test.values), 'query', 'queries')}{test.note}"
    )
    if passed and test.trivial_reason:
        return _leave_open(test, test.trivial_reason)
    return GateResult(rule=test.rule, system=test.system, passed=bool(passed), found=found)


def read_values(comparison: Comparison, system: str, measure: str) -> dict[str, float]:
    """Return a system's values by query, of those that were judged."""
    return {
        query.name: query.values[measure][system]
        for query in comparison.queries
        if system in query.values.get(measure, {})
    }


def explain_few(queries: int, least: int) -> str:
    """Return why so many queries are too few; empty where they are enough."""
    if not queries:
        return "no judged queries"
    if queries >= least:
        return ""
    return f"{format_count(queries, 'judged query', 'judged queries')}; min_queries is {least}"


def explain_distrust(comparison: Comparison, system: str, allowed: int = 0) -> str:
    """Return why a system's values are not to be trusted; empty where they are."""
    summary = comparison.system(system)
    if summary.missing > allowed:
        return (
            f"the run {system} lacks {summary.missing:,} of {len(comparison.queries):,} queries: "
            "it "
            "may be cut off; if its engine finds nothing for them, say max_empty = "
            f"{summary.missing}"
        )
    known = {one.system: one.known for one in comparison.coverage}
    if not known.get(system, 1):
        return f"none of the documents that {system} found is judged"
    return ""


def explain_failures(comparison: Comparison, system: str) -> str:
    """Return why a system is no measure for others: its failed queries count 0, which makes
    the others look better."""
    summary = comparison.system(system)
    lost = summary.failed + summary.timed_out
    if not lost:
        return ""
    return (
        f"{system}, which is the measure here, failed on {format_count(lost, 'query', 'queries')}"
    )
