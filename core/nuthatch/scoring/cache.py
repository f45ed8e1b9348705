"""A cache of scored terms, bounded in bytes, that never serves another state of the index.

    generation 7 seen, cache at 7    serve
    generation 8 seen, cache at 7    drop everything, go on at 8
    generation 7 seen, cache at 8    a reader on an old snapshot: always a miss, never stored

Generations are the backend's: raised in every write transaction, read first in each read
transaction.
"""

import sys
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """A value whose arrays hold `nbytes` bytes; it never changes, as threads share it."""

    @property
    def nbytes(self) -> int:
        """Bytes of the data."""


Value = TypeVar("Value", bound=Sized)

#: Bytes that an entry takes beside its arrays' data and its term: objects, headers, dict slots.
ENTRY_BYTES = 768
#: How many terms `seen_before` remembers; the oldest are forgotten first.
SEEN_TERMS = 16_384


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """Look-ups since the cache was made, in counts, and what it holds now."""

    hits: int
    misses: int
    entries: int
    bytes: int
    max_bytes: int
    generation: int | None


class PostingCache(Generic[Value]):
    """A cache of the terms used last, at most `max_bytes` of them; safe to share between threads.

    Values are immutable and shared, not copied. An entry larger than the whole cache is refused
    rather than let it empty the cache. ValueError for a negative bound; 0 keeps nothing.
    """

    def __init__(self, max_bytes: int) -> None:
        if max_bytes < 0:
            raise ValueError(f"max_bytes must not be negative, found {max_bytes}")
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._generation: int | None = None
        self._entries: OrderedDict[str, Value] = OrderedDict()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._bytes = 0
        self._hits = 0
        self._misses = 0

    def get(self, generation: int, term: str) -> Value | None:
        """Return the term's value in that generation, or None."""
        with self._lock:
            value = self._entries.get(term) if self._current(generation) else None
            if value is None:
                self._misses += 1
                return None
            self._hits += 1
            self._entries.move_to_end(term)
            return value

    def put(self, generation: int, term: str, value: Value) -> bool:
        """Store a term's value, evicting what was unused longest; False where it is refused."""
        cost = _cost(term, value)
        with self._lock:
            if not self._current(generation) or cost > self._max_bytes:
                return False
            replaced = self._entries.pop(term, None)
            if replaced is not None:
                self._bytes -= _cost(term, replaced)
            while self._entries and self._bytes + cost > self._max_bytes:
                self._bytes -= _cost(*self._entries.popitem(last=False))
            if not self._entries:  # an interrupt may have come between an entry and its count
                self._bytes = 0
            self._entries[term] = value
            self._bytes += cost
            return True

    def seen_before(self, generation: int, term: str) -> bool:
        """Record that a term is used in this generation; return whether it was used before.

        So that a caller can cache a term at its second use, where caching it at the first costs
        more than it saves. Only a hash is kept: False may be wrong after many terms, True in one
        of 2**60 cases.
        """
        key = hash(term)
        with self._lock:
            if not self._current(generation):
                return False
            if key in self._seen:
                self._seen.move_to_end(key)
                return True
            if len(self._seen) >= SEEN_TERMS:
                self._seen.popitem(last=False)
            self._seen[key] = None
            return False

    def clear(self) -> None:
        """Forget every entry and every term seen; counts and generation stay."""
        with self._lock:
            self._entries, self._seen, self._bytes = OrderedDict(), OrderedDict(), 0

    def info(self) -> CacheInfo:
        """Return the counts at one moment."""
        with self._lock:
            return CacheInfo(
                self._hits,
                self._misses,
                len(self._entries),
                self._bytes,
                self._max_bytes,
                self._generation,
            )

    def _current(self, generation: int) -> bool:
        if self._generation is None or generation > self._generation:
            self._entries, self._seen, self._bytes = OrderedDict(), OrderedDict(), 0
            self._generation = generation
        return generation == self._generation


def _cost(term: str, value: Sized) -> int:
    return value.nbytes + sys.getsizeof(term) + ENTRY_BYTES
