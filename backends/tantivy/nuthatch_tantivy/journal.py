"""The journal: what the index keeps beside Tantivy's segments, in step with Tantivy's commits.

    nuthatch.log   magic ‖ identity ‖ version ‖ record ‖ record …
    record         base  length  checksums ‖ directory ‖ blobs
    directory      kind  number  length of each blob: a later blob takes the place of an earlier one

A writer appends a record before its commit and names the commit that it goes on from, the base. So
the records of a commit are those with a smaller base. What a process that died left behind has the
newest commit itself as its base: no reader sees it, and the next writer cuts it off.

    commit 7 ── record, base 7 ── commit 12 ── record, base 12 ── ✕        a reader of 12 sees one

`replace` writes the journal anew, in one record and with another version. Who reads meanwhile keeps
the file that it opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from secrets import token_bytes
from struct import Struct
from threading import Lock
from typing import Final, NamedTuple
from zlib import crc32

from nuthatch import IndexCorrupt

#: One blob: its kind, its number among those of its kind, and its bytes.
Blob = tuple[int, int, bytes]


class Kind(IntEnum):
    """What a blob holds; those of fields have as many kinds as there are fields."""

    BLOCKS = 0
    TEXTS = 1
    URIS = 2
    LOG = 3
    MERGED = 4
    WORDS = 5
    REMOVED = 6

    def of(self, place: int = 0) -> int:
        """Return the kind in the journal, for the field at a place."""
        return self << _FIELD_BITS | place


#: A field's place takes so many bits of a kind.
_FIELD_BITS: Final = 24

_MAGIC: Final = b"nuthatch journal"
_IDENTITY: Final = 16
_VERSION: Final = 16
#: Where the first record begins.
_START: Final = len(_MAGIC) + _IDENTITY + _VERSION
#: Base, length of what follows, its checksum, and the checksum of these three.
_HEAD: Final = Struct("<qQII")
_CHECKED: Final = Struct("<qQI")
_COUNT: Final = Struct("<I")
_ENTRY: Final = Struct("<III")
_BLOCK: Final = 2**20
#: Bytes that a journal has beyond twice those that are in use, and its records, at most: words are
#: there more than once after small batches.
_SPARE: Final = 2**20
_RECORDS: Final = 2**10


class _Record(NamedTuple):
    base: int
    start: int
    length: int


class _Place(NamedTuple):
    base: int
    start: int
    length: int


_Places = Mapping[int, Mapping[int, _Place]]


class _File:
    """An opened file. Threads read from it at once; it stays readable when it loses its name."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = Lock()
        status = os.fstat(self._handle)
        self.inode = status.st_dev, status.st_ino
        head = self.read(0, _START)
        if len(head) < _START or not head.startswith(_MAGIC):
            raise _corrupt(path, "does not begin as a journal does")
        self.identity = head[len(_MAGIC) : -_VERSION]
        self.version = head[-_VERSION:]

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            os.close(self._handle)

    def read(self, start: int, length: int) -> bytes:
        """Return at most so many bytes from a place on."""
        if hasattr(os, "pread"):
            return os.pread(self._handle, length, start)
        with self._lock:  # Windows
            os.lseek(self._handle, start, os.SEEK_SET)
            return os.read(self._handle, length)


