"""`PostgresReader`: an `AsyncPostgresReader` over a port that never waits, for blocking callers."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

import psycopg

from nuthatch import (
    Document,
    ExplainingReader,
    ExportingReader,
    Filter,
    FirstMatch,
    FirstMatchReader,
    Matches,
    Rung,
    StoredChunk,
    run_blocking,
)
from nuthatch.entities import EntityMatches, EntityMatchingReader, EntityPlan
from nuthatch_postgres import queries
from nuthatch_postgres.async_reader import AsyncPostgresReader
from nuthatch_postgres.stored import document


class PostgresReader(FirstMatchReader, ExplainingReader, ExportingReader, EntityMatchingReader):
    """Answers from one snapshot."""

    def __init__(self, connection: psycopg.Connection, reading: AsyncPostgresReader) -> None:
        self._connection = connection
        self.reading = reading

    def finish(self) -> None:
        """Have a belief proven by which all was answered."""
        run_blocking(self.reading.finish())

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return run_blocking(self.reading.document_frequencies(tokens))

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return run_blocking(self.reading.match(rung, filters, limit))

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        return run_blocking(self.reading.first_match(rungs, filters, limit))

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return run_blocking(self.reading.explain(rung, keys))

    def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        return run_blocking(self.reading.match_entities(plan, limit))

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk | None]:
        return run_blocking(self.reading.fetch(keys, proofs))

    def get(self, uri: str) -> Document | None:
        return run_blocking(self.reading.get(uri))

    def documents(self) -> Iterator[Document]:
        run_blocking(self.reading.ask())  # a cursor needs a transaction, whatever is believed
        self._connection.execute(self.reading.statement(queries.DOCUMENTS))
        rows = iter(self._rows())
        for first, group in groupby(rows, key=lambda row: row[0]):
            chunks = list(group)
            texts = [(start, text) for *_, start, text in chunks]
            yield document(f"at chunk {first}", chunks[0][1], texts)

    def _rows(self) -> Iterator[tuple[int, bytes, int, bytes]]:
        """Fetch a thousand rows after another from the cursor on the server."""
        while True:
            found = self._connection.execute(queries.MORE_DOCUMENTS, binary=True).fetchall()
            if not found:
                return
            yield from found
