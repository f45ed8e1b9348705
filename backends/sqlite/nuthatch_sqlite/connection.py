"""Connections: one that writes, and a bounded pool of those that read.

    SqliteBackend ── Pool ── reading connections, each in one thread at a time
                  └─ writing connection, made on the first write, guarded by a lock

A connection must not be carried over a fork: the child's SQLite would take its parent's locks for
its own, hold none, and go on in a log that the parent deletes when it closes. So idle connections
are closed before a fork. One that another thread was using then is left alone in the child, and
unclosed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Semaphore
from time import monotonic
from typing import Any
from urllib.parse import quote

import apsw

from nuthatch import BackendUnavailable
from nuthatch_sqlite import schema

#: Seconds that a reader without a deadline waits for another one to finish.
WAIT = 30.0
_READ = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
_WRITE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
#: Connections that a parent process was using; kept, so that nothing ever closes them here.
inherited: list[apsw.Connection] = []


def reading(path: Path, lock_timeout: float) -> apsw.Connection:
    """Opens a connection that only reads, with the dictionary views in place."""
    immutable = "?immutable=1" if _is_frozen(path) else ""
    connection = apsw.Connection(_uri(path) + immutable, flags=_READ)
    connection.set_busy_timeout(round(1000 * lock_timeout))
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def writing(path: Path, lock_timeout: float, *, create: bool = False) -> apsw.Connection:
    """Opens a connection that writes, in WAL mode."""
    flags = _WRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    connection = apsw.Connection(_uri(path), flags=flags)
    connection.set_busy_timeout(round(1000 * lock_timeout))
    connection.execute(
        "PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536"
    )
    return connection


def undo(path: Path, lock_timeout: float) -> None:
    """Takes back what a process had begun when it died, which a reading connection cannot."""
    connection = apsw.Connection(_uri(path), flags=_WRITE)
    connection.set_busy_timeout(round(1000 * lock_timeout))
    try:
        connection.pragma("application_id")
    finally:
        connection.close()


def _uri(path: Path) -> str:
    return "file:" + quote(str(path.absolute()))


def _is_frozen(path: Path) -> bool:
    """Tells whether nobody can change the file under us: then SQLite needs no lock and no WAL.

    In a folder that cannot be written SQLite cannot make its shared memory file. If a WAL lies
    there it holds data that the main file lacks, and it must not be ignored.
    """
    if os.access(path.parent, os.W_OK):
        return False
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise BackendUnavailable(
            f"{path} has an unmerged write-ahead log and its folder cannot be written; open it "
            "once with the right to write, or copy both files to a folder of your own"
        )
    return True


def rows(
    connection: apsw.Connection, statement: str, values: Any = ()
) -> Iterator[tuple[Any, ...]]:
    """Runs a statement and yields its rows, of the types that the schema keeps."""
    return connection.execute(statement, values)


def one(connection: apsw.Connection, statement: str, values: Any = ()) -> tuple[Any, ...] | None:
    """Runs a statement and returns its first row, if it has one."""
    return next(rows(connection, statement, values), None)


class Pool:
    """Lends reading connections, at most `size` at a time; waits when all are lent."""

    def __init__(self, connect: Callable[[], apsw.Connection], size: int, path: Path) -> None:
        self._connect = connect
        self._size = size
        self._path = path
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._free = Semaphore(self._size)
        self._idle: list[apsw.Connection] = []
        self._closed = False

    @contextmanager
    def connection(
        self, *, fresh: bool = False, deadline: float | None = None
    ) -> Iterator[apsw.Connection]:
        """Lends a connection; a fresh one is made for this and closed afterwards.

        Waits for one until the deadline (of `time.monotonic`), or `WAIT` seconds.
        """
        if self._pid != os.getpid():
            inherited.extend(self._idle)
            self._start()
        free = self._free
        if not free.acquire(timeout=WAIT if deadline is None else max(0.0, deadline - monotonic())):
            raise BackendUnavailable(
                f"all {self._size} reading connections of {self._path} are in use; end what reads "
                "(a loop over documents() holds one), or raise readers",
                transient=True,
            )
        try:
            connection = self._idle_or_new(fresh)
            try:
                yield connection
            finally:
                self._take_back(connection, keep=not fresh)
        finally:
            free.release()

    def _idle_or_new(self, fresh: bool) -> apsw.Connection:
        with self._lock:
            if self._closed:
                raise BackendUnavailable(f"{self._path} was closed; open it again")
            if self._idle and not fresh:
                return self._idle.pop()
        connection = self._connect()
        connection.execute(schema.VOCABULARY)
        return connection

    def _take_back(self, connection: apsw.Connection, *, keep: bool) -> None:
        with self._lock:
            if keep and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    @property
    def closed(self) -> bool:
        """Is true once `close` was called."""
        return self._closed

    def release(self) -> None:
        """Closes what is idle; new connections are made when they are needed."""
        if self._pid != os.getpid():
            return
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Closes what is idle now and the rest when it comes back."""
        with self._lock:
            self._closed = True
        self.release()
