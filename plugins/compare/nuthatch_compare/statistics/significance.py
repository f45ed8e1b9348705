"""Significance: tests of paired differences, and the size of difference that they would find.

    p         paired permutation test of the mean, two-sided
    adjusted  Holm over the family: every other system against the baseline, on every primary
              measure. All other measures are exploratory: they get p, and no verdict
    t, p_t    Student's paired t-test beside it; the two part where differences are far from normal
    effect    d_z = mean / standard deviation of the differences (Cohen 1988)
    detectable, least_differing     what such a comparison would find (`power.py`)
    equivalence                     is it too small to matter? (`equivalence.py`)

Urbano, Lima and Hanjalic, SIGIR 2019, compare these tests on retrieval data; Wilcoxon's and the
sign test are left out because they err more often with many queries (Ihemelandu and Ekstrand,
SIGIR 2023). With thousands of queries everything is significant: look at the effect first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig
from nuthatch_compare.measures.computation import Table
from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.equivalence import Equivalence, two_one_sided_tests
from nuthatch_compare.statistics.intervals import RESAMPLES, compute_intervals
from nuthatch_compare.statistics.permutation import PERMUTATIONS, PermutationTest, permutation_test
from nuthatch_compare.statistics.power import (
    count_needed_queries,
    detectable_difference,
    least_differing,
    standard_deviation,
)

#: The outcome for a system: with `too few` queries neither a difference is established nor that
#: it is too small to matter; `same` has the same value on every query.
Outcome = Literal["better", "worse", "equivalent", "same", "too few"]
#: Differences of less are rounding.
_ROUNDING = 1e-12


class Difference(BaseModel):
    """The difference of a system from the baseline on one measure.

    `low` and `high` are the ends of the interval of `delta` at level 1 − α (`intervals.py`).
    `adjusted` is None for an exploratory measure, which is never `significant`. `t`, `p_t` and
    `effect` are None where all differences are the same but not 0, or there is one query.
    `detectable` is None where fewer than `least_differing` queries differ: then nothing can be
    established. Where a least effect is given, `equivalence` is its test, and `needed` the number
    of queries that find such an effect. `identical` systems differ on no query.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str
    baseline: str
    system: str
    queries: int
    baseline_mean: float
    system_mean: float
    delta: float
    low: float
    high: float
    p: float
    exact: bool
    permutations: int
    adjusted: float | None = None
    significant: bool = False
    t: float | None = None
    p_t: float | None = None
    effect: float | None = None
    detectable: float | None = None
    least_differing: int
    needed: int | None = None
    equivalence: Equivalence | None = None
    wins: int
    ties: int
    losses: int
    identical: bool

    @property
    def p_shown(self) -> float:
        """The p that every output shows: the adjusted one where there is one."""
        return self.p if self.adjusted is None else self.adjusted

    @property
    def outcome(self) -> Outcome:
        """The outcome; a difference that is too small to matter is not called better."""
        if self.identical:
            return "same"
        if self.equivalence is not None and self.equivalence.established:
            return "equivalent"
        if self.significant:
            return "better" if self.delta > 0 else "worse"
        return "too few"


@dataclass(frozen=True, slots=True)
class TTest:
    """Student's t with its degrees of freedom, and the two-sided p."""

    t: float
    df: int
    p: float


def compare_systems(
    values: Mapping[str, Table],
    baseline: str,
    primary: Sequence[str],
    *,
    alpha: float = 0.05,
    min_effect: float | None = None,
    family: int | None = None,
    permutations: int = PERMUTATIONS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Difference, ...]:
    """Return the differences of all systems from the baseline, measure by measure.

    `values` are per system, measure and query; the queries are the same everywhere. `primary` are
    the names of the measures that decide. `min_effect` is the least difference that matters.
    `family` is how many tests will be adjusted together, by default those that decide here.
    Raise `InvalidConfig` for a name that is not there, or where there are no queries.
    """
    _check_names(values, baseline, primary)
    others = [system for system in values if system != baseline]
    cells = [(baseline, other, measure) for other in others for measure in values[baseline]]
    if not cells:
        return ()
    columns = np.column_stack([values[o][name] - values[b][name] for b, o, name in cells])
    columns[np.abs(columns) < _ROUNDING] = 0
    tests = permutation_test(columns, permutations=permutations, seed=seed)
    ends = compute_intervals(columns, alpha=alpha, resamples=resamples, seed=seed, least=-1, most=1)
    family = family or max(1, sum(measure in primary for _, _, measure in cells))
    differences = [
        Difference(
            measure=measure,
            baseline=base,
            system=other,
            baseline_mean=float(values[base][measure].mean()),
            system_mean=float(values[other][measure].mean()),
            low=ends[at, 0],
            high=ends[at, 1],
            detectable=detectable_difference(columns[:, at], alpha, family),
            least_differing=least_differing(alpha, family),
            **_test_equivalence(columns[:, at], min_effect, alpha, family),
            **_describe_differences(columns[:, at], tests[at]),
        )
        for at, (base, other, measure) in enumerate(cells)
    ]
    decide = [at for at, (_, _, measure) in enumerate(cells) if measure in primary]
    for at, base in zip(decide, adjust([differences[at] for at in decide], alpha), strict=True):
        differences[at] = base
    return tuple(differences)


