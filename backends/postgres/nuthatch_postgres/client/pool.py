"""`Pool`: connections, each used by one `ConnectionLease` at a time.

    with ConnectionLease(pool, wrap, deadline) as reader:      outside of a transaction

If no connection is idle the caller opens one, and gets the server's refusal at once. An interrupt
may arrive between any two instructions here. So a connection goes back to the pool only after it
was seen to be idle. Otherwise it is closed, at once or when the lease is collected, and the server
rolls back what was open.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

import psycopg

from nuthatch import BackendUnavailable, Lease, Leases, QueryTimeout
from nuthatch.postings import keep_inherited
from nuthatch_postgres.client.connection import connect, end_transaction, is_idle
from nuthatch_postgres.client.errors import translate_errors
from nuthatch_postgres.config import PostgresConfig

T = TypeVar("T")
#: Seconds after which an idle connection is closed.
_MAX_IDLE: Final = 600.0


class Pool:
    """Connections in autocommit mode, at most `connections` of them in use."""

    def __init__(self, config: PostgresConfig) -> None:
        self.config = config
        self.place = config.place
        self.closed = False
        self._start()

    def _start(self) -> None:
        self._leases = Leases(self.config.connections)
        self._lock = Lock()
        self._idle: list[tuple[float, psycopg.Connection[Any]]] = []

    def acquire(self, lease: Lease, deadline: float | None) -> psycopg.Connection[Any]:
        """Return a connection for a lease. The caller must `release` it, even after an error.

        Wait for a free place until the deadline, or `pool_timeout`. Raise `QueryTimeout`,
        `BackendUnavailable`, or psycopg's errors.
        """
        until = monotonic() + self.config.pool_timeout
        until = until if deadline is None else min(until, deadline)
        if not self._leases.acquire(lease, until - monotonic()):
            raise wait_error(self.config, deadline)
        while not self.closed:
            try:
                _, connection = self._idle.pop()
            except IndexError:
                return connect(self.config)
            if not connection.closed:
                return connection
        raise BackendUnavailable(f"{self.config.place} was closed; open it again")

    def release(self, lease: Lease, connection: psycopg.Connection[Any] | None) -> None:
        """End a lease, and keep its connection if it is idle; else close it."""
        try:
            if connection is not None:
                end_transaction(connection)
                if is_idle(connection) and self._keep(connection):
                    connection = None
        finally:
            if connection is not None:
                connection.close()
            self._leases.release(lease)

    def _keep(self, connection: psycopg.Connection[Any]) -> bool:
        """Keep an idle connection unless the pool is closed; return whether it was kept."""
        now = monotonic()
        with self._lock:
            expired = [idle for since, idle in self._idle if since < now - _MAX_IDLE]
            if not self.closed:
                rest = [pair for pair in self._idle if pair[1] not in expired]
                self._idle = [*rest, (now, connection)]
        for idle in expired:
            idle.close()
        return not self.closed

    def close_idle(self) -> None:
        """Close the idle connections, for example after the server has ended its sessions."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def close(self) -> None:
        """Close all connections: the idle ones now, the others when they are released."""
        with self._lock:
            self.closed = True
        self.close_idle()

    def reset_after_fork(self) -> None:
        """Start empty in a child process, which must not use the parent's sockets."""
        keep_inherited(*(connection for _, connection in self._idle))
        self._start()


def wait_error(config: PostgresConfig, deadline: float | None) -> QueryTimeout | BackendUnavailable:
    """Return the error for a caller that has waited in vain for a connection."""
    if deadline is not None and monotonic() >= deadline:
        return QueryTimeout(
            f"the search in {config.place} waited its whole timeout for a connection; "
            "raise it, or raise connections"
        )
    return BackendUnavailable(
        f"all connections of {config.place} are in use; end what reads (a loop over documents() "
        "holds one), or raise connections",
        transient=True,
    )


class ConnectionLease(Generic[T]):
    """A connection, wrapped by `wrap`, for the time of a `with` block.

    `finish` is called with the wrapper if the block has raised nothing.
    """

    def __init__(
        self,
        pool: Pool,
        wrap: Callable[[psycopg.Connection[Any]], T],
        deadline: float | None = None,
        *,
        finish: Callable[[T], None] | None = None,
    ) -> None:
        self._pool = pool
        self._wrap = wrap
        self._deadline = deadline
        self._finish = finish
        self._lease = Lease()
        self._connection: psycopg.Connection[Any] | None = None
        self._process = os.getpid()
        self._errors = translate_errors(pool.place)

    def __enter__(self) -> T:
        with self._errors:
            try:
                self._connection = self._pool.acquire(self._lease, self._deadline)
                self._wrapper = self._wrap(self._connection)
                return self._wrapper
            except BaseException:
                self._release()
                raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None and self._finish is not None:
                with self._errors:
                    self._finish(self._wrapper)
        finally:
            self._release()
        self._errors.__exit__(kind, error, traceback)

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._process != os.getpid():
            keep_inherited(connection)
            connection = None
        self._pool.release(self._lease, connection)
