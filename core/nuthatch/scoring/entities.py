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
    BoolArray,
    CountArray,
    IdArray,
    PositionArray,
    ScoreArray,
    admitted,
    contained,
    distinct,
    locate,
)
from nuthatch.scoring.postings import highest


@dataclass(frozen=True, slots=True, eq=False)
class Mentions:
    """Holds who mentions a phrase or a title token: `ids`, each the key of a document and there
    once, in any order, and in `lengths` their titles' numbers of tokens (of a phrase: anything)."""

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
    plan: EntityPlan, found: Found, eligible: IdArray | None, limit: int
) -> EntityMatches:
    """Returns the best documents of a plan, given who mentions each of its `phrases` and `tokens`.

    `eligible` are the ids that pass the filters, ascending (None: all). A token that nobody
    mentions is one that the index does not know.
    """
    return EntityScores.of(plan, found, eligible).best(limit)


@dataclass(frozen=True, slots=True, eq=False)
class EntityScores:
    """Holds the scores of all documents of a plan, for an engine that asks which of the best pass
    the filters, rather than which of all documents do.

    `ids` ascending, with `scores` and of each phrase field the `counts` of matched phrases, and
    `sums` of title scores, all of shape (ids,). `capped` tells that some title score was cut: then
    the filters have to be known before, as what is cut depends on them.
    """

    ids: IdArray
    scores: ScoreArray
    counts: Mapping[str, ScoreArray]
    sums: ScoreArray
    possible: int
    capped: bool

    @classmethod
    def of(cls, plan: EntityPlan, found: Found, eligible: IdArray | None) -> Self:
        """Scores what a plan looks up; arguments as of `entity_top_k`."""
        included = [found[lookup] for lookup in plan.include]
        known = {each.token: found[each] for each in plan.tokens if found[each].ids.size}
        titles = [[known[token] for token in tokens if token in known] for tokens in plan.titles]
        lists = [each.ids for each in included]
        lists += [each.ids for positions in titles for each in positions]
        ids = distinct(np.concatenate(lists)) if lists else _NOBODY.ids
        if eligible is not None:
            ids = ids[admitted(ids, eligible)]
        counts: dict[str, ScoreArray] = {}
        for lookup, each in zip(plan.include, included, strict=True):
            places, _ = _places(ids, each.ids)
            counts.setdefault(lookup.field, np.zeros(ids.size))[places] += 1
        sums, capped = _title_sums(ids, titles, plan.settings)
        matched = np.sum([*counts.values()], axis=0) if counts else np.zeros(ids.size)
        excluded = np.sort(Mentions.union([found[lookup] for lookup in plan.exclude]).ids)
        kept = np.flatnonzero(((matched > 0) | (sums > 0)) & ~contained(ids, excluded))
        scores = _scores((matched + sums)[kept], plan.possible)
        held = {field: each[kept] for field, each in counts.items()}
        return cls(ids[kept], scores, held, sums[kept], plan.possible, capped)

    def ranked(self, limit: int) -> IdArray:
        """Returns the ids of the best documents, best first."""
        return self.ids[highest(self.ids, self.scores, limit)]

    def among(self, ids: IdArray) -> Self:
        """Returns the scores of those documents alone; `ids` ascending."""
        kept = admitted(self.ids, ids)
        counts = {field: held[kept] for field, held in self.counts.items()}
        return replace(
            self, ids=self.ids[kept], scores=self.scores[kept], counts=counts, sums=self.sums[kept]
        )

    def best(self, limit: int) -> EntityMatches:
        """Returns the best documents."""
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
            int(self.ids.size),
        )


def _places(ids: IdArray, wanted: IdArray) -> tuple[PositionArray, BoolArray]:
    """Returns the places of those ids that are there, and which these are."""
    if not ids.size:
        return np.empty(0, dtype=np.intp), np.zeros(wanted.size, dtype=np.bool_)
    at, there = locate(ids, wanted)
    return at[there], there


def _title_sums(
    ids: IdArray, titles: Sequence[Sequence[Mentions]], settings: EntitySettings
) -> tuple[ScoreArray, bool]:
    """Returns the sums of title scores, and whether any was cut."""
    sums = np.zeros(ids.size)
    weight = settings.beta**2
    cuts = []
    for positions in titles:
        matched, lengths = np.zeros(ids.size), np.zeros(ids.size)
        for each in positions:
            places, there = _places(ids, each.ids)
            matched[places] += 1
            lengths[places] = each.lengths[there]
        if positions:
            scores = (1 + weight) * matched / (weight * len(positions) + lengths)
            scores[scores < settings.threshold] = 0
            cuts.append(_cut(ids, scores, settings.title_cap))
            sums += scores
    cuts.append(_cut(ids, sums, settings.title_cap))
    return sums, any(cuts)


def _cut(ids: IdArray, scores: ScoreArray, cap: int) -> bool:
    """Sets all but the best scores, by score and then in document order, to 0; tells if it did."""
    some = np.flatnonzero(scores)
    if some.size <= cap:
        return False
    lost = np.ones(some.size, dtype=np.bool_)
    lost[highest(ids[some], scores[some], cap)] = False
    scores[some[lost]] = 0
    return True


def _scores(raw: ScoreArray, possible: int) -> ScoreArray:
    """Returns scores, rounded as Python rounds: few different values are among them."""
    values = distinct(raw)
    scores = [round(value, DECIMALS) / possible for value in values.tolist()]
    return np.array(scores)[np.searchsorted(values, raw)]
