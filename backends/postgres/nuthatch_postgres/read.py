"""Readers: `AsyncPostgresReader` ranks what one snapshot holds; `PostgresReader` blocks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from typing import Any, cast

import psycopg

from nuthatch import (
    AsyncColumnReader,
    AsyncDictionaryReader,
    AsyncExplainingReader,
    AsyncFirstMatchReader,
    CollectionStatistics,
    ColumnReader,
    DictionaryReader,
    Document,
    ExplainingReader,
    ExportingReader,
    FetchedChunk,
    Filter,
    FirstMatch,
    FirstMatchReader,
    KnownWord,
    Matches,
    Rung,
    Slot,
    run_blocking,
)
from nuthatch.entities import (
    AsyncEntityMatchingReader,
    EntityMatches,
    EntityMatchingReader,
    EntityPlan,
)
from nuthatch.postings import (
    ArrayColumns,
    CompressedChunk,
    decode_document,
    explain_rung,
    find_first_match,
    to_matches,
)
from nuthatch.scoring import TermScores, conjunction, conjunction_top_k, top_k, union
from nuthatch_postgres.client.pipeline import Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.search.block_max_pruning import rank_pruned
from nuthatch_postgres.search.entity_search import search_entities
from nuthatch_postgres.search.phrases import Allowed, keep_allowed, read_allowed
from nuthatch_postgres.search.posting_reader import PostingReader
from nuthatch_postgres.search.words import find_neighbours, find_words
from nuthatch_postgres.storage.packed_ids import Ids


class AsyncPostgresReader(
    PostingReader,
    AsyncFirstMatchReader,
    AsyncExplainingReader,
    AsyncColumnReader,
    AsyncDictionaryReader,
    AsyncEntityMatchingReader,
):
    """A reader of one snapshot, over any executor."""

    async def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return for each token the number of chunks that contain it."""
        return await self.read_frequencies(tokens)

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the best chunks of a rung."""
        if rung.operator == "OR":
            best = await rank_pruned(self, rung, filters, limit)
            if best is not None:
                return to_matches(best)
        terms, allowed = await self._read_rung(rung, filters)
        rank = top_k if rung.operator == "OR" else conjunction_top_k
        return to_matches(rank([terms[slot] for slot in rung.slots], limit, allowed))

    async def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        """Return the first rung that matches, with its best chunks."""
        # The rungs of a ladder are under the same phrases and exclusions.
        terms, allowed = await self._read_rung(rungs[0], filters)
        return find_first_match(rungs, terms, allowed, limit)

    async def _read_rung(
        self, rung: Rung, filters: Sequence[Filter]
    ) -> tuple[dict[Slot, TermScores], Allowed | None]:
        """Return the terms of a rung's slots, and the chunks that it may match at all."""
        terms, passing = await self.read_slots(rung.slots, filters)
        return terms, await read_allowed(self, rung, passing)

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Ids:
        """Return all chunks that match, ascending; without a rung the first of each document."""
        if rung is None:
            documents = (await self.read_columns(())).documents
            ids = documents.ids[documents.live]
            return keep_allowed(ids, await self.read_passing(filters))
        terms, allowed = await self._read_rung(rung, filters)
        combine = conjunction if rung.operator == "AND" else union
        return keep_allowed(combine([term.ids for term in terms.values()]), allowed)

    async def columns(self, fields: Sequence[str]) -> ArrayColumns:
        """Return what documents have in fields."""
        return await self.read_columns(fields)

    async def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        """Return for each chunk the parts of its score, by token."""
        scores, _ = await self.read_scores(rung.tokens, ())
        return explain_rung(rung, scores, keys)

    async def words(self, prefix: str, limit: int, edits: int = 0) -> Sequence[KnownWord]:
        """Return the most frequent words that begin with a prefix."""
        return await find_words(self, prefix, limit, edits)

    async def neighbours(self, word: str, edits: int, limit: int) -> Sequence[KnownWord]:
        """Return the words nearest to a word."""
        return await find_neighbours(self, word, edits, limit)

    async def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        """Return the best documents of a plan."""
        return await search_entities(self, plan, limit)

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[FetchedChunk | None]:
        """Return the stored chunk of each key."""
        chunks = {
            row[0]: CompressedChunk(row, proofs=proofs, verify=False)
            for row in await self.fetch_texts(keys)
        }
        return [chunks.get(cast(int, key)) for key in keys]

    async def get(self, uri: str) -> Document | None:
        """Return the document with this uri."""
        if "\0" in uri:  # no uri contains a NUL, and PostgreSQL accepts none
            return None
        (rows,) = await self.execute(Statement(self._sql(queries.GET), (uri,)))
        if not rows:
            return None
        return decode_document(uri, rows[0][0], [(start, text) for _, start, text in rows])

    async def statistics(self) -> CollectionStatistics:
        """Return the counts of chunks and tokens."""
        return (await self.read_state()).statistics


class PostgresReader(
    FirstMatchReader,
    ExplainingReader,
    ExportingReader,
    ColumnReader,
    DictionaryReader,
    EntityMatchingReader,
):
    """An `AsyncPostgresReader` over an executor that never suspends, for blocking callers."""

    def __init__(
        self, connection: psycopg.Connection[Any], async_reader: AsyncPostgresReader
    ) -> None:
        self._connection = connection
        self.async_reader = async_reader

    def validate(self) -> None:
        """Validate the cached state that the answers came from."""
        run_blocking(self.async_reader.validate())

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return run_blocking(self.async_reader.document_frequencies(tokens))

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return run_blocking(self.async_reader.match(rung, filters, limit))

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        return run_blocking(self.async_reader.first_match(rungs, filters, limit))

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Ids:
        return run_blocking(self.async_reader.matching(rung, filters))

    def columns(self, fields: Sequence[str]) -> ArrayColumns:
        return run_blocking(self.async_reader.columns(fields))

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return run_blocking(self.async_reader.explain(rung, keys))

    def words(self, prefix: str, limit: int, edits: int = 0) -> Sequence[KnownWord]:
        return run_blocking(self.async_reader.words(prefix, limit, edits))

    def neighbours(self, word: str, edits: int, limit: int) -> Sequence[KnownWord]:
        return run_blocking(self.async_reader.neighbours(word, edits, limit))

    def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        return run_blocking(self.async_reader.match_entities(plan, limit))

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[FetchedChunk | None]:
        return run_blocking(self.async_reader.fetch(keys, proofs))

    def get(self, uri: str) -> Document | None:
        return run_blocking(self.async_reader.get(uri))

    def statistics(self) -> CollectionStatistics:
        return run_blocking(self.async_reader.statistics())

    def documents(self) -> Iterator[Document]:
        run_blocking(self.async_reader.execute())  # a cursor needs a transaction
        self._connection.execute(self.async_reader.statement(queries.DOCUMENTS))
        rows = iter(self._fetch_rows())
        for first, group in groupby(rows, key=lambda row: row[0]):
            chunks = list(group)
            texts = [(start, text) for *_, start, text in chunks]
            yield decode_document(f"at chunk {first}", chunks[0][1], texts)

    def _fetch_rows(self) -> Iterator[tuple[int, bytes, int, bytes]]:
        """Yield the rows of the cursor on the server, which are fetched page by page."""
        while True:
            page = self._connection.execute(queries.MORE_DOCUMENTS, binary=True).fetchall()
            if not page:
                return
            yield from page
