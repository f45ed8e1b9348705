"""Is the difference real? Tests of paired differences, and how large a difference would be seen.

    p         paired permutation test of the mean, two-sided
    adjusted  Holm over the family: every other system against the baseline, on every primary
              measure. All other measures are exploratory: they get p, and no verdict
    t, p_t    Student's paired t-test beside it; the two part where differences are far from normal
    effect    d_z = mean / standard deviation of the differences (Cohen 1988)
    detectable  (z(1 − α/2) + z(0.8)) · standard deviation / √n: a smaller true difference would be
              missed in more than one of five such comparisons

Urbano, Lima and Hanjalic, SIGIR 2019, compare these tests on retrieval data; Wilcoxon's and the
sign test are left out because they err more often with many queries (Ihemelandu and Ekstrand,
SIGIR 2023). With thousands of queries everything is significant: look at the effect first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig
from nuthatch_compare.bootstrap import RESAMPLES, bootstrap_means, interval
from nuthatch_compare.graded import Values
from nuthatch_compare.measures import Table
from nuthatch_compare.permutation import PERMUTATIONS, PermutationTest, permutation_test

POWER = 0.8
#: Differences of less are rounding.
_ROUNDING = 1e-12


class Difference(BaseModel):
    """Is what a system gains over the baseline on one measure.

    `low` and `high` are the bootstrap interval of `delta` at level 1 − α. `adjusted` is None for
    an exploratory measure, which is never `significant`. `t` and `p_t` are None where all
    differences are the same but not 0, or there is one query; so are `effect` and, with one
    query, `detectable`. `identical` systems differ on no query.
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
    wins: int
    ties: int
    losses: int
    identical: bool


@dataclass(frozen=True, slots=True)
class TTest:
    """Is Student's t with its degrees of freedom, and the two-sided p."""

    t: float
    df: int
    p: float


def compare_systems(
    values: Mapping[str, Table],
    baseline: str,
    primary: Sequence[str],
    *,
    alpha: float = 0.05,
    permutations: int = PERMUTATIONS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Difference, ...]:
    """Returns the differences of all systems from the baseline, measure by measure.

    `values` are per system, measure and query; the queries are the same everywhere. `primary` are
    the names of the measures that decide. Raises `InvalidConfig` for a name that is not there,
    or where there are no queries.
    """
    _check(values, baseline, primary)
    others = [system for system in values if system != baseline]
    cells = [(baseline, other, measure) for other in others for measure in values[baseline]]
    if not cells:
        return ()
    columns = np.column_stack([values[o][name] - values[b][name] for b, o, name in cells])
    columns[np.abs(columns) < _ROUNDING] = 0
    tests = permutation_test(columns, permutations=permutations, seed=seed)
    means = bootstrap_means(columns, resamples=resamples, seed=seed)
    family = [at for at, cell in enumerate(cells) if cell[2] in primary]
    adjusted = dict(zip(family, holm([tests[at].p for at in family]), strict=True))
    return tuple(
        Difference(
            measure=measure,
            baseline=one,
            system=other,
            baseline_mean=float(values[one][measure].mean()),
            system_mean=float(values[other][measure].mean()),
            adjusted=adjusted.get(at),
            significant=at in adjusted and adjusted[at] <= alpha,
            **_described(columns[:, at], tests[at], interval(means[:, at], alpha), alpha),
        )
        for at, (one, other, measure) in enumerate(cells)
    )


def _check(values: Mapping[str, Table], baseline: str, primary: Sequence[str]) -> None:
    if baseline not in values:
        raise InvalidConfig(f"the baseline {baseline!r} is none of the systems {', '.join(values)}")
    table = values[baseline]
    absent = [name for name in primary if name not in table]
    if absent:
        raise InvalidConfig(
            f"the primary measure {absent[0]!r} is none of those computed: {', '.join(table)}"
        )
    if not all(len(each) for table in values.values() for each in table.values()):
        raise InvalidConfig("there are no judged queries, so no difference can be tested")


def _described(
    differences: Values, test: PermutationTest, ends: tuple[float, float], alpha: float
) -> dict[str, object]:
    spread = deviation(differences)
    mean = float(differences.mean())
    student = paired_t(differences)
    effect = None if spread is None else mean / spread if spread else None if mean else 0.0
    return {
        "queries": len(differences),
        "delta": mean,
        "low": ends[0],
        "high": ends[1],
        "p": test.p,
        "exact": test.exact,
        "permutations": test.patterns,
        "t": student and student.t,
        "p_t": student and student.p,
        "effect": effect,
        "detectable": detectable(differences, alpha),
        "wins": int((differences > 0).sum()),
        "ties": int((differences == 0).sum()),
        "losses": int((differences < 0).sum()),
        "identical": not differences.any(),
    }


def deviation(differences: Values) -> float | None:
    """Returns the sample standard deviation, 0 up to rounding; None of a single difference."""
    if len(differences) < 2:
        return None
    spread = float(differences.std(ddof=1))
    return spread if spread > _ROUNDING * float(np.abs(differences).max()) else 0.0


def paired_t(differences: Values) -> TTest | None:
    """Returns Student's test that the mean is 0; None where t is not defined.

    Where no query differs, t is 0 and p is 1.
    """
    spread = deviation(differences)
    df = len(differences) - 1
    if spread is None:
        return None
    if not spread:
        return None if differences.any() else TTest(0.0, df, 1.0)
    from scipy.special import stdtr  # slow to import, and not every command needs it

    t = float(differences.mean()) / (spread / math.sqrt(len(differences)))
    return TTest(t, df, 2 * float(stdtr(df, -abs(t))))


def detectable(differences: Values, alpha: float = 0.05) -> float | None:
    """Returns the true difference that is found with a power of 0.8; None of a single query."""
    spread = deviation(differences)
    if spread is None:
        return None
    normal = NormalDist()
    factor = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)
    return factor * spread / math.sqrt(len(differences))


def holm(p: Sequence[float]) -> list[float]:
    """Returns p adjusted for their number, in the same order (Holm 1979).

    The i-th smallest of m is multiplied by m − i + 1; none is below a smaller one's, or above 1.
    """
    adjusted = [0.0] * len(p)
    least = 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda at: p[at])):
        least = max(least, min(1.0, (len(p) - rank) * p[at]))
        adjusted[at] = least
    return adjusted
