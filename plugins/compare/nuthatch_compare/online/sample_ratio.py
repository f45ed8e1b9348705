"""The sample ratio: are the two sides of a test as large as they were meant to be?

A test whose sides are not (a sample ratio mismatch) lost some of its units on one side: by a crash,
a time-out, a log that does not arrive. Its result cannot be trusted, whatever it is (Fabijan
and others, KDD 2019).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

#: A smaller p is no chance.
_ALARM = 0.001


class RatioCheck(BaseModel):
    """The check of both sides' sizes against the share that b was meant to have.

    `counted` names what was counted. p is of the exact binomial test; `passed` is False below .001.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    counted: str
    a: int
    b: int
    share: float
    p: float
    passed: bool


def check_sample_ratio(counted: str, a: int, b: int, share: float = 0.5) -> RatioCheck:
    """Check the counts of both sides against the share that b was meant to have."""
    p = binomial_p(b, a + b, share)
    return RatioCheck(counted=counted, a=a, b=b, share=share, p=p, passed=p >= _ALARM)


def binomial_p(successes: int, of: int, share: float = 0.5) -> float:
    """Return the two-sided p of so many successes: twice the smaller tail, at most 1."""
    from scipy.special import bdtr, bdtrc  # slow to import, and not every command needs it

    if not of:
        return 1.0
    below = float(bdtr(successes, of, share))
    above = float(bdtrc(successes - 1, of, share)) if successes else 1.0
    return min(1.0, 2 * min(below, above))
