"""A column: what documents have in one declared field, by their ordinals, in numpy.

    values   1984 1999 2010           the distinct values, ascending: a value's place is its rank
    codes    3 0 1 1 2                by ordinal, rank + 1; 0 where there is none   `SingleColumn`
    starts   0 2 2 3 …                by ordinal; its ranks are those from there on `ListColumn`

A column never changes: `replace` makes another one. So threads share it, and what a write touched
is all that a write costs. Ranges are intervals of ranks, and sorting compares ranks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import islice
from operator import lt
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nuthatch.contract.schema import FilterValue
from nuthatch.postings.column_block import FieldValues, expand
from nuthatch.scoring.arrays import BoolArray

#: Ordinals of documents, ascending.
Ordinals = npt.NDArray[np.intp]
Ranks = npt.NDArray[Any]
#: Integers are ranked by a table of their span, where that is at most so many entries a value.
_TABLE: Final = 4
#: To compare all values with so many ranks, one by one, takes less than to look each one up.
_FEW: Final = 4
#: About what a Python text takes beside its characters.
_TEXT_BYTES: Final = 58


class SortedValues:
    """The distinct values of a column, ascending: numbers by size, texts by code point."""

    def __init__(self, values: npt.NDArray[Any]) -> None:
        """Take values that ascend: int64, float64, or texts as objects."""
        self.array = values

    def __len__(self) -> int:
        return self.array.size

    def __getitem__(self, rank: int) -> FilterValue:
        value: FilterValue = self.array.item(rank)
        return value

    @cached_property
    def nbytes(self) -> int:
        """Bytes of the values."""
        if self.array.dtype != object:
            return self.array.nbytes
        lengths = sum(map(len, self.array.tolist()))
        return self.array.nbytes + _TEXT_BYTES * self.array.size + lengths

    def interval(self, low: FilterValue | None, high: FilterValue | None) -> tuple[int, int]:
        """Return the ranks from … to (exclusive) of the values within inclusive bounds."""
        array = self.array
        ranks, value_at = range(array.size), array.item
        start = 0 if low is None else bisect_left(ranks, low, key=value_at)
        stop = array.size if high is None else bisect_right(ranks, high, key=value_at)
        return start, max(start, stop)

    def ranks_of(self, values: Iterable[FilterValue]) -> Ranks:
        """Return the ranks of those of these values that there are, ascending."""
        is_text = self.array.dtype == object
        fitting = {value for value in values if isinstance(value, str) == is_text}
        wanted = np.array(sorted(fitting), dtype=self.array.dtype)
        at = np.searchsorted(self.array, wanted)
        inside = at < self.array.size
        at, wanted = at[inside], wanted[inside]
        ranks: Ranks = at[self.array[at] == wanted]
        return ranks

    def merge(self, others: npt.NDArray[Any]) -> tuple[SortedValues, Ranks, Ranks]:
        """Return the values together with others, which ascend; the new rank of each old one, and
        the rank of each of the others."""
        at = np.searchsorted(self.array, others)
        known = np.zeros(others.size, dtype=np.bool_)
        inside = at < self.array.size
        known[inside] = self.array[at[inside]] == others[inside]
        if known.all():
            return self, np.arange(self.array.size), at
        added, new = at[~known], others[~known]
        merged = SortedValues(np.insert(self.array, added, new))
        merged.nbytes = self.nbytes + SortedValues(new).nbytes  # to measure all texts takes longer
        moved = np.arange(self.array.size) + np.searchsorted(
            added, np.arange(self.array.size), side="right"
        )
        return merged, moved, np.searchsorted(merged.array, others)


class Column(ABC):
    """What the documents of one state have in one field."""

    values: SortedValues
    #: How many ordinals there are.
    size: int

    @staticmethod
    def of(size: int, found: FieldValues, names: npt.NDArray[Any] | None = None) -> Column:
        """Return the column of so many documents; `found` has their ordinals in place of ids.

        With `names`, values are codes, of which these are the texts: `names[code]`, as objects.
        """
        if names is None:
            distinct, ranks = _distinct_ranks(found.values)
        elif _ascends(names.tolist()):
            distinct, ranks = names, found.values
        else:
            order = np.array(sorted(range(names.size), key=names.tolist().__getitem__), np.intp)
            rank_of = np.empty(names.size, dtype=np.intp)
            rank_of[order] = np.arange(names.size)
            distinct, ranks = names[order], rank_of[found.values]
        return _build(SortedValues(distinct), size, found._replace(values=ranks))

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes of the arrays and values."""

    @abstractmethod
    def count(self, documents: Ordinals) -> npt.NDArray[np.intp]:
        """Return for each rank how many of these distinct documents have its value."""

    @abstractmethod
    def has_rank_within(self, start: int, stop: int) -> BoolArray:
        """Return which documents have a value with a rank from … to (exclusive)."""

    @abstractmethod
    def has_rank_of(self, ranks: Ranks) -> BoolArray:
        """Return which documents have a value of one of these ranks."""

    @property
    @abstractmethod
    def least(self) -> Ranks:
        """The rank + 1 of each document's least value, 0 where it has none."""

    @property
    @abstractmethod
    def greatest(self) -> Ranks:
        """The rank + 1 of each document's greatest value, 0 where it has none."""

    @abstractmethod
    def ranked(self) -> FieldValues:
        """Return the ranks of all documents with a value, by ordinal."""

    def replace(
        self,
        size: int,
        gone: npt.ArrayLike,
        added: FieldValues,
        places: Ordinals | None = None,
    ) -> Column:
        """Return the column of `size` documents in which some have other values.

        `places` has the new ordinals of the old documents, ascending, where these change. The
        ordinals in `gone` have no value, those in `added` have the values given there; the others
        have what they had.
        """
        distinct = np.unique(added.values) if added.values.size else added.values
        values, moved, ranks = self.values.merge(distinct.astype(self.values.array.dtype))
        placed = added._replace(values=ranks[np.searchsorted(distinct, added.values)])
        return self._replace(values, moved, size, np.asarray(gone, dtype=np.intp), placed, places)

    def _replace(
        self,
        values: SortedValues,
        moved: Ranks,
        size: int,
        gone: Ordinals,
        added: FieldValues,
        places: Ordinals | None,
    ) -> Column:
        """Do the same with ranks, given that of each old value among the new ones."""
        old = self.ranked()
        old = old._replace(values=moved[old.values])
        if places is not None:
            old = old._replace(documents=places[old.documents].astype(np.uint32))
        return _build(values, size, old.replace(gone, added))


