"""Columns in plain Python: facets, totals, order and filters over rows of values.

    documents   keys of their chunks   values
    "a"         0 1                    {"year": [1999], "genre": ["Drama", "War"]}
    "b"         2                      {"year": [2010]}

For engines without numpy, and where core makes columns for an engine that has none. Written to be
read: `nuthatch.postings.ArrayColumns` gives the same answers in a hundredth of the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from nuthatch.contract.columns import Keys
from nuthatch.contract.facet import SCORE, URI, SortKey
from nuthatch.contract.filter_matching import matches_filter
from nuthatch.contract.filters import Filter, Range
from nuthatch.contract.schema import FilterValue, Schema

#: What filters on columns ask of a schema: only conditions on phrases do.
_NO_PHRASES: Final = Schema()


class DocumentRow(NamedTuple):
    """One document: the keys of its chunks by `chunk_idx`, and what filters compare of it."""

    uri: str
    keys: Sequence[Hashable]
    values: Mapping[str, Collection[FilterValue]]


class PlainColumns:
    """The documents of one state in document order, with their values."""

    def __init__(self, documents: Iterable[DocumentRow]) -> None:
        self._documents = list(documents)
        self._places = {
            key: (ordinal, index)
            for ordinal, document in enumerate(self._documents)
            for index, key in enumerate(document.keys)
        }

    def count(self, keys: Keys) -> int:
        return len(self._ordinals(keys))

    def count_values(self, keys: Keys, field: str, size: int) -> list[tuple[FilterValue, int]]:
        counts: Counter[FilterValue] = Counter()
        for ordinal in self._ordinals(keys):
            counts.update(set(self._values(ordinal, field)))
        return sorted(counts.items(), key=_by_count)[:size]

    def count_ranges(self, keys: Keys, ranges: Sequence[Range]) -> list[int]:
        return [self.count(self.select(keys, [condition])) for condition in ranges]

    def select(self, keys: Keys, filters: Sequence[Filter]) -> list[Hashable]:
        passing = {
            ordinal
            for ordinal in self._ordinals(keys)
            if all(
                matches_filter(_NO_PHRASES, self._documents[ordinal].values, condition)
                for condition in filters
            )
        }
        return [key for key in keys if self._places[key][0] in passing]

    def sort(
        self,
        keys: Keys,
        order: Sequence[SortKey],
        limit: int,
        *,
        collapse: bool = False,
        scores: Sequence[float] | None = None,
    ) -> list[Hashable]:
        chunks: dict[int, list[tuple[int, Hashable]]] = {}
        best: dict[int, float] = {}
        for at, key in enumerate(keys):
            ordinal, index = self._places[key]
            chunks.setdefault(ordinal, []).append((index, key))
            if scores is not None:
                best[ordinal] = max(scores[at], best.get(ordinal, scores[at]))
        ordinals = sorted(chunks)
        for sort_key in reversed(order):  # sorting is stable: the last key decides first
            ordinals = self._sort_once(ordinals, sort_key, best)
        kept = [[key for _, key in sorted(chunks[ordinal])] for ordinal in ordinals[:limit]]
        return [key for several in kept for key in (several[:1] if collapse else several)][:limit]

    def _sort_once(
        self, ordinals: Sequence[int], key: SortKey, scores: Mapping[int, float]
    ) -> list[int]:
        value_of = self._value_of(key, scores)
        found = {ordinal: value_of(ordinal) for ordinal in ordinals}
        present = [ordinal for ordinal in ordinals if found[ordinal] is not None]
        absent = [ordinal for ordinal in ordinals if found[ordinal] is None]
        # `reverse` keeps the order of equal ones.
        return sorted(present, key=found.__getitem__, reverse=key.descending) + absent

    def _value_of(self, key: SortKey, scores: Mapping[int, float]) -> Callable[[int], Any]:
        """Return the function from an ordinal to what a key compares, None where it is missing."""
        if key.field == SCORE:
            return scores.__getitem__
        if key.field == URI:
            return lambda ordinal: self._documents[ordinal].uri
        choose = max if key.descending else min
        return lambda ordinal: choose(self._values(ordinal, key.field), default=None)

    def _values(self, ordinal: int, field: str) -> Collection[Any]:
        return self._documents[ordinal].values.get(field, ())

    def _ordinals(self, keys: Keys) -> list[int]:
        """Return the documents of these chunks, each once, in document order."""
        return sorted({self._places[key][0] for key in keys})


def _by_count(item: tuple[FilterValue, int]) -> tuple[int, FilterValue]:
    value, count = item
    return -count, value
