"""The dictionary of title tokens, in memory, with what tells quickly that two are far apart.

Each token has a mask of the letters in it (`letters_of`). A search looks at all masks and lengths
(a third of a millisecond for 50,000 tokens) and at few tokens, and misses none.
Writing pays nothing for it, unlike an index of deletions, which made loading a third slower.

Entries are only ever added to the dictionary, so what was read of it stays, and only what is new
is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any, Final

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch.entities import TitleLookup, distance, letters_of
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.failure import readable

# By id, not by the index on fields: what is new is little.
TOKENS: Final = "SELECT id, text FROM entity WHERE +field = -1 AND id > ? ORDER BY id"


NEWEST: Final = "SELECT coalesce(max(id), 0) FROM entity"


def newest(connection: apsw.Connection) -> int:
    """Returns the number of the dictionary's newest entry."""
    found = one(connection, NEWEST)
    assert found is not None  # an aggregate has one row
    return int(found[0])


class Titles:
    """Holds the title tokens that some reader has read; shared by all readers of an index."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0
        self._ids: list[int] = []
        self._tokens: list[str] = []
        self._masks = np.zeros(0, dtype=np.uint64)
        self._lengths = np.zeros(0, dtype=np.int64)

    def near(
        self, connection: apsw.Connection, lookups: Sequence[TitleLookup]
    ) -> list[list[tuple[int, str]]]:
        """Returns for each look-up every token that is near enough, with its number.

        Some may be of no live document, or too new for the reader's snapshot to hold any.
        """
        with self._lock:
            self._read(connection)
            ids, tokens, masks, lengths = self._ids, self._tokens, self._masks, self._lengths
        found = []
        for lookup in lookups:
            near = _bits(masks ^ _mask(lookup.token)) <= 2 * lookup.edits
            near &= np.abs(lengths - len(lookup.token)) <= lookup.edits
            places = np.flatnonzero(near).tolist()
            found.append(
                [
                    (ids[at], tokens[at])
                    for at in places
                    if distance(lookup.token, tokens[at], lookup.edits) is not None
                ]
            )
        return found

    def _read(self, connection: apsw.Connection) -> None:
        last = newest(connection)
        if last <= self._last:
            return
        fresh = list(rows(connection, TOKENS, (self._last,)))
        with readable("the dictionary of title tokens"):
            if not all(isinstance(text, str) for _, text in fresh):
                raise TypeError("a token is no text")
        self._last = last
        # New objects: readers hold the old ones without the lock.
        self._ids = [*self._ids, *(number for number, _ in fresh)]
        self._tokens = [*self._tokens, *(text for _, text in fresh)]
        masks = np.array([_mask(text) for _, text in fresh], dtype=np.uint64)
        lengths = np.array([len(text) for _, text in fresh], dtype=np.int64)
        self._masks = np.concatenate([self._masks, masks])
        self._lengths = np.concatenate([self._lengths, lengths])


def _mask(token: str) -> np.uint64:
    return np.uint64(letters_of(token))


def _bits(masks: npt.NDArray[np.uint64]) -> Any:
    """Returns how many bits of each mask are set."""
    found: npt.NDArray[Any] = np.unpackbits(masks.view(np.uint8).reshape(-1, 8), axis=1)
    return found.sum(axis=1)
