"""The write-ahead log: the commits in it that SQLite does not read.

    header   magic, version, page size, sequence, salts, checksum           32 bytes, big-endian
    frame    page, size of the database (after a commit), salts, checksum   24 bytes, then the page

A frame's checksum continues that of the frame before. SQLite reads up to the last commit before the
first frame that does not match; it takes the rest for the remains of a power cut. So damage in the
middle silently takes back commits that were acknowledged. `unread_commits` finds them by their
salts, which are new whenever the log begins again. A log that has lost its end cannot be detected.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import BinaryIO, Final

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC: Final = 0x377F0682  # or one more, where checksums are of big-endian numbers
#: Where the shared memory says how many frames SQLite reads, as a number of this machine's kind.
_LAST: Final = 16
_TRIES: Final = 3
_PAUSE: Final = 0.05
_WORD: Final = 0xFFFFFFFF

Checksum = tuple[int, int]


def unread_commits(path: Path, page: int) -> int:
    """Return how many commits follow something damaged in an index's log.

    Call it while a connection is open. What another process is just writing looks like damage for
    a moment, so it is looked at more than once.
    """
    found = 0
    for _ in range(_TRIES):
        found = _unread(path, page)
        if not found:
            break
        sleep(_PAUSE)
    return found


def _unread(path: Path, page: int) -> int:
    try:
        with (
            path.with_name(path.name + "-wal").open("rb") as log,
            path.with_name(path.name + "-shm").open("rb") as shared,
        ):
            shared.seek(_LAST)
            (last,) = struct.unpack("=I", shared.read(4))
            return len(_Log(log, page).find_commits_after(last))
    except (FileNotFoundError, struct.error):  # no log, or one that is just being made
        return 0


class _Log:
    """Reads frames, which are numbered from 1."""

    def __init__(self, file: BinaryIO, page: int) -> None:
        self._file = file
        self._length = _FRAME.size + page
        self._header = file.read(_HEADER.size)
        magic, *_, self._one, self._two = _HEADER.unpack(self._header)
        self._order = ">" if magic & 1 else "<"
        found = self._checksum(self._header[:24], (0, 0))
        self._is_intact = magic | 1 == _MAGIC | 1 and found == (self._one, self._two)

    def find_commits_after(self, last: int) -> list[int]:
        """Return the commits after `last`, the last frame that SQLite reads.

        There are none if the checksums lead to the first of them: then a writer has just added
        it, and SQLite reads it next.
        """
        salts = self._header[16:24] if self._is_intact else None
        commits = []
        for number, head in self._heads(last + 1):
            salts = salts or head[8:16]
            if head[8:16] == salts and head[4:8] != bytes(4):
                commits.append(number)
        if commits and self._is_intact and self._follow(last, commits[0]):
            return []
        return commits

    def _heads(self, first: int) -> Iterator[tuple[int, bytes]]:
        number = first
        # SQLite writes a frame's head before its page: a writer that is killed in between leaves
        # the head of a commit that never was.
        while len(frame := self._at(number, self._length)) == self._length:
            yield number, frame[: _FRAME.size]
            number += 1

    def _at(self, number: int, size: int) -> bytes:
        self._file.seek(_HEADER.size + (number - 1) * self._length)
        return self._file.read(size)

    def _follow(self, last: int, to: int) -> bool:
        """Return whether the checksums lead from one frame to another."""
        before = (self._one, self._two)
        if last:
            *_, one, two = _FRAME.unpack(self._at(last, _FRAME.size))
            before = one, two
        for number in range(last + 1, to + 1):
            frame = self._at(number, self._length)
            before = self._checksum(frame[24:], self._checksum(frame[:8], before))
            if before != _FRAME.unpack(frame[:24])[4:]:
                return False
        return True

    def _checksum(self, content: bytes, before: Checksum) -> Checksum:
        one, two = before
        for even, odd in struct.iter_unpack(f"{self._order}2I", content):
            one = (one + even + two) & _WORD
            two = (two + odd + one) & _WORD
        return one, two
