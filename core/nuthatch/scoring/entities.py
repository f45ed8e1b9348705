"""The arithmetic of entity search in numpy, to the bit that of `nuthatch.entities.scored`.

Documents are numbered by their place among all that some part of the query matches; every phrase
and every title token then adds to arrays over these places. A few thousand documents take less
than a millisecond, tens of thousands a few.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nuthatch.entities import EntityCandidate, EntityMatches, EntityPlan, EntitySettings, Resolved
from nuthatch.entities.arithmetic import DECIMALS, candidate
from nuthatch.scoring.arrays import (
    BoolArray,
    CountArray,
    IdArray,
    PositionArray,
    ScoreArray,
    admitted,
    contained,
    locate,
)
from nuthatch.scoring.postings import highest


@dataclass(frozen=True, slots=True, eq=False)
class Mentions:
    """Holds who mentions one phrase or title token: `ids`, each the key of a document, in any
    order, and in `lengths` their titles' numbers of tokens (of a phrase: anything)."""

    ids: IdArray
    lengths: CountArray

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.ids.nbytes + self.lengths.nbytes


_NOBODY = Mentions(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32))
Found = Mapping[Hashable, Mentions]


def entity_top_k(
    plan: EntityPlan, found: Resolved, mentions: Found, eligible: IdArray | None, limit: int
) -> EntityMatches:
    """Returns the best documents of a plan; `mentions` by the keys of what it stands for.

    `eligible` are the ids that pass the filters, ascending (None: all). A key that `mentions` does
    not hold is mentioned by nobody.
    """
    included = [_union(keys, mentions) for keys in found.include]
    titles = [[_union(keys, mentions) for keys in positions] for positions in found.titles]
    lists = [each.ids for each in included]
    lists += [each.ids for positions in titles for each in positions]
    ids = np.unique(np.concatenate(lists)) if lists else _NOBODY.ids
    if eligible is not None:
        ids = ids[admitted(ids, eligible)]
    if not ids.size:
        return EntityMatches((), 0)
    counts: dict[str, ScoreArray] = {}
    for lookup, each in zip(plan.include, included, strict=True):
        places, _ = _places(ids, each.ids)
        counts.setdefault(lookup.field, np.zeros(ids.size))[places] += 1
    sums = _title_sums(ids, titles, plan.settings)
    matched = np.sum([*counts.values()], axis=0) if counts else np.zeros(ids.size)
    excluded = np.unique(_union([key for keys in found.exclude for key in keys], mentions).ids)
    present = np.flatnonzero(((matched > 0) | (sums > 0)) & ~contained(ids, excluded))
    scores = _scores((matched + sums)[present], plan.possible)
    best = present[highest(ids[present], scores, limit)]
    return EntityMatches(_candidates(ids, counts, sums, best, plan.possible), present.size)


def _union(keys: Sequence[Hashable], mentions: Found) -> Mentions:
    """Returns who mentions any of some phrases or tokens, each document once."""
    lists = [mentions.get(key, _NOBODY) for key in keys]
    if len(lists) <= 1:
        return lists[0] if lists else _NOBODY
    ids, first = np.unique(np.concatenate([each.ids for each in lists]), return_index=True)
    lengths: CountArray = np.concatenate([each.lengths for each in lists])
    return Mentions(ids, lengths[first])


def _places(ids: IdArray, wanted: IdArray) -> tuple[PositionArray, BoolArray]:
    """Returns the places of those ids that are there, and which these are."""
    at, there = locate(ids, wanted)
    return at[there], there


def _title_sums(
    ids: IdArray, titles: Sequence[Sequence[Mentions]], settings: EntitySettings
) -> ScoreArray:
    sums = np.zeros(ids.size)
    weight = settings.beta**2
    for positions in titles:
        matched, lengths = np.zeros(ids.size), np.zeros(ids.size)
        for each in positions:
            places, there = _places(ids, each.ids)
            matched[places] += 1
            lengths[places] = each.lengths[there]
        if positions:
            scores = (1 + weight) * matched / (weight * len(positions) + lengths)
            scores[scores < settings.threshold] = 0
            sums += _capped(ids, scores, settings.title_cap)
    return _capped(ids, sums, settings.title_cap)


def _capped(ids: IdArray, scores: ScoreArray, cap: int) -> ScoreArray:
    """Returns the best scores, by score and then in document order, and 0 for the others."""
    some = np.flatnonzero(scores)
    if some.size <= cap:
        return scores
    best = some[highest(ids[some], scores[some], cap)]
    kept = np.zeros_like(scores)
    kept[best] = scores[best]
    return kept


def _scores(raw: ScoreArray, possible: int) -> ScoreArray:
    """Returns scores, rounded as Python rounds: few different values are among them."""
    values, places = np.unique(raw, return_inverse=True)
    return np.array([round(value, DECIMALS) / possible for value in values.tolist()])[places]


def _candidates(
    ids: IdArray,
    counts: Mapping[str, ScoreArray],
    sums: ScoreArray,
    best: Iterable[int],
    possible: int,
) -> list[EntityCandidate]:
    return [
        candidate(
            int(ids[at]),
            {field: int(held[at]) for field, held in counts.items() if held[at]},
            float(sums[at]),
            possible,
        )
        for at in best
    ]
