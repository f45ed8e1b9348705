"""The columns of an index by document ordinal: facets, totals, order and filters in numpy.

    chunk ids   1 2 3 4 5 6 7 …       owners    0 0 1 - 2 2 3 …     ordinal of each chunk's document
    documents   ids 1 3 5 7           chunks  2 1 2 …               by ordinal, in document order
    column      codes 3 0 1 1         by ordinal                    one a field

A deleted document keeps its ordinal and is not live; a new one gets the next. Both cost what they
touch. Only what is asked of all documents (`Not`, browsing) looks at the live ones: no deleted
document is ever among those that match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any as AnyType
from typing import Self

import numpy as np
import numpy.typing as npt

from nuthatch.contract.columns import Keys
from nuthatch.contract.facet import SCORE, URI, SortKey
from nuthatch.contract.filters import All, Any, AnyOf, Filter, Leaf, Not, Range
from nuthatch.contract.schema import FilterValue
from nuthatch.postings.column import Column, Ordinals, Ranks
from nuthatch.postings.column_block import FieldValues, expand
from nuthatch.scoring.arrays import BoolArray, IdArray, firsts

#: What `sort` compares, the least first.
SortArray = npt.NDArray[AnyType]


class DocumentIds:
    """The documents of a state in document order, by the ids of their chunks."""

    def __init__(
        self, ids: IdArray, chunks: npt.NDArray[np.uint32], live: BoolArray | None = None
    ) -> None:
        """Take the id of each document's first chunk, ascending, and its number of chunks."""
        self.ids = ids
        self.chunks = chunks
        self.live = np.ones(ids.size, dtype=np.bool_) if live is None else live

    @classmethod
    def of(cls, found: FieldValues) -> Self:
        """Return the documents of which `found` has the number of chunks, by id."""
        return cls(found.documents, found.values.astype(np.uint32))

    def __len__(self) -> int:
        return self.ids.size

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, also of `owners`, which is made when it is first used."""
        return self.ids.nbytes + self.chunks.nbytes + self.live.nbytes + 4 * self._end

    @property
    def _end(self) -> int:
        """All ids of chunks are below it."""
        return int(self.ids[-1]) + int(self.chunks[-1]) if self.ids.size else 0

    @cached_property
    def owners(self) -> npt.NDArray[np.int32]:
        """The ordinal of the document of each chunk id; -1 for ids of no chunk."""
        owners = np.full(self._end, -1, dtype=np.int32)
        ordinals = np.arange(self.ids.size, dtype=np.int32)
        if self._has_single_chunks:
            owners[self.ids] = ordinals
            return owners
        owners[expand(self.ids, self.chunks)] = np.repeat(ordinals, self.chunks)
        return owners

    @cached_property
    def _has_single_chunks(self) -> bool:
        return bool((self.chunks == 1).all())

    def first_chunks(self, ids: IdArray) -> IdArray:
        """Return those of ascending ids that are the first of a live document among them."""
        known = ids[: int(np.searchsorted(ids, self.owners.size))]
        owners = self.owners[known]
        return known[firsts(owners) & (owners >= 0) & self.live[owners]]

    def find(self, ids: IdArray) -> BoolArray:
        """Return which documents have these ids, in any order; others may be among them."""
        owners = self.owners[ids[ids < self.owners.size]]
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[owners[owners >= 0]] = True
        return mask & self.live

    def without(self, ids: IdArray, size: int) -> BoolArray:
        """Return by id, below `size`, which chunks are of documents with none of these, ascending.

        Ids of what was deleted may be on either side.
        """
        mask = np.ones(size, dtype=np.bool_)
        if self._has_single_chunks:
            mask[ids] = False
            return mask
        owners = self.owners[ids[: int(np.searchsorted(ids, self.owners.size))]]
        hit = np.zeros(len(self) + 1, dtype=np.bool_)  # the last one is for ids of no chunk
        hit[owners] = True
        hit[-1] = False
        mask[: self.owners.size] = ~hit[self.owners]
        return mask

    def ordinals_of(self, ids: IdArray) -> Ordinals:
        """Return the ordinals of documents by their ids, all of which are known."""
        return np.searchsorted(self.ids, ids)

    def replace(self, gone: IdArray, added: FieldValues) -> DocumentIds:
        """Return the documents without `gone`, which stay as dead ones, and with new ones.

        Ordinals stay what they are where the ids of the new ones are above all.
        """
        live = np.concatenate([self.live, np.ones(added.documents.size, dtype=np.bool_)])
        live[self.ordinals_of(gone)] = False
        ids = np.concatenate([self.ids, added.documents])
        chunks = np.concatenate([self.chunks, added.values.astype(np.uint32)])
        if not self.precedes(added.documents):
            order = np.argsort(ids)
            return DocumentIds(ids[order], chunks[order], live[order])
        return DocumentIds(ids, chunks, live)

    def precedes(self, ids: IdArray) -> bool:
        """Return whether the ids, ascending, are above those of all documents."""
        return not (ids.size and self.ids.size) or bool(ids[0] > self.ids[-1])

    def chunks_of(self, passing: BoolArray) -> IdArray:
        """Return the ids, ascending, of the chunks of some of the documents."""
        if self._has_single_chunks:
            return self.ids[passing]
        return expand(self.ids[passing], self.chunks[passing]).astype(np.uint32)


class ArrayColumns:
    """The values of some declared fields by document; keys are the ids of chunks."""

    def __init__(
        self,
        documents: DocumentIds,
        columns: Mapping[str, Column],
        uris: Ranks | None = None,
        leaves: Mapping[Leaf, BoolArray] | None = None,
    ) -> None:
        """Take the columns of fields by name; to sort by uri, where each document's uri stands
        among all; and for conditions on other fields which documents meet them, by ordinal."""
        self.documents = documents
        self._columns = columns
        self._uris = uris
        self._leaves = leaves or {}
        #: The ids that were asked about last, and their documents: facets ask for one set.
        self._latest: tuple[Keys, Ordinals] | None = None

    def with_leaves(self, leaves: Mapping[Leaf, BoolArray]) -> ArrayColumns:
        """Return the same, together with which documents meet some conditions, by ordinal."""
        return ArrayColumns(self.documents, self._columns, self._uris, leaves)

    def count(self, keys: Keys) -> int:
        return self._documents_of(keys).size

    def count_values(self, keys: Keys, field: str, size: int) -> list[tuple[FilterValue, int]]:
        column = self._columns[field]
        counts = column.count(self._documents_of(keys))
        ranks = most_frequent(counts, size)
        values = [column.values[rank] for rank in ranks.tolist()]
        return [*zip(values, counts[ranks].tolist(), strict=True)]

    def pairs(self, field: str) -> Iterator[tuple[int, FilterValue]]:
        """Yield each document that has a value in a field, by ordinal, with each of its values."""
        column = self._columns[field]
        found = column.ranked()
        owners = np.repeat(found.documents, found.counts).tolist()
        for ordinal, rank in zip(owners, found.values.tolist(), strict=True):
            yield ordinal, column.values[rank]

    def count_ranges(self, keys: Keys, ranges: Sequence[Range]) -> list[int]:
        documents = self._documents_of(keys)
        return [int(np.count_nonzero(self._leaf(item)[documents])) for item in ranges]

    def select(self, keys: Keys, filters: Sequence[Filter]) -> IdArray:
        ids = _ids(keys)
        return ids[self.passing(filters)[self.documents.owners[ids]]]

    def passing(self, filters: Iterable[Filter]) -> BoolArray:
        """Return which documents pass all filters, by ordinal."""
        mask = self.documents.live
        for condition in filters:
            mask = mask & self._passing(condition)
        return mask

    def _passing(self, condition: Filter) -> BoolArray:
        """Return which documents pass a filter; deleted ones may be among them."""
        match condition:
            case All():
                return self.passing(condition.parts)
            case Any():
                mask = np.zeros(len(self.documents), dtype=np.bool_)
                for part in condition.parts:
                    mask |= self._passing(part)
                return mask
            case Not():
                return ~self._passing(condition.part)
        return self._leaf(condition)

    def _leaf(self, condition: Leaf) -> BoolArray:
        known = self._leaves.get(condition)
        if known is not None:
            return known
        if not isinstance(condition, Range | AnyOf):
            raise ValueError(f"{condition!r} is no filter on the values of columns")
        column = self._columns[condition.field]
        if isinstance(condition, AnyOf):
            return column.has_rank_of(column.values.ranks_of(map(_as_stored, condition.values)))
        low, high = (
            None if end is None else _as_stored(end) for end in (condition.gte, condition.lte)
        )
        return column.has_rank_within(*column.values.interval(low, high))

    def sort(
        self,
        keys: Keys,
        order: Sequence[SortKey],
        limit: int,
        *,
        collapse: bool = False,
        scores: Sequence[float] | None = None,
    ) -> list[int]:
        ids = _ids(keys)
        impacts = None if scores is None else np.asarray(scores, dtype=np.float64)
        if impacts is not None:
            ascending = np.argsort(ids)
            ids, impacts = ids[ascending], impacts[ascending]
        owners = self.documents.owners[ids]
        starts = np.flatnonzero(firsts(owners))
        compared = [self._compared(key, owners[starts], starts, impacts) for key in order]
        best = least_of(compared, starts.size, limit)
        if collapse:
            return _to_list(ids[starts[best]])
        counts = np.diff(starts, append=ids.size)
        return _to_list(ids[expand(starts[best], counts[best])][:limit])

    def _compared(
        self,
        key: SortKey,
        documents: npt.NDArray[np.int32],
        starts: Ordinals,
        scores: npt.NDArray[np.float64] | None,
    ) -> SortArray:
        """Return for each document what one key compares, the first in order having the least."""
        if key.field == SCORE:
            if scores is None:
                raise ValueError("to sort by score, scores are needed")
            return -np.maximum.reduceat(scores, starts) if starts.size else scores
        if key.field == URI:
            if self._uris is None:
                raise ValueError("to sort by uri, the order of uris is needed")
            ranks = self._uris[documents].astype(np.int64)
            return -ranks if key.descending else ranks
        column = self._columns[key.field]
        if key.descending:  # without a value: 0, which becomes the greatest
            codes: SortArray = column.greatest[documents]
            falling: SortArray = codes.dtype.type(len(column.values)) - codes
            return falling
        codes = column.least[documents]
        rising: SortArray = codes - codes.dtype.type(1)  # 0 becomes the type's greatest number
        return rising

    def _documents_of(self, keys: Keys) -> Ordinals:
        """Return the documents of chunks that ascend, each once, ascending."""
        latest = self._latest
        if latest is not None and latest[0] is keys:
            return latest[1]
        owners = self.documents.owners[_ids(keys)]
        documents = owners[firsts(owners)].astype(np.intp)
        if isinstance(keys, np.ndarray):  # which nobody changes: an engine's `matching` made it
            self._latest = keys, documents
        return documents


def most_frequent(counts: npt.NDArray[np.intp], size: int) -> Ordinals:
    """Return the places of the `size` greatest counts above 0, ties by place."""
    least = 1
    if counts.size > size:  # most are less frequent than all that are wanted
        least = max(1, int(np.partition(counts, -size)[-size]))
    places = np.flatnonzero(counts >= least)
    # One number that no two places share, so that partitioning cuts between ties, too.
    weights = counts[places] * counts.size + (counts.size - 1 - places)
    if places.size > size:
        kept = np.argpartition(weights, -size)[-size:]
        places, weights = places[kept], weights[kept]
    return places[np.argsort(-weights)]


def least_of(compared: Sequence[SortArray], size: int, limit: int) -> Ordinals:
    """Return the first `limit` of 0 … size − 1, sorted by several arrays, then by themselves."""
    chosen = np.flatnonzero(_is_among_least(compared, size, limit))
    if not compared:
        return chosen
    arrays = [array[chosen] for array in reversed(compared)]
    return chosen[np.lexsort(arrays)]


def _is_among_least(compared: Sequence[SortArray], size: int, limit: int) -> BoolArray:
    """Return which are among the first `limit`: sorting is only for these."""
    if limit >= size:
        return np.ones(size, dtype=np.bool_)
    if not compared:
        return np.arange(size) < limit
    first, *others = compared
    edge = np.partition(first, limit - 1)[limit - 1]
    chosen: BoolArray = first < edge
    ties = np.flatnonzero(first == edge)
    wanted = limit - int(np.count_nonzero(chosen))
    chosen[ties] = _is_among_least([array[ties] for array in others], ties.size, wanted)
    return chosen


def _as_stored(value: object) -> FilterValue:
    """Return a value of a checked filter, which is as documents have it."""
    assert isinstance(value, int | float | str)
    return value


def _to_list(ids: IdArray) -> list[int]:
    listed: list[int] = ids.tolist()
    return listed


def _ids(keys: Keys) -> IdArray:
    return keys if isinstance(keys, np.ndarray) else np.array([*keys], dtype=np.uint32)
