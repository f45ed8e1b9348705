"""Checksums of pages: SQLite's extension cksumvfs, which APSW brings along.

It keeps a checksum in the last eight bytes of each page, which are reserved when the file is made,
and compares it whenever a page is read from the file. SQLite alone takes what it reads for true.
The checksum is that of the page's content: a page of zeros, or one in another's place, has the
right one.

Byte 20 of a file says how many bytes are reserved, so it tells whether there are checksums. Any
SQLite may read such a file. One that writes to it without the extension leaves wrong checksums.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Final

import apsw
import apsw.sqlite_extra

from nuthatch import BackendUnavailable

#: Bytes that the extension wants at the end of each page.
RESERVED: Final = 8
_NAME: Final = "cksmvfs"
_PLACE: Final = 20
_lock = Lock()


def file_system() -> str | None:
    """Return the name of the layer that checks pages; None where this APSW brings none.

    Loading it makes it the default of all connections of this process, which is taken back.
    """
    with _lock:
        names = apsw.vfs_names()
        if _NAME in names:
            return _NAME
        connection = apsw.Connection(":memory:")
        try:
            apsw.sqlite_extra.load(connection, "cksumvfs")
        except (apsw.sqlite_extra.NotAvailable, apsw.ExtensionLoadingError):
            return None
        finally:
            connection.close()
        apsw.set_default_vfs(names[0])
        return _NAME


def refuse_unchecked(path: Path) -> None:
    """Raise `BackendUnavailable` where writing would leave wrong checksums behind."""
    if file_system() is None and has_checksums(path):
        raise BackendUnavailable(
            f"{path} has checksums, and the APSW that is installed here lacks the extension "
            "cksumvfs to write them: install APSW's wheel from PyPI, or open it with read_only"
        )


def has_checksums(path: Path) -> bool:
    """Return whether the pages of a file have checksums."""
    with path.open("rb") as file:
        head = file.read(_PLACE + 1)
    return len(head) > _PLACE and head[_PLACE] == RESERVED
