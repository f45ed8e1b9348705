"""How well titles fit a search: a table of them by its tokens, in numpy.

heat wave      Heat   Heat Wave   The Weave
heat              0           0           -        in so few edits a token matches a title
wave              -           0           1
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np

from nuthatch.entities import EntityPlan, TitleSearch, TitleTerm, title_score
from nuthatch.entities.arithmetic import DECIMALS, squeezed_score
from nuthatch.scoring.arrays import (
    Allowed,
    BoolArray,
    IdArray,
    PositionArray,
    ScoreArray,
    distinct,
    intersect_mask,
    isin_sorted,
)
from nuthatch.scoring.mentions import EntityPostings, LookupResults, union_with_positions
from nuthatch.scoring.postings import highest

#: More edits than any token may be away: it does not match.
_FAR: Final = 3
#: Less than two scores differ by: an exact title comes before its equals.
AHEAD: Final = 0.1 ** (DECIMALS + 1)


class Passing(NamedTuple):
    """Tell which documents may be hits: `excluded` ascending."""

    eligible: Allowed | None
    excluded: IdArray

    def holds(self, ids: IdArray) -> BoolArray | None:
        """Return which of some ids, ascending, may be hits; None: all."""
        if self.eligible is None:
            return ~isin_sorted(ids, self.excluded) if self.excluded.size else None
        kept = intersect_mask(ids, self.eligible)
        return kept & ~isin_sorted(ids, self.excluded) if self.excluded.size else kept

    def of(self, ids: IdArray) -> IdArray:
        """Return those of some ids, in any order, that may be hits."""
        ordered = np.sort(ids)
        kept = self.holds(ordered)
        return ordered if kept is None else ordered[kept]


class Fits(NamedTuple):
    """How well titles fit: documents ascending, with scores above 0, and which are exact."""

    ids: IdArray
    scores: ScoreArray
    exact: BoolArray

    def at(self, places: PositionArray | BoolArray) -> Fits:
        return Fits(self.ids[places], self.scores[places], self.exact[places])

    def cut(self, cap: int) -> Fits:
        """Return the best, by score, then exact ones first, then in document order."""
        if self.ids.size <= cap:
            return self
        return self.at(np.sort(highest(self.ids, self.scores + AHEAD * self.exact, cap)))


def title_fits(
    plan: EntityPlan, searches: Sequence[TitleSearch], found: LookupResults, passing: Passing
) -> tuple[Fits, bool]:
    """Return how well titles fit all searches, and whether more do than count."""
    mentions = dict(chain.from_iterable(near.mentions.items() for near in found.titles.values()))
    cap = plan.settings.title_cap
    fits, is_cut = [], False
    for search in searches:
        plan.check_deadline()
        every = _Table(search, mentions, passing).fits()
        is_cut |= every.ids.size > cap
        fits.append(every.cut(cap))
    if len(fits) == 1:
        return fits[0], is_cut
    ids, places = union_with_positions([each.ids for each in fits])
    scores, exact = np.zeros(ids.size), np.zeros(ids.size, dtype=np.bool_)
    for each, at in zip(fits, places, strict=True):
        summed = scores[at] + each.scores
        best = np.maximum(scores[at], each.scores)
        scores[at] = best if plan.settings.best_title else summed
        exact[at] |= each.exact
    whole = Fits(ids, scores, exact)
    return whole.cut(cap), is_cut or ids.size > cap


class _Table:
    """For one title search in how few edits each of its tokens matches each title."""

    def __init__(
        self, search: TitleSearch, mentions: Mapping[Hashable, EntityPostings], passing: Passing
    ) -> None:
        self._search = search
        self._mentions = mentions
        rows = list(enumerate(search.positions))
        terms = [(row, each) for row, position in rows for each in position.terms]
        halves = [(row, each) for row, position in rows for each in position.halves]
        finding = [
            (each.edits, row, mentions[each.term.key])
            for row, each in terms
            if search.finds(each.term)
        ]
        finding += [
            (1, row, mentions[one.key].common(mentions[other.key]))
            for row, (one, other) in halves
            if search.are_finding((one, other))
        ]
        # The nearest last, which overwrites the others.
        finding.sort(key=lambda found: -found[0])
        wholes = [mentions[term.key] for term in search.wholes]
        self._fill(finding, wholes, passing)
        for row, each in terms:
            if not search.finds(each.term):
                self._lower(row, each.edits, self._has(each.term))
        for row, (one, other) in halves:
            if not search.are_finding((one, other)):
                self._lower(row, 1, self._has(one) & self._has(other))

    def _fill(
        self,
        finding: Sequence[tuple[int, int, EntityPostings]],
        wholes: Sequence[EntityPostings],
        passing: Passing,
    ) -> None:
        """Write down who is found by which token, and whose whole title it is."""
        lists = [*(each for _, _, each in finding), *wholes]
        ids, at = union_with_positions([each.ids for each in lists])
        count = len(finding)
        rows = len(self._search.positions)
        edits = np.full((rows, ids.size), _FAR, dtype=np.uint8)
        lengths = np.zeros(ids.size, dtype=np.uint64)
        least, exact = np.zeros(ids.size), np.zeros(ids.size, dtype=np.bool_)
        if finding:
            sizes = [each.ids.size for _, _, each in finding]
            row = np.repeat([row for _, row, _ in finding], sizes)
            edits[row, np.concatenate(at[:count])] = np.repeat([n for n, _, _ in finding], sizes)
        for each, places in zip(lists, at, strict=True):
            lengths[places] = each.lengths
        text = " ".join(self._search.tokens)
        squeezed = squeezed_score(len(self._search.tokens), self._search.settings)
        for term, places in zip(self._search.wholes, at[count:], strict=True):
            exact[places] = term.token == text
            least[places] = 1.0 if term.token == text else squeezed
        kept = passing.holds(ids)
        if kept is not None:
            ids, lengths, least, exact = ids[kept], lengths[kept], least[kept], exact[kept]
            edits = edits[:, kept]
        self._ids, self._lengths, self._least = ids, lengths, least
        self._edits, self._exact = edits, exact

    def _has(self, term: TitleTerm) -> BoolArray:
        """Return which titles that were found have a term."""
        return isin_sorted(self._ids, np.sort(self._mentions[term.key].ids))

    def _lower(self, row: int, edits: int, where: BoolArray) -> None:
        self._edits[row, where] = np.minimum(self._edits[row, where], edits)

    def fits(self) -> Fits:
        """Return how well the titles fit, but for those that do not."""
        left = np.full(self._ids.size, len(self._search.positions), dtype=np.uint64)
        if self._search.settings.bound_matches:
            left = np.minimum(left, self._lengths)
        codes = self._lengths
        for edits in range(_FAR):
            matched = np.minimum((self._edits == edits).sum(axis=0, dtype=np.uint64), left)
            left = left - matched
            codes = codes | matched << np.uint64(32 + 8 * edits)
        values = distinct(codes)
        scores = np.array([self._score(code) for code in values.tolist()], dtype=np.float64)
        scores = np.maximum(scores[np.searchsorted(values, codes)], self._least)
        return Fits(self._ids, scores, self._exact).at(scores > 0)

    def _score(self, code: int) -> float:
        exactly, once, twice = (code >> 32 + 8 * edits & 255 for edits in range(_FAR))
        matched, edits = exactly + once + twice, once + 2 * twice
        length = code & 0xFFFFFFFF
        if not matched:
            return 0.0
        search = self._search
        return title_score(matched, edits, search.count, length, search.settings)
