"""Filters as sets of ids: what passes each condition is read once in a state, and combined here.

    sets = FilterSets(caches)
    known = sets.find(state, filters)                    condition → ids, None where it must be read
    read = [… for item in unread_filters(known)]         the engine's own statements
    allowed = sets.intersect(state, filters, known, read, size)      ids; None without a filter

The steps are apart, so that an engine behind a network reads conditions in the same trip as
postings. A tree is read as its conditions on single fields, and cached as a whole too. A key is the
filter's own `repr`, whatever its shape.

`Not` takes the ids below `size` that are left, among them ids of what was deleted: harmless, as no
list of postings names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nuthatch.contract import filters as contract
from nuthatch.contract.filters import Filter, Leaf, leaves
from nuthatch.postings.caches import PostingCaches
from nuthatch.scoring.arrays import Allowed, BoolArray, IdArray, intersect_bits, mask_of
from nuthatch.scoring.ranking import conjunction

#: What passes each condition, or a tree that is cached, ascending; None where it is not known.
KnownSets = Mapping[Filter, IdArray | None]


class FilterSets:
    """Reads and fills the caches of what passes filters."""

    def __init__(self, caches: PostingCaches[Any]) -> None:
        self._filters = caches.filters
        self._masks = caches.masks

    def find(self, state: int, filters: Sequence[Filter]) -> dict[Filter, IdArray | None]:
        """Return the ids that pass each distinct filter in a state; None where it must be read.

        In place of a tree that is not cached there are its conditions.
        """
        known: dict[Filter, IdArray | None] = {}
        for item in filters:
            ids = self._filters.get(state, repr(item))
            if ids is None and _is_tree(item):
                known |= {leaf: self._filters.get(state, repr(leaf)) for leaf in leaves([item])}
            else:
                known[item] = ids
        return known

    def find_mask(self, state: int, filters: Sequence[Filter]) -> BoolArray | None:
        """Return what passes all filters as a mask, where that is cached."""
        return self._masks.get(state, _key(filters))

    def intersect(
        self,
        state: int,
        filters: Sequence[Filter],
        known: KnownSets,
        read: Iterable[IdArray],
        size: int,
    ) -> IdArray | None:
        """Return the ids that pass all filters, ascending; None where there is no filter.

        `known` is what `find` returned for these filters, and `read` are the ids, ascending, for
        `unread_filters(known)`, in that order; they are cached. All ids are below `size`.
        """
        answers = iter(read)
        sets: dict[Filter, IdArray] = {}
        for item, ids in known.items():
            if ids is None:
                ids = next(answers)
                self._filters.put(state, repr(item), ids)
            sets[item] = ids
        lists = [self._select(state, item, sets, size) for item in dict.fromkeys(filters)]
        if len(lists) <= 1:
            return lists[0] if lists else None
        key = _key(filters)
        every = self._filters.get(state, key)
        if every is None:
            every = conjunction(lists)
            self._filters.put(state, key, every)
        return every

    def _select(
        self, state: int, item: Filter, sets: Mapping[Filter, IdArray], size: int
    ) -> IdArray:
        ids = sets.get(item)
        if ids is None:
            ids = np.flatnonzero(_mask(item, sets, size)).astype(np.uint32)
            self._filters.put(state, repr(item), ids)
        return ids

    def intersect_as_mask(
        self,
        state: int,
        filters: Sequence[Filter],
        known: KnownSets,
        read: Iterable[IdArray],
        size: int,
    ) -> BoolArray | None:
        """Return what `intersect` does as a mask, which suits a search of many short lists."""
        allowed = self.intersect(state, filters, known, read, size)
        if allowed is None:
            return None
        mask = mask_of(allowed)
        self._masks.put(state, _key(filters), mask)
        return mask


def restrict(
    passing: IdArray | None, phrases: Sequence[IdArray], kept: BoolArray | None
) -> Allowed | None:
    """Return what a rung may match: what passes its filters, holds its phrases and is kept.

    `passing` are the ids that pass all filters, `phrases` those that hold each phrase, ascending;
    `kept` is False for the chunks of documents that hold something excluded. None restricts
    nothing.
    """
    lists = [*phrases, *(() if passing is None else (passing,))]
    if not lists:
        return kept
    ids = conjunction(lists)
    return ids if kept is None else ids[intersect_bits(ids, kept)]


def unread_filters(known: KnownSets) -> list[Leaf]:
    """Return the conditions that must be read, in order."""
    return [item for item, ids in known.items() if ids is None]  # type: ignore[misc]  # no trees


def fields_of(item: Filter) -> list[str]:
    """Return the fields that a filter is about, each once."""
    return [*dict.fromkeys(leaf.field for leaf in leaves([item]))]


def _mask(item: Filter, sets: Mapping[Filter, IdArray], size: int) -> BoolArray:
    """Return what passes a tree, below a size."""
    match item:
        case contract.All():
            mask = np.ones(size, dtype=np.bool_)
            for part in item.parts:
                mask &= _mask(part, sets, size)
        case contract.Any():
            mask = np.zeros(size, dtype=np.bool_)
            for part in item.parts:
                mask |= _mask(part, sets, size)
        case contract.Not():
            mask = ~_mask(item.part, sets, size)
        case _:
            mask = np.zeros(size, dtype=np.bool_)
            mask[sets[item]] = True
    return mask


def _is_tree(item: Filter) -> bool:
    return isinstance(item, contract.All | contract.Any | contract.Not)


def _key(filters: Iterable[Filter]) -> str:
    return repr([*dict.fromkeys(filters)])
