"""Equivalence: is a difference too small to matter? Two one-sided tests.

    p = the larger one of P(T > t(−X)) and P(T < t(+X)),  t(x) = (mean − x) ÷ (s / √n), T Student's
        with n − 1 degrees of freedom

The systems are equivalent within ±X at level α where that p is at most α; then the interval at
level 1 − 2α lies within ±X (Schuirmann, J. Pharmacokinetics and Biopharmaceutics 1987). A
difference that is not established is no equivalence: with few queries nothing is established.
"""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.power import standard_deviation


class Equivalence(BaseModel):
    """The test whether a difference is within ±`margin`.

    `low` and `high` are the ends of the interval at level 1 − 2α, which lies within the margin
    just where p is at most α. `adjusted` is Holm's p over the family, None for an exploratory
    measure, which is never `established`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: float
    low: float
    high: float
    p: float
    adjusted: float | None = None
    established: bool = False


def two_one_sided_tests(
    differences: Values, margin: float, alpha: float = 0.05
) -> Equivalence | None:
    """Return the test that the mean lies within ±margin; None with fewer than two differences."""
    from scipy.special import stdtr, stdtrit  # slow to import, and not every command needs it

    spread = standard_deviation(differences)
    if spread is None:
        return None
    mean, n = float(differences.mean()), len(differences)
    error = spread / math.sqrt(n)
    if not error:
        p = 0.0 if abs(mean) < margin else 1.0
        return Equivalence(margin=margin, low=mean, high=mean, p=p)
    p = float(stdtr(n - 1, (abs(mean) - margin) / error))
    reach = float(stdtrit(n - 1, 1 - alpha)) * error
    return Equivalence(margin=margin, low=mean - reach, high=mean + reach, p=p)
