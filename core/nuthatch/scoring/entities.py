"""The arithmetic of entity search in numpy, to the bit that of `nuthatch.entities.score_entities`.

    heat wave      Heat   Heat Wave   The Weave
    heat              0           0           -     in so few edits a token matches a title
    wave              -           0           1

Documents are numbered by their place among all that some part of the query finds. A title search
is a table of these by the search's tokens. A few thousand documents take less than a millisecond,
tens of thousands a few.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final, NamedTuple, Self

import numpy as np

from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    EntitySettings,
    FuzzyMatch,
    PhraseLookup,
    TitleLookup,
    TitleSearch,
    TitleTerm,
    resolve_terms,
    title_score,
    title_searches,
)
from nuthatch.entities.match import DECIMALS, candidate, cut_notes, phrase_note, squeeze_score
from nuthatch.scoring.arrays import (
    Allowed,
    BoolArray,
    CountArray,
    IdArray,
    PositionArray,
    ScoreArray,
    distinct,
    firsts,
    intersect_mask,
    isin_sorted,
)
from nuthatch.scoring.postings import highest


@dataclass(frozen=True, slots=True, eq=False)
class EntityPostings:
    """The postings of a phrase or a title token: the documents that mention it.

    `ids` are the keys of the documents, each once, in any order. `lengths` are the numbers of
    tokens of their titles (zeros for a phrase). `is_cut` tells that a cap left out phrases.
    """

    ids: IdArray
    lengths: CountArray
    is_cut: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.ids.nbytes + self.lengths.nbytes

    @classmethod
    def union(cls, several: Sequence[EntityPostings], *, is_cut: bool = False) -> EntityPostings:
        """Return the postings of any of some phrases."""
        if len(several) <= 1:
            return replace(several[0] if several else NO_POSTINGS, is_cut=is_cut)
        # A document has one length, whichever token is looked at.
        ids = np.concatenate([postings.ids for postings in several]).astype(np.uint64)
        pairs = distinct(
            ids << np.uint64(32) | np.concatenate([postings.lengths for postings in several])
        )
        return cls((pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32), is_cut)

    def common(self, other: EntityPostings) -> EntityPostings:
        """Return the postings of two title tokens together."""
        kept = isin_sorted(self.ids, np.sort(other.ids))
        return EntityPostings(self.ids[kept], self.lengths[kept])


NO_POSTINGS: Final = EntityPostings(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32))


@dataclass(frozen=True, slots=True, eq=False)
class FuzzyUnion:
    """The terms that a title look-up may mean, nearest first, and the postings of each by key."""

    matches: Sequence[FuzzyMatch]
    mentions: Mapping[Hashable, EntityPostings]

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, and about so many of the rest."""
        return sum(200 + postings.nbytes for postings in self.mentions.values())

    @classmethod
    def of(
        cls,
        lookup: TitleLookup,
        terms: Mapping[TitleTerm, EntityPostings],
        settings: EntitySettings,
    ) -> FuzzyUnion:
        """Return the terms that a look-up may mean; `terms` holds those near it, and maybe more."""
        matches = resolve_terms(lookup, terms, settings)
        return cls(matches, {match.term.key: terms[match.term] for match in matches})


@dataclass(frozen=True, slots=True, eq=False)
class LookupResults:
    """What an engine has found: the postings of each of a plan's `phrases`, and the terms that
    each of its `tokens` and `title_halves` may mean."""

    phrases: Mapping[PhraseLookup, EntityPostings] = field(default_factory=dict)
    titles: Mapping[TitleLookup, FuzzyUnion] = field(default_factory=dict)


def union_with_positions(lists: Sequence[IdArray]) -> tuple[IdArray, list[PositionArray]]:
    """Return the distinct ids of all lists, ascending, and where among them those of each are."""
    if not lists:
        return NO_POSTINGS.ids, []
    if len(lists) == 1 and bool((lists[0][1:] > lists[0][:-1]).all()):
        return lists[0], [np.arange(lists[0].size)]
    joined = np.concatenate(lists).astype(np.uint64)
    order = np.sort(joined << np.uint64(32) | np.arange(joined.size, dtype=np.uint64))
    ids = (order >> np.uint64(32)).astype(np.uint32)
    first = firsts(ids)
    places = np.empty(ids.size, dtype=np.intp)
    places[order.astype(np.uint32)] = np.cumsum(first) - 1
    ends = np.cumsum([ids.size for ids in lists]).tolist()
    return ids[first], [
        places[end - part.size : end] for part, end in zip(lists, ends, strict=True)
    ]


