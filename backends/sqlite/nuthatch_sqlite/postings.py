"""What is read from FTS5 once and kept: postings, chunk lengths, frequencies.

Everything here belongs to one generation of the index. Caches hold the newest generation that a
reader has seen; a reader on an older snapshot passes them by.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import Phrase, Slot
from nuthatch.postings import readable
from nuthatch.scoring import (
    BM25,
    PostingList,
    SlotTerm,
    Term,
    TermScores,
    distinct,
    slot_key,
    union,
)
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

    def conjunction(self, slots: Sequence[Slot]) -> list[Term] | None:
        """Return the terms of slots; None where FTS5 answers sooner.

        FTS5 scores no more than the few chunks that hold all tokens. So postings are read when
        all of them are needed for a second time.
        """
        if not _are_plain(slots):
            return self._slot_terms(slots)
        cached = self._cached_terms([slot.word for slot in slots])
        if cached is None:
            return None
        used_before = [self._record_use(token) for token, term in cached.items() if term is None]
        if not all(used_before):
            return None
        terms = {token: term or self._read(token) for token, term in cached.items()}
        return [terms[slot.word] for slot in slots]

    def disjunction(self, slots: Sequence[Slot]) -> list[Term] | None:
        """Return the terms of slots; None where FTS5 answers sooner.

        FTS5 scores every match. To read one list of postings costs as much as `_FEW` matches. So
        postings are read at once where there are more matches than that, and at the second use
        of all missing tokens where there are fewer.
        """
        if not _are_plain(slots):
            return self._slot_terms(slots)
        cached = self._cached_terms([slot.word for slot in slots])
        if cached is None:
            return None
        missing = [token for token, term in cached.items() if term is None]
        used_before = {token for token in missing if self._record_use(token)}
        if len(used_before) < len(missing) and sum(self.frequencies(cached).values()) <= _FEW * len(
            missing
        ):
            return None
        terms = {
            token: term or self._load_term(token, used_before) for token, term in cached.items()
        }
        return [terms[slot.word] for slot in slots]

    def term(self, token: str) -> Term:
        """Return what knows the impacts of a token."""
        return self._cached_term(token) or self._load_term(token, used_before=())

    def ids(self, token: str) -> Ids:
        """Return the chunks that hold a token, ascending; its postings are not read for that."""
        term = self._cached_term(token)
        return term.ids if term is not None else self.phrase_ids((token,))

    def slot_ids(self, slot: Slot) -> Ids:
        """Return the chunks that hold any token of a slot, ascending."""
        if slot.is_plain:
            return self.ids(slot.word)
        term = self._cached_term(slot_key(slot))
        if term is not None:
            return term.ids
        key = f"chunks of {sorted(slot.tokens)}"  # no phrase's key begins so
        return self._kept_ids(key, lambda: union([self.ids(token) for token in slot.tokens]))

    def phrase_ids(self, phrase: Phrase) -> Ids:
        """Return the chunks where tokens stand one after another, ascending."""
        key = f"chunks with {' '.join(phrase)}"  # no filter's repr begins so
        return self._kept_ids(key, lambda: self._read_ids(phrase))

    def _kept_ids(self, key: str, read: Callable[[], Ids]) -> Ids:
        """Return ids from the cache of sets, where they are read if they are not there."""
        sets = self._caches.filters
        ids = sets.get(self._state.generation, key)
        if ids is None:
            ids = read()
            sets.put(self._state.generation, key, ids)
        return ids

    def _slot_terms(self, slots: Sequence[Slot]) -> list[Term]:
        """Return the terms of slots of which some have alternatives.

        FTS5 would add the scores of alternatives up. A slot that is used a second time is merged,
        and cached like a word; before that long lists are looked up, as far as that will do.
        """
        terms = {slot: self._slot_term(slot) for slot in dict.fromkeys(slots)}
        return [terms[slot] for slot in slots]

    def _slot_term(self, slot: Slot) -> Term:
        key = slot_key(slot)
        cached = self._cached_term(key)
        if cached is not None:
            return cached
        used_before = slot.tokens if self._caches.enabled and self._record_use(key) else ()
        terms = [
            self._cached_term(token) or self._load_term(token, used_before) for token in slot.tokens
        ]
        if slot.is_plain:
            return terms[0]
        generation, scored = self._state.generation, self._caches.terms
        merged = SlotTerm(
            terms,
            [weight for _, weight in slot.alternatives],
            lambda whole: scored.put(generation, key, whole),
        )
        return merged.whole() if used_before else merged

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

    def _read_ids(self, phrase: Phrase) -> Ids:
        row = one(self._connection, schema.HOLDERS, (schema.quote_phrase(phrase),))
        with readable(f"the chunks that hold {' '.join(phrase)!r}"):
            found = _numbers(row)
            ids = found.astype(np.uint32)
            if not np.array_equal(distinct(ids), found):
                raise ValueError("the ids of the chunks do not ascend")
            if ids.size and ids[-1] >= self._state.next_chunk:
                raise ValueError(f"chunk {ids[-1]} was never added")
            if len(phrase) == 1:
                self._check_number(phrase[0], ids)
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


def _are_plain(slots: Sequence[Slot]) -> bool:
    return all(slot.is_plain for slot in slots)


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
