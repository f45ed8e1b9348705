"""What searches read once and keep: postings, scores, filters, entities, document frequencies.

    postings of blocks   valid from one compaction to the next   key: number of the compaction
    columns of fields    brought from one state to the next
    all others           valid in one state of the index         key: generation of the state

A state is identified by the last compaction and the writes since. Each state that is seen gets a
generation, a number that grows. The caches hold the newest; a reader in an older state misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np

from nuthatch import BackendUnavailable, IndexCorrupt, KnownWord, Schema
from nuthatch.postings import (
    ColumnStore,
    IndexCounts,
    LatestValue,
    PostingCaches,
    Vocabulary,
    readable,
)
from nuthatch.scoring import PostingCache
from nuthatch_postgres.storage.packed_ids import Ids, unpack_ids

#: How many states keep a generation; more than readers use at the same time.
_STATES: Final = 1024
#: Bytes that a surface word takes with its token, about.
_WORD_BYTES: Final = 256


class Term(NamedTuple):
    """An entry of the dictionary; `df` chunks contain the token in this state."""

    id: int
    df: int
    bound: float


class BlockPostings(NamedTuple):
    """The postings of a term in blocks, those of deleted chunks included."""

    ids: Ids
    tfs: Ids
    lengths: Ids

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return self.ids.nbytes + self.tfs.nbytes + self.lengths.nbytes


@dataclass(frozen=True, slots=True)
class State(IndexCounts):
    """The row that every transaction reads first."""

    compactions: int
    average: float
    #: The ids of the writes since the compaction, as the server packs them.
    writes: bytes
    deleted: Ids
    #: All ids of chunks are below it.
    size: int
    digest: bytes

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[Any]], incarnation: object, place: str) -> State:
        """Read the row; raise unless it belongs to the index that was opened."""
        if len(rows) != 1:
            raise IndexCorrupt(f"{place} has lost its counts; restore it from a copy")
        current, compactions, documents, chunks, tokens, average, writes, deleted, size = rows[0]
        if current != incarnation:
            raise BackendUnavailable(f"{place} was dropped and made anew; open it again")
        with readable("the row of counts"):
            ids = unpack_ids(deleted)
            digest = sha256(writes).digest() if writes else b""
            counts = documents, chunks, tokens
            return cls(*counts, compactions, average, writes, ids, int(size), digest)

    @property
    def key(self) -> tuple[int, bytes]:
        """The identity of the state: equal keys mean equal contents."""
        return self.compactions, self.digest

    def writes_since(self, other: State) -> list[int] | None:
        """Return the ids of the writes that an earlier state lacks; None where it is no such."""
        before, now = ({*np.frombuffer(s.writes, ">i8").tolist()} for s in (other, self))
        if other.compactions != self.compactions or not before <= now:
            return None
        return sorted(now - before)


class KeptVocabulary(NamedTuple):
    """The surface words of a state."""

    state: State
    words: Vocabulary


class KnownWords(NamedTuple):
    """What was found in the vocabulary for one prefix or word."""

    words: tuple[KnownWord, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the words, about."""
        return _WORD_BYTES * len(self.words)


class Caches(PostingCaches[Term | None]):
    """The caches that all readers of one backend share. Safe to share between threads."""

    def __init__(self, max_bytes: int, declared: Schema) -> None:
        super().__init__(max_bytes, term_share=0.5)
        self.blocks: PostingCache[BlockPostings] = PostingCache(max_bytes // 2)
        self.columns = ColumnStore(declared, max_bytes // 4)
        #: The state of the columns that are kept, by generation: it tells what was written since.
        self.columns_state: LatestValue[State] = LatestValue()
        #: The newest surface words that were read; one copy, whatever its size.
        self.vocabulary: LatestValue[KeptVocabulary] = LatestValue()
        self.known_words: PostingCache[KnownWords] = PostingCache(max_bytes // 32)
        #: The deleted chunks in blocks, by compaction.
        self.tombstones: LatestValue[Ids] = LatestValue()
        self._lock = Lock()
        self._generations: dict[tuple[int, bytes], int] = {}
        self._last_generation = 0
        #: The state that the last transaction saw, and how many saw it in a row.
        self._last_seen: tuple[State, int] | None = None

    @property
    def newest(self) -> int:
        """The highest generation; 0 if the state that was seen last is known to be stale."""
        return self._last_generation if self._last_seen is not None else 0

    @property
    def stable_state(self) -> State | None:
        """The state that the last transactions saw, if at least two did: writes seem to be rare."""
        seen = self._last_seen
        return seen[0] if seen is not None and seen[1] > 1 else None

    def record(self, state: State) -> int:
        """Record the state that a transaction sees; return its generation."""
        generation = self.generation_of(state)
        with self._lock:
            last = self._last_seen
            times = last[1] if last is not None and last[0].key == state.key else 0
            self._last_seen = (state, times + 1)
        return generation

    def mark_stale(self, state: State) -> None:
        """Record that a state is no longer the newest, where the newest is not known."""
        with self._lock:
            if self._last_seen is not None and self._last_seen[0].key == state.key:
                self._last_seen = None

    def generation_of(self, state: State) -> int:
        """Return the generation of a state, higher than those of all states seen before it."""
        key = state.key
        with self._lock:
            generation = self._generations.get(key)
            if generation is None:
                if len(self._generations) >= _STATES:
                    del self._generations[next(iter(self._generations))]
                self._last_generation += 1
                generation = self._generations[key] = self._last_generation
            return generation
