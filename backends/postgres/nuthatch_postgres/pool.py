"""`Pool`: connections, each lent to one `Loan` at a time.

    with Loan(pool, PostgresReader, deadline) as reader:      outside of a transaction

Whoever finds none unused makes one, and so learns at once what the server says against it. An
interrupt may strike between any two instructions of this, so a connection is kept for the next one
only after it was seen to be at rest; in every other case it is closed, at once or when the loan is
collected, and the server takes back what was begun.
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
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.connection import connect, is_at_rest, leave
from nuthatch_postgres.failure import translated

T = TypeVar("T")
#: Seconds after which an unused connection is closed.
_UNUSED: Final = 600.0
#: Connections that a parent process was using; kept, so that nothing ever closes them here.
_inherited: list[psycopg.Connection[Any]] = []


class Pool:
    """Keeps connections in autocommit mode, at most `connections` of them in use."""

    def __init__(self, config: PostgresConfig) -> None:
        self.config = config
        self.closed = False
        self._start()

    def _start(self) -> None:
        self._leases = Leases(self.config.connections)
        self._lock = Lock()
        self._idle: list[tuple[float, psycopg.Connection[Any]]] = []

    def take(self, lease: Lease, deadline: float | None) -> psycopg.Connection[Any]:
        """Return a connection for a lease, which `give` is to end whatever happens here.

        Wait for a place until the deadline, or `pool_timeout`. Raise `QueryTimeout`,
        `BackendUnavailable`, or psycopg's errors.
        """
        until = monotonic() + self.config.pool_timeout
        until = until if deadline is None else min(until, deadline)
        if not self._leases.acquire(lease, until - monotonic()):
            self._refuse(deadline)
        while not self.closed:
            try:
                _, connection = self._idle.pop()
            except IndexError:
                return connect(self.config)
            if not connection.closed:
                return connection
        raise BackendUnavailable(f"{self.config.place} was closed; open it again")

    def _refuse(self, deadline: float | None) -> None:
        if deadline is not None and monotonic() >= deadline:
            raise QueryTimeout(
                f"the search in {self.config.place} waited its whole timeout for a connection; "
                "raise it, or raise connections"
            )
        raise exhausted(self.config)

    def give(self, lease: Lease, connection: psycopg.Connection[Any] | None) -> None:
        """End a lease; its connection is closed unless it is at rest."""
        try:
            if connection is not None:
                leave(connection)
                if is_at_rest(connection) and self._has_kept(connection):
                    connection = None
        finally:
            if connection is not None:
                connection.close()
            self._leases.release(lease)

    def _has_kept(self, connection: psycopg.Connection[Any]) -> bool:
        now = monotonic()
        with self._lock:
            old = [held for since, held in self._idle if since < now - _UNUSED]
            if not self.closed:
                kept = [pair for pair in self._idle if pair[1] not in old]
                self._idle = [*kept, (now, connection)]
        for held in old:
            held.close()
        return not self.closed

    def refresh(self) -> None:
        """Close what is unused; called once a connection was found that the server has ended."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def close(self) -> None:
        """Close all connections; one that is lent, when it comes back."""
        with self._lock:
            self.closed = True
        self.refresh()

    def restart(self) -> None:
        """Begin anew in a child process: a socket that is the parent's must not be used."""
        _inherited.extend(connection for _, connection in self._idle)
        self._start()


def exhausted(config: PostgresConfig) -> BackendUnavailable:
    """Return what it means that no connection came free in `pool_timeout`."""
    return BackendUnavailable(
        f"all connections of {config.place} are in use; end what reads (a loop over documents() "
        "holds one), or raise connections",
        transient=True,
    )


class Loan(Generic[T]):
    """Lends what `use` makes of a connection, for the time of a `with`.

    `finish` is called with it where nothing went wrong.
    """

    def __init__(
        self,
        pool: Pool,
        use: Callable[[psycopg.Connection[Any]], T],
        deadline: float | None = None,
        *,
        finish: Callable[[T], None] | None = None,
    ) -> None:
        self._pool = pool
        self._use = use
        self._deadline = deadline
        self._finish = finish
        self._lease = Lease()
        self._connection: psycopg.Connection[Any] | None = None
        self._process = os.getpid()
        self._translated = translated(pool.config.place)

    def __enter__(self) -> T:
        with self._translated:
            try:
                self._connection = self._pool.take(self._lease, self._deadline)
                self._lent = self._use(self._connection)
                return self._lent
            except BaseException:
                self._end()
                raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None and self._finish is not None:
                with self._translated:
                    self._finish(self._lent)
        finally:
            self._end()
        self._translated.__exit__(kind, error, traceback)

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._process != os.getpid():
            _inherited.append(connection)
            connection = None
        self._pool.give(self._lease, connection)
