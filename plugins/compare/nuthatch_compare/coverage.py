"""How much of the answers the judgments know, and what the rest could change.

    judged      the share of judged documents among the first ranks (Judged@k)
    condensed   a measure with the unjudged documents taken out of the list (Sakai, SIGIR 2007);
                it favours a system that finds much that nobody has judged
    low, high   a measure if no unjudged document is relevant (as usual), and the highest it could
                be if some were, at the highest grade that the judgments hold

For `high` the first one, two, … unjudged documents of a list are taken for relevant, which raises
the ideal as well, and the best of these outcomes counts for each query. Bpref and Judged@k have
no such interval: unjudged documents do not enter the one, and are what the other counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch_compare.graded import UNJUDGED, Graded, Values
from nuthatch_compare.judgments import Grades
from nuthatch_compare.measure import Measure
from nuthatch_compare.own_measures import OWN
from nuthatch_compare.runs import Rankings

#: Systems whose Judged@k is further apart were not judged alike.
_APART = 0.05
_WITHOUT = ("Judged", "Bpref")


class Bounds(BaseModel):
    """Is the mean of a measure with unjudged documents irrelevant, at best, and left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    condensed: float


class Coverage(BaseModel):
    """Tells how much of a system's answers the judgments know.

    `judged` is the mean of Judged@depth over the queries, `unjudged` the number of unjudged
    documents within depth, `bounds` are by measure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    depth: int
    judged: float
    unjudged: int
    bounds: dict[str, Bounds]


def measure_coverage(
    system: str,
    measures: Sequence[Measure],
    grades: Grades,
    rankings: Rankings,
    queries: Sequence[str],
    *,
    depth: int = 10,
) -> Coverage:
    """Returns the coverage of one system at a depth, with the bounds of each measure."""
    graded = Graded.of(grades, rankings, queries)
    taken_out = Graded.of(grades, condensed(grades, rankings), queries)
    shallow = graded.first(depth)
    return Coverage(
        system=system,
        depth=depth,
        judged=_mean(OWN["Judged"](graded, Measure("Judged", depth))),
        unjudged=int((shallow == UNJUDGED).sum()),
        bounds={
            str(measure): Bounds(
                low=_mean(OWN[measure.kind](graded, measure)),
                high=_mean(highest(graded, measure)),
                condensed=_mean(OWN[measure.kind](taken_out, measure)),
            )
            for measure in measures
            if measure.kind not in _WITHOUT
        },
    )


def condensed(grades: Grades, rankings: Rankings) -> dict[str, list[str]]:
    """Returns the rankings without the documents that nobody has judged."""
    return {
        query: [uri for uri in documents if uri in grades.get(query, ())]
        for query, documents in rankings.items()
    }


def highest(graded: Graded, measure: Measure) -> Values:
    """Returns per query the highest value that the measure could have."""
    best = OWN[measure.kind](graded, measure)
    unjudged = graded.first(measure.cut) == UNJUDGED
    grade = max(int(graded.pool_grade.max(initial=1)), measure.rel)
    for first in _steps(int(unjudged.sum(axis=1).max(initial=0))):
        assumed = graded.assuming(grade, first, measure.cut)
        best = np.maximum(best, OWN[measure.kind](assumed, measure))
    return best


def coverage_warning(coverages: Sequence[Coverage]) -> str | None:
    """Returns a sentence where the judgments know one system's answers better than another's."""
    if len(coverages) < 2:
        return None
    least, *_, most = sorted(coverages, key=lambda each: each.judged)
    if most.judged - least.judged <= _APART:
        return None
    return (
        f"the judgments know {most.judged:.0%} of the first {most.depth} documents of "
        f"{most.system} and {least.judged:.0%} of {least.system}: {least.system} may be better "
        "than it looks; judge its documents (nuthatch judge pool) or read the bounds"
    )


def _steps(most: int) -> list[int]:
    """Returns 1, 2, … 10, and from there on steps of a tenth, up to all."""
    steps = [1]
    while steps[-1] < most:
        steps.append(min(most, steps[-1] + max(1, steps[-1] // 10)))
    return steps if most else []


def _mean(values: Values) -> float:
    return float(values.mean()) if len(values) else 0.0
