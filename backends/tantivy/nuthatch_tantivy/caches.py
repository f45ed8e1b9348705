"""What all readers of an index share, whatever the state: columns, sets of chunks that match, and
the dictionary of words.

They outlive a commit. Of columns the store reads what the commit touched; of a set the chunks that
were deleted go, and the ones that are new are matched; the dictionary grows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nuthatch_tantivy.words import KnownWords, NewestWords

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from nuthatch import Schema
    from nuthatch.postings import ColumnStore, DocumentIds
    from nuthatch_tantivy.columns import TextNumbers

    Ids = npt.NDArray[np.uint32]
    Ordinals = npt.NDArray[np.int32]

_OF_NONE: Final = "a chunk that matches is of no document in the columns"
#: Bytes that a set takes beside its ids and the text of its key, about.
_SET_BYTES: Final = 1024


class Caches:
    """The caches of one index; half of the bytes is for columns, half for sets."""

    def __init__(self, identity: bytes, declared: Schema, max_bytes: int) -> None:
        self.identity = identity
        self._declared = declared
        self._max_bytes = max_bytes // 2
        self.matching = MatchingSets(max_bytes // 2)
        self.words = KnownWords()
        self.dictionary = NewestWords()
        #: The commit of which the columns were last compared with the segments.
        self.compared: int | None = None

    # Made when they are used, as they import numpy.

    @cached_property
    def columns(self) -> ColumnStore:
        """The columns of the newest state that was read."""
        from nuthatch.postings import ColumnStore

        return ColumnStore(self._declared, self._max_bytes)

    @cached_property
    def texts(self) -> TextNumbers:
        """The numbers of texts, for the one who writes."""
        from nuthatch_tantivy.columns import TextNumbers

        return TextNumbers()


class _Set(NamedTuple):
    """The chunks that match, of all with ids up to `last`, in the state of a commit."""

    commit: int
    last: int
    ids: Ids
    key_bytes: int

    @property
    def nbytes(self) -> int:
        """Bytes of the ids and the key, about: most sets that a service is asked for are small."""
        return self.ids.nbytes + self.key_bytes


class MatchingSets:
    """The sets of chunks that were asked for last; threads share them."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._nbytes = 0
        self._sets: OrderedDict[Hashable, _Set] = OrderedDict()
        self._lock = Lock()

    def read(
        self,
        key: Hashable,
        commit: int,
        documents: Callable[[], DocumentIds],
        search: Callable[[int], Ids],
    ) -> Ids:
        """Return the set of a key in a state. `search` returns the ids above a given one, -1 for
        all."""
        with self._lock:
            known = self._sets.get(key)
        if known is not None and known.commit == commit:
            ids = known.ids
        elif known is not None and known.commit < commit:
            ids = _join(_live(known.ids, documents()), search(known.last))
        else:
            ids = search(-1)
        owners_of(ids, documents())
        key_bytes = _SET_BYTES + len(repr(key)) if known is None else known.key_bytes
        self._keep(key, _Set(commit, documents().owners.size - 1, ids, key_bytes))
        return ids

    def _keep(self, key: Hashable, found: _Set) -> None:
        """Keep a set as the one that was used last, unless one of a later state is kept."""
        with self._lock:
            before = self._sets.get(key)
            if before is not None and before.commit > found.commit:
                return
            if before is not None:
                del self._sets[key]
                self._nbytes -= before.nbytes
            if found.nbytes <= self._max_bytes // 4:
                self._sets[key] = found
                self._nbytes += found.nbytes
            while self._nbytes > self._max_bytes:
                self._nbytes -= self._sets.popitem(last=False)[1].nbytes


def owners_of(ids: npt.NDArray[np.integer[Any]], documents: DocumentIds) -> Ordinals:
    """Return the ordinal of each chunk's document. Raise `ValueError` for a chunk of none."""
    ordinals = documents.owners
    if ids.size and int(ids.max()) >= ordinals.size:
        raise ValueError(_OF_NONE)
    found: Ordinals = ordinals[ids]
    if found.size and int(found.min()) < 0:
        raise ValueError(_OF_NONE)
    return found


def _live(ids: Ids, documents: DocumentIds) -> Ids:
    """Return the ids that are chunks of documents that are still there."""
    owners = documents.owners
    owners = owners[ids[ids < owners.size]]
    return ids[: owners.size][(owners >= 0) & documents.live[owners]]


def _join(before: Ids, after: Ids) -> Ids:
    import numpy as np

    return np.concatenate([before, after]) if after.size else before
