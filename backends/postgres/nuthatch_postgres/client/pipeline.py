"""Round trips: several statements are sent at once, over a blocking or an asynchronous connection.

Readers await an `Executor` and do not know which kind of connection it uses. That of a blocking
connection never suspends, so `nuthatch.run_blocking` can run what awaits it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import psycopg

Rows = list[tuple[Any, ...]]


class Statement(NamedTuple):
    """One statement with its values.

    `prepare=False` has the server plan it for these values, each time.
    """

    sql: bytes
    values: Sequence[Any] | Mapping[str, Any] = ()
    prepare: bool | None = None


#: Runs statements in one round trip, and returns the rows of each.
Executor = Callable[[Sequence[Statement]], Awaitable[list[Rows]]]


def execute(connection: psycopg.Connection[Any], statements: Sequence[Statement]) -> list[Rows]:
    """Run statements in one round trip and return the rows of each."""
    cursors: list[psycopg.Cursor[Any]] = []
    with connection.pipeline() if len(statements) > 1 else nullcontext():
        for sql, values, prepare in statements:
            cursors.append(connection.execute(sql, values, prepare=prepare, binary=True))
    return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


async def execute_async(
    connection: psycopg.AsyncConnection[Any], statements: Sequence[Statement]
) -> list[Rows]:
    """Do what `execute` does, over an asynchronous connection."""
    cursors: list[psycopg.AsyncCursor[Any]] = []
    async with connection.pipeline() if len(statements) > 1 else nullcontext():
        for sql, values, prepare in statements:
            cursors.append(await connection.execute(sql, values, prepare=prepare, binary=True))
    return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


def blocking_executor(connection: psycopg.Connection[Any]) -> Executor:
    """Return an executor over a blocking connection."""

    async def run(statements: Sequence[Statement]) -> list[Rows]:
        return execute(connection, statements)

    return run


def async_executor(connection: psycopg.AsyncConnection[Any]) -> Executor:
    """Return an executor over an asynchronous connection."""

    async def run(statements: Sequence[Statement]) -> list[Rows]:
        return await execute_async(connection, statements)

    return run
