"""Connections: one that writes, and a bounded pool of those that read.

    SqliteBackend ── Pool ── reading connections, each in one thread at a time
                  └─ writing connection, made on the first write, guarded by a lock

A connection must not be carried over a fork: the child's SQLite would take its parent's locks for
its own, hold none, and go on in a log that the parent deletes when it closes. So before a fork the
connections come back and are closed. One that does not come back in time is left alone in the
child, unclosed, and SQLite cannot have that file a second time there: it is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import apsw

from nuthatch import BackendUnavailable
from nuthatch.postings import keep_inherited
from nuthatch_sqlite import schema
from nuthatch_sqlite.checksum import RESERVED, file_system, refuse_unchecked
from nuthatch_sqlite.file_identity import FileIdentity, status

_READ = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
_WRITE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
#: Seconds between two tries for a lock that SQLite does not wait for.
_PAUSE = 0.005
#: Seconds that emptying the log waits for those who read.
_CHECKPOINT_WAIT = 0.5
#: Device and inode of the files that connections of a parent process have open.
_inherited_files: set[tuple[int, int]] = set()


def inherit(connections: Iterable[apsw.Connection], identity: FileIdentity) -> None:
    """Keep a parent process's connections, never to be closed; called in the child."""
    for connection in connections:
        keep_inherited(connection)
        _inherited_files.add((identity.device, identity.inode))


def open_reading(path: Path, lock_timeout: float) -> apsw.Connection:
    """Open a connection that only reads."""
    _refuse_inherited(path)
    immutable = "?immutable=1" if _is_frozen(path) else ""
    connection = apsw.Connection(_uri(path) + immutable, flags=_READ, vfs=file_system())
    connection.set_busy_timeout(round(1000 * lock_timeout))
    connection.execute("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON")
    return connection


def open_writing(path: Path, lock_timeout: float, identity: FileIdentity | None) -> apsw.Connection:
    """Open a connection that writes, in WAL mode; without an identity it makes the file."""
    _refuse_inherited(path)
    flags = _WRITE | (apsw.SQLITE_OPEN_CREATE if identity is None else 0)
    connection = apsw.Connection(_uri(path), flags=flags, vfs=file_system())
    with _close_on_error(connection):
        connection.set_busy_timeout(round(1000 * lock_timeout))
        if identity is not None:
            identity.check_connection(connection)  # before anything is changed in it
            refuse_unchecked(path)
        elif file_system() is not None:
            connection.reserve_bytes("main", RESERVED)  # of a file that holds nothing yet
        _keep_log(connection, lock_timeout)
        connection.execute(
            "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; PRAGMA cache_size = -65536"
        )
    return connection


def _keep_log(connection: apsw.Connection, lock_timeout: float) -> None:
    """Turn the write-ahead log on.

    Where two do so in a new file, SQLite refuses one at once whatever its busy timeout: both hold
    the lock of a reader and want that of a writer. So the waiting is done here.
    """
    ends = monotonic() + lock_timeout
    connection.set_busy_timeout(0)
    while True:
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if monotonic() >= ends:
                raise
            sleep(_PAUSE)
        else:
            break
    connection.set_busy_timeout(round(1000 * lock_timeout))


def empty_log(connection: apsw.Connection, lock_timeout: float) -> None:
    """Write the log into the file, as far as readers of older states let it.

    It waits for them half a second at most, as others who write wait for it; nothing is lost if
    the log keeps its size.
    """
    connection.set_busy_timeout(round(1000 * min(lock_timeout, _CHECKPOINT_WAIT)))
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.set_busy_timeout(round(1000 * lock_timeout))


def prepare(connection: apsw.Connection) -> None:
    """Make what searches need in a connection beside the tables."""
    connection.execute(schema.VOCABULARY)
    connection.register_fts5_function("occurrences", _occurrences)
    connection.register_fts5_function("counts", _counts)


def bound_page_cache(connection: apsw.Connection, size: int) -> None:
    """Let a connection keep about this many bytes of pages; what is above that is freed now.

    Pages are read, and their checksums compared, whenever they are not there. They are not mapped
    into memory instead: where a mapped file is cut short, the process is killed.
    """
    connection.execute(f"PRAGMA cache_size = -{size // 1024}")


def comes_to_rest(connection: apsw.Connection) -> bool:
    """Take back a transaction that is open; tell whether nothing of it is left.

    A statement that was not read to its end keeps its state of the file even so.
    """
    try:
        connection.set_progress_handler(None)
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return connection.txn_state() == apsw.SQLITE_TXN_NONE
    except apsw.Error:  # the caller closes it then
        return False


def _occurrences(match: apsw.FTS5ExtensionApi, *_: object) -> int:
    return match.inst_count


def _counts(match: apsw.FTS5ExtensionApi, *_: object) -> str:
    found = [sum(map(len, match.phrase_locations(phrase))) for phrase in range(match.phrase_count)]
    return " ".join(map(str, (match.column_size(), *found)))


def undo(path: Path, lock_timeout: float) -> None:
    """Take back what a process had begun when it died, which a reading connection cannot."""
    connection = existing(path, lock_timeout)
    try:
        connection.pragma("application_id")
    finally:
        connection.close()


def existing(path: Path, lock_timeout: float) -> apsw.Connection:
    """Open a connection to a file that is there, with the right to write and nothing changed."""
    _refuse_inherited(path)
    connection = apsw.Connection(_uri(path), flags=_WRITE, vfs=file_system())
    connection.set_busy_timeout(round(1000 * lock_timeout))
    return connection


def check_connected(connection: apsw.Connection, identity: FileIdentity) -> apsw.Connection:
    """Return a connection just made, if it is one to that file; close it if not."""
    with _close_on_error(connection):
        identity.check_connection(connection)
    return connection


@contextmanager
def _close_on_error(connection: apsw.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _uri(path: Path) -> str:
    """Return a URL with an empty authority, whatever bytes and slashes the path holds."""
    place = path.absolute().as_posix()
    return "file://" + quote(os.fsencode(place if place.startswith("/") else f"/{place}"))


def _refuse_inherited(path: Path) -> None:
    """Raise `BackendUnavailable` where a second connection would have no locks of its own."""
    found = status(path) if _inherited_files else None
    if found is not None and (found.st_dev, found.st_ino) in _inherited_files:
        raise BackendUnavailable(
            f"this process was forked while {path} was in use, and SQLite cannot open it here: "
            "end batches and loops over documents() before a fork, or start the process anew"
        )


def _is_frozen(path: Path) -> bool:
    """Return whether no process can change the file: then SQLite needs no lock and no WAL.

    In a folder that cannot be written SQLite cannot make its shared memory file. If a WAL lies
    there it holds data that the main file lacks, and it must not be ignored.
    """
    if os.access(path.parent, os.W_OK):
        return False
    log = status(path.with_name(path.name + "-wal"))
    if log is not None and log.st_size:
        raise BackendUnavailable(
            f"{path} has an unmerged write-ahead log and its folder cannot be written; open it "
            "once with the right to write, or copy both files to a folder of your own"
        )
    return True


def rows(
    connection: apsw.Connection, statement: str, values: Any = ()
) -> Iterator[tuple[Any, ...]]:
    """Run a statement and yield its rows, of the types that the schema keeps."""
    return connection.execute(statement, values)


def one(connection: apsw.Connection, statement: str, values: Any = ()) -> tuple[Any, ...] | None:
    """Run a statement and return its first row, if it has one."""
    return next(rows(connection, statement, values), None)
