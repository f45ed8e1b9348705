"""What the readers of an index share: caches that belong to one state of it.

| holds             | type           | bound                                     |
|-------------------|----------------|-------------------------------------------|
| scored terms      | `PostingCache` | `max_bytes`, or a share of it             |
| filters, mentions | `PostingCache` | an eighth of that each; masks a 32nd      |
| frequencies       | `LatestMap`    | 100,000 tokens                            |
| one array         | `LatestValue`  | the engine's, such as the chunks' lengths |

A state has a number, which later states exceed. Each cache holds the newest state that a reader
has seen; a reader of an older one passes it by.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from nuthatch.contract.statistics import CollectionStatistics
from nuthatch.scoring.cache import PostingCache

if TYPE_CHECKING:
    from nuthatch.scoring.arrays import BoolArray, IdArray
    from nuthatch.scoring.entities import EntityPostings, FuzzyUnion
    from nuthatch.scoring.postings import TermScores

#: How many tokens a `LatestMap` remembers.
_MAX_TOKENS: Final = 100_000
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """What every transaction reads first; an engine adds what tells its states apart."""

    documents: int
    chunks: int
    tokens: int

    @property
    def statistics(self) -> CollectionStatistics:
        """What BM25 knows of the whole index."""
        return CollectionStatistics(self.chunks, self.tokens)


class LatestMap(Generic[Value]):
    """Values by token, in the newest state that was seen; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._latest: tuple[int, dict[str, Value]] = (-1, {})

    def entries(self, state: int) -> dict[str, Value]:
        """Return what is known in a state; what the caller adds is kept, if no later one came."""
        with self._lock:
            newest, known = self._latest
            if state < newest:
                return {}
            if state > newest or len(known) > _MAX_TOKENS:
                known = {}
                self._latest = (state, known)
            return known


class LatestValue(Generic[Value]):
    """One value, of the newest state for which it was given; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._latest: tuple[int, Value] | None = None

    def get(self, state: int) -> Value | None:
        """Return the value in a state, None where it is not known."""
        latest = self._latest
        return latest[1] if latest is not None and latest[0] == state else None

    @property
    def newest(self) -> Value | None:
        """The value that is kept, whichever state it is of."""
        latest = self._latest
        return None if latest is None else latest[1]

    def put(self, state: int, value: Value) -> None:
        """Keep the value of a state, unless that of a later one is kept."""
        with self._lock:
            if self._latest is None or self._latest[0] <= state:
                self._latest = (state, value)


class PostingCaches(Generic[Value]):
    """All caches of one open index; `Value` is what its dictionary knows of a token.

    A subclass adds its own. In a child process an index begins with new ones.
    """

    def __init__(self, max_bytes: int, *, term_share: float = 1.0) -> None:
        """Bound the caches; scored terms take `term_share` of the bytes, 0 bytes keep nothing."""
        self.enabled = max_bytes > 0
        self.terms: PostingCache[TermScores] = PostingCache(int(max_bytes * term_share))
        self.filters: PostingCache[IdArray] = PostingCache(max_bytes // 8)
        self.masks: PostingCache[BoolArray] = PostingCache(max_bytes // 32)
        self.mentions: PostingCache[EntityPostings | FuzzyUnion] = PostingCache(max_bytes // 8)
        #: What the dictionary knows of tokens.
        self.dictionary: LatestMap[Value] = LatestMap()
