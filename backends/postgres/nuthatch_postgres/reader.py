"""`PostgresReader`: answers what `Reading` asks, over one connection."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import psycopg

from nuthatch import Document, Filter, FirstMatch, Matches, Rung, Stored
from nuthatch.entities import EntityMatches, EntityPlan
from nuthatch_postgres import queries
from nuthatch_postgres.connection import Asking, run
from nuthatch_postgres.entity_reading import match_entities
from nuthatch_postgres.read import Reading
from nuthatch_postgres.stored import document

T = TypeVar("T")


class PostgresReader:
    """Answers from one snapshot."""

    def __init__(self, connection: psycopg.Connection, reading: Reading) -> None:
        self._connection = connection
        self._reading = reading

    def _run(self, asking: Asking[T]) -> T:
        return run(self._connection, asking)

    def finish(self) -> None:
        """Have a belief proven by which all was answered."""
        self._run(self._reading.finish())

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return self._run(self._reading.frequencies(tokens))

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return self._run(self._reading.match(rung, filters, limit))

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        return self._run(self._reading.first_match(rungs, filters, limit))

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return self._run(self._reading.explain(rung, keys))

    def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        return self._run(match_entities(self._reading, plan, limit))

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[Stored | None]:
        return self._run(self._reading.fetch(keys, proofs))

    def get(self, uri: str) -> Document | None:
        return self._run(self._reading.get(uri))

    def documents(self) -> Iterator[Document]:
        self._run(self._reading.ask())  # a cursor needs a transaction, whatever is believed
        self._connection.execute(self._reading.statement(queries.DOCUMENTS))
        rows = iter(self._rows())
        for first, group in groupby(rows, key=lambda row: row[0]):
            chunks = list(group)
            texts = [(start, text) for *_, start, text in chunks]
            yield document(f"at chunk {first}", chunks[0][1], texts)

    def _rows(self) -> Iterator[tuple[int, bytes, int, bytes]]:
        """Fetches a thousand rows after another from the cursor on the server."""
        while True:
            found = self._connection.execute(queries.MORE_DOCUMENTS, binary=True).fetchall()
            if not found:
                return
            yield from found
