"""Readers: `AsyncPostgresReader` ranks what one snapshot holds; `PostgresReader` blocks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from typing import Any, cast

import psycopg

from nuthatch import (
    AsyncColumnReader,
    AsyncExplainingReader,
    AsyncFirstMatchReader,
    CollectionStatistics,
    ColumnReader,
    Document,
    ExplainingReader,
    ExportingReader,
    FetchedChunk,
    Filter,
    FirstMatch,
    FirstMatchReader,
    Matches,
    Rung,
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
from nuthatch.scoring import conjunction, conjunction_top_k, top_k, union
from nuthatch_postgres.client.pipeline import Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.search.block_max_pruning import rank_pruned
from nuthatch_postgres.search.entity_search import search_entities
from nuthatch_postgres.search.posting_reader import PostingReader
from nuthatch_postgres.storage.packed_ids import Ids


class AsyncPostgresReader(
    PostingReader,
    AsyncFirstMatchReader,
    AsyncExplainingReader,
    AsyncColumnReader,
    AsyncEntityMatchingReader,
):
    """A reader of one snapshot, over any executor."""

    async def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return for each token the number of chunks that contain it."""
        terms = await self.look_up(tokens)
        return {token: 0 if term is None else term.df for token, term in terms.items()}

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the best chunks of a rung."""
        if rung.operator == "OR":
            best = await rank_pruned(self, rung, filters, limit)
            if best is not None:
                return to_matches(best)
        scores, passing = await self.read_scores(rung.words, filters)
        terms = [scores[token] for token in rung.words]
        rank = top_k if rung.operator == "OR" else conjunction_top_k
        return to_matches(rank(terms, limit, passing))

    async def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        """Return the first rung that matches, with its best chunks."""
        scores, passing = await self.read_scores(rungs[0].words, filters)
        return find_first_match(rungs, scores, passing, limit)

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Ids:
        """Return all chunks that match, ascending; without a rung the first of each document."""
        if rung is None:
            documents = (await self.read_columns(())).documents
            ids = documents.ids[documents.live]
            passing = await self.read_passing(filters)
        else:
            scores, passing = await self.read_scores(rung.words, filters)
            combine = conjunction if rung.operator == "AND" else union
            ids = combine([scores[token].ids for token in dict.fromkeys(rung.words)])
        return ids if passing is None else conjunction([ids, passing])

    async def columns(self, fields: Sequence[str]) -> ArrayColumns:
        """Return what documents have in fields."""
        return await self.read_columns(fields)

    async def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        """Return for each chunk the parts of its score, by token."""
        scores, _ = await self.read_scores(rung.words, ())
        return explain_rung(rung, scores, keys)

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
    FirstMatchReader, ExplainingReader, ExportingReader, ColumnReader, EntityMatchingReader
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
