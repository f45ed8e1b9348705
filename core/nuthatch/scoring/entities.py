"""The arithmetic of entity search in numpy, to the bit that of `nuthatch.entities.scored`.

Documents are numbered by their place among all that some part of the query matches; every phrase
and every title token then adds to arrays over these places. A few thousand documents take less
than a millisecond, tens of thousands a few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    EntitySettings,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
    closest,
)
from nuthatch.entities.arithmetic import DECIMALS, candidate
from nuthatch.scoring.arrays import (
    Allowed,
    BoolArray,
    CountArray,
    IdArray,
    PositionArray,
    ScoreArray,
    admitted,
    contained,
    distinct,
    firsts,
    mask_of,
    masked,
)
from nuthatch.scoring.postings import highest


@dataclass(frozen=True, slots=True, eq=False)
class Mentions:
    """Holds who mentions a phrase or a title token: `ids`, each the key of a document and there
    once, in any order, and in `lengths` their titles' numbers of tokens (of a phrase: zeros)."""

    ids: IdArray
    lengths: CountArray

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.ids.nbytes + self.lengths.nbytes

    @classmethod
    def union(cls, several: Sequence[Mentions]) -> Mentions:
        """Returns who mentions any of some phrases or tokens."""
        if len(several) <= 1:
            return several[0] if several else _NOBODY
        # A document has one length, whichever token is looked at.
        ids = np.concatenate([each.ids for each in several]).astype(np.uint64)
        pairs = distinct(ids << np.uint64(32) | np.concatenate([each.lengths for each in several]))
        return cls((pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32))

    @classmethod
    def near(
        cls, lookup: TitleLookup, terms: Mapping[TitleTerm, Mentions], settings: EntitySettings
    ) -> Mentions:
        """Returns whose titles have any token that a look-up stands for; `terms` are the tokens
        near it, and maybe more, with who has them in the title."""
        chosen = closest(lookup.token, lookup.edits, terms, settings)
        return cls.union([terms[term] for term in chosen])


_NOBODY = Mentions(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32))
Found = Mapping[PhraseLookup | TitleLookup, Mentions]


def entity_top_k(
    plan: EntityPlan, found: Found, eligible: Allowed | None, limit: int
) -> EntityMatches:
    """Returns the best documents of a plan, given who mentions each of its `phrases` and `tokens`.

    `eligible` are the ids that pass the filters, ascending or as a mask (None: all). A token that
    nobody mentions is one that the index does not know.
    """
    return EntityScores.of(plan, found, eligible).best(limit)


@dataclass(frozen=True, slots=True, eq=False)
class EntityScores:
    """Holds the scores of all documents of a plan, for an engine that asks which of the best pass
    the filters, rather than which of all documents do.

    `ids` ascending, with `scores` and of each phrase field the `counts` of matched phrases, and
    `sums` of title scores, all of shape (ids,). Which title scores are cut depends on what passes
    the filters: where that is not known none is, and those that none can cut are `sure`. The
    others are bounds.
    """

    ids: IdArray
    scores: ScoreArray
    counts: Mapping[str, ScoreArray]
    sums: ScoreArray
    sure: BoolArray
    possible: int

    @classmethod
    def of(
        cls, plan: EntityPlan, found: Found, eligible: Allowed | None, *, filtered: bool = True
    ) -> Self:
        """Scores what a plan looks up; arguments as of `entity_top_k`. With `filtered=False` there
        are filters beside `eligible`, of which it is not known what passes them."""
        known = [each for each in plan.tokens if found[each].ids.size]
        passing = _passing(found, [*plan.include, *known], eligible)
        included = [passing[lookup].ids for lookup in plan.include]
        tokens = {each.token: passing[each] for each in known}
        titles = [[tokens[token] for token in title if token in tokens] for title in plan.titles]
        listed = [*included, *(each.ids for positions in titles for each in positions)]
        ids, places = _placed(listed)
        counts: dict[str, ScoreArray] = {}
        for lookup, at in zip(plan.include, places[: len(included)], strict=True):
            counts.setdefault(lookup.field, np.zeros(ids.size))[at] += 1
        sums, sure = _title_sums(ids, titles, places[len(included) :], plan.settings, filtered)
        matched = np.sum([*counts.values()], axis=0) if counts else np.zeros(ids.size)
        excluded = np.sort(Mentions.union([found[lookup] for lookup in plan.exclude]).ids)
        kept = np.flatnonzero(((matched > 0) | (sums > 0)) & ~contained(ids, excluded))
        scores = _scores((matched + sums)[kept], plan.possible)
        held = {field: each[kept] for field, each in counts.items()}
        return cls(ids[kept], scores, held, sums[kept], sure[kept], plan.possible)

    def ranked(self, limit: int) -> IdArray:
        """Returns the ids of the best documents, best first."""
        return self.ids[highest(self.ids, self.scores, limit)]

    def among(self, ids: IdArray) -> Self:
        """Returns the scores of those documents alone; `ids` ascending."""
        kept = admitted(self.ids, ids)
        return replace(
            self,
            ids=self.ids[kept],
            scores=self.scores[kept],
            counts={field: held[kept] for field, held in self.counts.items()},
            sums=self.sums[kept],
            sure=self.sure[kept],
        )

    def settles(self, limit: int) -> bool:
        """Tells whether the best are so for sure, with their scores."""
        return bool(self.sure[highest(self.ids, self.scores, limit)].all())

    def best(self, limit: int) -> EntityMatches:
        """Returns the best documents, and how many there are, if that is sure."""
        return EntityMatches(
            [
                candidate(
                    int(self.ids[at]),
                    {field: int(held[at]) for field, held in self.counts.items() if held[at]},
                    float(self.sums[at]),
                    self.possible,
                )
                for at in highest(self.ids, self.scores, limit).tolist()
            ],
            int(self.ids.size) if self.sure.all() else None,
        )


