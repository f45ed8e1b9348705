"""Where all that matches is read from: an engine's columns, or every match and every document.

    reader has matching and columns   ReaderSource      what the engine gives
    reader has neither                DocumentSource    match without a bound, and documents()

Both give the same answers. `DocumentSource` reads the whole index once a search, for no reader says
which state it reads: complete, and slow.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from nuthatch.columns import DocumentRow, PlainColumns
from nuthatch.contract.columns import Columns, Keys
from nuthatch.contract.document import Document
from nuthatch.contract.filter_matching import Values, matches_filter, values_by_field
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Rung
from nuthatch.contract.reader import (
    AsyncColumnReader,
    AsyncReader,
    ExportingReader,
    FetchedChunk,
    Matches,
    StoredChunk,
)
from nuthatch.contract.schema import Schema
from nuthatch.errors import UnsupportedQuery, check_deadline
from nuthatch.pipeline.fetching import fetch_stored
from nuthatch.pipeline.readers import engine_of, has_columns, has_documents
from nuthatch.pipeline.shape import (
    check_collection,
    check_methods,
    check_type,
    engine_failure,
    missing_method,
)
from nuthatch.text.analyzer import Analyzer

#: A limit that no index reaches.
EVERYTHING: Final = 2**31 - 1
#: How many times deeper an engine is asked where too little of what it gave is of use.
_DEEPER: Final = 4


class EngineFacts(NamedTuple):
    """What must be known of an engine and its index to read all that matches.

    `largest` is the engine's largest limit, `deadline` a `time.monotonic` reading. Under `snapshot`
    nothing can be gone between two calls of a reader.
    """

    backend: str
    schema: Schema
    analyzer: Analyzer
    largest: int | None
    deadline: float | None
    snapshot: bool

    @property
    def deepest(self) -> int:
        """The largest limit that the engine is asked with."""
        return min(self.largest or EVERYTHING, EVERYTHING)

    def deepen(self, depth: int) -> int:
        """Return the limit with which the engine is asked again where `depth` was too small."""
        return min(_DEEPER * depth, self.deepest)


class MatchingSource(Protocol):
    """All that match in one state, by keys, and what documents have in declared fields."""

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Keys:
        """Return the keys of all chunks that match, as `ColumnReader.matching` does."""
        ...

    async def locate(self, keys: Sequence[Hashable]) -> Keys:
        """Return the keys of documents that an entity search found, in document order."""
        ...

    async def learn(self, keys: Sequence[Hashable]) -> Keys:
        """Return the keys that `match` gave, in any order; `columns` knows them then."""
        ...

    async def columns(self, fields: Sequence[str]) -> Columns:
        """Return columns that know all keys that were given."""
        ...

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Sequence[FetchedChunk | None]:
        """Return what is stored for each key."""
        ...


def open_source(facts: EngineFacts, reader: AsyncReader) -> MatchingSource:
    """Return the best source that a reader has. Raise `PluginFailure` where it has none."""
    if has_columns(reader):
        return ReaderSource(facts, reader)
    engine = engine_of(reader)
    if not has_documents(engine):
        problem = "sort, facets or count"
        raise missing_method(facts.backend, problem, "the reader's matching and columns")
    return DocumentSource(facts, reader, engine)


class ReaderSource:
    """The engine's own `matching` and `columns`."""

    def __init__(self, facts: EngineFacts, reader: AsyncColumnReader) -> None:
        self.fetch = reader.fetch
        self._backend = facts.backend
        self._reader = reader

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Keys:
        keys = await self._reader.matching(rung, filters)
        check_collection(self._backend, "matching", keys)
        return keys

    async def columns(self, fields: Sequence[str]) -> Columns:
        columns = await self._reader.columns(fields)
        check_methods(self._backend, "columns", columns, Columns)
        return columns

    async def locate(self, keys: Sequence[Hashable]) -> Keys:
        return sorted(keys)  # type: ignore[type-var]  # as the keys of entity searches do

    async def learn(self, keys: Sequence[Hashable]) -> Keys:
        return keys


class FirstChunk(NamedTuple):
    """The key of a document's first chunk, where the engine's own key is not known."""

    uri: str


