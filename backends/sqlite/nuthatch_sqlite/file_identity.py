"""Which file an index is: its path may come to name another one while a process has it open.

    device, inode   what the path names; no other file has them while a connection holds this one
    mark            random, drawn with the tables: a file made later may be given a freed inode

Caches are kept by generation, which another file counts too: connections to both must not mix.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import NoReturn

import apsw

from nuthatch import BackendUnavailable, IndexNotFound
from nuthatch_sqlite import schema


def status(path: Path) -> os.stat_result | None:
    """Return what the system knows of the file, None where there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BackendUnavailable(
            f"{path} cannot be looked at ({error.strerror}); check the path and its rights"
        ) from error
    if S_ISDIR(found.st_mode):
        raise IndexNotFound(f"{path} is a folder; name a file")
    return found


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Remembers the file that an index was opened as."""

    path: Path
    device: int
    inode: int
    mark: str

    @classmethod
    def of(cls, path: Path, found: os.stat_result, connection: apsw.Connection) -> FileIdentity:
        """Return the identity of a file; take its status before connecting to it."""
        return cls(path, found.st_dev, found.st_ino, _mark(connection))

    def check(self) -> None:
        """Raise `BackendUnavailable` unless the path still names the file; take microseconds."""
        try:
            found = os.stat(self.path)  # the way of every search, hence without status()
        except OSError:
            status(self.path)
            self._refuse()
        if found.st_ino != self.inode or found.st_dev != self.device:
            self._refuse()

    def check_connection(self, connection: apsw.Connection) -> None:
        """Raise `BackendUnavailable` unless a connection just made is one to the file."""
        if _mark(connection) != self.mark:
            self._refuse()
        self.check()

    def _refuse(self) -> NoReturn:
        raise BackendUnavailable(f"{self.path} was replaced by another file; open it again")


def _mark(connection: apsw.Connection) -> str:
    try:
        row = connection.execute(schema.MARK).fetchone()
    except apsw.SQLError:  # no such table: a database of another kind
        return ""
    return "" if row is None else str(row[0])
