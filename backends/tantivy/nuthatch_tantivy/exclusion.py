"""Exclusions are of whole documents; Tantivy knows chunks only.

    -fox   doc 1   the quick | brown fox | jumps      chunk 2 holds it: Tantivy leaves it out
                       ✕           ✕         ✕        chunks 1 and 3 are left out here

So the chunks that hold what is excluded are read, and kept as sets are that facets are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nuthatch_tantivy.caches import owners_of

if TYPE_CHECKING:
    from nuthatch.postings import DocumentIds
    from nuthatch_tantivy.caches import Ids


class Excluded:
    """The documents of which some chunk is in one of several sets."""

    def __init__(self, documents: DocumentIds, sets: Iterable[Ids]) -> None:
        self._documents = documents
        self._is_excluded = np.zeros(len(documents), dtype=np.bool_)
        for ids in sets:
            self._is_excluded[owners_of(ids, documents)] = True

    def keeps(self, ids: Ids | Sequence[int]) -> npt.NDArray[np.bool_]:
        """Return of each chunk whether its document is not excluded. Raise `ValueError` for a chunk
        of no document."""
        numbers = np.asarray(ids, dtype=np.int64)
        return ~self._is_excluded[owners_of(numbers, self._documents)]
