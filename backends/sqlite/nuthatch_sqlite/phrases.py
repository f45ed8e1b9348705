"""The phrases of a substring field, in memory: one run of bytes that is searched as a whole.

    b"spider man\\npeter parker\\nmary jane\\n"      a phrase starts after each line feed

Phrases are normalized to letters, digits and blanks, so none holds a line feed, and a match of
whole UTF-8 characters never begins or ends inside one. Searching 200,000 phrases takes half a
millisecond, where SQL takes fifteen; reading them takes some fifty, so the first search leaves it
to SQL.

Entries are only ever added to the dictionary, so what was read of it stays, and only what is new
is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from threading import Lock
from typing import Any, Final, NamedTuple

import apsw
import numpy as np

from nuthatch.postings import readable
from nuthatch_sqlite.connection import one
from nuthatch_sqlite.title_dictionary import newest

#: Aggregated, as a row each would take four times as long; by id, not by the index on fields.
EVERY: Final = """
SELECT group_concat(id), group_concat(text, char(10))
FROM (SELECT id, text FROM entity WHERE +field = ? AND id > ? ORDER BY id)
"""


class _Lines(NamedTuple):
    """Phrases: the bytes, and of each the place of its first byte, its number and length."""

    text: bytes
    starts: Any
    ids: Any
    lengths: Any


_NOTHING: Final = _Lines(b"", *(np.zeros(0, dtype=np.int64) for _ in range(3)))


class Phrases:
    """The phrases of one field that some reader has read; shared by all readers."""

    def __init__(self, place: int) -> None:
        self._place = place
        self._lock = Lock()
        #: The number of the newest entry that was read, and all that were.
        self._read_to = (0, _NOTHING)
        self._is_used = False

    def holding(self, connection: apsw.Connection, phrase: str) -> Iterator[int] | None:
        """Yield the numbers of the phrases that hold one, by length and code point.

        Some may be of no live document, or too new for the reader's snapshot to hold any. None for
        the first time: the phrases are not read yet.
        """
        with self._lock:
            if not self._is_used:
                self._is_used = True
                return None
            self._read(connection)
            lines = self._read_to[1]
        return _by_length(lines, _matches(lines, phrase.encode()))

    def _read(self, connection: apsw.Connection) -> None:
        last = newest(connection)
        if last <= self._read_to[0]:
            return
        row = one(connection, EVERY, (self._place, self._read_to[0]))
        assert row is not None  # an aggregate has one row
        ids, text = row
        if ids is None:
            self._read_to = (last, self._read_to[1])
            return
        with readable("the dictionary of phrases"):
            fresh = _index_lines(f"{text}\n".encode(), np.array(ids.split(","), dtype=np.int64))
            if fresh.starts.size != fresh.ids.size:
                raise ValueError(f"{fresh.ids.size} phrases are {fresh.starts.size} lines")
        before = self._read_to[1]
        # A new object: readers hold the old one without the lock. Set at once with the number of
        # the last, so that an interrupt leaves no phrase out and none in twice.
        both = _Lines(
            before.text + fresh.text,
            np.concatenate([before.starts, fresh.starts + len(before.text)]),
            np.concatenate([before.ids, fresh.ids]),
            np.concatenate([before.lengths, fresh.lengths]),
        )
        self._read_to = (last, both)


def _index_lines(text: bytes, ids: Any) -> _Lines:
    octets = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(octets == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    characters = np.cumsum((octets & 0xC0) != 0x80)  # all but the bytes that continue one
    lengths = np.diff(characters[ends], prepend=0)
    return _Lines(text, starts, ids, lengths)


def _matches(lines: _Lines, phrase: bytes) -> list[int]:
    """Return the places of the phrases that hold one."""
    text, found, at = lines.text, [], 0
    find = text.find
    while (at := find(phrase, at)) >= 0:
        found.append(at)
        at = find(b"\n", at)
    places: list[int] = (np.searchsorted(lines.starts, found, side="right") - 1).tolist()
    return places


def _by_length(lines: _Lines, places: list[int]) -> Iterator[int]:
    lengths = lines.lengths[places]
    order = np.argsort(lengths, kind="stable").tolist()
    for _, group in groupby(order, key=lengths.__getitem__):
        same = [places[at] for at in group]
        # UTF-8 sorts as code points do.
        yield from lines.ids[sorted(same, key=lambda at: _text(lines, at))].tolist()


def _text(lines: _Lines, place: int) -> bytes:
    start = lines.starts[place]
    return lines.text[start : lines.text.index(b"\n", start)]