#: More edits than any token may be away: it does not match.
_FAR: Final = 3
#: Less than two scores differ by: an exact title comes before its equals.
AHEAD: Final = 0.1 ** (DECIMALS + 1)


class Passing(NamedTuple):
    """The documents that may be hits: `excluded` ascending."""

    eligible: Allowed | None
    excluded: IdArray

    def holds(self, ids: IdArray) -> BoolArray | None:
        """Return which of some ids, ascending, may be hits; None: all."""
        if self.eligible is None:
            return ~isin_sorted(ids, self.excluded) if self.excluded.size else None
        kept = intersect_mask(ids, self.eligible)
        return kept & ~isin_sorted(ids, self.excluded) if self.excluded.size else kept

    def select(self, ids: IdArray) -> IdArray:
        """Return the ids that may be hits, ascending; `ids` may be in any order."""
        ordered = np.sort(ids)
        kept = self.holds(ordered)
        return ordered if kept is None else ordered[kept]


class Fits(NamedTuple):
    """How well titles fit: documents ascending, with scores above 0, and which are exact."""

    ids: IdArray
    scores: ScoreArray
    exact: BoolArray

    def select(self, places: PositionArray | BoolArray) -> Fits:
        """Return the documents at some places, or those that a mask keeps."""
        return Fits(self.ids[places], self.scores[places], self.exact[places])

    def cut(self, cap: int) -> Fits:
        """Return the best, by score, then exact ones first, then in document order."""
        if self.ids.size <= cap:
            return self
        return self.select(np.sort(highest(self.ids, self.scores + AHEAD * self.exact, cap)))


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
    ids, places = union_with_positions([part.ids for part in fits])
    scores, exact = np.zeros(ids.size), np.zeros(ids.size, dtype=np.bool_)
    for part, at in zip(fits, places, strict=True):
        summed = scores[at] + part.scores
        best = np.maximum(scores[at], part.scores)
        scores[at] = best if plan.settings.best_title else summed
        exact[at] |= part.exact
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
        terms = [(row, match) for row, position in rows for match in position.terms]
        halves = [(row, half) for row, position in rows for half in position.halves]
        finding = [
            (match.edits, row, mentions[match.term.key])
            for row, match in terms
            if search.finds(match.term)
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
        for row, match in terms:
            if not search.finds(match.term):
                self._lower(row, match.edits, self._has(match.term))
        for row, (one, other) in halves:
            if not search.are_finding((one, other)):
                self._lower(row, 1, self._has(one) & self._has(other))

    def _fill(
        self,
        finding: Sequence[tuple[int, int, EntityPostings]],
        wholes: Sequence[EntityPostings],
        passing: Passing,
    ) -> None:
        """Record which documents each token finds, and whose whole title it is."""
        lists = [*(postings for _, _, postings in finding), *wholes]
        ids, at = union_with_positions([postings.ids for postings in lists])
        count = len(finding)
        rows = len(self._search.positions)
        edits = np.full((rows, ids.size), _FAR, dtype=np.uint8)
        lengths = np.zeros(ids.size, dtype=np.uint64)
        least, exact = np.zeros(ids.size), np.zeros(ids.size, dtype=np.bool_)
        if finding:
            sizes = [postings.ids.size for _, _, postings in finding]
            row = np.repeat([row for _, row, _ in finding], sizes)
            edits[row, np.concatenate(at[:count])] = np.repeat([n for n, _, _ in finding], sizes)
        for postings, places in zip(lists, at, strict=True):
            lengths[places] = postings.lengths
        text = " ".join(self._search.tokens)
        squeezed = squeeze_score(len(self._search.tokens), self._search.settings)
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
        return Fits(self._ids, scores, self._exact).select(scores > 0)

    def _score(self, code: int) -> float:
        exactly, once, twice = (code >> 32 + 8 * edits & 255 for edits in range(_FAR))
        matched, edits = exactly + once + twice, once + 2 * twice
        length = code & 0xFFFFFFFF
        if not matched:
            return 0.0
        search = self._search
        return title_score(matched, edits, search.count, length, search.settings)


def entity_top_k(
    plan: EntityPlan, found: LookupResults, eligible: Allowed | None, limit: int
) -> EntityMatches:
    """Return the best documents of a plan, given what it looks up.

    `eligible` are the ids that pass the filters, ascending or as a mask (None: all).
    """
    return EntityScores.of(plan, found, eligible).best(limit)


@dataclass(frozen=True, slots=True, eq=False)
class EntityScores:
    """The scores of all documents of a plan, for an engine that asks which of the best pass
    the filters, rather than which of all documents do.

    `ids` ascending, with `scores` and of each phrase field the `counts` of matched phrases, the
    scores of `titles`, and which are `exact`. `titles_cut` where more titles fit than count: then
    it takes all that pass the filters to tell which do. `notes` tell what caps have cut.
    """

    ids: IdArray
    scores: ScoreArray
    counts: Mapping[str, ScoreArray]
    titles: ScoreArray
    exact: BoolArray
    possible: int
    titles_cut: bool
    notes: tuple[str, ...]

    @classmethod
    def of(cls, plan: EntityPlan, found: LookupResults, eligible: Allowed | None) -> Self:
        """Score what a plan looks up; arguments as of `entity_top_k`."""
        searches = title_searches(
            plan, {lookup: near.matches for lookup, near in found.titles.items()}
        )
        excluded = np.sort(
            EntityPostings.union([found.phrases[lookup] for lookup in plan.exclude]).ids
        )
        passing = Passing(eligible, excluded)
        included = [passing.select(found.phrases[lookup].ids) for lookup in plan.include]
        fits, titles_cut = title_fits(plan, searches, found, passing)
        ids, places = union_with_positions([*included, fits.ids])
        counts: dict[str, ScoreArray] = {}
        for lookup, at in zip(plan.include, places, strict=False):
            counts.setdefault(lookup.field, np.zeros(ids.size))[at] += 1
        titles, exact = np.zeros(ids.size), np.zeros(ids.size, dtype=np.bool_)
        titles[places[-1]], exact[places[-1]] = fits.scores, fits.exact
        matched = np.sum([*counts.values()], axis=0) if counts else np.zeros(ids.size)
        scores = _scores(matched + titles, plan.possible)
        notes = [phrase_note(lookup) for lookup in plan.phrases if found.phrases[lookup].is_cut]
        notes += cut_notes(plan, searches, titles=titles_cut)
        return cls(ids, scores, counts, titles, exact, plan.possible, titles_cut, tuple(notes))

    def top_ids(self, limit: int) -> IdArray:
        """Return the ids of the best documents, best first."""
        return self.ids[self._best(limit)]

    def restrict_to(self, ids: IdArray) -> Self:
        """Return the scores of those documents alone; `ids` ascending."""
        kept = intersect_mask(self.ids, ids)
        return replace(
            self,
            ids=self.ids[kept],
            scores=self.scores[kept],
            counts={name: counts[kept] for name, counts in self.counts.items()},
            titles=self.titles[kept],
            exact=self.exact[kept],
        )

    def best(self, limit: int) -> EntityMatches:
        """Return the best documents, and how many there are."""
        candidates = [
            candidate(
                int(self.ids[at]),
                {name: int(counts[at]) for name, counts in self.counts.items() if counts[at]},
                float(self.titles[at]),
                self.possible,
            )
            for at in self._best(limit).tolist()
        ]
        return EntityMatches(candidates, int(self.ids.size), self.notes)

    def _best(self, limit: int) -> PositionArray:
        return highest(self.ids, self.scores + AHEAD * self.exact, limit)


def _scores(raw: ScoreArray, possible: int) -> ScoreArray:
    """Return scores, rounded as Python rounds: few different values are among them."""
    values = distinct(raw)
    scores = [round(value / possible, DECIMALS) for value in values.tolist()]
    return np.array(scores)[np.searchsorted(values, raw)]