def adjust(family: Sequence[Difference], alpha: float = 0.05) -> list[Difference]:
    """Return the differences of one family with adjusted p, and what that establishes."""
    least = least_differing(alpha, len(family) or 1)
    tests = [one.equivalence for one in family]
    within = iter(holm([test.p for test in tests if test is not None]))
    adjusted = []
    for one, test, p in zip(family, tests, holm([one.p for one in family]), strict=True):
        if test is not None:
            inside = next(within)
            enough = one.queries >= least and inside <= alpha
            test = test.model_copy(update={"adjusted": inside, "established": enough})
        update = {"adjusted": p, "significant": p <= alpha, "equivalence": test}
        adjusted.append(one.model_copy(update={**update, "least_differing": least}))
    return adjusted


def _check_names(values: Mapping[str, Table], baseline: str, primary: Sequence[str]) -> None:
    if baseline not in values:
        raise InvalidConfig(f"the baseline {baseline!r} is none of the systems {', '.join(values)}")
    table = values[baseline]
    absent = [name for name in primary if name not in table]
    if absent:
        raise InvalidConfig(
            f"the primary measure {absent[0]!r} is none of those computed: {', '.join(table)}"
        )
    if not all(len(column) for table in values.values() for column in table.values()):
        raise InvalidConfig("there are no judged queries, so no difference can be tested")


def _test_equivalence(
    differences: Values, effect: float | None, alpha: float, family: int
) -> dict[str, object]:
    if effect is None:
        return {}
    return {
        "equivalence": two_one_sided_tests(differences, effect, alpha),
        "needed": count_needed_queries(differences, effect, alpha, family),
    }


def _describe_differences(differences: Values, test: PermutationTest) -> dict[str, object]:
    spread = standard_deviation(differences)
    mean = float(differences.mean())
    student = student_t_test(differences)
    effect = None if spread is None else mean / spread if spread else None if mean else 0.0
    return {
        "queries": len(differences),
        "delta": mean,
        "p": test.p,
        "exact": test.exact,
        "permutations": test.patterns,
        "t": student and student.t,
        "p_t": student and student.p,
        "effect": effect,
        "wins": int((differences > 0).sum()),
        "ties": int((differences == 0).sum()),
        "losses": int((differences < 0).sum()),
        "identical": not differences.any(),
    }


def student_t_test(differences: Values) -> TTest | None:
    """Return Student's test that the mean is 0; None where t is not defined.

    Where no query differs, t is 0 and p is 1.
    """
    spread = standard_deviation(differences)
    df = len(differences) - 1
    if spread is None:
        return None
    if not spread:
        return None if differences.any() else TTest(0.0, df, 1.0)
    from scipy.special import stdtr  # slow to import, and not every command needs it

    t = float(differences.mean()) / (spread / math.sqrt(len(differences)))
    return TTest(t, df, 2 * float(stdtr(df, -abs(t))))


def holm(p: Sequence[float]) -> list[float]:
    """Return p adjusted for their number, in the same order (Holm 1979).

    The i-th smallest of m is multiplied by m − i + 1; none is below a smaller one's, or above 1.
    """
    adjusted = [0.0] * len(p)
    least = 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda at: p[at])):
        least = max(least, min(1.0, (len(p) - rank) * p[at]))
        adjusted[at] = least
    return adjusted
