"""Power: which true difference a comparison of so many queries would find, or whether any.

detectable   δ with P(|t(n − 1, δ√n / s)| > t(1 − α′/2, n − 1)) = 0.8, where s is the standard
             deviation of the differences and t(ν, λ) is noncentral: of five comparisons whose
             true difference is δ, four find it
α′           α ÷ m for one of a family of m, which is what Holm asks of the first
least        log2(2 / α′), rounded up: with fewer queries that differ, no pattern of signs is
             rare enough, so nothing can be established whatever the differences are
"""

from __future__ import annotations

import math

import numpy as np

from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.intervals import ROUNDING

POWER = 0.8


def least_differing(alpha: float = 0.05, family: int = 1) -> int:
    """Return how many queries must differ before anything can be established: 6 for α = .05."""
    return math.ceil(math.log2(2 * family / alpha) - 1e-9)


def standard_deviation(differences: Values) -> float | None:
    """Return the sample standard deviation, 0 up to rounding; None of a single difference."""
    if len(differences) < 2:
        return None
    spread = float(differences.std(ddof=1))
    return spread if spread > ROUNDING * float(np.abs(differences).max()) else 0.0


def detectable_difference(
    differences: Values, alpha: float = 0.05, family: int = 1
) -> float | None:
    """Return the true difference that is found with a power of 0.8.

    None where nothing can be established: too few queries, or too few that differ.
    """
    spread = standard_deviation(differences)
    differing = int(np.count_nonzero(differences))
    if spread is None or differing < least_differing(alpha, family):
        return None
    return spread * standard_detectable(len(differences), alpha, family)


def standard_detectable(queries: int, alpha: float = 0.05, family: int = 1) -> float:
    """Return the detectable difference as a multiple of the standard deviation."""
    from scipy.special import nctdtrinc, stdtrit  # slow to import, and not every command needs it

    df = queries - 1
    critical = float(stdtrit(df, 1 - alpha / family / 2))
    return float(nctdtrinc(df, 1 - POWER, critical)) / math.sqrt(queries)


def count_needed_queries(
    differences: Values, effect: float, alpha: float = 0.05, family: int = 1
) -> int | None:
    """Return of how many such queries a true difference of `effect` is found with a power of 0.8.

    None where the differences do not vary.
    """
    spread = standard_deviation(differences)
    if not spread:
        return None
    least = least_differing(alpha, family)
    needed = max(least, len(differences))
    for _ in range(5):  # the factor hardly depends on the number: few rounds are enough
        factor = standard_detectable(needed, alpha, family) * math.sqrt(needed)
        needed = max(least, math.ceil((factor * spread / effect) ** 2))
    return needed
