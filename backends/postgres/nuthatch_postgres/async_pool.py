"""`AsyncPools`: asynchronous connections, of one event loop each.

A connection belongs to the loop that made it, and programs may run one short loop after another.
psycopg's own pool keeps tasks in its loop that live until it is closed, and `asyncio.run` waits
for every task at its end: on Python 3.11 for ever, where `wait_for` loses the cancellation to a
connection that was just made. So this pool has no tasks. A loop that has ended cannot close what
it left open; its connections are dropped when the next loop comes or the index is closed.
"""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from threading import Lock
from time import monotonic
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from nuthatch import BackendUnavailable, QueryTimeout
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.connection import async_connection_class, conninfo, refused, session
from nuthatch_postgres.pool import exhausted

Connection = psycopg.AsyncConnection[Any]


class _Loop:
    """The connections of one event loop: those that are free, and all."""

    def __init__(self, loop: AbstractEventLoop, connections: int) -> None:
        self.loop = loop
        self.room = asyncio.Semaphore(connections)
        self.free: list[Connection] = []
        self.all: set[Connection] = set()

    def close(self) -> None:
        """Close what is free; what is lent is closed when it comes back."""
        self._finish(self.free)
        self.free = []

    def abandon(self) -> None:
        """Close everything; for a loop that runs no more."""
        self._finish(list(self.all))

    def _finish(self, connections: Sequence[Connection]) -> None:
        for connection in connections:
            self.all.discard(connection)
            connection.pgconn.finish()  # what close() awaits would need the loop


class AsyncPools:
    """Lends asynchronous connections, at most `connections` in each event loop."""

    def __init__(self, config: PostgresConfig) -> None:
        self._config = config
        self._lock = Lock()
        self._loops: list[_Loop] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self, deadline: float | None) -> AsyncIterator[Connection]:
        """Lend a connection, in autocommit mode and outside of a transaction.

        Raise `QueryTimeout`, a transient `BackendUnavailable`, or psycopg's errors.
        """
        here = self._here()
        await self._wait(here, deadline)
        try:
            connection = here.free.pop() if here.free else await self._connected(here)
            try:
                yield connection
            finally:
                await self._take_back(here, connection)
        finally:
            here.room.release()

    def _here(self) -> _Loop:
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._closed:
                raise BackendUnavailable(f"{self._config.place} was closed; open it again")
            for each in [each for each in self._loops if each.loop.is_closed()]:
                self._loops.remove(each)
                each.abandon()
            for each in self._loops:
                if each.loop is loop:
                    return each
            self._loops.append(_Loop(loop, self._config.connections))
            return self._loops[-1]

    async def _wait(self, here: _Loop, deadline: float | None) -> None:
        until = monotonic() + self._config.pool_timeout
        left = (until if deadline is None else min(until, deadline)) - monotonic()
        try:
            async with asyncio.timeout(max(0.001, left)):
                await here.room.acquire()
        except TimeoutError as error:
            if deadline is not None and monotonic() >= deadline:
                raise QueryTimeout(
                    f"the search in {self._config.place} waited its whole timeout for a "
                    "connection; raise it, or raise connections"
                ) from error
            raise exhausted(self._config) from error

    async def _connected(self, here: _Loop) -> Connection:
        try:
            connection = await async_connection_class(self._config).connect(
                conninfo(self._config), **session(self._config)
            )
        except psycopg.OperationalError as error:
            raise refused(error, self._config) from error
        here.all.add(connection)
        return connection

    async def _take_back(self, here: _Loop, connection: Connection) -> None:
        """Keep a connection for the next one who comes, if it is fit for it."""
        try:
            if not connection.closed:
                if connection.info.transaction_status is not TransactionStatus.IDLE:
                    await connection.execute("ROLLBACK")
                if not self._closed:
                    here.free.append(connection)
                    return
        finally:
            if connection not in here.free:
                here.all.discard(connection)
                await connection.close()

    def refresh(self) -> None:
        """Throw away connections that the server may have ended."""
        self._here().close()

    def close(self) -> None:
        """Close what is free, each in its loop's thread, and have what is lent closed later."""
        with self._lock:
            self._closed = True
            loops, self._loops = self._loops, []
        for each in loops:
            if each.loop is _running():
                each.close()
            elif each.loop.is_running():
                each.loop.call_soon_threadsafe(each.close)
            else:
                each.abandon()

    def restart(self) -> None:
        """Begin anew in a child process; what the parent has open stays as it is."""
        _inherited.extend(self._loops)
        self._loops = []
        self._lock = Lock()


#: What a parent process was using; kept, so that nothing ever closes it here.
_inherited: list[_Loop] = []


def _running() -> AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
