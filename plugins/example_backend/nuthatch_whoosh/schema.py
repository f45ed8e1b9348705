"""The layout of an index: a folder of Whoosh's files and one of ours.

    films.idx/
        nuthatch.json    the IndexMetadata: format, schema, analyzer fingerprint; never changes
        _MAIN_7.toc      Whoosh's list of segments; its appearance is what a commit is
        MAIN_….seg       segments

Every chunk is one Whoosh document; a document's chunks follow each other in one segment.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from nuthatch import IndexMetadata
from whoosh.fields import ID, KEYWORD, STORED, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex

FORMAT: Final = 1
RECORD: Final = "nuthatch.json"

CHUNK: Final = Schema(
    tokens=KEYWORD(scorable=True),  # given as lists, so that Whoosh splits nothing by itself
    uri=ID(stored=True),
    number=STORED(),
    start=STORED(),
    text=STORED(),
    root=STORED(),
    header=STORED(),  # with every chunk, which is simple, not small
)


class Folder(FileStorage):  # type: ignore[misc]  # Whoosh has no types
    """Syncs what a list of segments names before the list appears: Whoosh never syncs."""

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        for name in self.list():
            _sync(os.path.join(self.folder, name))
        super().rename_file(oldname, newname, safe)
        _sync(self.folder)


def create(path: Path, record: IndexMetadata) -> bool:
    """Make an index, whole or not at all; return False where there is something already."""
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


def opened(path: Path) -> FileIndex:
    """Open the index; again, if a writer replaced the list of segments in that moment."""
    for _ in range(9):
        with suppress(FileNotFoundError):
            return Folder(str(path)).open_index(schema=CHUNK)
    return Folder(str(path)).open_index(schema=CHUNK)


def size(path: Path) -> int:
    """Return the bytes of all files; a writer may take one away while they are counted."""
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
