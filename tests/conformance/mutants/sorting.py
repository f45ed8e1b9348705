"""Slips in orders, in pages, in browsing, and in what a schema may do without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nuthatch import (
    AnalyzedDocument,
    Filter,
    Matches,
    PlainColumns,
    PlannedSearch,
    Results,
    Rung,
    SortKey,
)
from nuthatch.memory import MemoryReader

from .columnar import ColumnarReader
from .working import Working


class MissingValuesComeFirst(Working):
    """Documents without a value come before the others."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def _sort_once(self, ordinals: Any, key: Any, scores: Any) -> list[int]:
                found = super()._sort_once(ordinals, key, scores)
                value_of = self._value_of(key, scores)
                return sorted(found, key=lambda ordinal: value_of(ordinal) is not None)


class DescendingReversesTies(Working):
    """To descend, an order is reversed as a whole, ties included."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def _sort_once(self, ordinals: Any, key: Any, scores: Any) -> list[int]:
                back = ordinals[::-1] if key.descending else ordinals
                return super()._sort_once(back, key, scores)


class TiesAreByUri(Working):
    """Documents of equal values come by their uris."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def sort(self, keys: Any, order: Any, limit: int, **options: Any) -> Any:
                by_uri = SortKey("uri", descending=False)
                return super().sort(keys, [*order, by_uri], limit, **options)


class OrdersCompareTheFirstOfAList(Working):
    """Of a list the first value counts, in both directions."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def _values(self, ordinal: int, field: str) -> Any:
                return list(super()._values(ordinal, field))[:1]

            def count_values(self, keys: Any, field: str, size: int) -> Any:
                return PlainColumns(self._documents).count_values(keys, field, size)


class KeywordsAreOrderedInUtf16(Working):
    """Texts are compared by the units of UTF-16."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def _value_of(self, key: Any, scores: Any) -> Any:
                value_of = super()._value_of(key, scores)
                return lambda ordinal: _in_utf16(value_of(ordinal))


class SortedHitsAreCutBeforeTheyCollapse(Working):
    """The limit cuts chunks, and of these the first of each document is kept."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def sort(self, keys: Any, order: Any, limit: int, **options: Any) -> Any:
                cut = super().sort(keys, order, limit, **{**options, "collapse": False})
                return super().sort(cut, order, limit, **options)


class CollapseKeepsTheLastMatch(Working):
    """Of the chunks of a document that match the last one is shown."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def sort(self, keys: Any, order: Any, limit: int, **options: Any) -> Any:
                collapse = options.get("collapse")
                last = {self._places[key][0]: key for key in keys}
                return super().sort(
                    list(last.values()) if collapse else keys, order, limit, **options
                )


class TheFirstChunkGivesTheScore(Working):
    """In an order by score a document has that of the first chunk that matches."""

    class Reader(ColumnarReader):
        class Columns(PlainColumns):
            def sort(self, keys: Any, order: Any, limit: int, **options: Any) -> Any:
                first: dict[int, float] = {}
                if options.get("scores") is not None:
                    for key, score in zip(keys, options["scores"], strict=True):
                        first.setdefault(self._places[key][0], score)
                    options["scores"] = [first[self._places[key][0]] for key in keys]
                return super().sort(keys, order, limit, **options)


class OffsetsSkipOneMore(Working):
    """An offset leaves out one hit too many."""

    def run(self, search: PlannedSearch) -> Results:
        task: Any = search.task
        offset = task.offset + (task.offset > 0)
        return super().run(replace(search, task=task._replace(offset=offset)))


class PagesBeginAnew(Working):
    """The best hits are found for the page alone, whatever came before it."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, limit)
            ties = [one._replace(score=round(one.score, 1)) for one in found.candidates]
            ties.sort(key=lambda one: (-one.score, (one.key + limit) % 3, one.key))
            return found._replace(candidates=ties)


class BrowsingShowsTheLastChunk(Working):
    """MatchAll shows each document by its last chunk."""

    class Reader(MemoryReader):
        def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[int]:
            found = super().matching(rung, filters)
            if rung is not None:
                return found
            return [key + len(self._chunks[key][0].chunks) - 1 for key in found]


class MatchingGivesOneChunkOfADocument(Working):
    """Of the chunks of a document that match the first alone is listed."""

    class Reader(MemoryReader):
        def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[int]:
            first: dict[str, int] = {}
            for key in super().matching(rung, filters):
                first.setdefault(self._chunks[key][0].document.uri, key)
            return list(first.values())


class PhrasesAreForgottenWithoutTitles(Working):
    """What a document mentions is kept beside its title, and goes with it."""

    class Reader(MemoryReader):
        def phrase_terms(self, lookups: Any) -> Any:
            return super().phrase_terms(lookups) if self._schema.titles else [[] for _ in lookups]


class TitlesAreForgottenWithoutTitleSearches(Working):
    """The words of titles are kept for title searches alone."""

    def write(self, documents: Any, durability: Any) -> Any:
        if not self.schema.titles:
            documents = [_without_title(row) for row in documents]
        return super().write(documents, durability)


def _in_utf16(value: Any) -> Any:
    return value.encode("utf-16-be") if isinstance(value, str) else value


def _without_title(row: AnalyzedDocument) -> AnalyzedDocument:
    chunks = [replace(chunk, title_line="") for chunk in row.chunks]
    chunks = [replace(chunk, length=len(chunk.text_line.split())) for chunk in chunks]
    return replace(row, chunks=chunks)
