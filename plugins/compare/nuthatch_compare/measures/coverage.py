"""Coverage: how much of the answers is judged, and what the rest could change.

    judged      the share of judged documents among the first ranks (Judged@k), over the queries
                that the system answered: without an answer nothing is unjudged
    condensed   a measure with the unjudged documents taken out of the list (Sakai, SIGIR 2007);
                it favours a system that finds much that nobody has judged
    low, high   the least and the most that a measure could be (`bounds.py`)

Bpref and Judged@k have no bounds: unjudged documents do not enter the one, and are what the other
counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.runs import Rankings
from nuthatch_compare.measures.bounds import compute_bounds
from nuthatch_compare.measures.formulas import FORMULAS
from nuthatch_compare.measures.grade_matrix import UNJUDGED, GradeMatrix, Values
from nuthatch_compare.measures.measure import Measure

#: Systems whose Judged@k is further apart were not judged alike.
_APART = 0.05
_WITHOUT = ("Judged", "Bpref")


class MeasureBounds(BaseModel):
    """The mean of a measure at the worst, at best, and with unjudged documents left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    condensed: float


class Coverage(BaseModel):
    """The coverage of a system's answers by the judgments.

    `judged` is the mean of Judged@depth over the `answered` queries, None without any; `unjudged`
    is the number of unjudged documents within depth, `known` that of judged documents in the whole
    lists. `bounds` are by measure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    depth: int
    answered: int
    judged: float | None
    unjudged: int
    known: int
    bounds: dict[str, MeasureBounds]


def measure_coverage(
    system: str,
    measures: Sequence[Measure],
    grades: Grades,
    rankings: Rankings,
    queries: Sequence[str],
    *,
    depth: int = 10,
) -> Coverage:
    """Return the coverage of one system at a depth, with the bounds of each measure."""
    graded = GradeMatrix.of(grades, rankings, queries)
    taken_out = GradeMatrix.of(grades, condense_rankings(grades, rankings), queries)
    shares = FORMULAS["Judged"](graded, Measure("Judged", depth))
    shares = shares[~np.isnan(shares)]
    return Coverage(
        system=system,
        depth=depth,
        answered=len(shares),
        judged=float(shares.mean()) if len(shares) else None,
        unjudged=int((graded.first_ranks(depth) == UNJUDGED).sum()),
        known=int((graded.grades > UNJUDGED).sum()),
        bounds={
            str(measure): _compute_mean_bounds(graded, taken_out, measure)
            for measure in measures
            if measure.kind not in _WITHOUT
        },
    )


def _compute_mean_bounds(
    graded: GradeMatrix, taken_out: GradeMatrix, measure: Measure
) -> MeasureBounds:
    low, high = compute_bounds(graded, measure)
    left = FORMULAS[measure.kind](taken_out, measure)
    return MeasureBounds(low=_mean(low), high=_mean(high), condensed=_mean(left))


def condense_rankings(grades: Grades, rankings: Rankings) -> dict[str, list[str]]:
    """Return the rankings without the documents that nobody has judged."""
    return {
        query: [uri for uri in documents if uri in grades.get(query, ())]
        for query, documents in rankings.items()
    }


def warn_of_coverage(coverages: Sequence[Coverage]) -> str | None:
    """Return a sentence where the judgments know one system's answers better than another's."""
    shares = [(one.judged, one) for one in coverages if one.judged is not None]
    if len(shares) < 2:
        return None
    (fewest, least), *_, (highest, most) = sorted(shares, key=lambda pair: pair[0])
    if highest - fewest <= _APART:
        return None
    return (
        f"the judgments know {highest:.0%} of the first {most.depth} documents of "
        f"{most.system} and {fewest:.0%} of {least.system}: {least.system} may be better "
        "than it looks; judge its documents (nuthatch judge pool) or read the bounds"
    )


def _mean(values: Values) -> float:
    return float(values.mean()) if len(values) else 0.0
