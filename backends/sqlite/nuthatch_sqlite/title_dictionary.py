"""The dictionary of title tokens, in memory, with what tells quickly that two are far apart.

A token itself is looked up in a dictionary. For those near to it, each has a mask of the letters in
it (`letters_of`). A search looks at all lengths, at many masks (a third of a millisecond for 50,000
tokens) and at few tokens, and misses none.
Writing pays nothing for it, unlike an index of deletions, which made loading a third slower.

Entries are only ever added to the dictionary, so what was read of it stays, and only what is new
is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final, NamedTuple

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch.entities import TitleLookup, distance, letters_of
from nuthatch.postings import readable
from nuthatch_sqlite.connection import one, rows

# By id, not by the index on fields: what is new is little.
TOKENS: Final = "SELECT id, text FROM entity WHERE +field = -1 AND id > ? ORDER BY id"

_PAIRS, _FOURS, _OCTETS, _ONES = (
    np.uint64(pattern * (2**64 // 255)) for pattern in (0x55, 0x33, 0x0F, 0x01)
)

NEWEST: Final = "SELECT coalesce(max(id), 0) FROM entity"


def newest(connection: apsw.Connection) -> int:
    """Return the number of the dictionary's newest entry."""
    found = one(connection, NEWEST)
    assert found is not None  # an aggregate has one row
    return int(found[0])


class Dictionary(NamedTuple):
    """Title tokens with their numbers; masks and lengths are those of the tokens."""

    ids: Sequence[int]
    tokens: Sequence[str]
    numbers: Mapping[str, int]
    masks: npt.NDArray[np.uint64]
    lengths: npt.NDArray[np.int64]

    def find_near(self, lookup: TitleLookup) -> list[tuple[int, str]]:
        """Return every token that is near enough, with its number.

        Some may be of no live document, or too new for the reader's snapshot to hold any.
        """
        token, edits = lookup.token, lookup.edits
        if not edits:
            number = self.numbers.get(token)
            return [] if number is None else [(number, token)]
        places = np.flatnonzero(np.abs(self.lengths - len(token)) <= edits)
        own, masks, longer = _mask(token), self.masks[places], self.lengths[places] - len(token)
        # What is added or dropped changes no other letter.
        near = _bits(own & ~masks) <= edits - np.maximum(longer, 0)
        near &= _bits(masks & ~own) <= edits + np.minimum(longer, 0)
        places = places[near]
        return [
            (self.ids[at], self.tokens[at])
            for at in places.tolist()
            if distance(token, self.tokens[at], edits) is not None
        ]


_NOTHING: Final = Dictionary([], [], {}, np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))


class TitleDictionary:
    """The title tokens that some reader has read; shared by all readers of an index."""

    def __init__(self) -> None:
        self._lock = Lock()
        #: The number of the newest entry that was read, and all that were. Set at once, so that an
        #: interrupt leaves no token out and none in twice.
        self._read_to = (0, _NOTHING)

    def read(self, connection: apsw.Connection) -> Dictionary:
        """Return all title tokens, those of the reader's snapshot among them."""
        with self._lock:
            last = newest(connection)
            read_to, dictionary = self._read_to
            if last > read_to:
                fresh = list(rows(connection, TOKENS, (read_to,)))
                with readable("the dictionary of title tokens"):
                    if not all(isinstance(text, str) for _, text in fresh):
                        raise TypeError("a token is no text")
                dictionary = _extend(dictionary, fresh)
                self._read_to = (last, dictionary)
            return dictionary


def _extend(dictionary: Dictionary, fresh: Sequence[tuple[int, str]]) -> Dictionary:
    """Return a dictionary with more entries; a new one, as readers hold the old one."""
    masks = np.array([_mask(text) for _, text in fresh], dtype=np.uint64)
    lengths = np.array([len(text) for _, text in fresh], dtype=np.int64)
    return Dictionary(
        [*dictionary.ids, *(number for number, _ in fresh)],
        [*dictionary.tokens, *(text for _, text in fresh)],
        {**dictionary.numbers, **{text: number for number, text in fresh}},
        np.concatenate([dictionary.masks, masks]),
        np.concatenate([dictionary.lengths, lengths]),
    )


def _mask(token: str) -> np.uint64:
    return np.uint64(letters_of(token))


def _bits(masks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return how many bits of each mask are set: summed by pairs, fours, bytes, then all."""
    pairs = masks - (masks >> np.uint64(1) & _PAIRS)
    fours = (pairs & _FOURS) + (pairs >> np.uint64(2) & _FOURS)
    octets = fours + (fours >> np.uint64(4)) & _OCTETS
    counts: npt.NDArray[np.int64] = (octets * _ONES >> np.uint64(56)).astype(np.int64)
    return counts