class SingleColumn(Column):
    """A column in which no document has two values."""

    codes: Ranks

    def __init__(self, values: SortedValues, codes: Ranks) -> None:
        self.values = values
        self.codes = codes
        self.size = codes.size

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self.values.nbytes

    def count(self, documents: Ordinals) -> npt.NDArray[np.intp]:
        return np.bincount(self.codes[documents], minlength=len(self.values) + 1)[1:]

    def has_rank_within(self, start: int, stop: int) -> BoolArray:
        within: BoolArray = (self.codes > start) & (self.codes <= stop)
        return within

    def has_rank_of(self, ranks: Ranks) -> BoolArray:
        wanted = np.zeros(len(self.values) + 1, dtype=np.bool_)
        wanted[ranks + 1] = True
        return wanted[self.codes]

    @property
    def least(self) -> Ranks:
        return self.codes

    @property
    def greatest(self) -> Ranks:
        return self.codes

    def ranked(self) -> FieldValues:
        documents = np.flatnonzero(self.codes)
        ones = np.ones(documents.size, dtype=np.uint32)
        return FieldValues(documents.astype(np.uint32), ones, self.codes[documents] - 1)

    def _replace(
        self,
        values: SortedValues,
        moved: Ranks,
        size: int,
        gone: Ordinals,
        added: FieldValues,
        places: Ordinals | None,
    ) -> Column:
        if bool((added.counts > 1).any()):
            return super()._replace(values, moved, size, gone, added, places)
        dtype = np.min_scalar_type(len(values))
        codes = np.zeros(size, dtype=dtype)
        old = self.codes
        if values is not self.values:
            old = np.concatenate([[0], moved + 1]).astype(dtype)[self.codes]
        codes[slice(self.size) if places is None else places] = old
        codes[gone] = 0
        codes[added.documents] = added.values + 1
        return SingleColumn(values, codes)


