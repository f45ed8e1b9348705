"""Who mentions a phrase or a title token, in arrays, and what an engine has found for a plan."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from nuthatch.entities import (
    EntitySettings,
    FuzzyMatch,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
    resolve_terms,
)
from nuthatch.scoring.arrays import (
    CountArray,
    IdArray,
    PositionArray,
    distinct,
    firsts,
    isin_sorted,
)


@dataclass(frozen=True, slots=True, eq=False)
class EntityPostings:
    """Who mentions a phrase or a title token: `ids`, each the key of a document and there
    once, in any order, and in `lengths` their titles' numbers of tokens (of a phrase: zeros).
    `is_cut` where more phrases hold one than count."""

    ids: IdArray
    lengths: CountArray
    is_cut: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.ids.nbytes + self.lengths.nbytes

    @classmethod
    def union(cls, several: Sequence[EntityPostings], *, is_cut: bool = False) -> EntityPostings:
        """Return who mentions any of some phrases."""
        if len(several) <= 1:
            return replace(several[0] if several else NOBODY, is_cut=is_cut)
        # A document has one length, whichever token is looked at.
        ids = np.concatenate([each.ids for each in several]).astype(np.uint64)
        pairs = distinct(ids << np.uint64(32) | np.concatenate([each.lengths for each in several]))
        return cls((pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32), is_cut)

    def common(self, other: EntityPostings) -> EntityPostings:
        """Return who mentions both of two title tokens."""
        kept = isin_sorted(self.ids, np.sort(other.ids))
        return EntityPostings(self.ids[kept], self.lengths[kept])


NOBODY: Final = EntityPostings(np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32))


@dataclass(frozen=True, slots=True, eq=False)
class FuzzyUnion:
    """What a title look-up may stand for, nearest first, and by key who mentions it."""

    matches: Sequence[FuzzyMatch]
    mentions: Mapping[Hashable, EntityPostings]

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, and about so many of the rest."""
        return sum(200 + each.nbytes for each in self.mentions.values())

    @classmethod
    def of(
        cls,
        lookup: TitleLookup,
        terms: Mapping[TitleTerm, EntityPostings],
        settings: EntitySettings,
    ) -> FuzzyUnion:
        """Return what a look-up may stand for; `terms` are those near it, and maybe more."""
        matches = resolve_terms(lookup, terms, settings)
        return cls(matches, {each.term.key: terms[each.term] for each in matches})


@dataclass(frozen=True, slots=True, eq=False)
class LookupResults:
    """What an engine has found: who mentions each of a plan's `phrases`, and what each of its
    `tokens` and `title_halves` stands for."""

    phrases: Mapping[PhraseLookup, EntityPostings] = field(default_factory=dict)
    titles: Mapping[TitleLookup, FuzzyUnion] = field(default_factory=dict)


def union_with_positions(lists: Sequence[IdArray]) -> tuple[IdArray, list[PositionArray]]:
    """Return the distinct ids of all lists, ascending, and where among them those of each are."""
    if not lists:
        return NOBODY.ids, []
    if len(lists) == 1 and bool((lists[0][1:] > lists[0][:-1]).all()):
        return lists[0], [np.arange(lists[0].size)]
    joined = np.concatenate(lists).astype(np.uint64)
    order = np.sort(joined << np.uint64(32) | np.arange(joined.size, dtype=np.uint64))
    ids = (order >> np.uint64(32)).astype(np.uint32)
    first = firsts(ids)
    places = np.empty(ids.size, dtype=np.intp)
    places[order.astype(np.uint32)] = np.cumsum(first) - 1
    ends = np.cumsum([each.size for each in lists]).tolist()
    return ids[first], [
        places[end - each.size : end] for each, end in zip(lists, ends, strict=True)
    ]
