"""Tests of a mean against a margin: what a gate lets pass.

A mean lies above a margin where
    the mean and the lower end of its interval are above it, strictly
    and the permutation test of the values minus the margin has, by Holm's adjustment over all that
    a gate compares, a p of at most α

What cannot be told (too few queries, a run that was cut off) is neither passed nor failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nuthatch_compare.comparison import Comparison, GateResult
from nuthatch_compare.formatting import counted, format_number, p_value
from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.intervals import intervals_of_means
from nuthatch_compare.statistics.permutation import permutation_test
from nuthatch_compare.statistics.significance import holm

#: The least number of judged queries that a rule of relevance needs.
MIN_QUERIES = 10


@dataclass(frozen=True, slots=True)
class MarginTest:
    """One mean and its margin: `values` per query, of which each is from `least` to 1.

    `doubt` says why the values are not to be trusted; `alike`, why they are of no use to a rule
    that holds.
    """

    rule: str
    system: str
    values: Values
    margin: float
    least: float = -1.0
    doubt: str = ""
    alike: str = ""
    note: str = ""


def decide(tests: Sequence[MarginTest], alpha: float, seed: int) -> Iterator[GateResult]:
    """Yield the result of each test; those that can be told are one family."""
    trusted = [test for test in tests if not test.doubt]
    above = [np.asarray(test.values - test.margin)[:, None] for test in trusted]
    adjusted = iter(holm([permutation_test(column, seed=seed)[0].p for column in above]))
    for test in tests:
        if test.doubt:
            yield GateResult(rule=test.rule, system=test.system, passed=None, found=test.doubt)
        else:
            yield _decide(test, next(adjusted), alpha, seed)


def _decide(test: MarginTest, p: float, alpha: float, seed: int) -> GateResult:
    mean = float(test.values.mean())
    ((low, high),) = intervals_of_means(
        test.values[:, None], alpha=alpha, seed=seed, least=test.least, most=1
    )
    passed = mean > test.margin and low > test.margin and p <= alpha
    sign = test.least < 0
    value, least, most = (format_number(number, sign=sign) for number in (mean, low, high))
    found = (
        f"{value}, between {least} and {most}, "
        f"{p_value(p)} of {counted(len(test.values), 'query', 'queries')}{test.note}"
    )
    if passed and test.alike:
        return GateResult(rule=test.rule, system=test.system, passed=None, found=test.alike)
    return GateResult(rule=test.rule, system=test.system, passed=bool(passed), found=found)


def values_of(comparison: Comparison, system: str, measure: str) -> dict[str, float]:
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
    return f"{counted(queries, 'judged query', 'judged queries')}; min_queries is {least}"


def explain_doubt(comparison: Comparison, system: str, allowed: int = 0) -> str:
    """Return why a system's values are not to be trusted; empty where they are."""
    facts = comparison.facts(system)
    if facts.missing > allowed:
        return (
            f"the run {system} lacks {facts.missing:,} of {len(comparison.queries):,} queries: it "
            f"may be cut off; if its engine finds nothing for them, say max_empty = {facts.missing}"
        )
    known = {one.system: one.known for one in comparison.coverage}
    if not known.get(system, 1):
        return f"none of the documents that {system} found is judged"
    return ""


def explain_failures(comparison: Comparison, system: str) -> str:
    """Return why a system is no measure for others: what failed counts 0, and flatters them."""
    facts = comparison.facts(system)
    lost = facts.failed + facts.timed_out
    if not lost:
        return ""
    return f"{system}, which is the measure here, failed on {counted(lost, 'query', 'queries')}"
