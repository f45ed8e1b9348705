"""The dictionary of surface words, each with its token, in the journal.

    "computing" comput   "computation" comput   "heat" heat

A batch writes the words that its process has not written yet; a word may so be there more than
once. When the journal is written anew, each is there once. Who reads keeps all words in memory, and
adds what a later batch wrote. A word of deleted documents stays until
`optimize`, which analyzes all documents again to find the words that are left. It does so only if
some were removed: the journal names them still, or has a mark where it was written anew since.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from nuthatch_tantivy.journal import Blob, Journal, Kind

if TYPE_CHECKING:
    from nuthatch.postings import Vocabulary

#: Words of which a process remembers that it wrote them, at most.
_MAX_KNOWN: Final = 2**18
#: Words in a blob, when the journal is written anew.
_RUN: Final = 2**15


class KnownWords:
    """The words that this process has written into a journal."""

    def __init__(self) -> None:
        self._version = b""
        self._words: set[str] = set()

    def select_new(self, journal: Journal, words: Mapping[str, str]) -> dict[str, str]:
        """Return the words that are not known to be in a journal."""
        if self._version != journal.version:
            return dict(words)
        known = self._words
        return {word: token for word, token in words.items() if word not in known}

    def add(self, journal: Journal, words: Iterable[str]) -> None:
        """Remember words that were committed."""
        if self._version != journal.version or len(self._words) > _MAX_KNOWN:
            self._version, self._words = journal.version, set()
        self._words.update(words)

    def follow(self, before: Journal, after: Journal) -> None:
        """Know of a journal that was written anew what is known of the one before."""
        if self._version == before.version:
            self._version = after.version


class _Read(NamedTuple):
    """The words of the blobs of a journal below a number."""

    version: bytes
    following: int
    vocabulary: Vocabulary


class NewestWords:
    """The vocabulary that was read last; what a batch has written is added to it. Threads share
    it."""

    def __init__(self) -> None:
        self._newest: _Read | None = None
        self._lock = Lock()

    def read(self, journal: Journal) -> Vocabulary:
        """Return the words of a journal. Of one whose words were read in part the rest is read."""
        from nuthatch.postings import Vocabulary  # imports numpy

        following = journal.following(Kind.WORDS.of())
        with self._lock:
            known = self._newest
            if known is None or known.version != journal.version or known.following > following:
                known = _Read(journal.version, 0, Vocabulary({}))
            if known.following < following:
                new = read_words(journal, known.following)
                known = _Read(journal.version, following, known.vocabulary.extended(new))
            self._newest = known
            return known.vocabulary


def pack_words(journal: Journal, words: Mapping[str, str]) -> Iterator[Blob]:
    """Yield what a batch writes of its words."""
    if words:
        yield _pack(journal.following(Kind.WORDS.of()), words)


def read_words(journal: Journal, first: int = 0) -> dict[str, str]:
    """Return the token of each word in the blobs from a number on."""
    numbers = range(first, journal.following(Kind.WORDS.of()))
    words: dict[str, str] = {}
    for _, blob in journal.read_some(Kind.WORDS.of(), numbers):
        words.update(json.loads(zlib.decompress(blob)))
    return words


def has_unused_words(journal: Journal) -> bool:
    """Return whether a journal may have words of removed documents."""
    from nuthatch_tantivy.columns import has_removed  # imports numpy

    return journal.newest(Kind.REMOVED.of()) is not None or has_removed(journal)


def compact_words(journal: Journal, used: Collection[str] | None) -> Iterator[Blob]:
    """Yield the words of a journal, each once: those that are used, or all of them, and then a mark
    if some may not be."""
    words = sorted(read_words(journal).items())
    if used is not None:
        words = [(word, token) for word, token in words if word in used]
    elif has_unused_words(journal):
        yield Kind.REMOVED.of(), 0, b""
    for number, at in enumerate(range(0, len(words), _RUN)):
        yield _pack(number, dict(words[at : at + _RUN]))


def _pack(number: int, words: Mapping[str, str]) -> Blob:
    content = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()
    return Kind.WORDS.of(), number, zlib.compress(content, 1)
