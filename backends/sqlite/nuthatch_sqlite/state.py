"""The state of an index, and what all readers of one index share. Imports no numpy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import apsw

from nuthatch import IndexCorrupt, Schema
from nuthatch.postings import IndexCounts, LatestValue, PostingCaches, readable
from nuthatch.scoring import PostingCache
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import one, rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nuthatch.postings import ColumnStore

#: From so many tokens on one statement for all of them takes less time than one for each.
_MANY: Final = 4
#: From how many tokens on those with one beginning are counted in a walk over all of them.
_WALKED: Final = 64
#: The last code point: no token holds it.
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class State(IndexCounts):
    """The row that every transaction reads first."""

    generation: int
    next_chunk: int
    #: How many rows the dictionary of surfaces has.
    surfaces: int
    #: Documents that were removed since it had no word but theirs.
    removed: int

    @property
    def length_blocks(self) -> int:
        """The number of blocks that the lengths of chunks take, of those that are gone too."""
        return -(-self.next_chunk // schema.LENGTHS) if self.next_chunk > 1 else 0

    @classmethod
    def read(cls, connection: apsw.Connection) -> State:
        """Return the state; reading it fixes the snapshot of the transaction."""
        row = one(connection, schema.STATE)
        if row is None:
            raise IndexCorrupt("the index has lost its counts; restore it from a copy")
        with readable("the row of counts"):
            return cls(*map(int, row))


class Caches(PostingCaches[int]):
    """What all readers of one backend share; columns take at most a quarter of the bytes."""

    def __init__(self, max_bytes: int, declared: Schema) -> None:
        super().__init__(max_bytes)
        self._declared = declared
        self._columns_bytes = max_bytes // 4
        self._searches = count()
        #: The surface words of the latest state, once `vocabulary` has read any.
        self.vocabulary: list[Any] = []
        #: Tokens per chunk, indexed by chunk id.
        self.lengths: LatestValue[npt.NDArray[np.uint32]] = LatestValue()
        #: What words begin with a prefix.
        self.completions: PostingCache[Any] = PostingCache(max_bytes // 64)

    @cached_property
    def columns(self) -> ColumnStore:
        """The columns of the latest state."""
        from nuthatch.postings import ColumnStore  # imports numpy

        return ColumnStore(self._declared, self._columns_bytes)

    def begin_search(self) -> bool:
        """Return whether this is the first search."""
        return next(self._searches) == 0


def frequencies_of(
    connection: apsw.Connection,
    state: State,
    caches: Caches,
    tokens: Iterable[str],
    beginning: str = "",
) -> dict[str, int]:
    """Return the number of chunks that hold each token; nearly all have the beginning, if any."""
    known = caches.dictionary.entries(state.generation)
    wanted = [*dict.fromkeys(tokens)]
    missing = [token for token in wanted if token not in known]
    if beginning and len(missing) > _WALKED:
        known.update(rows(connection, schema.FREQUENCIES_FROM, (beginning, beginning + _LAST)))
        missing = [token for token in missing if token not in known]
    if len(missing) < _MANY:
        for token in missing:
            row = one(connection, schema.FREQUENCY, (token,))
            known[token] = row[0] if row else 0
    else:
        # Other threads read these meanwhile: what is put there is right from the start.
        counts = dict.fromkeys(missing, 0)
        counts.update(rows(connection, schema.FREQUENCIES, (json.dumps(missing),)))
        known.update(counts)
    return {token: known[token] for token in wanted}