class DocumentSource:
    """Every match of an engine, and every document that it exports."""

    def __init__(self, facts: EngineFacts, reader: AsyncReader, engine: ExportingReader) -> None:
        self._facts = facts
        self._reader = reader
        self._engine = engine
        self._rows: dict[str, Values] | None = None
        #: By uri and number of a chunk its key.
        self._keys: dict[str, dict[int, Hashable]] = {}

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Keys:
        if rung is None:
            return self._browse(filters)
        matches = await match_all(self._facts, self._reader, rung, filters)
        return await self.locate([key for key, _ in matches.candidates])

    def _browse(self, filters: Sequence[Filter]) -> Keys:
        found: list[Hashable] = []
        for uri, values in self._documents().items():
            if all(matches_filter(self._facts.schema, values, item) for item in filters):
                key = self._keys.setdefault(uri, {}).setdefault(0, FirstChunk(uri))
                found.append(key)
        return found

    async def locate(self, keys: Sequence[Hashable]) -> Keys:
        """Return those of the keys whose chunks are still there, in document order."""
        facts = self._facts
        rows = await fetch_stored(
            facts.backend, self._reader, keys, proofs=False, snapshot=facts.snapshot
        )
        found: dict[str, dict[int, Hashable]] = {}
        for key, row in zip(keys, rows, strict=True):
            if row is not None:
                found.setdefault(row.uri, {})[row.chunk_idx] = key
                self._keys.setdefault(row.uri, {})[row.chunk_idx] = key
        documents = self._documents()
        lost = [uri for uri in found if uri not in documents]
        if lost and facts.snapshot:
            problem = f"matched the document {lost[0]!r}, which is not among its documents()"
            raise engine_failure(facts.backend, problem, "shape")
        return [key for uri in documents if uri in found for _, key in sorted(found[uri].items())]

    async def learn(self, keys: Sequence[Hashable]) -> Keys:
        return await self.locate(keys)

    async def columns(self, fields: Sequence[str]) -> Columns:
        return PlainColumns(self._column_rows())

    def _column_rows(self) -> Iterator[DocumentRow]:
        for uri, values in self._documents().items():
            if uri in self._keys:
                keys = [key for _, key in sorted(self._keys[uri].items())]
                yield DocumentRow(uri, keys, values)

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Sequence[FetchedChunk | None]:
        if any(isinstance(key, FirstChunk) for key in keys):  # all are, or none is
            return [await self._fetch_first(key) for key in keys if isinstance(key, FirstChunk)]
        return await self._reader.fetch(keys, proofs)

    async def _fetch_first(self, key: FirstChunk) -> StoredChunk | None:
        document = await self._reader.get(key.uri)
        return None if document is None else self._make_chunk(document)

    def _make_chunk(self, document: Document) -> StoredChunk:
        """Return a document's first chunk as an engine would store it."""
        from nuthatch.pipeline.indexing import DocumentAnalyzer  # only browsing needs it

        analyzer = DocumentAnalyzer(self._facts.schema, self._facts.analyzer)
        outline = analyzer.outline(document)
        start, end = outline.spans[0]
        return StoredChunk(
            uri=document.uri,
            title=document.title,
            text=document.text[start:end],
            chunk_idx=0,
            start=start,
            root=outline.root,
            fields=document.fields,
            header=outline.header,
            leaves=outline.leaves,
        )

    def _documents(self) -> dict[str, Values]:
        """Return all documents by uri, in document order, with what filters compare of them."""
        if self._rows is None:
            rows: dict[str, Values] = {}
            for document in self._engine.documents():
                check_deadline(self._facts.deadline)
                rows[document.uri] = values_by_field(self._facts.schema, document)
            self._rows = rows
        return self._rows


async def match_all(
    facts: EngineFacts, reader: AsyncReader, rung: Rung, filters: Sequence[Filter]
) -> Matches:
    """Return every match of a rung. Raise `UnsupportedQuery` where the engine gives fewer."""
    limit = facts.deepest
    matches = await reader.match(rung, filters, limit)
    check_type(facts.backend, "match", matches, Matches)
    if len(matches.candidates) == limit and matches.total != limit:
        raise more_than(facts, limit)
    return matches


def more_than(facts: EngineFacts, limit: int) -> UnsupportedQuery:
    """Return the refusal of what needs more matches than an engine gives."""
    from nuthatch.registry.backends import backends_up_to  # only on the way to an error

    return UnsupportedQuery(
        facts.backend,
        f"to sort, filter or count more than {limit} chunks that match",
        f"its largest limit is {limit}, and nuthatch needs all that match; narrow the query",
        backends_up_to(EVERYTHING, besides=facts.backend),
    )
