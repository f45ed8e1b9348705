"""The checksums that Tantivy writes and does not look at: a footer at the end of each segment file.

segment file   body ‖ footer (JSON: version, crc) ‖ length of the footer ‖ magic number

From damaged files Tantivy answers as if they were whole, or it panics. So a reader that comes to a
new state reads the files that it has not seen yet once, a gigabyte in about a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from struct import unpack
from typing import Any, NamedTuple
from zlib import crc32

from nuthatch import IndexCorrupt
from nuthatch_tantivy import schema

_MAGIC = 1337
#: Small enough to stay in the processor's cache between reading and summing.
_BLOCK = 2**18

#: Name, inode, size and time of a file whose checksum was right.
Seen = tuple[str, int, int, int]


class Meta(NamedTuple):
    """What meta.json says: the names of the segments, how many chunks they hold and lack, and the
    number of the commit, which grows."""

    segments: frozenset[str]
    chunks: int
    deleted: int
    commit: int

    @classmethod
    def read(cls, path: Path) -> Meta:
        """Return what the folder's meta.json says. Raise `IndexCorrupt` where that is nonsense."""
        content = (path / schema.META).read_bytes()
        try:
            values: dict[str, Any] = json.loads(content)
            segments: list[Any] = values["segments"]
            return cls(
                frozenset(segment["segment_id"].replace("-", "") for segment in segments),
                sum(_count(segment["max_doc"]) for segment in segments),
                sum(
                    _count(segment["deletes"]["num_deleted_docs"], 1)  # of 0 it would read no .del
                    for segment in segments
                    if segment["deletes"] is not None
                ),
                _count(values["opstamp"]),
            )
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise IndexCorrupt(
                f"{path / schema.META} does not list the segments of an index ({error!r}); restore "
                "the index from a copy, or index the corpus again"
            ) from error


def _count(value: object, least: int = 0) -> int:
    if not isinstance(value, int) or value < least:
        raise ValueError(f"{value!r} is no number of chunks or commits")
    return value


def damages(path: Path, meta: Meta, seen: set[Seen]) -> Iterator[str]:
    """Yield what is wrong with the files of the segments, a sentence each.

    Files in `seen` are passed over, and those that are intact come into it; those that have gone
    leave it. Files that a merge removes while they are being read are not missed.
    """
    found = set()
    for file in sorted(path.iterdir()):
        if file.name.partition(".")[0] not in meta.segments:
            continue
        try:
            status = file.stat()
            key = (file.name, status.st_ino, status.st_size, status.st_mtime_ns)
            if key not in seen and not _is_intact(file, status.st_size):
                yield f"{file.name} does not match its checksum"
                continue
            found.add(key)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, LookupError) as error:
            yield f"{file.name} cannot be read: {error}"
    seen.clear()
    seen.update(found)


def _is_intact(file: Path, length: int) -> bool:
    with file.open("rb") as stream:
        if length < 8:
            raise ValueError("it is too short")
        stream.seek(length - 8)
        size, magic = unpack("<II", stream.read(8))
        if magic != _MAGIC or size > length - 8:
            raise ValueError("its end is missing")
        left = length - 8 - size
        stream.seek(left)
        expected: int = json.loads(stream.read(size))["crc"]
        stream.seek(0)
        found = 0
        while left:
            block = stream.read(min(left, _BLOCK))
            if not block:
                raise ValueError("it became shorter")
            found = crc32(block, found)
            left -= len(block)
        return found == expected
