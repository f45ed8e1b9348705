"""Our own computation of each measure, from a grade matrix.

A formula takes a grade matrix and a measure, and returns one value per query. `measure.py` has the
definitions. Where ir-measures is installed, it computes the values that are reported, so that they
are trec_eval's. Our formulas are needed where it cannot serve:

    bounds and condensed lists   the same measure over many assumed grades, as arrays
    RBP, Judged                  ir-measures needs another package, or does not see all judgments
    grades above 10,000          trec_eval allocates an array as long as the highest grade
    platforms without its wheel

Tests hold both equal on random data. nDCG and its discounts are written here alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from nuthatch_compare.measures.grade_matrix import ABSENT, UNJUDGED, GradeMatrix, Values
from nuthatch_compare.measures.measure import Measure


def _relevant(graded: GradeMatrix, measure: Measure) -> Values:
    return (graded.first_ranks(measure.cut) >= measure.rel).astype(np.float64)


def _ratio(part: Values, whole: Values) -> Values:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _total(ranks: Values) -> Values:
    return np.asarray(ranks.sum(axis=1))


def compute_discounts(ranks: int) -> Values:
    """Return the discount of each rank in DCG: 1 / log2(rank + 1)."""
    return np.asarray(1 / np.log2(np.arange(2, ranks + 2)))


def _dcg(gains: Values) -> Values:
    return _total(gains * compute_discounts(gains.shape[1]))


def _ndcg(graded: GradeMatrix, measure: Measure) -> Values:
    gains = np.maximum(graded.first_ranks(measure.cut), 0).astype(np.float64)
    best = graded.ideal_grades()[:, : measure.cut].astype(np.float64)
    return _ratio(_dcg(gains), _dcg(best))


def _average_precision(graded: GradeMatrix, measure: Measure) -> Values:
    relevant = _relevant(graded, measure)
    precision = relevant.cumsum(axis=1) / np.arange(1, relevant.shape[1] + 1)
    return _ratio(_total(precision * relevant), graded.count_judged(measure.rel))


def _reciprocal_rank(graded: GradeMatrix, measure: Measure) -> Values:
    relevant = _relevant(graded, measure)
    if not relevant.shape[1]:
        return np.zeros(graded.queries)
    return np.where(relevant.any(axis=1), 1 / (1 + relevant.argmax(axis=1)), 0.0)


def _precision(graded: GradeMatrix, measure: Measure) -> Values:
    assert measure.cut is not None
    return _total(_relevant(graded, measure)) / measure.cut


def _recall(graded: GradeMatrix, measure: Measure) -> Values:
    found = _total(_relevant(graded, measure))
    return _ratio(found, graded.count_judged(measure.rel))


def _success(graded: GradeMatrix, measure: Measure) -> Values:
    return np.asarray(_relevant(graded, measure).any(axis=1).astype(np.float64))


def _judged_share(graded: GradeMatrix, measure: Measure) -> Values:
    ranks = graded.first_ranks(measure.cut)
    known: Values = (ranks > UNJUDGED).sum(axis=1, dtype=np.float64)
    there = (ranks > ABSENT).sum(axis=1, dtype=np.float64)
    # Of no document none is unjudged: a query without an answer has no share.
    undefined: Values = np.full(len(ranks), np.nan)
    return np.asarray(np.divide(known, there, out=undefined, where=there > 0))


def _bpref(graded: GradeMatrix, measure: Measure) -> Values:
    ranks = graded.first_ranks(None)
    relevant = ranks >= measure.rel
    bad = (ranks >= 0) & ~relevant  # trec_eval takes grades below 0 for unjudged here
    all_relevant = graded.count_judged(measure.rel)
    all_bad = graded.count_judged(0, measure.rel)
    above = np.minimum(bad.cumsum(axis=1), all_relevant[:, None])
    most = np.minimum(all_bad, all_relevant)[:, None]
    lost = np.divide(above, most, out=np.zeros(ranks.shape), where=most > 0)
    return _ratio(_total((1 - lost) * relevant), all_relevant)


def _rank_biased_precision(graded: GradeMatrix, measure: Measure) -> Values:
    assert measure.p is not None
    relevant = _relevant(graded, measure)
    weights = (1 - measure.p) * measure.p ** np.arange(relevant.shape[1])
    return np.asarray(relevant @ weights)


#: The computation of each kind of measure.
FORMULAS: Final[Mapping[str, Callable[[GradeMatrix, Measure], Values]]] = {
    "nDCG": _ndcg,
    "AP": _average_precision,
    "RR": _reciprocal_rank,
    "P": _precision,
    "R": _recall,
    "Success": _success,
    "Judged": _judged_share,
    "Bpref": _bpref,
    "RBP": _rank_biased_precision,
}
