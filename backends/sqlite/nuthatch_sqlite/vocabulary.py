"""The dictionary of surfaces in memory: read once, and after a write what the write added.

    generation 7   51,646 words read                     Vocabulary
    generation 8   51,650 are counted, 4 are newer       extended with these
    generation 9   51,012 are counted: some are gone     read once more

The 85,000 words of 50,000 abstracts take 17 MB, and are read in a twelfth of a second; a process
that completes and corrects nothing has none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Final, NamedTuple

import apsw

from nuthatch import KnownWord, fold_surface
from nuthatch.postings import Vocabulary, readable
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.state import Caches, State, frequencies_of
from nuthatch_sqlite.surfaces import ADDED_SINCE, TOKENS

#: Bytes that a word of a list takes in memory, about.
_WORD_BYTES: Final = 250


@dataclass(frozen=True, slots=True)
class WordList:
    """What was found for a prefix, as a value to cache."""

    words: tuple[KnownWord, ...]

    @property
    def nbytes(self) -> int:
        """About the bytes of the words."""
        return _WORD_BYTES * len(self.words)


class _Known(NamedTuple):
    """The words of a state; without repeats there are `number` of them."""

    generation: int
    number: int
    vocabulary: Vocabulary


class StoredVocabulary:
    """The words that some reader has read, of the newest state; shared by all readers."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known = _Known(-1, 0, Vocabulary({}))

    def read(self, connection: apsw.Connection, state: State) -> Vocabulary:
        """Return the words of a state; a reader of an older one than the newest reads its own."""
        known = self._known
        if known.generation == state.generation:
            return known.vocabulary
        found = _extend(connection, known, state) or _read(connection, state)
        with self._lock:
            if self._known.generation < found.generation:
                self._known = found
        return found.vocabulary


def _extend(connection: apsw.Connection, known: _Known, state: State) -> _Known | None:
    """Return what is known, with the words that came since; None where some words are gone."""
    if not 0 <= known.generation < state.generation:
        return None
    with readable("the dictionary of words"):
        new = dict(rows(connection, ADDED_SINCE, (known.generation,)))
        number = known.number + len(new)
        if number != state.surfaces:
            return None
        return _Known(state.generation, number, known.vocabulary.extended(new))


def _read(connection: apsw.Connection, state: State) -> _Known:
    with readable("the dictionary of words"):
        words = dict(rows(connection, TOKENS))
        if len(words) != state.surfaces:
            raise ValueError(f"it has {len(words)} words, and {state.surfaces} were counted")
        return _Known(state.generation, len(words), Vocabulary(words))


class Dictionary:
    """Look-ups in the words of one snapshot."""

    def __init__(self, connection: apsw.Connection, state: State, caches: Caches) -> None:
        self._connection = connection
        self._state = state
        self._caches = caches

    def words(self, prefix: str, limit: int, edits: int) -> Sequence[KnownWord]:
        """Return what `DictionaryReader.words` does, through the cache."""
        key = f"{limit} {edits} {prefix}"
        found = self._caches.completions.get(self._state.generation, key)
        if found is None:
            # What nearly begins with a prefix begins in many ways.
            count = partial(self._frequencies, beginning="" if edits else fold_surface(prefix))
            words = self._vocabulary().words(prefix, limit, count, edits)
            found = WordList(tuple(words))
            self._caches.completions.put(self._state.generation, key, found)
        return found.words

    def neighbours(self, word: str, edits: int, limit: int) -> Sequence[KnownWord]:
        """Return what `DictionaryReader.neighbours` does."""
        return self._vocabulary().neighbours(word, edits, limit, self._frequencies)

    def _vocabulary(self) -> Vocabulary:
        kept = self._caches.vocabulary
        if not kept:  # two threads may both make one: the first is used
            kept.append(StoredVocabulary())
        stored: StoredVocabulary = kept[0]
        return stored.read(self._connection, self._state)

    def _frequencies(self, tokens: Sequence[str], beginning: str = "") -> dict[str, int]:
        return frequencies_of(self._connection, self._state, self._caches, tokens, beginning)