class ListColumn(Column):
    """A column in which a document may have several values, in any order."""

    def __init__(self, values: SortedValues, starts: npt.NDArray[np.uint32], ranks: Ranks) -> None:
        self.values = values
        self.starts = starts
        self.ranks = ranks
        self.size = starts.size - 1
        self._lengths = np.diff(starts)

    @property
    def nbytes(self) -> int:
        arrays = (self.starts, self.ranks, self._lengths)
        # The three that are made when they are first used are counted, too.
        later = 4 * self.ranks.size + 8 * self.size
        return sum(array.nbytes for array in arrays) + later + self.values.nbytes

    def count(self, documents: Ordinals) -> npt.NDArray[np.intp]:
        at = expand(self.starts[documents], self._lengths[documents])
        return np.bincount(self.ranks[at], minlength=len(self.values))

    def has_rank_within(self, start: int, stop: int) -> BoolArray:
        return self._owners_of((self.ranks >= start) & (self.ranks < stop))

    def has_rank_of(self, ranks: Ranks) -> BoolArray:
        if ranks.size <= _FEW:
            chosen = np.zeros(self.ranks.size, dtype=np.bool_)
            for rank in ranks.tolist():
                chosen |= self.ranks == rank
            return self._owners_of(chosen)
        wanted = np.zeros(len(self.values), dtype=np.bool_)
        wanted[ranks] = True
        return self._owners_of(wanted[self.ranks])

    def _owners_of(self, chosen: BoolArray) -> BoolArray:
        mask = np.zeros(self.size, dtype=np.bool_)
        mask[self._owners[np.flatnonzero(chosen)]] = True
        return mask

    @cached_property
    def _owners(self) -> npt.NDArray[np.uint32]:
        return np.repeat(np.arange(self.size, dtype=np.uint32), self._lengths)

    @cached_property
    def least(self) -> Ranks:
        return self._ends(np.minimum)

    @cached_property
    def greatest(self) -> Ranks:
        return self._ends(np.maximum)

    def _ends(self, choose: np.ufunc) -> Ranks:
        codes = np.zeros(self.size, dtype=np.uint32)
        filled = np.flatnonzero(self._lengths)
        if filled.size:
            codes[filled] = choose.reduceat(self.ranks, self.starts[filled])
            codes[filled] += np.uint32(1)
        return codes

    def ranked(self) -> FieldValues:
        documents = np.flatnonzero(self._lengths)
        counts = self._lengths[documents].astype(np.uint32)
        return FieldValues(documents.astype(np.uint32), counts, self.ranks)

    def _replace(
        self,
        values: SortedValues,
        moved: Ranks,
        size: int,
        gone: Ordinals,
        added: FieldValues,
        places: Ordinals | None,
    ) -> Column:
        is_appended = not gone.size and bool((added.documents >= self.size).all())
        if places is not None or not is_appended:
            return super()._replace(values, moved, size, gone, added, places)
        # What the old documents have is copied as one piece.
        lengths = np.zeros(size - self.size, dtype=np.uint32)
        lengths[added.documents - self.size] = added.counts
        ends = self.starts[-1] + np.cumsum(lengths, dtype=np.uint32)
        old = self.ranks if values is self.values else moved[self.ranks]
        dtype = np.min_scalar_type(max(len(values) - 1, 0))
        ranks = np.concatenate([old, added.values], dtype=dtype, casting="unsafe")
        return ListColumn(values, np.concatenate([self.starts, ends]), ranks)


def _ascends(texts: Sequence[str]) -> bool:
    """Return whether texts are distinct and in order, as an engine may number them."""
    return all(map(lt, texts, islice(texts, 1, None)))


def _distinct_ranks(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Ranks]:
    """Return the distinct values, ascending, and the rank of each value among them."""
    if values.dtype.kind == "i" and values.size:
        least = int(values.min())
        span = int(values.max()) - least + 1
        if span <= _TABLE * values.size:  # a table takes a tenth of the time of sorting
            present = np.zeros(span, dtype=np.bool_)
            present[values - least] = True
            places = np.cumsum(present) - 1
            return np.flatnonzero(present) + least, places[values - least]
    return np.unique(values, return_inverse=True)


def _build(values: SortedValues, size: int, ranked: FieldValues) -> Column:
    """Return the column of documents whose values are given by their ranks."""
    if bool((ranked.counts <= 1).all()):
        codes = np.zeros(size, dtype=np.min_scalar_type(len(values)))
        codes[ranked.documents] = ranked.values
        codes[ranked.documents] += codes.dtype.type(1)
        return SingleColumn(values, codes)
    lengths = np.zeros(size, dtype=np.uint32)
    lengths[ranked.documents] = ranked.counts
    starts = np.concatenate([np.zeros(1, np.uint32), np.cumsum(lengths, dtype=np.uint32)])
    ranks = ranked.values.astype(np.min_scalar_type(max(len(values) - 1, 0)))
    return ListColumn(values, starts, ranks)
