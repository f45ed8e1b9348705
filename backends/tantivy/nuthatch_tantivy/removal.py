"""Removing an index: the files of its folder, under Tantivy's lock, and the folder.

The record goes last: a process that dies before leaves a folder with a record, which is still
known as an index: a damaged one to open, and one to drop again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from nuthatch import BackendUnavailable, IndexCorrupt, IndexLocked, IndexNotFound
from nuthatch_tantivy import folder, schema

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LOCK: Final = ".tantivy-writer.lock"
#: What Tantivy writes: segments by their id, what it manages, locks, and drafts of the two.
_OWN: Final = re.compile(
    r"[0-9a-f]{32}(?:\.[0-9]+)?\.(?:store|idx|pos|term|fast|fieldnorm|del|temp)"
    r"|\.?(?:meta|managed)\.json|\.tantivy-(?:writer|meta)\.lock|\.tmp[A-Za-z0-9]{6}"
    r"|nuthatch\.json|nuthatch\.log(?:\.new)?"
)
#: Seconds between two tries for the lock.
_PAUSE: Final = 0.005


def remove_index(path: Path, lock_timeout: float) -> None:
    """Remove the index in a folder, and the folder.

    Raise `IndexNotFound`, `IndexLocked` while another process writes, and `BackendUnavailable`
    where the folder holds what is not the index's: then nothing is removed.
    """
    try:
        if folder.find(path, False) is None:
            raise IndexNotFound(f"there is no index at {path}")
    except IndexCorrupt:
        pass  # a record that cannot be read, or is lost, is an index's all the same
    place = path.resolve()
    _refuse_foreign(place)
    with _lock(place, lock_timeout):
        for file in _sort(place):
            file.unlink(missing_ok=True)
        try:
            place.rmdir()
        except OSError:  # another process puts files there meanwhile: the error names them
            _refuse_foreign(place)
            raise
    if path.is_symlink():
        path.unlink()


def _sort(place: Path) -> list[Path]:
    """Return the files in the order in which they go."""
    return sorted(place.iterdir(), key=lambda file: (file.name == schema.RECORD, file.name))


def _refuse_foreign(place: Path) -> None:
    foreign = [file.name for file in place.iterdir() if file.is_dir() or not _is_own(file)]
    if foreign:
        raise BackendUnavailable(
            f"{place} holds {min(foreign)!r}, which is none of the index's files; move it "
            "elsewhere and drop the index again"
        )


def _is_own(file: Path) -> bool:
    return _OWN.fullmatch(file.name) is not None


@contextmanager
def _lock(place: Path, lock_timeout: float) -> Iterator[None]:
    """Hold Tantivy's own lock of writers, which is a lock on a file, so that no process writes."""
    if fcntl is None:
        yield
        return
    ends = monotonic() + lock_timeout
    handle = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if monotonic() >= ends:
                    raise IndexLocked(
                        f"{place} is being written by somebody else; try again, or raise "
                        "lock_timeout"
                    ) from error
            sleep(_PAUSE)
        yield
    finally:
        os.close(handle)
