"""What is read from FTS5 once and kept: postings, chunk lengths, filters, frequencies.

Everything here belongs to one generation of the index. Caches hold the newest generation that a
reader has seen; a reader on an older snapshot passes them by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import AnyOf, Filter, IndexCorrupt, Rung
from nuthatch.scoring import BM25, CollectionStatistics, PostingCache, PostingList, TermScores
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.failure import readable

Ids = npt.NDArray[np.uint32]
MODEL = BM25(idf="fts5")
#: Postings of a token that FTS5 scores in the time it takes to read them into the cache.
_FEW = 64
#: How many tokens' document frequencies are remembered.
_FREQUENCIES = 100_000


@dataclass(frozen=True, slots=True)
class State:
    """Holds the row that every transaction reads first."""

    generation: int
    chunks: int
    tokens: int
    documents: int
    next_chunk: int

    @classmethod
    def read(cls, connection: apsw.Connection) -> State:
        """Returns the state, and fixes the snapshot of the transaction it is read in."""
        row = one(connection, schema.STATE)
        if row is None:
            raise IndexCorrupt("the index has lost its counts; restore it from a copy")
        with readable("the row of counts"):
            return cls(*map(int, row))


class Caches:
    """Holds what all readers of one backend share."""

    def __init__(self, max_bytes: int) -> None:
        self.enabled = max_bytes > 0
        self.terms: PostingCache[TermScores] = PostingCache(max_bytes)
        self.filters: PostingCache[Ids] = PostingCache(max_bytes // 8)
        self._lock = Lock()
        self._lengths: tuple[int, npt.NDArray[np.uint32]] | None = None
        self._frequencies: tuple[int, dict[str, int]] = (-1, {})

    def frequencies(self, generation: int) -> dict[str, int]:
        """Returns the frequencies known in a generation; what is added to them is kept."""
        with self._lock:
            newest, known = self._frequencies
            if generation < newest:
                return {}
            if generation > newest or len(known) > _FREQUENCIES:
                known = {}
                self._frequencies = (generation, known)
            return known

    def lengths(self, generation: int, connection: apsw.Connection) -> npt.NDArray[np.uint32]:
        """Returns tokens per chunk, indexed by chunk id."""
        with self._lock:
            if self._lengths is not None and self._lengths[0] == generation:
                return self._lengths[1]
        lengths = _read_lengths(connection)
        with self._lock:
            if self._lengths is None or self._lengths[0] <= generation:
                self._lengths = (generation, lengths)
        return lengths


class Postings:
    """Reads one snapshot's postings through the caches."""

    def __init__(self, connection: apsw.Connection, state: State, caches: Caches) -> None:
        self._connection = connection
        self._state = state
        self._caches = caches

    def frequencies(self, tokens: Iterable[str]) -> dict[str, int]:
        """Returns the number of chunks that hold each token."""
        known = self._caches.frequencies(self._state.generation)
        found = {}
        for token in tokens:
            df = known.get(token)
            if df is None:
                row = one(self._connection, schema.FREQUENCY, (token,))
                df = known[token] = row[0] if row else 0
            found[token] = df
        return found

    def terms(self, tokens: Sequence[str]) -> list[TermScores]:
        """Returns each token's scored postings; reads what is not cached."""
        return [self.cached(token) or self._read(token) for token in tokens]

    def cached(self, token: str) -> TermScores | None:
        """Returns the token's scored postings if they are at hand."""
        return self._caches.terms.get(self._state.generation, token)

    def at_hand(self, rung: Rung) -> list[TermScores] | None:
        """Returns the scored postings of a rung's tokens; None where FTS5 answers sooner.

        FTS5 scores every match of a disjunction, so its postings are read at once, unless they
        are few. Of a conjunction it scores the few chunks that hold all tokens, so these are read
        when all of them are asked for a second time.
        """
        if not self._caches.enabled:
            return None
        distinct = dict.fromkeys(rung.tokens)
        generation = self._state.generation
        held = [self.cached(token) for token in distinct]
        known = [
            term is not None or self._caches.terms.touched(generation, token)
            for token, term in zip(distinct, held, strict=True)
        ]
        if not all(known) and (rung.operator == "AND" or self._are_few(distinct, held)):
            return None
        found = dict(zip(distinct, self.terms(list(distinct)), strict=True))
        return [found[token] for token in rung.tokens]

    def _are_few(self, tokens: Iterable[str], held: Iterable[TermScores | None]) -> bool:
        """Tells whether FTS5 scores the postings that are not held in less time than they take to
        read: for each token that costs as much as some dozens of matches."""
        missing = [token for token, term in zip(tokens, held, strict=True) if term is None]
        return sum(self.frequencies(missing).values()) <= _FEW * len(missing)

    def _read(self, token: str) -> TermScores:
        row = one(self._connection, schema.OCCURRENCES, (token,))
        text = "" if row is None or row[0] is None else row[0]
        with readable(f"the list of postings of {token!r}"):
            occurrences = np.fromstring(text, dtype=np.int64, sep=" ")
            lengths = self._caches.lengths(self._state.generation, self._connection)
            postings = PostingList.from_occurrences(occurrences, lambda ids: lengths[ids])
            statistics = CollectionStatistics(self._state.chunks, self._state.tokens)
            term = TermScores.of(postings, MODEL, statistics)
        self._caches.terms.put(self._state.generation, token, term)
        return term

    def allowed(self, filters: Sequence[Filter]) -> Ids | None:
        """Returns the ids, ascending, of the chunks that pass; None if there is no filter."""
        allowed: Ids | None = None
        for condition in filters:
            key = repr(condition)
            ids = self._caches.filters.get(self._state.generation, key)
            if ids is None:
                sql, values = filter_sql(condition)
                passing = (row[0] for row in rows(self._connection, sql, values))
                with readable(f"the values of the field {condition.field!r}"):
                    ids = np.unique(np.fromiter(passing, dtype=np.uint32))
                self._caches.filters.put(self._state.generation, key, ids)
            allowed = ids if allowed is None else np.intersect1d(allowed, ids, assume_unique=True)
        return allowed


def filter_sql(condition: Filter) -> tuple[str, list[object]]:
    """Returns the statement that selects the chunks that pass, and its values."""
    values: list[object] = [condition.field]
    if isinstance(condition, AnyOf):
        marks = ", ".join("?" for _ in condition.values)
        values += condition.values
        return schema.FILTERED.format(condition=f"value.value IN ({marks})"), values
    bounds = []
    for operator, bound in ((">=", condition.gte), ("<=", condition.lte)):
        if bound is not None:
            bounds.append(f"value.value {operator} ?")
            values.append(bound)
    return schema.FILTERED.format(condition=" AND ".join(bounds)), values


def _read_lengths(connection: apsw.Connection) -> npt.NDArray[np.uint32]:
    blobs = list(rows(connection, schema.ALL_LENGTHS))
    size = (blobs[-1][0] + 1) * schema.LENGTHS if blobs else 0
    lengths = np.zeros(size, dtype=np.uint32)
    for block, blob in blobs:
        lengths[block * schema.LENGTHS : (block + 1) * schema.LENGTHS] = np.frombuffer(blob, "<u4")
    return lengths
