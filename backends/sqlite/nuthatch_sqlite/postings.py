"""What is read from FTS5 once and kept: postings, chunk lengths, frequencies.

Everything here belongs to one generation of the index. Caches hold the newest generation that a
reader has seen; a reader on an older snapshot passes them by.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch.postings import readable
from nuthatch.scoring import BM25, PostingList, Term, TermScores, distinct
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.lazy_postings import LazyPostings
from nuthatch_sqlite.state import Caches, State, frequencies_of

Ids = npt.NDArray[np.uint32]
MODEL = BM25(idf="fts5")
#: Postings of a token that FTS5 scores in the time it takes to read them into the cache.
_FEW = 64
#: A list of so many postings is not read before it must be.
_LONG = 1024


class Postings:
    """Reads one snapshot's postings through the caches."""

    def __init__(self, connection: apsw.Connection, state: State, caches: Caches) -> None:
        self._connection = connection
        self._state = state
        self._caches = caches

    def frequencies(self, tokens: Iterable[str]) -> dict[str, int]:
        """Return the number of chunks that hold each token."""
        return frequencies_of(self._connection, self._state, self._caches, tokens)

    def conjunction(self, tokens: Sequence[str]) -> list[TermScores] | None:
        """Return the tokens' scored postings; None where FTS5 answers sooner.

        FTS5 scores no more than the few chunks that hold all tokens. So postings are read when
        all of them are needed for a second time.
        """
        cached = self._cached_terms(tokens)
        if cached is None:
            return None
        used_before = [self._record_use(token) for token, term in cached.items() if term is None]
        if not all(used_before):
            return None
        terms = {token: term or self._read(token) for token, term in cached.items()}
        return [terms[token] for token in tokens]

    def disjunction(self, tokens: Sequence[str]) -> list[Term] | None:
        """Return the tokens' terms; None where FTS5 answers sooner.

        FTS5 scores every match. To read one list of postings costs as much as `_FEW` matches. So
        postings are read at once where there are more matches than that, and at the second use
        of all missing tokens where there are fewer.
        """
        cached = self._cached_terms(tokens)
        if cached is None:
            return None
        missing = [token for token, term in cached.items() if term is None]
        used_before = {token for token in missing if self._record_use(token)}
        few = sum(self.frequencies(cached).values()) <= _FEW * len(missing)
        if few and len(used_before) < len(missing):
            return None
        terms = {
            token: term or self._load_term(token, used_before) for token, term in cached.items()
        }
        return [terms[token] for token in tokens]

    def term(self, token: str) -> Term:
        """Return what knows the impacts of a token."""
        return self._cached_term(token) or self._load_term(token, used_before=())

    def ids(self, token: str) -> Ids:
        """Return the chunks that hold a token, ascending; its postings are not read for that."""
        term = self._cached_term(token)
        if term is not None:
            return term.ids
        sets, key = self._caches.filters, f"chunks with {token}"  # no filter's repr begins so
        ids = sets.get(self._state.generation, key)
        if ids is None:
            ids = self._read_ids(token)
            sets.put(self._state.generation, key, ids)
        return ids

    def _cached_terms(self, tokens: Iterable[str]) -> dict[str, TermScores | None] | None:
        """Return what is cached of each token; None where nothing ever is."""
        return (
            {token: self._cached_term(token) for token in tokens} if self._caches.enabled else None
        )

    def _cached_term(self, token: str) -> TermScores | None:
        return self._caches.terms.get(self._state.generation, token)

    def _record_use(self, token: str) -> bool:
        """Record that a search uses a token; return whether an earlier one used it already."""
        return self._caches.terms.seen_before(self._state.generation, token)

    def _load_term(self, token: str, used_before: Container[str]) -> Term:
        """Return a token's term, which is not cached.

        A long list of postings is read only if the token is in `used_before`; else postings are
        looked up lazily, chunk by chunk.
        """
        df = self.frequencies([token])[token]
        if df < _LONG or token in used_before:
            return self._read(token)
        lengths = self._lengths()
        with readable(f"the frequency of {token!r}"):
            return LazyPostings(
                self._connection, token, df, MODEL, self._state.statistics, lengths, self._read
            )

    def _read(self, token: str) -> TermScores:
        row = one(self._connection, schema.OCCURRENCES, (token,))
        lengths = self._lengths()
        with readable(f"the list of postings of {token!r}"):
            postings = PostingList.from_occurrences(_numbers(row), lambda ids: lengths[ids])
            self._check_number(token, postings.ids)
            term = TermScores.of(postings, MODEL, self._state.statistics)
        self._caches.terms.put(self._state.generation, token, term)
        return term

    def _read_ids(self, token: str) -> Ids:
        row = one(self._connection, schema.HOLDERS, (schema.quote_token(token),))
        with readable(f"the chunks that hold {token!r}"):
            found = _numbers(row)
            ids = found.astype(np.uint32)
            if not np.array_equal(distinct(ids), found):
                raise ValueError("the ids of the chunks do not ascend")
            self._check_number(token, ids)
        return ids

    def _check_number(self, token: str, ids: Ids) -> None:
        """Raise `ValueError` unless the chunks that hold a token are as many as the index says."""
        df = self.frequencies([token])[token]
        if ids.size != df:
            raise ValueError(f"{ids.size} chunks have it, and {df} were counted")

    def _lengths(self) -> Ids:
        """Return tokens per chunk, indexed by chunk id."""
        lengths = self._caches.lengths.get(self._state.generation)
        if lengths is None:
            lengths = _read_lengths(self._connection, self._state)
            self._caches.lengths.put(self._state.generation, lengths)
        return lengths


def _numbers(row: tuple[Any, ...] | None) -> npt.NDArray[np.int64]:
    """Return the numbers that a statement gave as one text."""
    text = "" if row is None or row[0] is None else row[0]
    return np.fromstring(text, dtype=np.int64, sep=" ")


def _read_lengths(connection: apsw.Connection, state: State) -> npt.NDArray[np.uint32]:
    """Return the number of tokens of each chunk, indexed by its id."""
    blobs = list(rows(connection, schema.ALL_LENGTHS))
    what = "the lengths of the chunks"
    blocks = state.length_blocks
    with readable(what):
        if len(blobs) != blocks or any(block != at for at, (block, _) in enumerate(blobs)):
            raise ValueError(f"of {blocks} blocks some are not there, or have other numbers")
    # Their number is right, so memory that lacks is no damage.
    lengths = np.zeros(blocks * schema.LENGTHS, dtype=np.uint32)
    with readable(what):
        for block, blob in blobs:
            start = block * schema.LENGTHS
            lengths[start : start + schema.LENGTHS] = np.frombuffer(blob, "<u4")
        found = int(lengths.sum(dtype=np.uint64))
        if found != state.tokens:
            raise ValueError(f"they are {found} tokens together, and {state.tokens} were counted")
    return lengths
