"""`Pool`: psycopg's pool, with the reason where it cannot give a connection.

The pool's own workers connect and try again for minutes, and whoever waits learns nothing but that
it took too long. So one that waits while the pool has room tries by itself, and raises what the
server says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from nuthatch import BackendUnavailable, QueryTimeout
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.connection import connect, connection_class, conninfo, leave, session

# The pool's workers warn of every connection that fails, and Python prints what no handler takes.
# Who waits for the connection is told by an error. A program that sets up logging still gets both.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

#: Seconds after which one that waits looks for the reason.
_LOOK = 0.5
#: Pools that a parent process was using; kept, so that nothing ever closes them here.
_inherited: list[ConnectionPool] = []


class Pool:
    """Lends connections, each in autocommit mode and outside of a transaction."""

    def __init__(self, config: PostgresConfig) -> None:
        self._config = config
        self._lock = Lock()
        self._pool: ConnectionPool | None = None
        self.closed = False

    def _opened(self) -> ConnectionPool:
        with self._lock:
            if self.closed:
                raise BackendUnavailable(f"{self._config.place} was closed; open it again")
            if self._pool is None:
                self._pool = ConnectionPool(
                    lambda: conninfo(self._config),  # an embedded server may be started anew
                    connection_class=connection_class(self._config),
                    kwargs=session(self._config),
                    min_size=0,
                    max_size=self._config.connections,
                    num_workers=2,
                    open=True,
                )
            return self._pool

    @contextmanager
    def connection(self, deadline: float | None = None) -> Iterator[psycopg.Connection]:
        """Lends a connection; waits for one until the deadline, or `pool_timeout`.

        Raises `QueryTimeout`, a transient `BackendUnavailable`, or psycopg's errors.
        """
        pool = self._opened()
        connection = self._wait(pool, deadline)
        try:
            yield connection
        finally:
            try:
                leave(connection)
            finally:
                pool.putconn(connection)

    def _wait(self, pool: ConnectionPool, deadline: float | None) -> psycopg.Connection:
        until = monotonic() + self._config.pool_timeout
        while True:
            left = (until if deadline is None else min(until, deadline)) - monotonic()
            try:
                return pool.getconn(max(0.001, min(left, _LOOK)))
            except PoolTimeout as error:
                if deadline is not None and monotonic() >= deadline:
                    raise QueryTimeout(
                        f"the search in {self._config.place} waited its whole timeout for a "
                        "connection; raise it, or raise connections"
                    ) from error
                if left <= _LOOK:
                    raise
                if pool.get_stats().get("pool_size", 0) < self._config.connections:
                    connect(self._config).close()  # raises what keeps the pool from doing so

    def refresh(self) -> None:
        """Throws away connections that the server has ended; called once one was found so."""
        pool = self._pool
        if pool is not None and not self.closed:
            pool.check()

    def close(self) -> None:
        """Closes all connections; one that is lent, when it comes back."""
        with self._lock:
            self.closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def restart(self) -> None:
        """Begins anew in a child process: a socket that is the parent's must not be used."""
        if self._pool is not None:
            _inherited.append(self._pool)
            self._pool = None
        self._lock = Lock()
