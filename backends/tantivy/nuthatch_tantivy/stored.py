"""Rows as they are stored, and what it means that one cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nuthatch import IndexCorrupt

_HASH = 32  # bytes of a SHA-256

#: What is stored of a chunk, by field.
Row = dict[str, list[Any]]


def split(leaves: bytes) -> list[bytes]:
    """Returns the leaf hashes that are stored in a row."""
    return [leaves[at : at + _HASH] for at in range(0, len(leaves), _HASH)]


class readable:  # noqa: N801  # reads as a statement: with readable(row, path)
    """Raises what fails in reading stored values as `IndexCorrupt`."""

    __slots__ = ("_path", "_row")

    def __init__(self, row: Row, path: Path) -> None:
        self._row = row
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ValueError | TypeError | LookupError):
            uri = self._row.get("key", ["?"])[0]
            raise IndexCorrupt(
                f"{self._path}: the stored document {uri!r} cannot be read ({error}); restore "
                "the index from a copy, or index the corpus again"
            ) from error
