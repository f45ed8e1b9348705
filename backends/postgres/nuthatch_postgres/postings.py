"""What is read once and kept: sealed postings, scored terms, filters, mentions, frequencies.

    sealed postings     hold from one seal to the next      key: the number of the seal
    all others          hold in one state of the index      key: the seal and the writes seen since

A state is known by what it consists of, so every state seen gets a number of its own. The caches
hold the newest; a reader in an older one passes them by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nuthatch import BackendUnavailable, IndexCorrupt
from nuthatch.scoring import (
    BM25,
    CollectionStatistics,
    EntityPostings,
    FuzzyUnion,
    PostingCache,
    TermScores,
)
from nuthatch_postgres.block import Postings
from nuthatch_postgres.failure import readable

Ids = npt.NDArray[np.uint32]
#: What passes filters, indexed by id.
Mask = npt.NDArray[np.bool_]
MODEL = BM25(idf="lucene")
#: How many tokens' document frequencies are remembered.
_FREQUENCIES = 100_000
#: How many states have a number; more than readers hold at the same time.
_STATES = 1024


class Term(NamedTuple):
    """Says what the dictionary knows of a token: `df` chunks hold it in this state."""

    id: int
    df: int
    bound: float


class Sealed(NamedTuple):
    """A term's sealed postings, deleted chunks included."""

    ids: Ids
    tfs: Ids
    lengths: Ids

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return self.ids.nbytes + self.tfs.nbytes + self.lengths.nbytes


@dataclass(frozen=True, slots=True)
class State:
    """The row that every transaction reads first."""

    sealed: int
    documents: int
    chunks: int
    tokens: int
    average: float
    digest: bytes
    gone: Ids

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]], mark: object, place: str) -> State:
        """Read the row; raise unless it is that of the index that was opened."""
        if len(rows) != 1:
            raise IndexCorrupt(f"{place} has lost its counts; restore it from a copy")
        found, sealed, documents, chunks, tokens, average, digest, gone = rows[0]
        if found != mark:
            raise BackendUnavailable(f"{place} was dropped and made anew; open it again")
        with readable("the row of counts"):
            return cls(sealed, documents, chunks, tokens, average, digest, ids_of(gone))

    @property
    def key(self) -> tuple[int, bytes]:
        """Is the same in two states of an index only if they are one."""
        return self.sealed, self.digest

    @property
    def statistics(self) -> CollectionStatistics:
        """Are what BM25 knows of the whole index."""
        return CollectionStatistics(self.chunks, self.tokens)


def ids_of(data: bytes) -> Ids:
    """Return ids that the server or `bytes_of` packed, four bytes each; in any order."""
    return np.frombuffer(data, ">u4").astype(np.uint32)


def bytes_of(ids: npt.ArrayLike) -> bytes:
    """Pack ids as PostgreSQL's int4send does."""
    return np.asarray(ids, dtype=">u4").tobytes()


def array_of(numbers: Iterable[int]) -> str:
    """Write numbers as PostgreSQL reads an array: psycopg takes several times as long for each."""
    return f"{{{','.join(map(str, numbers))}}}"


class Caches:
    """What all readers of one backend share."""

    def __init__(self, max_bytes: int) -> None:
        self.terms: PostingCache[TermScores] = PostingCache(max_bytes // 2)
        self.sealed: PostingCache[Sealed] = PostingCache(max_bytes // 2)
        self.filters: PostingCache[Ids] = PostingCache(max_bytes // 8)
        self.masks: PostingCache[Mask] = PostingCache(max_bytes // 32)
        self.mentions: PostingCache[EntityPostings | FuzzyUnion] = PostingCache(max_bytes // 8)
        self._lock = Lock()
        self._numbers: dict[tuple[int, bytes], int] = {}
        self._given = 0
        self._seen: tuple[State, int] | None = None
        self._known: tuple[int, dict[str, Term | None]] = (-1, {})
        self._tombstones: tuple[int, Ids] | None = None

    @property
    def newest(self) -> int:
        """Is the number of the state that was last seen first; 0 if that is known to be past."""
        return self._given if self._seen is not None else 0

    @property
    def believed(self) -> State | None:
        """Is the state that the last transactions saw, if more than one did: it seems to stay."""
        seen = self._seen
        return seen[0] if seen is not None and seen[1] > 1 else None

    def see(self, state: State) -> int:
        """Take note of what a transaction sees; return its number."""
        number = self.number(state)
        with self._lock:
            last = self._seen
            times = last[1] if last is not None and last[0].key == state.key else 0
            self._seen = (state, times + 1)
        return number

    def doubt(self, state: State) -> None:
        """Take note that a state is past, not of what has come after it."""
        with self._lock:
            if self._seen is not None and self._seen[0].key == state.key:
                self._seen = None

    def number(self, state: State) -> int:
        """Return the number of a state, higher than that of every one seen first earlier."""
        key = state.key
        with self._lock:
            number = self._numbers.get(key)
            if number is None:
                if len(self._numbers) >= _STATES:
                    del self._numbers[next(iter(self._numbers))]
                self._given += 1
                number = self._numbers[key] = self._given
            return number

    def known(self, number: int) -> dict[str, Term | None]:
        """Return the tokens looked up in a state; what is added to them is kept."""
        with self._lock:
            newest, known = self._known
            if number < newest:
                return {}
            if number > newest or len(known) > _FREQUENCIES:
                known = {}
                self._known = (number, known)
            return known

    def tombstones(self, sealed: int) -> Ids | None:
        """Return the deleted chunks that blocks still name as of a seal, if they are at hand."""
        with self._lock:
            kept = self._tombstones
        return kept[1] if kept is not None and kept[0] == sealed else None

    def keep_tombstones(self, sealed: int, ids: Ids) -> None:
        """Keep the deleted chunks as of a seal."""
        with self._lock:
            if self._tombstones is None or self._tombstones[0] <= sealed:
                self._tombstones = (sealed, ids)


def live(postings: Postings, dead: Ids) -> Postings:
    """Return the postings of chunks that are not deleted; `dead` in any order."""
    if not dead.size or not postings.ids.size:
        return postings
    return postings.take(~np.isin(postings.ids, dead))
