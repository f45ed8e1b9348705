"""Slots: the terms of a word's alternatives as one term, of which the greatest counts.

    comp     ids  2    5    9       impacts  1.1  0.4  2.0     weight 1
    comput   ids  5    9            impacts  1.9  1.2          weight 1
    slot     ids  2    5    9       impacts  1.1  1.9  2.0

Each alternative is scored with its own document frequency; the sum over them is never taken. A slot
is then ranked like any term. It is merged in a table of the ids' span, and where it is in a good
part of the chunks the table is kept: a look-up in it takes less time than in a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from nuthatch.scoring.arrays import IdArray, ScoreArray, firsts, freeze
from nuthatch.scoring.postings import BEST, Term, TermScores, highest
from nuthatch.text.slot import Slot

#: To sort one posting costs about as much as to zero and search so many entries of a table.
_SORT_COST: Final = 32
#: The table of a slot is kept where it has at most so many entries for each posting.
_TABLE: Final = 8


def slot_key(slot: Slot) -> str:
    """Return a key under which a slot can be cached: for a plain word its token; others have
    blanks in it, which no token has."""
    if slot.is_plain:
        return slot.word
    return " ".join(
        [token if weight == 1 else f"{token}  {weight!r}" for token, weight in slot.alternatives]
    )


def merge_terms(terms: Sequence[TermScores], weights: Sequence[float]) -> TermScores:
    """Return one term whose impact in a chunk is the greatest weight × impact of several.

    Weights are positive, aligned with `terms`.
    """
    held = [(term, weight) for term, weight in zip(terms, weights, strict=True) if term.df]
    if not held:
        return TermScores(np.zeros(0, np.uint32), np.zeros(0), np.zeros(0, np.intp))
    if len(held) == 1 and held[0][1] == 1:
        return held[0][0]
    span = max(int(term.ids[-1]) for term, _ in held) + 1
    if span > _SORT_COST * sum(term.df for term, _ in held):
        return _merge_by_sorting(held)
    table = np.zeros(span)
    for term, weight in held:
        at = term.ids.astype(np.intp)
        table[at] = np.maximum(table[at], term.impacts * weight)
    ids = np.flatnonzero(table)
    return _term(ids.astype(np.uint32), table[ids], table if span <= _TABLE * ids.size else None)


def _merge_by_sorting(held: Sequence[tuple[TermScores, float]]) -> TermScores:
    """Merge few postings, where a table would be nearly empty."""
    ids = np.concatenate([term.ids for term, _ in held])
    impacts = np.concatenate([term.impacts * weight for term, weight in held])
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    starts = np.flatnonzero(firsts(ids))
    return _term(ids[starts], np.maximum.reduceat(impacts[order], starts), None)


def _term(ids: IdArray, impacts: ScoreArray, table: ScoreArray | None) -> TermScores:
    """Return a term of arrays that nothing else holds."""
    for array in (ids, impacts, table):
        if array is not None:
            array.flags.writeable = False
    return TermScores(ids, impacts, freeze(highest(ids, impacts, BEST)), table)


class SlotTerm:
    """A `Term` of a slot's alternatives, which are merged when all postings are needed.

    Before that impacts are looked up in each. `keep` is called with the merged term.
    """

    def __init__(
        self,
        terms: Sequence[Term],
        weights: Sequence[float],
        keep: Callable[[TermScores], object] | None = None,
    ) -> None:
        self._terms = terms
        self._weights = weights
        self._keep = keep
        self._whole: TermScores | None = None

    @property
    def df(self) -> int:
        """The number of chunks; before the alternatives are merged a bound of it."""
        return sum(term.df for term in self._terms) if self._whole is None else self._whole.df

    @property
    def max_impact(self) -> float:
        """The most that the slot adds to any chunk, or more."""
        if self._whole is not None:
            return self._whole.max_impact
        return max(
            term.max_impact * weight
            for term, weight in zip(self._terms, self._weights, strict=True)
        )

    @property
    def is_loaded(self) -> bool:
        """Whether `whole` is there without reading."""
        return self._whole is not None or all(term.is_loaded for term in self._terms)

    def whole(self) -> TermScores:
        """Merge the alternatives."""
        if self._whole is None:
            self._whole = merge_terms([term.whole() for term in self._terms], self._weights)
            if self._keep is not None:
                self._keep(self._whole)
        return self._whole

    def impacts_at(self, ids: IdArray) -> ScoreArray:
        """Return the impacts in these chunks, in any order; 0.0 where no alternative is."""
        if self._whole is not None:
            return self._whole.impacts_at(ids)
        greatest = np.zeros(ids.size)
        for term, weight in zip(self._terms, self._weights, strict=True):
            np.maximum(greatest, term.impacts_at(ids) * weight, out=greatest)
        return greatest