def _passing(
    found: Found, lookups: Sequence[PhraseLookup | TitleLookup], eligible: Allowed | None
) -> Found:
    """Returns of those who mention some look-ups those that pass."""
    if eligible is None:
        return found
    mask = mask_of(eligible)
    passing: dict[PhraseLookup | TitleLookup, Mentions] = {}
    for each in lookups:
        ids, lengths = found[each].ids, found[each].lengths
        kept = masked(ids, mask)
        passing[each] = Mentions(ids[kept], lengths[kept])
    return passing


def _placed(lists: Sequence[IdArray]) -> tuple[IdArray, list[PositionArray]]:
    """Returns the distinct ids of all lists, ascending, and where among them those of each are."""
    if not lists:
        return _NOBODY.ids, []
    joined = np.concatenate(lists).astype(np.uint64)
    order = np.sort(joined << np.uint64(32) | np.arange(joined.size, dtype=np.uint64))
    ids = (order >> np.uint64(32)).astype(np.uint32)
    first = firsts(ids)
    places = np.empty(ids.size, dtype=np.intp)
    places[order.astype(np.uint32)] = np.cumsum(first) - 1
    return ids[first], np.split(places, np.cumsum([each.size for each in lists])[:-1])


def _title_sums(
    ids: IdArray,
    titles: Sequence[Sequence[Mentions]],
    places: Sequence[PositionArray],
    settings: EntitySettings,
    filtered: bool,
) -> tuple[ScoreArray, BoolArray]:
    """Returns the sums of title scores, and which of them are sure.

    A document that is among the best of all is so among fewer: its score is not cut.
    """
    sums, sure = np.zeros(ids.size), np.ones(ids.size, dtype=np.bool_)
    weight = settings.beta**2
    at = iter(places)
    for positions in titles:
        matched, lengths = np.zeros(ids.size), np.zeros(ids.size)
        for each, mine in zip(positions, at, strict=False):
            matched[mine] += 1
            lengths[mine] = each.lengths
        if positions:
            scores = (1 + weight) * matched / (weight * len(positions) + lengths)
            scores[scores < settings.threshold] = 0
            _cut(ids, scores, settings.title_cap, None if filtered else sure)
            sums += scores
    _cut(ids, sums, settings.title_cap, None if filtered else sure)
    return sums, sure


def _cut(ids: IdArray, scores: ScoreArray, cap: int, sure: BoolArray | None) -> None:
    """Sets all but the best scores, by score and then in document order, to 0; with `sure` they
    stay, but are not."""
    some = np.flatnonzero(scores)
    if some.size <= cap:
        return
    lost = np.ones(some.size, dtype=np.bool_)
    lost[highest(ids[some], scores[some], cap)] = False
    if sure is None:
        scores[some[lost]] = 0
    else:
        sure[some[lost]] = False


def _scores(raw: ScoreArray, possible: int) -> ScoreArray:
    """Returns scores, rounded as Python rounds: few different values are among them."""
    values = distinct(raw)
    scores = [round(value, DECIMALS) / possible for value in values.tolist()]
    return np.array(scores)[np.searchsorted(values, raw)]
