"""What is read from FTS5 once and kept: postings, chunk lengths, filters, frequencies.

Everything here belongs to one generation of the index. Caches hold the newest generation that a
reader has seen; a reader on an older snapshot passes them by.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import AnyOf, Filter, IndexCorrupt
from nuthatch.scoring import (
    BM25,
    CollectionStatistics,
    EntityPostings,
    FuzzyUnion,
    PostingCache,
    PostingList,
    Term,
    TermScores,
    conjunction,
    distinct,
    mask_of,
)
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.failure import readable
from nuthatch_sqlite.unread import Unread

Ids = npt.NDArray[np.uint32]
MODEL = BM25(idf="fts5")
#: Postings of a token that FTS5 scores in the time it takes to read them into the cache.
_FEW = 64
#: A list of so many postings is not read before it must be.
_LONG = 1024
#: How many tokens' document frequencies are remembered.
_FREQUENCIES = 100_000


@dataclass(frozen=True, slots=True)
class State:
    """The row that every transaction reads first."""

    generation: int
    chunks: int
    tokens: int
    documents: int
    next_chunk: int

    @classmethod
    def read(cls, connection: apsw.Connection) -> State:
        """Return the state, and fixes the snapshot of the transaction it is read in."""
        row = one(connection, schema.STATE)
        if row is None:
            raise IndexCorrupt("the index has lost its counts; restore it from a copy")
        with readable("the row of counts"):
            return cls(*map(int, row))

    @property
    def statistics(self) -> CollectionStatistics:
        """Are what BM25 knows of the whole index."""
        return CollectionStatistics(self.chunks, self.tokens)


class Caches:
    """What all readers of one backend share."""

    def __init__(self, max_bytes: int) -> None:
        self.enabled = max_bytes > 0
        self.terms: PostingCache[TermScores] = PostingCache(max_bytes)
        self.filters: PostingCache[Ids] = PostingCache(max_bytes // 8)
        self.masks: PostingCache[npt.NDArray[np.bool_]] = PostingCache(max_bytes // 32)
        self.mentions: PostingCache[EntityPostings | FuzzyUnion] = PostingCache(max_bytes // 8)
        self._lock = Lock()
        self._lengths: tuple[int, npt.NDArray[np.uint32]] | None = None
        self._frequencies: tuple[int, dict[str, int]] = (-1, {})

    def frequencies(self, generation: int) -> dict[str, int]:
        """Return the frequencies known in a generation; what is added to them is kept."""
        with self._lock:
            newest, known = self._frequencies
            if generation < newest:
                return {}
            if generation > newest or len(known) > _FREQUENCIES:
                known = {}
                self._frequencies = (generation, known)
            return known

    def lengths(self, state: State, connection: apsw.Connection) -> npt.NDArray[np.uint32]:
        """Return tokens per chunk, indexed by chunk id."""
        generation = state.generation
        with self._lock:
            if self._lengths is not None and self._lengths[0] == generation:
                return self._lengths[1]
        lengths = _read_lengths(connection, state.tokens)
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
        """Return the number of chunks that hold each token."""
        known = self._caches.frequencies(self._state.generation)
        found = {}
        for token in tokens:
            df = known.get(token)
            if df is None:
                row = one(self._connection, schema.FREQUENCY, (token,))
                df = known[token] = row[0] if row else 0
            found[token] = df
        return found

    def conjunction(self, tokens: Sequence[str]) -> list[TermScores] | None:
        """Return the tokens' scored postings; None where FTS5 answers sooner.

        FTS5 scores no more than the few chunks that hold all tokens. So postings are read when
        all of them are asked for a second time.
        """
        held = self._held(tokens)
        if held is None:
            return None
        again = [self._touched(token) for token, term in held.items() if term is None]
        if not all(again):
            return None
        terms = {token: term or self._read(token) for token, term in held.items()}
        return [terms[token] for token in tokens]

    def disjunction(self, tokens: Sequence[str]) -> list[Term] | None:
        """Return the tokens' terms; None where FTS5 answers sooner.

        FTS5 scores every match. So postings are read at once, unless they are few: for each token
        that costs as much as some dozens of matches.
        """
        held = self._held(tokens)
        if held is None:
            return None
        missing = [token for token, term in held.items() if term is None]
        again = {token for token in missing if self._touched(token)}
        few = sum(self.frequencies(held).values()) <= _FEW * len(missing)
        if few and len(again) < len(missing):
            return None
        terms = {token: term or self._term(token, again) for token, term in held.items()}
        return [terms[token] for token in tokens]

    def term(self, token: str) -> Term:
        """Return what knows the impacts of a token."""
        return self._cached(token) or self._term(token, again=())

    def _held(self, tokens: Iterable[str]) -> dict[str, TermScores | None] | None:
        """Return what is cached of each token; None where nothing ever is."""
        return {token: self._cached(token) for token in tokens} if self._caches.enabled else None

    def _cached(self, token: str) -> TermScores | None:
        return self._caches.terms.get(self._state.generation, token)

    def _touched(self, token: str) -> bool:
        """Return whether a token was asked for before, and notes that it is now."""
        return self._caches.terms.seen_before(self._state.generation, token)

    def _term(self, token: str, again: Container[str]) -> Term:
        """Read a list of postings; a long one not before the second time."""
        df = self.frequencies([token])[token]
        if df < _LONG or token in again:
            return self._read(token)
        lengths = self._caches.lengths(self._state, self._connection)
        with readable(f"the frequency of {token!r}"):
            return Unread(
                self._connection, token, df, MODEL, self._state.statistics, lengths, self._read
            )

    def _read(self, token: str) -> TermScores:
        row = one(self._connection, schema.OCCURRENCES, (token,))
        text = "" if row is None or row[0] is None else row[0]
        with readable(f"the list of postings of {token!r}"):
            occurrences = np.fromstring(text, dtype=np.int64, sep=" ")
            lengths = self._caches.lengths(self._state, self._connection)
            postings = PostingList.from_occurrences(occurrences, lambda ids: lengths[ids])
            if postings.ids.size != (df := self.frequencies([token])[token]):
                raise ValueError(f"{postings.ids.size} chunks have it, and {df} were counted")
            term = TermScores.of(postings, MODEL, self._state.statistics)
        self._caches.terms.put(self._state.generation, token, term)
        return term

    def allowed(self, filters: Sequence[Filter]) -> Ids | None:
        """Return the ids, ascending, of the chunks that pass; None if there is no filter."""
        lists: list[Ids] = []
        for condition in filters:
            key = repr(condition)
            ids = self._caches.filters.get(self._state.generation, key)
            if ids is None:
                sql, values = filter_sql(condition)
                passing = (row[0] for row in rows(self._connection, sql, values))
                with readable(f"the values of the field {condition.field!r}"):
                    ids = distinct(np.fromiter(passing, dtype=np.uint32))
                self._caches.filters.put(self._state.generation, key, ids)
            lists.append(ids)
        return conjunction(lists) if lists else None

    def mask(self, filters: Sequence[Filter]) -> npt.NDArray[np.bool_] | None:
        """Return the same as a mask, which many short lists are held against."""
        if not filters:
            return None
        mask = self._caches.masks.get(self._state.generation, repr(filters))
        if mask is None:
            allowed = self.allowed(filters)
            assert allowed is not None
            mask = mask_of(allowed)
            self._caches.masks.put(self._state.generation, repr(filters), mask)
        return mask


def filter_sql(condition: Filter) -> tuple[str, list[object]]:
    """Return the statement that selects the chunks that pass, and its values."""
    values: list[object] = [condition.field]
    if isinstance(condition, AnyOf):
        values.append(_json(condition.values))
        return schema.FILTERED.format(condition=schema.ANY_OF), values
    bounds = []
    for operator, bound in ((">=", condition.gte), ("<=", condition.lte)):
        if bound is not None:
            bounds.append(f"value.value {operator} ?")
            values.append(bound)
    return schema.FILTERED.format(condition=" AND ".join(bounds)), values


def _json(values: Sequence[object]) -> str:
    """Return the values of a filter as one parameter, for SQLite takes no more than 32,766."""
    return json.dumps(values, ensure_ascii=False)


def _read_lengths(connection: apsw.Connection, tokens: int) -> npt.NDArray[np.uint32]:
    """Return the number of tokens of each chunk, which together are `tokens`."""
    blobs = list(rows(connection, schema.ALL_LENGTHS))
    with readable("the lengths of the chunks"):
        size = (blobs[-1][0] + 1) * schema.LENGTHS if blobs else 0
        lengths = np.zeros(size, dtype=np.uint32)
        for block, blob in blobs:
            start = block * schema.LENGTHS
            lengths[start : start + schema.LENGTHS] = np.frombuffer(blob, "<u4")
        found = int(lengths.sum(dtype=np.uint64))
        if found != tokens:
            raise ValueError(f"they are {found} tokens together, and {tokens} were counted")
    return lengths
