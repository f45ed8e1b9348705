"""`AsyncPool`: asynchronous connections, grouped by event loop.

A connection belongs to the loop that opened it, and a program may run many short loops. psycopg's
own pool starts tasks in its loop that live until it is closed, and `asyncio.run` waits for all
tasks before it returns. On Python 3.11 it may wait without end, because `wait_for` can lose the
cancellation of a task that has just connected. So this pool starts no tasks. A loop that has ended
cannot close its connections; they are dropped when another loop uses the pool, or it is closed.
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

from nuthatch import BackendUnavailable
from nuthatch.postings import keep_inherited
from nuthatch_postgres.client.connection import connect_async
from nuthatch_postgres.client.pool import wait_error
from nuthatch_postgres.config import PostgresConfig

Connection = psycopg.AsyncConnection[Any]


class _LoopPool:
    """The connections of one event loop: those that are idle, and all."""

    def __init__(self, loop: AbstractEventLoop, connections: int) -> None:
        self.loop = loop
        self.slots = asyncio.Semaphore(connections)
        self.idle: list[Connection] = []
        self.all: set[Connection] = set()

    def close_idle(self) -> None:
        """Close the idle connections; the others are closed when they are released."""
        self._finish(self.idle)
        self.idle = []

    def close_all(self) -> None:
        """Close all connections of a loop that runs no more."""
        self._finish(list(self.all))

    def _finish(self, connections: Sequence[Connection]) -> None:
        for connection in connections:
            self.all.discard(connection)
            connection.pgconn.finish()  # `close` is a coroutine, and would need the loop


class AsyncPool:
    """Asynchronous connections, at most `connections` of them in use in each event loop."""

    def __init__(self, config: PostgresConfig) -> None:
        self._config = config
        self._lock = Lock()
        self._loops: list[_LoopPool] = []
        self._closed = False

    @asynccontextmanager
    async def acquire(self, deadline: float | None) -> AsyncIterator[Connection]:
        """Yield a connection, in autocommit mode and outside of a transaction.

        Raise `QueryTimeout`, a transient `BackendUnavailable`, or psycopg's errors.
        """
        pool = self._current_loop()
        await self._wait_for_slot(pool, deadline)
        try:
            connection = pool.idle.pop() if pool.idle else await self._connect(pool)
            try:
                yield connection
            finally:
                await self._release(pool, connection)
        finally:
            pool.slots.release()

    def _current_loop(self) -> _LoopPool:
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._closed:
                raise BackendUnavailable(f"{self._config.place} was closed; open it again")
            for pool in [pool for pool in self._loops if pool.loop.is_closed()]:
                self._loops.remove(pool)
                pool.close_all()
            for pool in self._loops:
                if pool.loop is loop:
                    return pool
            self._loops.append(_LoopPool(loop, self._config.connections))
            return self._loops[-1]

    async def _wait_for_slot(self, pool: _LoopPool, deadline: float | None) -> None:
        until = monotonic() + self._config.pool_timeout
        left = (until if deadline is None else min(until, deadline)) - monotonic()
        try:
            async with asyncio.timeout(max(0.001, left)):
                await pool.slots.acquire()
        except TimeoutError as error:
            raise wait_error(self._config, deadline) from error

    async def _connect(self, pool: _LoopPool) -> Connection:
        connection = await connect_async(self._config)
        pool.all.add(connection)
        return connection

    async def _release(self, pool: _LoopPool, connection: Connection) -> None:
        """Keep a connection for later, if it is fit for use."""
        try:
            if not connection.closed:
                if connection.info.transaction_status is not TransactionStatus.IDLE:
                    await connection.execute("ROLLBACK")
                if not self._closed:
                    pool.idle.append(connection)
                    return
        finally:
            if connection not in pool.idle:
                pool.all.discard(connection)
                await connection.close()

    def close_idle(self) -> None:
        """Close the running loop's idle connections, whose sessions the server may have ended."""
        self._current_loop().close_idle()

    def close(self) -> None:
        """Close the idle connections of each loop in its thread, and the others on release."""
        with self._lock:
            self._closed = True
            pools, self._loops = self._loops, []
        for pool in pools:
            if pool.loop is _running_loop():
                pool.close_idle()
            elif pool.loop.is_running():
                pool.loop.call_soon_threadsafe(pool.close_idle)
            else:
                pool.close_all()

    def reset_after_fork(self) -> None:
        """Start empty in a child process, and leave the parent's connections as they are."""
        keep_inherited(*self._loops)
        self._loops = []
        self._lock = Lock()


def _running_loop() -> AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
