"""Removing an index: its file, and what SQLite keeps beside it.

lock      no other connection may be open: SQLite leaves the write-ahead log only alone
leave     the log is merged into the file and gone, so that the file alone is the whole index
unlink    one file, under the lock: the index is there whole or not at all

A process that dies before the end leaves a whole index, which can be opened, or dropped again.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import apsw

from nuthatch import IndexNotFound
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import existing
from nuthatch_sqlite.file_identity import status

#: What SQLite puts beside a database; the file itself is named by no suffix and goes last.
_BESIDE: Final = ("-wal", "-shm", "-journal")
_DAMAGED: Final = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)
#: SQLite's extended result for a page that does not match its checksum.
_CHECKSUM: Final = apsw.SQLITE_IOERR_DATA
#: Seconds between two tries to be alone.
_PAUSE: Final = 0.005
_MAGIC: Final = b"SQLite format 3\0"
#: Where a database's header holds its application id.
_APPLICATION: Final = slice(68, 72)


def remove_index(path: Path, lock_timeout: float) -> None:
    """Remove the index at a path. Raise `IndexNotFound`, and what SQLite raises.

    A damaged one goes without the lock, which cannot be had, as long as its header is an index's.
    """
    found = status(path)
    if found is None or not found.st_size:
        raise IndexNotFound(f"there is no index at {path}")
    try:
        with closing(existing(path, lock_timeout)) as connection:
            if connection.pragma("application_id") != schema.APPLICATION_ID:
                raise IndexNotFound(f"{path} is an SQLite database of another kind")
            _leave_log(connection, lock_timeout)
            connection.execute("BEGIN EXCLUSIVE")
            _unlink(path)
    except (*_DAMAGED, apsw.IOError) as error:
        # A page that does not match its checksum is an error of reading, of a kind of its own.
        is_disk = (
            isinstance(error, apsw.IOError) and getattr(error, "extendedresult", None) != _CHECKSUM
        )
        if is_disk or not _is_index(path):
            raise
        _unlink(path)


def _leave_log(connection: apsw.Connection, lock_timeout: float) -> None:
    """Turn the write-ahead log off, once no other connection to the file is open."""
    ends = monotonic() + lock_timeout
    connection.set_busy_timeout(0)  # SQLite would not wait for a lock of this kind
    while True:
        try:
            connection.pragma("journal_mode", "delete")
        except apsw.BusyError:
            if monotonic() >= ends:
                raise
            sleep(_PAUSE)
        else:
            connection.set_busy_timeout(round(1000 * lock_timeout))
            return


def _is_index(path: Path) -> bool:
    """Return whether a file that SQLite does not read begins as an index does."""
    with path.open("rb") as file:
        header = file.read(_APPLICATION.stop)
    application = int.from_bytes(header[_APPLICATION], "big")
    return header.startswith(_MAGIC) and application == schema.APPLICATION_ID


def _unlink(path: Path) -> None:
    """Remove the files; behind a link the file, and then the link."""
    file = path.resolve()
    for suffix in _BESIDE:
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    file.unlink()
    if path.is_symlink():
        path.unlink()
