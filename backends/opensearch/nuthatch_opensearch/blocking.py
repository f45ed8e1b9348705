"""`OpenSearchReader`: a reader for threads, which calls an asynchronous one that never waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Iterator, Sequence

from nuthatch import (
    Answer,
    AnsweringReader,
    AnswerRequest,
    CollectionStatistics,
    ColumnReader,
    Columns,
    DictionaryReader,
    Document,
    ExplainingReader,
    ExportingReader,
    Filter,
    KnownWord,
    Matches,
    Rung,
    Schema,
    entities,
    run_blocking,
)
from nuthatch_opensearch import query
from nuthatch_opensearch.catalog import Catalog
from nuthatch_opensearch.marker import Marker
from nuthatch_opensearch.read import OpenSearchAsyncReader
from nuthatch_opensearch.stored import OpenSearchChunk, Row, whole_document


class OpenSearchReader(
    AnsweringReader,
    ColumnReader,
    DictionaryReader,
    ExplainingReader,
    ExportingReader,
    entities.EntityReader,
):
    """A reader for threads; its snapshot is released when the block ends."""

    def __init__(self, reader: OpenSearchAsyncReader) -> None:
        self.async_reader = reader

    def answer(self, request: AnswerRequest) -> Answer:
        return run_blocking(self.async_reader.answer(request))

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return run_blocking(self.async_reader.document_frequencies(tokens))

    def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
        return run_blocking(self.async_reader.words(prefix, limit, edits))

    def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
        return run_blocking(self.async_reader.neighbours(word, edits, limit))

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return run_blocking(self.async_reader.match(rung, filters, limit))

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return run_blocking(self.async_reader.explain(rung, keys))

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[OpenSearchChunk | None]:
        return run_blocking(self.async_reader.fetch(keys, proofs))

    def get(self, uri: str) -> Document | None:
        return run_blocking(self.async_reader.get(uri))

    def statistics(self) -> CollectionStatistics:
        return run_blocking(self.async_reader.statistics())

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[Hashable]:
        return run_blocking(self.async_reader.matching(rung, filters))

    def columns(self, fields: Sequence[str]) -> Columns:
        return run_blocking(self.async_reader.columns(fields))

    def phrase_terms(self, lookups: Sequence[entities.PhraseLookup]) -> list[list[Hashable]]:
        return run_blocking(self.async_reader.phrase_terms(lookups))

    def title_terms(
        self, lookups: Sequence[entities.TitleLookup]
    ) -> list[list[entities.TitleTerm]]:
        return run_blocking(self.async_reader.title_terms(lookups))

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        return run_blocking(self.async_reader.entity_postings(keys))

    def eligible(self, filters: Sequence[Filter]) -> frozenset[Hashable]:
        return run_blocking(self.async_reader.eligible(filters))

    def read_marker(self) -> Marker:
        """Return the marker of this reader's state."""
        return run_blocking(self.async_reader.bind()).marker

    @property
    def place(self) -> str:
        """The name of the index in messages."""
        return self.async_reader.place

    @property
    def schema(self) -> Schema:
        """The schema of the index."""
        return self.async_reader.schema

    def read_catalog(self) -> Catalog:
        """Return what the documents of this state have in titles and fields."""
        return run_blocking(self.async_reader.catalog())

    def read_words(self) -> dict[str, str]:
        """Return the surface words of the dictionary, each with its token."""
        return run_blocking(self.async_reader.all_words())

    def documents(self) -> Iterator[Document]:
        for rows in self.rows_by_document():
            yield whole_document(self.place, rows)

    def rows_by_document(self) -> Iterator[list[Row]]:
        """Yield what is stored of every document, in document order."""
        rows: list[Row] = []
        for row in self.rows():
            if rows and row.get("uri") != rows[0].get("uri"):
                yield rows
                rows = []
            rows.append(row)
        if rows:
            yield rows

    def rows(self, conditions: Sequence[query.Query] = (), source: str = "stored") -> Iterator[Row]:
        """Yield what is stored of all chunks that meet conditions, in document order."""
        rows = self.async_reader.rows(conditions, source)
        while True:
            try:
                row = run_blocking(_take_next(rows))
            except StopAsyncIteration:
                return
            yield row


async def _take_next(rows: AsyncIterator[Row]) -> Row:
    return await anext(rows)
