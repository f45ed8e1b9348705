"""Bounds: the least and the most that a measure could be, whatever the unjudged documents are.

    unjudged documents   those of the list that the measure looks at; each may have any grade from
                         0 to the highest one that the judgments hold
    P R RR Success RBP   only rise with a grade: none relevant is the least, all relevant the most
    AP                   of x relevant ones the most is where they stand first, the least where
                         they stand last; every x is tried
    nDCG, least          the same at the highest grade: a linear function ÷ a convex one is
                         quasi-concave in the grades, so that its minimum is at a corner
    nDCG, most           may be at a grade between, for each raises the ideal too; Dinkelbach's
                         iteration (Management Science 1967) finds it exactly, level by level

A document that no list holds does not enter the bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from nuthatch_compare.measures.formulas import FORMULAS, compute_discounts
from nuthatch_compare.measures.grade_matrix import UNJUDGED, GradeMatrix, Integers, Values
from nuthatch_compare.measures.measure import Measure

_RISING: Final = frozenset({"P", "R", "RR", "Success", "RBP"})


def compute_bounds(graded: GradeMatrix, measure: Measure) -> tuple[Values, Values]:
    """Return per query the lowest and the highest value that the measure could have."""
    compute = FORMULAS[measure.kind]
    top = max(int(graded.pool_grade.max(initial=1)), measure.rel)
    most = int((graded.first_ranks(measure.cut) == UNJUDGED).sum(axis=1).max(initial=0))
    actual = compute(graded, measure)
    if measure.kind in _RISING:
        return actual, compute(graded.with_assumed_grade(top, most, measure.cut), measure)
    low = high = actual
    for count in range(1, most + 1):
        worst = graded.with_assumed_grade(top, count, measure.cut, last=True)
        low = np.minimum(low, compute(worst, measure))
        if measure.kind == "AP":
            best = graded.with_assumed_grade(top, count, measure.cut)
            high = np.maximum(high, compute(best, measure))
    if measure.kind == "nDCG":
        high = np.maximum(actual, _highest_ndcg(graded, measure, top))
    return low, high


def _highest_ndcg(graded: GradeMatrix, measure: Measure, top: int) -> Values:
    """Maximize DCG ÷ ideal DCG over the grades of the unjudged documents.

    Both are sums over the spans between grades: in each span, x documents are relevant, the
    first x unjudged ones of the list. For a share λ the best x of each span maximizes
    DCG − λ · ideal alone; that best has a share of at least λ, which is the next λ.
    """
    ranks = graded.first_ranks(measure.cut)
    discounts = compute_discounts(ranks.shape[1])
    known = (np.maximum(ranks, 0) * discounts).sum(axis=1)
    gains = _gains(ranks == UNJUDGED, discounts)
    spans = list(_span_ideals(graded, measure, top, gains.shape[1]))
    share: Values = np.zeros(graded.queries)
    while True:
        dcg, ideal = known.copy(), np.zeros(graded.queries)
        for width, costs in spans:
            best = np.argmax(gains - share[:, None] * costs, axis=1)[:, None]
            dcg += width * np.take_along_axis(gains, best, axis=1)[:, 0]
            ideal += width * np.take_along_axis(costs, best, axis=1)[:, 0]
        better = np.divide(dcg, ideal, out=np.zeros_like(dcg), where=ideal > 0)
        if not (better > share + 1e-12).any():
            return share
        share = np.maximum(share, better)


def _gains(unjudged: npt.NDArray[np.bool_], discounts: Values) -> Values:
    """Return per query what the first 0, 1, 2, … unjudged ranks are worth together."""
    worth = np.where(unjudged, discounts, 0.0)
    first = np.take_along_axis(worth, np.argsort(~unjudged, axis=1, kind="stable"), axis=1)
    most = int(unjudged.sum(axis=1).max(initial=0))
    return np.pad(first[:, :most].cumsum(axis=1), ((0, 0), (1, 0)))


def _span_ideals(
    graded: GradeMatrix, measure: Measure, top: int, counts: int
) -> Iterator[tuple[int, Values]]:
    """Yield the width of each span between two grades, and what it adds to the ideal DCG.

    That is an array (queries, counts): column x is for a query with x more documents of at least
    the span's upper grade than were judged so. Ideal DCG is the sum over spans of width × column.
    """
    longest = int(graded.count_judged(1).max(initial=0)) + counts
    ideal = compute_discounts(longest)
    if measure.cut is not None:
        ideal[measure.cut :] = 0
    reached = np.concatenate([[0.0], ideal.cumsum()])
    below = 0
    for grade in sorted({*_positive(graded.pool_grade), top}):
        judged = graded.count_judged(grade).astype(np.intp)
        yield grade - below, reached[judged[:, None] + np.arange(counts)]
        below = grade


def _positive(grades: Integers) -> list[int]:
    return [int(grade) for grade in np.unique(grades) if grade > 0]
