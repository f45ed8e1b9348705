"""The layout of an index: a folder of Whoosh's files and one of ours.

    films.idx/
        nuthatch.json    the IndexMetadata: format, schema, analyzer fingerprint; never changes
        _MAIN_7.toc      Whoosh's list of segments; its appearance is the commit
        MAIN_….seg       segments
        MAIN_WRITELOCK   locked by who writes, as Whoosh does

Every chunk is one Whoosh document; a document's chunks follow each other in one segment.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from nuthatch import IndexMetadata
from whoosh.fields import ID, KEYWORD, STORED, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex

FORMAT: Final = 1
RECORD: Final = "nuthatch.json"
LOCK: Final = "MAIN_WRITELOCK"

CHUNK: Final = Schema(
    tokens=KEYWORD(scorable=True),  # as lists of tokens, which Whoosh does not split
    uri=ID(stored=True),
    number=STORED(),
    start=STORED(),
    length=STORED(),  # in tokens
    text=STORED(),
    root=STORED(),
    header=STORED(),  # stored with every chunk: simple, but not small
)


class Folder(FileStorage):  # type: ignore[misc]  # Whoosh has no types
    """A folder whose segments are synced before a list names them: Whoosh never syncs."""

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        for name in self.list():
            _sync(os.path.join(self.folder, name))
        super().rename_file(oldname, newname, safe)
        _sync(self.folder)


def create(path: Path, record: IndexMetadata) -> bool:
    """Make an index, whole or not at all; return False where the path exists."""
    if (path / RECORD).exists():
        return False
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    unfinished.mkdir()
    try:
        (unfinished / RECORD).write_text(record.to_json(), encoding="utf-8")
        Folder(str(unfinished)).create_index(CHUNK)
        unfinished.rename(path)
    except OSError:
        shutil.rmtree(unfinished)
        if path.exists():
            return False
        raise
    _sync(str(path.parent))
    return True


def open_index(path: Path) -> FileIndex:
    """Open the index; try again where a writer replaces the list of segments meanwhile."""
    for _ in range(9):
        with suppress(FileNotFoundError):
            return Folder(str(path)).open_index(schema=CHUNK)
    return Folder(str(path)).open_index(schema=CHUNK)


def lock(file: BinaryIO) -> bool:
    """Lock an open file until it is closed, or return False where somebody else has it locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def size(path: Path) -> int:
    """Return the bytes of all files; a writer may remove one meanwhile."""
    total = 0
    for file in path.iterdir():
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
