"""Surfaces: the words of all texts as they stand there, each with the token that it is found by.

    surface   surface PRIMARY KEY  token  generation
              happiness            happi  7

The token is null where it is the surface itself; the generation is that of the state whose batch
brought the word. A writer remembers which words it stored, for nearly all words of a batch are
known already; readers keep the words in memory, and read those of later states once there are some.
Words that only removed documents had stay until `optimize`, which reads all documents to find them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import apsw

from nuthatch import Analyzer
from nuthatch.postings import decompress, readable
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.state import State

ADD: Final = "INSERT OR IGNORE INTO surface VALUES (?, ?, ?)"
EVERY: Final = "SELECT surface FROM surface"
TOKENS: Final = "SELECT surface, coalesce(token, surface) FROM surface"
ADDED_SINCE: Final = f"{TOKENS} WHERE generation > ?"
DELETE: Final = "DELETE FROM surface WHERE surface = ?"
TEXTS: Final = """
SELECT document.header ->> '$.title', chunk.text
FROM document
JOIN chunk ON chunk.id BETWEEN document.id AND document.id + document.chunks - 1
"""
FORGET: Final = """
UPDATE state
SET generation = generation + (:gone > 0),
    surfaces = surfaces - :gone,
    removed = 0
"""
#: Words that a writer remembers, about 100 bytes each.
_MAX_KNOWN: Final = 200_000


class KnownSurfaces:
    """The words that a writer knows to be stored, in the state that its last batch made."""

    def __init__(self) -> None:
        #: The state that the last batch makes, and whether that is safe.
        self._generation = -1
        self._is_safe = False
        self._known: set[str] = set()
        #: The words that a transaction added; None where it has added none.
        self._new: list[str] | None = None

    def begin(self) -> None:
        """Forget what a transaction added that was not acknowledged; called by the next one."""
        self._new = None

    def add(self, connection: apsw.Connection, generation: int, words: Mapping[str, str]) -> int:
        """Store words beside the documents of a state; return how many are new.

        What was known holds where this writer made that state, and no other one.
        """
        if not self._is_safe or generation != self._generation:
            self._known = set()
        self._is_safe, self._generation = False, generation + 1
        new = self._new = sorted(words.keys() - self._known)
        before = connection.total_changes()
        given = (
            (word, None if words[word] == word else words[word], generation + 1) for word in new
        )
        connection.executemany(ADD, given)
        return connection.total_changes() - before

    def acknowledge(self) -> None:
        """Remember the words that the last transaction added, if any: it is safe now."""
        if self._new is None:
            return
        if len(self._known) + len(self._new) <= _MAX_KNOWN:
            self._known.update(self._new)
        self._is_safe = True


def missing_words(connection: apsw.Connection, words: Mapping[str, str]) -> dict[str, str]:
    """Return those of some words, each with its token, that are not stored so."""
    return dict(words.items() - dict(rows(connection, TOKENS)).items())


def read_words(connection: apsw.Connection, analyzer: Analyzer) -> tuple[State, set[str]] | None:
    """Return a state, and the words of all its documents; None where no other word is stored."""
    from nuthatch import chunk_words  # which searches do without

    state = State.read(connection)
    if not state.removed:
        return None
    words: set[str] = set()
    for title, text in rows(connection, TEXTS):
        with readable("the text of a chunk"):
            words.update(chunk_words(analyzer, title, decompress(text).decode()))
    return state, words


def forget_words(connection: apsw.Connection, words: Iterable[str]) -> None:
    """Delete all but these words; within a transaction, in the state in which they were read."""
    gone = {word for (word,) in rows(connection, EVERY)}.difference(words)
    connection.executemany(DELETE, ((word,) for word in gone))
    connection.execute(FORGET, {"gone": len(gone)})
