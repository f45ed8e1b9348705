"""Tests of two samples of units (users, sessions): Welch's test of two means."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nuthatch_compare.measures.grade_matrix import Values


@dataclass(frozen=True, slots=True)
class Welch:
    """The difference of two means, b minus a, with its interval and two-sided p."""

    value: float
    low: float
    high: float
    p: float


def welch(one: Values, other: Values, alpha: float) -> Welch | None:
    """Return Welch's test of two means, of b minus a; None with fewer than two units a side."""
    from scipy.special import stdtr, stdtrit  # slow to import, and not every command needs it

    if min(len(one), len(other)) < 2:
        return None
    value = float(other.mean() - one.mean())
    parts = [float(side.var(ddof=1)) / len(side) for side in (one, other)]
    error = math.sqrt(sum(parts))
    if not error:  # t is not defined: how often would chance part the units so?
        units = len(one) + len(other)
        p = min(1.0, 2 / math.comb(units, len(other))) if value else 1.0
        return Welch(value, value, value, p)
    weights = [part**2 / (len(side) - 1) for part, side in zip(parts, (one, other), strict=True)]
    df = sum(parts) ** 2 / sum(weights)
    reach = float(stdtrit(df, 1 - alpha / 2)) * error
    return Welch(value, value - reach, value + reach, 2 * float(stdtr(df, -abs(value / error))))
