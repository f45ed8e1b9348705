"""Slips in what a hit, a document and an export show, and in `search` written anew."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, ClassVar

from nuthatch import (
    NATIVE,
    Document,
    InvalidQuery,
    NuthatchError,
    PlannedSearch,
    Results,
    StoredChunk,
    TextQuery,
    unsupported,
)
from nuthatch.memory import MemoryReader

from .working import Working


class RowsComeInTheOrderOfKeys(Working):
    """Rows are fetched with one statement, in the table's order."""

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Any], proofs: bool) -> list[StoredChunk]:
            return super().fetch(sorted(keys), proofs)


class ChunksAreCountedFromOne(Working):
    """The number of a chunk is off by one."""

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Any], proofs: bool) -> list[StoredChunk]:
            rows = super().fetch(keys, proofs)
            return [row._replace(chunk_idx=row.chunk_idx + 1) for row in rows]


class EveryChunkStartsAtZero(Working):
    """Where a chunk starts is not stored."""

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Any], proofs: bool) -> list[StoredChunk]:
            return [row._replace(start=0) for row in super().fetch(keys, proofs)]


class StartsCountBytes(Working):
    """Where a chunk starts is counted in UTF-8."""

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Any], proofs: bool) -> list[StoredChunk]:
            rows = super().fetch(keys, proofs)
            texts = [self._documents[row.uri].document.text for row in rows]
            ahead = [text[: row.start].encode() for text, row in zip(texts, rows, strict=True)]
            return [row._replace(start=len(a)) for row, a in zip(rows, ahead, strict=True)]


class TheHeaderIsEncodedAnew(Working):
    """The header is put together from its values, with blanks that were not hashed."""

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Any], proofs: bool) -> list[StoredChunk]:
            rows = super().fetch(keys, proofs)
            anew = [json.dumps(json.loads(row.header)).encode() for row in rows]
            return [row._replace(header=header) for row, header in zip(rows, anew, strict=True)]


class LeavesStandInAnotherOrder(Working):
    """Leaf hashes are read back sorted by themselves."""

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Any], proofs: bool) -> list[StoredChunk]:
            rows = super().fetch(keys, proofs)
            return [row._replace(leaves=sorted(row.leaves)) for row in rows]


class GetFoldsCase(Working):
    """A collation takes `A` and `a` for one uri."""

    class Reader(MemoryReader):
        def get(self, uri: str) -> Document | None:
            same = (stored for stored in self._documents if stored.lower() == uri.lower())
            return super().get(next(same, uri))


class GetGivesTheNextDocument(Working):
    """A uri that is not there finds the next one in order."""

    class Reader(MemoryReader):
        def get(self, uri: str) -> Document | None:
            later = sorted(stored for stored in self._documents if stored >= uri)
            return super().get(later[0]) if later else None


class TextEndsAtNul(Working):
    """A driver takes NUL for the end of a text."""

    class Reader(MemoryReader):
        def get(self, uri: str) -> Document | None:
            found = super().get(uri)
            if found is None:
                return None
            return Document(uri, found.title, found.text.partition("\0")[0], found.fields)


class TitlesAreStripped(Working):
    """White space around a title is taken for noise."""

    class Reader(MemoryReader):
        def get(self, uri: str) -> Document | None:
            found = super().get(uri)
            return found and Document(uri, found.title.strip(), found.text, found.fields)


class GetSharesItsAnswer(Working):
    """A document is built once and given to every caller, who may change it."""

    def get(self, uri: str) -> Document | None:
        built = self.__dict__.setdefault("built", {})
        rows = self._documents
        if built.get("rows") is not rows:
            built.clear()
            built["rows"] = rows
        return built.setdefault(uri, super().get(uri))


class TheExportEndsWithItsFirstPage(Working):
    """A page of a thousand is all that is read."""

    class Reader(MemoryReader):
        def documents(self) -> Iterator[Document]:
            return islice(super().documents(), 1000)


class TheExportMissesTheLast(Working):
    """The last document of an export is never flushed."""

    class Reader(MemoryReader):
        def documents(self) -> Iterator[Document]:
            return islice(super().documents(), max(len(self._documents) - 1, 0))


class AnExportReadsTheNewestState(Working):
    """Each document of an export is got when its turn comes."""

    def documents(self) -> Iterator[Document]:
        for uri in list(self._documents):
            found = self.get(uri)
            if found is not None:
                yield found


class ErrorsAreSwallowed(Working):
    """Whatever goes wrong in a search is an empty answer."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        try:
            return super().search(query, limit, **options)
        except NuthatchError:
            return super().search("", 1)


class AnUnknownFieldIsNoFilter(Working):
    """A filter that means nothing is left out of the search."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        try:
            return super().search(query, limit, **options)
        except InvalidQuery:
            if options.pop("filters", None) is None:
                raise
            return super().search(query, limit, **options)


