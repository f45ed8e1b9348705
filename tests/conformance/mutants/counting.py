"""Slips in totals and facets, and in what columns know after a write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from nuthatch import DocumentRow, Filter, FilterValue, PlainColumns, Range, Rung
from nuthatch.memory import MemoryReader, _column_rows

from .columnar import ColumnarReader
from .working import Working

_Counts = list[tuple[FilterValue, int]]


class FacetsCountChunks(Working):
    """A document counts once for each of its chunks that match."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def count_values(self, keys: Any, field: str, size: int) -> _Counts:
                places = [self._places[key][0] for key in keys]
                counts = Counter(v for at in places for v in set(self._values(at, field)))
                return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]


class FacetsCountAListTwice(Working):
    """A document counts for a value as often as its list has it."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def count_values(self, keys: Any, field: str, size: int) -> _Counts:
                places = self._ordinals(keys)
                counts = Counter(value for at in places for value in self._values(at, field))
                return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]


class FacetsKeepTheOrderOfDocuments(Working):
    """Values of equal numbers come as they were met first."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def count_values(self, keys: Any, field: str, size: int) -> _Counts:
                places = self._ordinals(keys)
                counts = Counter(v for at in places for v in dict.fromkeys(self._values(at, field)))
                return counts.most_common(size)


class FacetsAreCutBeforeTheyAreSorted(Working):
    """The least values are counted, and these are sorted by their numbers."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def count_values(self, keys: Any, field: str, size: int) -> _Counts:
                counts = sorted(super().count_values(keys, field, len(self._places) * 9))
                least = sorted(counts, key=lambda item: item[0])[:size]
                return sorted(least, key=lambda item: (-item[1], item[0]))


class TotalsCountChunks(Working):
    """A total is the number of chunks that match."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def count(self, keys: Any) -> int:
                return len(keys)


class RangesCountTheFirstOfAList(Working):
    """Of a list the first value lies within a range or not."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def count_ranges(self, keys: Any, ranges: Sequence[Range]) -> list[int]:
                rows = [
                    row._replace(values={k: list(v)[:1] for k, v in row.values.items()})
                    for row in self._documents
                ]
                return PlainColumns(rows).count_ranges(keys, ranges)


class RangesPartTheDocuments(Working):
    """A document counts for the first range that it lies within."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def count_ranges(self, keys: Any, ranges: Sequence[Range]) -> list[int]:
                left, counts = list(keys), []
                for condition in ranges:
                    within = self.select(left, [condition])
                    left = [key for key in left if key not in within]
                    counts.append(self.count(within))
                return counts


class EveryOwnFilterIsLeftOut(Working):
    """Where one facet leaves out the filters on its field, all do, and the total."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def select(self, keys: Any, filters: Sequence[Filter]) -> Any:
                return list(keys)


class CountsForgetFilters(Working):
    """All that match is read without the filters."""

    class Reader(MemoryReader):
        def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[int]:
            return super().matching(rung, [])


class CountsAreOfTheFirstPage(Working):
    """All that matches is the best three chunks."""

    class Reader(MemoryReader):
        def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[int]:
            return super().matching(rung, filters)[:3]


class ColumnsAreStale(Working):
    """A document that is replaced keeps its values in the columns."""

    kept: Mapping[str, Any] = MappingProxyType({})

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Any]:
        with super().reader(deadline) as reader:
            rows = list(_column_rows(self._documents.values()))
            self.kept = {row.uri: self.kept.get(row.uri, row.values) for row in rows}
            columns = PlainColumns(row._replace(values=self.kept[row.uri]) for row in rows)
            reader.columns = lambda fields: columns
            yield reader


class ColumnsKeepDeletedDocuments(Working):
    """A document that was deleted counts in facets all the same."""

    gone: Sequence[DocumentRow] = ()

    def remove(self, uris: Any, durability: Any) -> int:
        rows = [row for row in _column_rows(self._documents.values()) if row.uri in uris]
        self.gone = [*self.gone, *(row._replace(keys=(row.uri,)) for row in rows)]
        return super().remove(uris, durability)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Any]:
        with super().reader(deadline) as reader:
            rows = [*_column_rows(self._documents.values()), *self.gone]
            reader.columns = lambda fields: _CountingTheGone(rows)
            yield reader


class _CountingTheGone(PlainColumns):
    """Columns that count rows whose keys are uris, whatever matches."""

    def count_values(self, keys: Any, field: str, size: int) -> _Counts:
        gone = [key for key in self._places if isinstance(key, str)]
        return super().count_values([*keys, *gone], field, size)
