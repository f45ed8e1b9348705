"""The paired permutation test of a mean difference, two-sided.

If two systems are the same, chance decides which of them has which of a query's two values: the
sign of each difference may as well be the other one. p is the share of all 2^n sign patterns
whose mean is at least as far from 0 as the one that was observed.

Up to 2^16 patterns all are looked at (Fisher, The Design of Experiments, 1935, 21); queries
without a difference have no sign. Beyond that, patterns are drawn, and the observed one counts as
one more: p = (c + 1) / (m + 1) never is 0 (Phipson and Smyth, 2010). Smucker, Allan and Carterette,
CIKM 2007, compare it with others for retrieval.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from nuthatch_compare.measures.grade_matrix import Values

PERMUTATIONS = 9_999
_MOST_EXACT = 16
#: Signs that are drawn at a time: those that fit a processor's cache are four times as fast.
_AT_ONCE = 250_000
#: Two sums that differ by less than this share of Σ|difference| differ by rounding.
_ROUNDING = 1e-10


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """The p of all sign patterns (`exact`) or of a sample; `patterns` is their number."""

    p: float
    exact: bool
    patterns: int


def permutation_test(
    differences: Values, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> list[PermutationTest]:
    """Return the test of each column of (queries, columns); the same signs serve all."""
    tests: list[PermutationTest | None] = [None] * differences.shape[1]
    for at, column in enumerate(differences.T):
        signed = column[column != 0]
        if len(signed) <= _MOST_EXACT:
            tests[at] = _compute_exact(signed)
    sampled = [at for at, test in enumerate(tests) if test is None]
    for at, p in zip(
        sampled, _estimate_p(differences[:, sampled], permutations, seed), strict=True
    ):
        tests[at] = PermutationTest(p, False, permutations)
    return [test for test in tests if test is not None]


def _compute_exact(signed: Values) -> PermutationTest:
    patterns = 2 ** len(signed)
    far = _count_as_far(_list_patterns(len(signed)), signed[:, None])
    return PermutationTest(float(far[0]) / patterns, True, patterns)


@cache
def _list_patterns(signs: int) -> Values:
    """Return all patterns of so many signs: 8 MB of 16, and tests of slices ask for them often."""
    bits = (np.arange(2**signs)[:, None] >> np.arange(signs)) & 1
    return bits.astype(np.float64)


def _estimate_p(differences: Values, permutations: int, seed: int) -> list[float]:
    n, columns = differences.shape
    if not columns:
        return []
    random = np.random.default_rng((seed, 0))
    rows = -(-n // 8)
    most = max(1, _AT_ONCE // n)
    far = np.zeros(columns)
    for begin in range(0, permutations, most):
        size = min(most, permutations - begin)
        packed = np.frombuffer(random.bytes(size * rows), dtype=np.uint8).reshape(size, rows)
        far += _count_as_far(np.unpackbits(packed, axis=1, count=n).astype(np.float64), differences)
    return [(float(count) + 1) / (permutations + 1) for count in far]


def _count_as_far(bits: Values, differences: Values) -> Values:
    """Return per column how many patterns are at least as far from 0 as the observed one."""
    observed = differences.sum(axis=0)
    sums = 2 * (bits @ differences) - observed
    near = np.abs(observed) - _ROUNDING * np.abs(differences).sum(axis=0)
    return np.asarray((np.abs(sums) >= near).sum(axis=0))
