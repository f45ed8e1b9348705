"""Rank-biased overlap of two rankings: how alike they are, the top counting most.

    RBO = (1 − p) Σ p^(d − 1) · A(d)        A(d) = agreement of the first d ranks

Webber, Moffat and Zobel, TOIS 2010. What lies beyond the ends of the lists is unknown, so there
are three values: `ext` goes on with the agreement seen so far, `low` and `high` bound it, the
one if nothing more is common, the other if as much is as can be. With p = .9 the first ten ranks
have 86 % of the weight.

Ties (Corsi and Urbano, SIGIR 2024). To break them by name would make any two engines look more
alike than they are. An item of a group of g ties that begins at rank t contributes to depth d

    w   1 from d = t on                     tied items share the rank, as in sports
    a   (d − t + 1) / g until 1             the mean over all orders of the ties
    b   as a                                and A(d) is corrected as Kendall's τ_b is

and X(d) is the sum over items of the product of their contributions in both rankings:

    A(d)   w  2 X / (sum of contributions in both)    a  X / d    b  X / (norm · norm)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from nuthatch_compare.measures.grade_matrix import Values

#: A ranking: groups of tied items, best first.
Groups = Sequence[Sequence[str]]
Ties = Literal["a", "b", "w"]
P: Final = 0.9


@dataclass(frozen=True, slots=True)
class RBO:
    """The extrapolated overlap, and the least and the most that it can be; from 0 to 1."""

    ext: float
    low: float
    high: float

    @property
    def residual(self) -> float:
        """The width of the bounds: the ranks beyond the lists are unknown."""
        return self.high - self.low


def groups(documents: Sequence[str], scores: Sequence[float] | None = None) -> Groups:
    """Return a ranking's groups of equal scores; without scores nothing is tied."""
    if scores is None:
        return [(document,) for document in documents]
    tied: list[list[str]] = []
    last: float | None = None
    for document, score in zip(documents, scores, strict=True):
        if score != last or not tied:
            tied.append([])
        tied[-1].append(document)
        last = score
    return tied


def rbo(one: Groups, other: Groups, p: float = P, ties: Ties = "a") -> RBO:
    """Return the overlap of two rankings, each item once in each.

    Two empty rankings are the same (1), an empty one and another have nothing in common (0).
    """
    short, long = sorted((_Ranking.of(one), _Ranking.of(other)), key=lambda ranking: ranking.length)
    if not short.length:
        same = float(not long.length)
        return RBO(same, same, same)
    return _Pair(short, long, p, ties).overlap()


@dataclass(frozen=True, slots=True)
class _Ranking:
    """For each item the ranks at which its group begins and ends, from 0."""

    spans: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, ranking: Groups) -> _Ranking:
        spans: dict[str, tuple[int, int]] = {}
        top = 0
        for group in ranking:
            spans.update(dict.fromkeys(group, (top, top + len(group) - 1)))
            top += len(group)
        return cls(spans)

    @property
    def length(self) -> int:
        return len(self.spans)

    def contributions(self, items: Sequence[str], depth: int, ties: Ties) -> Values:
        """Return what each item contributes to each depth, 1 to `depth`."""
        spans = np.array([self.spans[item] for item in items]).reshape(-1, 2)
        top, bottom = spans[:, :1], spans[:, 1:]
        ranks = np.arange(depth)
        if ties == "w":
            return (ranks >= top).astype(np.float64)
        return np.asarray(np.clip((ranks - top + 1) / (bottom - top + 1), 0, 1))

    def norm(self, depth: int, ties: Ties) -> Values:
        """Return the size of the ranking at each depth, as the variant measures it."""
        whole = self.contributions(list(self.spans), depth, ties)
        size = (whole**2).sum(axis=0) if ties == "b" else whole.sum(axis=0)
        # Beyond the end of the shorter ranking there is an unknown item at each rank.
        size[self.length :] = np.arange(self.length, depth) + 1
        return np.asarray(np.sqrt(size) if ties == "b" else size)


@dataclass(frozen=True, slots=True)
class _Pair:
    short: _Ranking
    long: _Ranking
    p: float
    ties: Ties

    def overlap(self) -> RBO:
        s, l, p = self.short.length, self.long.length, self.p  # noqa: E741  as in the paper
        common = [item for item in self.short.spans if item in self.long.spans]
        seen = (
            self.short.contributions(common, l, self.ties)
            * self.long.contributions(common, l, self.ties)
        ).sum(axis=0)
        size = self._size(l)
        start = float(seen[s - 1] / size[s - 1])  # the agreement where the shorter list ends
        least, most, middle = seen.copy(), seen.copy(), seen.copy()
        if l > s:
            most[s:] += self._unseen_most(s, l)
            middle[s:] += start * np.arange(1, l - s + 1) * self._unseen_mean(s, l)
        weights = p ** np.arange(1, l + 1)
        known = float(seen[l - 1])
        bounds = (
            (least, known * (-math.log1p(-p) - float((weights / np.arange(1, l + 1)).sum()))),
            (most, self._beyond_most(s, l, known)),
            (middle, (known + (l - s) * start) / l * p ** (l + 1) / (1 - p)),
        )
        low, high, ext = (
            (1 - p) / p * (float((weights * x / size).sum()) + beyond) for x, beyond in bounds
        )
        return RBO(ext, low, high)

    def _size(self, depth: int) -> Values:
        one, other = (ranking.norm(depth, self.ties) for ranking in (self.short, self.long))
        if self.ties == "w":
            return (one + other) / 2
        if self.ties == "b":
            return one * other
        return np.arange(1, depth + 1, dtype=np.float64)

    def _only_long(self, s: int, l: int) -> Values:  # noqa: E741
        """Return contributions beyond depth s of the items that only the longer list has."""
        alone = [item for item in self.long.spans if item not in self.short.spans]
        return self.long.contributions(alone, l, self.ties)[:, s:]

    def _unseen_most(self, s: int, l: int) -> Values:  # noqa: E741
        """Return the most that unseen ranks add: each could hold the longer list's next item."""
        alone = self._only_long(s, l)[: l - s]
        return np.asarray(np.triu(alone).sum(axis=0))

    def _unseen_mean(self, s: int, l: int) -> Values:  # noqa: E741
        """Return the mean contribution, at each depth, of those that have begun by then."""
        alone = self._only_long(s, l)
        begun = (alone > 0).sum(axis=0)
        return np.asarray(np.divide(alone.sum(axis=0), begun, out=np.zeros(l - s), where=begun > 0))

    def _beyond_most(self, s: int, l: int, known: float) -> float:  # noqa: E741
        """Sum the depths beyond both lists, every unknown rank holding a common item."""
        full = l + s - known  # from this depth on the lists agree wholly
        depths = np.arange(l + 1, math.floor(full + 1e-9) + 1)
        partly = (2 * depths - l - s + known) / depths * self.p**depths
        return float(partly.sum()) + float(self.p ** (full + 1) / (1 - self.p))
