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
from typing import Any
from urllib.parse import quote

import apsw

from nuthatch import BackendUnavailable
from nuthatch_sqlite import schema

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
    def connection(self) -> Iterator[apsw.Connection]:
        """Lends a connection."""
        if self._pid != os.getpid():
            inherited.extend(self._idle)
            self._start()
        with self._free:
            with self._lock:
                if self._closed:
                    raise BackendUnavailable(f"{self._path} was closed; open it again")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._connect()
                connection.execute(schema.VOCABULARY)
            try:
                yield connection
            finally:
                self._take_back(connection)

    def _take_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if not self._closed:
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