class Journal:
    """The journal as one commit has it. It does not change; threads share it."""

    def __init__(
        self, path: Path, file: _File, records: tuple[_Record, ...], known: Journal | None
    ) -> None:
        self.path = path
        self._file = file
        self._records = records
        # What was read of the directories before; not the journal itself, which has one of its own.
        self._known = (len(known._records), known._places) if known and known._is_read else (0, {})

    @classmethod
    def open(cls, path: Path, commit: int, known: Journal | None, *, verify: bool) -> Journal:
        """Return the journal of a commit, given that of an earlier one; `verify` reads what is new
        and compares the checksums. Raise `IndexCorrupt` for a damaged one."""
        try:
            status = path.stat()
            if known is not None and known._file.inode == (status.st_dev, status.st_ino):
                file, records = known._file, known._records
            else:
                known, file, records = None, _File(path), ()
        except FileNotFoundError as error:
            raise _corrupt(path, "is missing") from error
        end = records[-1].start + records[-1].length if records else _START
        found = tuple(_scan(path, file, end, commit, verify=verify))
        return cls(path, file, records + found, known)

    @property
    def identity(self) -> bytes:
        """What tells the journal of this index from another's at the same path."""
        return self._file.identity

    @property
    def version(self) -> bytes:
        """What tells this journal from what it was before it was written anew."""
        return self._file.version

    @property
    def is_current(self) -> bool:
        """Whether this is the file at the path still: it may have been written anew since."""
        status = self.path.stat()
        return self._file.inode == (status.st_dev, status.st_ino)

    @property
    def end(self) -> int:
        """Where the last record ends."""
        return self._records[-1].start + self._records[-1].length if self._records else _START

    @property
    def is_grown(self) -> bool:
        """Whether it is worth while to write the journal anew."""
        used = sum(place.length for numbers in self._places.values() for place in numbers.values())
        return len(self._records) > _RECORDS or self.end > 2 * used + _SPARE

    def is_complete_since(self, commit: int) -> bool:
        """Return whether all that was written after a commit is apart from what was before it."""
        return not self._records or self._records[0].base < commit

    @property
    def _is_read(self) -> bool:
        return "_places" in self.__dict__

    @cached_property
    def _places(self) -> _Places:
        """Where each blob lies, by kind and number."""
        count, known = self._known
        places = {kind: dict(numbers) for kind, numbers in known.items()}
        for record in self._records[count:]:
            for kind, number, start, length in self._directory(record):
                places.setdefault(kind, {})[number] = _Place(record.base, start, length)
        return places

    def _directory(self, record: _Record) -> Iterator[tuple[int, int, int, int]]:
        """Yield kind, number, start and length of each blob of a record."""
        (count,) = _COUNT.unpack(self._read(record.start, _COUNT.size))
        size = count * _ENTRY.size
        if _COUNT.size + size > record.length:
            raise _corrupt(self.path, f"has a record of {count} blobs in {record.length} bytes")
        start = record.start + _COUNT.size
        directory = self._read(start, size)
        start += size
        for kind, number, length in _ENTRY.iter_unpack(directory):
            yield kind, number, start, length
            start += length
        if start != record.start + record.length:
            raise _corrupt(self.path, "has a record of another length than its blobs")

    def read(self, kind: int, since: int | None = None) -> list[tuple[int, bytes]]:
        """Return number and content of the blobs of a kind, by ascending number; with `since`, of
        those that were written after that commit."""
        numbers = self._places.get(kind, {})
        return [
            (number, self._read(place.start, place.length))
            for number, place in sorted(numbers.items())
            if since is None or place.base >= since
        ]

    def read_some(self, kind: int, numbers: Iterable[int]) -> list[tuple[int, bytes]]:
        """Return those of some blobs of a kind that there are, numbers ascending."""
        places = self._places.get(kind, {})
        found = [(number, places[number]) for number in numbers if number in places]
        return [(number, self._read(place.start, place.length)) for number, place in found]

    def newest(self, kind: int) -> int | None:
        """Return the base of the record with the newest blob of a kind."""
        return max((place.base for place in self._places.get(kind, {}).values()), default=None)

    def newest_bytes(self, kind: int, since: int | None) -> int:
        """Return the bytes of the blobs of a kind; with `since`, of those written after it."""
        places = self._places.get(kind, {}).values()
        return sum(place.length for place in places if since is None or place.base >= since)

    def following(self, kind: int) -> int:
        """Return the number after the last one of a kind."""
        return max(self._places.get(kind, {}), default=-1) + 1

    def _read(self, start: int, length: int) -> bytes:
        found = self._file.read(start, length)
        if len(found) != length:
            raise _corrupt(self.path, "became shorter")
        return found

    def cut(self) -> None:
        """Cut off what follows the last record: a process died before it committed that."""
        if self.path.stat().st_size > self.end:
            os.truncate(self.path, self.end)

    def append(self, commit: int, blobs: Iterable[Blob]) -> None:
        """Append a record of the commit that follows this one; the caller holds the lock of those
        who write."""
        with self.path.open("r+b") as file:
            file.truncate(self.end)
            file.seek(self.end)
            file.write(_record(commit, blobs))
            file.flush()
            os.fsync(file.fileno())

    def replace(self, commit: int, blobs: Iterable[Blob]) -> Journal:
        """Write the journal of this commit anew, with these blobs and no others, and return it; the
        caller holds the lock of those who write."""
        draft = draft_path(self.path)
        with draft.open("wb") as file:
            file.write(_MAGIC + self.identity + token_bytes(_VERSION))
            file.write(_record(commit - 1, blobs))
            file.flush()
            os.fsync(file.fileno())
        with suppress(PermissionError):  # Windows, while somebody has it open: another time
            draft.replace(self.path)
        return Journal.open(self.path, commit, self, verify=False)


def create(path: Path) -> None:
    """Make an empty journal."""
    with path.open("xb") as file:
        file.write(_MAGIC + token_bytes(_IDENTITY + _VERSION))
        file.flush()
        os.fsync(file.fileno())


def draft_path(path: Path) -> Path:
    """Return where a journal is written anew before it takes its place."""
    return path.with_name(f"{path.name}.new")


def _record(base: int, blobs: Iterable[Blob]) -> bytes:
    rows = [*blobs]
    directory = b"".join(_ENTRY.pack(kind, number, len(blob)) for kind, number, blob in rows)
    content = b"".join((_COUNT.pack(len(rows)), directory, *(blob for *_, blob in rows)))
    head = _CHECKED.pack(base, len(content), crc32(content))
    return head + _COUNT.pack(crc32(head)) + content


def _scan(path: Path, file: _File, end: int, commit: int, *, verify: bool) -> Iterator[_Record]:
    """Yield the records from a place on that belong to a commit."""
    while True:
        head = file.read(end, _HEAD.size)
        if len(head) < _HEAD.size or not any(head):
            return  # a process died here, or the machine did
        base, length, checksum, own = _HEAD.unpack(head)
        if crc32(head[: _CHECKED.size]) != own:
            raise _corrupt(path, "does not match its checksum")
        if base >= commit:
            return
        record = _Record(base, end + _HEAD.size, length)
        if verify and _checksum(file, record) != checksum:
            raise _corrupt(path, "does not match its checksum")
        yield record
        end = record.start + length


def _checksum(file: _File, record: _Record) -> int:
    """Return the checksum of a record; that of what is there, where the file ends before."""
    found, start, end = 0, record.start, record.start + record.length
    while start < end:
        block = file.read(start, min(end - start, _BLOCK))
        if not block:
            break
        found = crc32(block, found)
        start += len(block)
    return found


def _corrupt(path: Path, problem: str) -> IndexCorrupt:
    return IndexCorrupt(
        f"{path} {problem}; restore the index from a copy, or index the corpus again"
    )
