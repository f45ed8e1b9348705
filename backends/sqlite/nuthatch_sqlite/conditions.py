"""What the phrases and exclusions of a rung leave: sets of chunks, kept like those of filters.

    "dark matter"    FTS5 finds the phrase in either column      ids
    -machine         the documents of its chunks are masked      True for the chunks of all others

FTS5 only finds phrases; what scores are the words, by their postings.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import Phrase, Rung
from nuthatch.postings import restrict
from nuthatch.scoring import union
from nuthatch_sqlite.columns import read_columns
from nuthatch_sqlite.postings import Ids, Postings
from nuthatch_sqlite.state import Caches, State

Mask = npt.NDArray[np.bool_]


class Conditions:
    """Phrases and exclusions in one snapshot, through the caches."""

    def __init__(
        self, connection: apsw.Connection, state: State, caches: Caches, postings: Postings
    ) -> None:
        self._connection = connection
        self._state = state
        self._caches = caches
        self._postings = postings

    def restrict(self, rung: Rung, passing: Ids | None) -> Ids | Mask | None:
        """Return what of the chunks that pass filters (None: all) a rung may match."""
        phrases = [self._postings.phrase_ids(phrase) for phrase in dict.fromkeys(rung.phrases)]
        return restrict(passing, phrases, self._kept(rung.excluded) if rung.excluded else None)

    def _kept(self, excluded: Sequence[Phrase]) -> Mask:
        """Return by id of a chunk whether its document has nothing of what is excluded."""
        distinct = sorted(set(excluded))
        key = f"without {distinct}"  # the keys of filters begin with a bracket
        mask = self._caches.masks.get(self._state.generation, key)
        if mask is None:
            ids = union([self._postings.phrase_ids(phrase) for phrase in distinct])
            mask = self._mask_documents(ids)
            self._caches.masks.put(self._state.generation, key, mask)
        return mask

    def _mask_documents(self, ids: Ids) -> Mask:
        state = self._state
        if state.chunks == state.documents:  # one chunk each: the owners need not be read
            mask = np.ones(state.next_chunk, dtype=np.bool_)
            mask[ids] = False
            return mask
        columns = read_columns(self._connection, state, self._caches.columns, ())
        return columns.documents.without(ids, state.next_chunk)
