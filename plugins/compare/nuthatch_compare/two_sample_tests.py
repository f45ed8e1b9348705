"""Tests of two sides over units (users, sessions): the sign test, Welch's of two means."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nuthatch_compare.graded import Values
from nuthatch_compare.ratio import binomial_p


def sign_p(balance: Values) -> float:
    """Returns the sign test's p: of the units that prefer either, how many prefer b?"""
    return binomial_p(int((balance > 0).sum()), int((balance != 0).sum()))


@dataclass(frozen=True, slots=True)
class Welch:
    """Is the difference of two means, b minus a, with its interval and two-sided p."""

    value: float
    low: float
    high: float
    p: float


def welch(one: Values, other: Values, alpha: float) -> Welch | None:
    """Returns Welch's test of two means, of b minus a; None with fewer than two units a side."""
    from scipy.special import stdtr, stdtrit  # slow to import, and not every command needs it

    if min(len(one), len(other)) < 2:
        return None
    value = float(other.mean() - one.mean())
    parts = [float(each.var(ddof=1)) / len(each) for each in (one, other)]
    error = math.sqrt(sum(parts))
    if not error:
        return Welch(value, value, value, float(not value))
    weights = [part**2 / (len(each) - 1) for part, each in zip(parts, (one, other), strict=True)]
    df = sum(parts) ** 2 / sum(weights)
    reach = float(stdtrit(df, 1 - alpha / 2)) * error
    return Welch(value, value - reach, value + reach, 2 * float(stdtr(df, -abs(value / error))))
