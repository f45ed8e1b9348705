"""Filters as sets of ids: what passes each is read once in a state, and combined here.

    sets = FilterSets(caches)
    known = sets.find(state, filters)                    filter → ids, None where it must be read
    read = [… for item in unread_filters(known)]         the engine's own statements
    allowed = sets.intersect(state, known, read)         ids that pass all; None without a filter

The two steps are apart, so that an engine behind a network reads filters in the same trip as
postings. A key is the filter's own `repr`, whatever its shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nuthatch.contract.filters import Filter
from nuthatch.postings.caches import PostingCaches
from nuthatch.scoring.arrays import BoolArray, IdArray, mask_of
from nuthatch.scoring.conjunction import conjunction

#: What passes each filter, ascending; None where it is not known.
KnownSets = Mapping[Filter, IdArray | None]


class FilterSets:
    """Reads and fills the caches of what passes filters."""

    def __init__(self, caches: PostingCaches[Any]) -> None:
        self._filters = caches.filters
        self._masks = caches.masks
        self._enabled = caches.enabled

    def find(self, state: int, filters: Sequence[Filter]) -> dict[Filter, IdArray | None]:
        """Return the ids that pass each distinct filter in a state; None where it must be read."""
        return {item: self._filters.get(state, repr(item)) for item in filters}

    def find_mask(self, state: int, filters: Sequence[Filter]) -> BoolArray | None:
        """Return what passes all filters as a mask, where that is cached."""
        return self._masks.get(state, _key(dict.fromkeys(filters)))

    def select_unseen(self, state: int, filters: Sequence[Filter]) -> list[Filter]:
        """Return the unknown filters that no search used before in a state, and note the use.

        What passes them need not be read where it will do to look at a few documents. Return all
        unknown ones where nothing is cached.
        """
        unknown = unread_filters(self.find(state, filters))
        if not self._enabled:
            return unknown
        return [item for item in unknown if not self._filters.seen_before(state, repr(item))]

    def intersect(self, state: int, known: KnownSets, read: Iterable[IdArray]) -> IdArray | None:
        """Return the ids that pass all filters, ascending; None where there is no filter.

        `read` are the ids, ascending, for `unread_filters(known)`, in that order; they are cached.
        """
        answers = iter(read)
        lists: list[IdArray] = []
        for item, ids in known.items():
            if ids is None:
                ids = next(answers)
                self._filters.put(state, repr(item), ids)
            lists.append(ids)
        if len(lists) <= 1:
            return lists[0] if lists else None
        key = _key(known)
        every = self._filters.get(state, key)
        if every is None:
            every = conjunction(lists)
            self._filters.put(state, key, every)
        return every

    def intersect_as_mask(
        self, state: int, known: KnownSets, read: Iterable[IdArray]
    ) -> BoolArray | None:
        """Return what `intersect` does as a mask, which suits a search of many short lists."""
        allowed = self.intersect(state, known, read)
        if allowed is None:
            return None
        mask = mask_of(allowed)
        self._masks.put(state, _key(known), mask)
        return mask


def unread_filters(known: KnownSets) -> list[Filter]:
    """Return the filters that must be read, in order."""
    return [item for item, ids in known.items() if ids is None]


def _key(filters: Iterable[Filter]) -> str:
    return repr([*filters])