class TheLimitZeroMeansAll(Working):
    """A limit of zero is taken for none."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        return super().search(query, limit or None, **options)


class TheTimeoutIsForgotten(Working):
    """A timeout is not handed on."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        return super().search(query, limit, **{**options, "timeout": None})


class CollapsingShortensTheList(Working):
    """Chunks are collapsed after the limit has cut."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        collapse, query = getattr(query, "collapse", False), _spread(query)
        found = super().search(query, limit, **options)
        if not collapse:
            return found
        best = {hit.document_uri: hit for hit in reversed(found.hits)}
        return replace(found, hits=tuple(hit for hit in found if hit in best.values()))


def _spread(query: Any) -> Any:
    return replace(query, collapse=False) if isinstance(query, TextQuery) else query


class HitsClaimAProofThatTheyDoNotCarry(Working):
    """Hits are called grounded, and nothing is put beside them."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        audit = options.pop("audit", None)
        found = super().search(query, limit, **options)
        claimed = {} if audit is None else {"audit_mode": audit}
        return replace(found, hits=tuple(hit.model_copy(update=claimed) for hit in found))


class EveryAnswerIsCalledExact(Working):
    """The climb of the ladder claims to be what ranking gives."""

    def search(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        return replace(super().search(query, limit, **options), exact=True)


class AsyncDropsItsArguments(Working):
    """search_async hands on the query and the limit, and no more."""

    async def search_async(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        return await super().search_async(query, limit)


class TheAsyncReaderIsStale(Working, async_native=NATIVE):
    """A native asynchronous reader is opened once and kept."""

    @asynccontextmanager
    async def async_reader(self, deadline: float | None = None) -> AsyncIterator[Any]:
        yield self.__dict__.setdefault("kept", _Awaited(self.Reader(self._documents)))


class TheLoopIsBlocked(Working, async_native=NATIVE):
    """A native asynchronous reader never waits."""

    @asynccontextmanager
    async def async_reader(self, deadline: float | None = None) -> AsyncIterator[Any]:
        self.check_present()
        yield _Awaited(self.Reader(self._documents, self.schema))


class TheDeadlineIsDropped(Working, timeout=NATIVE):
    """A native timeout whose deadline does not reach the engine."""


class AKeyNamesTheNewestText(Working, snapshot=unsupported("requests read the newest state")):
    """A key stands for a uri and a chunk, and fetch reads what is stored there by then."""

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Any]:
        with super().reader(deadline) as reader:
            yield _NewestTexts(reader, self)


class _NewestTexts:
    """A reader that fetches from the newest state."""

    def __init__(self, reader: Any, index: Working) -> None:
        self._reader = reader
        self._index = index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def fetch(self, keys: Any, proofs: bool) -> list[Any]:
        rows = self._reader.fetch(keys, proofs)
        newest = self._index.Reader(self._index._documents, self._index.schema)
        places = {(d.document.uri, chunk): n for n, (d, chunk, _) in enumerate(newest._chunks)}
        found = [places.get((row.uri, row.chunk_idx)) for row in rows]
        return [None if place is None else newest.fetch([place], proofs)[0] for place in found]


class _Awaited:
    """A reader whose answers are awaited."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._reader, name)

        async def answer(*given: Any) -> Any:
            return method(*given)

        return answer


class AsyncRemembersAnswers(Working):
    """search_async keeps answers by the text of the query alone."""

    answers: ClassVar[dict[Any, Results]] = {}

    async def search_async(self, query: Any, limit: int | None = None, **options: Any) -> Results:
        if query not in self.answers:
            self.answers[query] = await super().search_async(query, limit, **options)
        return self.answers[query]


class TheCachedStateIsNeverChecked(Working):
    """From the third search on, a cached state is never compared with the index."""

    _searches = 0
    _cached: Any = None

    def run(self, search: PlannedSearch) -> Results:
        self._searches += 1
        if self._searches < 3:
            self._cached = self._documents
        return self.run_over(self._cached, search)


class AnEmptyAnswerIsNotChecked(Working):
    """The cached state is checked where a search finds hits, and not where it finds none."""

    _last: Any = None

    def run(self, search: PlannedSearch) -> Results:
        earlier, self._last = self._last, self._documents
        found = self.run_over(self._last if earlier is None else earlier, search)
        return self.run_over(self._last, search) if found else found


class OnlyPlainSearchesAreChecked(Working):
    """The cached state is checked for plain searches, and not with collapse or explain."""

    _last: Any = None

    def run(self, search: PlannedSearch) -> Results:
        earlier, self._last = self._last, self._documents
        fetch_last = not (
            getattr(search.request.query, "collapse", False) or search.request.explain
        )
        return self.run_over(self._last if fetch_last or earlier is None else earlier, search)
