"""The A/A test: does a test of units err as often as its level claims, on these very units?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.permutation import permutation_test
from nuthatch_compare.statistics.two_sample_tests import welch

_RUNS, _AT_ONCE = 1000, 100
#: Of each of these tests; their p need not be as fine as that of the test itself.
_PERMUTATIONS = 999


class AACheck(BaseModel):
    """The rate at which the test errs on these units, with their sides drawn at random.

    `share` of the `runs` had p < α; `low` and `high` are the 99.9 % band around α for so many
    runs. Within or below the band the test can be trusted on such data (`passed`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs: int
    alpha: float
    share: float
    low: float
    high: float
    passed: bool

    @classmethod
    def of(cls, p_values: Sequence[float], alpha: float) -> Self:
        """Return the check of so many tests' p."""
        reach = 3.29 * math.sqrt(alpha * (1 - alpha) / len(p_values))
        share = sum(p < alpha for p in p_values) / len(p_values)
        low, high = max(0.0, alpha - reach), alpha + reach
        runs = len(p_values)
        return cls(runs=runs, alpha=alpha, share=share, low=low, high=high, passed=share <= high)


def check_by_flipping(balance: Values, alpha: float, seed: int) -> AACheck:
    """Return the check of a test of balances: draw for each unit which of its sides is b."""
    random = np.random.default_rng((seed, 2))
    p_values: list[float] = []
    for _ in range(_RUNS // _AT_ONCE):  # all at once would be gigabytes of many units
        flipped = balance[:, None] * random.choice((-1, 1), (len(balance), _AT_ONCE))
        tests = permutation_test(flipped, permutations=_PERMUTATIONS, seed=seed)
        p_values += [test.p for test in tests]
    return AACheck.of(p_values, alpha)


def check_by_shuffling(rates: Values, of_b: Values, alpha: float, seed: int) -> AACheck:
    """Return the check of a test of two sides: shuffle the units between them."""
    random = np.random.default_rng((seed, 2))
    p_values = []
    for _ in range(_RUNS):
        shuffled = random.permutation(of_b)
        test = welch(rates[~shuffled], rates[shuffled], alpha)
        p_values.append(1.0 if test is None else test.p)
    return AACheck.of(p_values, alpha)
