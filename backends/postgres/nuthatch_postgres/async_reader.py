"""`AsyncPostgresReader`: answers what `Reading` asks, over an asynchronous connection."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from psycopg import AsyncCursor

from nuthatch import Document, Filter, FirstMatch, Matches, Rung, Stored
from nuthatch.entities import EntityMatches, EntityPlan
from nuthatch_postgres.async_pool import Connection
from nuthatch_postgres.connection import Asking, Rows, Statement
from nuthatch_postgres.entity_reading import match_entities
from nuthatch_postgres.read import Reading

T = TypeVar("T")


async def _ask(connection: Connection, statements: Sequence[Statement]) -> list[Rows]:
    if len(statements) == 1:
        cursors = [await _execute(connection, statements[0])]
    else:
        async with connection.pipeline():
            cursors = [await _execute(connection, each) for each in statements]
    return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


async def _execute(connection: Connection, asked: Statement) -> AsyncCursor[Any]:
    return await connection.execute(asked.sql, asked.values, prepare=asked.prepare, binary=True)


async def run_async(connection: Connection, asking: Asking[T]) -> T:
    """Answers what is asked until it is done, and returns its result."""
    try:
        asked = next(asking)
        while True:
            asked = asking.send(await _ask(connection, asked))
    except StopIteration as done:
        result: T = done.value
        return result


class AsyncPostgresReader:
    """Answers from one snapshot, asynchronously."""

    def __init__(self, connection: Connection, reading: Reading) -> None:
        self._connection = connection
        self._reading = reading

    async def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return await run_async(self._connection, self._reading.frequencies(tokens))

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return await run_async(self._connection, self._reading.match(rung, filters, limit))

    async def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        return await run_async(self._connection, self._reading.first_match(rungs, filters, limit))

    async def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return await run_async(self._connection, self._reading.explain(rung, keys))

    async def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        return await run_async(self._connection, match_entities(self._reading, plan, limit))

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[Stored | None]:
        return await run_async(self._connection, self._reading.fetch(keys, proofs))

    async def get(self, uri: str) -> Document | None:
        return await run_async(self._connection, self._reading.get(uri))
