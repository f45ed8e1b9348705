"""What documents have in one field, and its stored form: blocks as `block_layout` lays them out.

A value is a number; engines number texts by a dictionary of their own. Blocks are decoded all at
once: a column of 500,000 documents takes some milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nuthatch.postings.block_layout import BITS, BLOCK_IDS, FIRST_COUNT, HEAD, TYPES
from nuthatch.scoring.arrays import IdArray, firsts

_UNSIGNED: Final = 3
_WIDE: Final = TYPES.index("i8")
_FLOAT: Final = TYPES.index("f8")


class FieldValues(NamedTuple):
    """What documents have in one field.

    `documents` are ids, strictly ascending, each of a document with a value; `counts` says how
    many each has, and `values` (int64 or float64) are joined in that order.
    """

    documents: IdArray
    counts: npt.NDArray[np.uint32]
    values: npt.NDArray[Any]

    @classmethod
    def of(cls, rows: Iterable[tuple[int, Sequence[float]]], dtype: npt.DTypeLike) -> FieldValues:
        """Return the values of documents, given with ascending ids; repeats are one value."""
        kept = [(document, sorted(set(values))) for document, values in rows if values]
        return cls(
            np.array([document for document, _ in kept], dtype=np.uint32),
            np.array([len(values) for _, values in kept], dtype=np.uint32),
            np.array([value for _, values in kept for value in values], dtype=dtype),
        )

    @classmethod
    def from_pairs(
        cls, documents: Sequence[int], values: Sequence[float], dtype: npt.DTypeLike
    ) -> FieldValues:
        """Return the values of documents, each beside its document's id, in any order; repeats are
        one value."""
        ids, given = np.array(documents, dtype=np.uint32), np.array(values, dtype=dtype)
        order = np.lexsort((given, ids))
        ids, given = ids[order], given[order]
        is_new = firsts(ids)
        kept = is_new | firsts(given)
        starts = np.flatnonzero(is_new[kept])
        counts = np.diff(starts, append=np.count_nonzero(kept)).astype(np.uint32)
        return cls(ids[is_new], counts, given[kept])

    @classmethod
    def join(cls, parts: Sequence[FieldValues], dtype: npt.DTypeLike) -> FieldValues:
        """Return the values of several parts, the ids of each above those of the part before."""
        documents = [np.zeros(0, np.uint32), *(part.documents for part in parts)]
        counts = [np.zeros(0, np.uint32), *(part.counts for part in parts)]
        values = [np.zeros(0, dtype), *(part.values.astype(dtype, copy=False) for part in parts)]
        return cls(np.concatenate(documents), np.concatenate(counts), np.concatenate(values))

    def select(self, kept: npt.NDArray[np.bool_]) -> FieldValues:
        """Return the values of some of the documents."""
        return FieldValues(
            self.documents[kept], self.counts[kept], self.values[np.repeat(kept, self.counts)]
        )

    def replace(self, gone: npt.ArrayLike, added: FieldValues) -> FieldValues:
        """Return the values without those of `gone` documents, and with others added to them.

        Documents that are in `added` have the values given there and no others.
        """
        without = np.concatenate([np.asarray(gone, dtype=np.uint32), added.documents])
        rest = self.select(~np.isin(self.documents, without))
        if not added.documents.size:
            return rest
        both = FieldValues.join([rest, added], self.values.dtype)
        if not rest.documents.size or rest.documents[-1] < added.documents[0]:
            return both
        order = np.argsort(both.documents, kind="stable")
        starts = np.cumsum(both.counts) - both.counts
        counts = both.counts[order]
        return FieldValues(
            both.documents[order], counts, both.values[expand(starts[order], counts)]
        )


def expand(starts: npt.NDArray[Any], counts: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Return the positions start, start + 1, … of each run, joined: what a gather reads."""
    ends = np.cumsum(counts, dtype=np.intp)
    total = int(ends[-1]) if ends.size else 0
    return np.repeat(starts.astype(np.intp) - (ends - counts), counts) + np.arange(total)


#: The block of ids of which none has a value.
EMPTY_BLOCK: Final = HEAD.pack(0, 0, 0) + bytes(BITS)


def pack_blocks(found: FieldValues) -> dict[int, bytes]:
    """Return the blocks that hold these values, by the number of the block: id // 1,024."""
    ends = np.concatenate([np.zeros(1, np.intp), np.cumsum(found.counts, dtype=np.intp)])
    return {
        number: _pack(
            found.documents[start:end] - number * BLOCK_IDS,
            found.counts[start:end],
            found.values[ends[start] : ends[end]],
        )
        for number, start, end in _runs(found.documents)
    }


def _runs(ids: IdArray) -> list[tuple[int, int, int]]:
    """Return for each block that ids fall into its number, and the first and last of its ids."""
    numbers = ids // BLOCK_IDS
    starts = np.flatnonzero(firsts(numbers)).tolist()
    return (
        [*zip(numbers[starts].tolist(), starts, [*starts[1:], ids.size], strict=True)]
        if starts
        else []
    )


def _pack(offsets: IdArray, counts: npt.NDArray[np.uint32], values: npt.NDArray[Any]) -> bytes:
    bits = np.zeros(BLOCK_IDS, dtype=np.bool_)
    bits[offsets] = True
    kind, base, stored = _narrow_values(values)
    several = 0 if bool((counts == 1).all()) else _narrowest(int(counts.max()))
    return b"".join(
        (
            HEAD.pack(kind, several, base),
            np.packbits(bits).tobytes(),
            counts.astype(f"<{TYPES[several]}").tobytes() if several else b"",
            stored.tobytes(),
        )
    )


def _narrow_values(values: npt.NDArray[Any]) -> tuple[int, int, npt.NDArray[Any]]:
    """Return the type that values are stored in, what is added to each, and how they are then."""
    if values.dtype.kind == "f":
        return _FLOAT, 0, values.astype("<f8")
    if not values.size:
        return 0, 0, values
    least, most = int(values.min()), int(values.max())
    if most - least >= 2**32:
        return _WIDE, 0, values.astype("<i8")
    if most == least:
        return 0, least, values[:0]
    kind = _narrowest(most - least)
    return kind, least, (values - least).astype(f"<{TYPES[kind]}")


def _narrowest(most: int) -> int:
    """Return the number of the smallest unsigned type that holds `most`."""
    return next(
        kind for kind in range(1, _UNSIGNED + 1) if most < 256 ** np.dtype(TYPES[kind]).itemsize
    )


def unpack_blocks(
    rows: Iterable[tuple[int, bytes]],
    dtype: npt.DTypeLike,
    *,
    having: Sequence[int] | None = None,
) -> FieldValues:
    """Return the values in blocks, given with ascending numbers; int64 or float64.

    With `having`, blocks of whole numbers that have none of these are left out: so a few rare
    values are found in a small part of the time. Raise `ValueError` for a block that is damaged.
    """
    bitmaps, counts, values = [b""], [np.zeros(0, np.uint32)], [np.zeros(0, dtype)]
    numbers: list[int] = []
    before = -1
    for number, blob in rows:
        if number <= before:
            raise ValueError(f"block {number} of a column follows block {before}")
        before = number
        layout = _read_layout(number, blob)
        if having is not None and not any(layout.has(blob, value) for value in having):
            continue
        numbers.append(number)
        each, content = layout.unpack(blob, dtype)
        bitmaps.append(blob[HEAD.size : FIRST_COUNT])
        counts.append(each)
        values.append(content)
    at = np.flatnonzero(np.unpackbits(np.frombuffer(b"".join(bitmaps), np.uint8)))
    block, offset = np.divmod(at, BLOCK_IDS)
    documents = np.array(numbers, dtype=np.intp)[block] * BLOCK_IDS + offset
    return FieldValues(documents.astype(np.uint32), np.concatenate(counts), np.concatenate(values))


class _Layout(NamedTuple):
    """Where a block has what: how many values each document has, and where the values begin."""

    each: npt.NDArray[np.uint32]
    total: int
    #: None where all values are `base`.
    type: str | None
    base: int
    at: int

    def has(self, blob: bytes, value: int) -> bool:
        """Return whether a whole number is among the values."""
        if self.type is None:
            return value == self.base
        # numpy compares any whole number, also one that the stored type does not hold.
        return bool((np.frombuffer(blob, self.type, -1, self.at) == value - self.base).any())

    def unpack(
        self, blob: bytes, dtype: npt.DTypeLike
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return how many values each document has, and the values."""
        if self.type is None:
            return self.each, np.full(self.total, self.base, dtype=dtype)
        content = np.frombuffer(blob, self.type, -1, self.at).astype(dtype)
        return self.each, content + np.dtype(dtype).type(self.base) if self.base else content


def _read_layout(number: int, blob: bytes) -> _Layout:
    """Return the layout of a block. Raise `ValueError` where its length is not what it says."""
    if len(blob) < FIRST_COUNT:
        raise ValueError(f"block {number} of a column has {len(blob)} bytes")
    kind, several, base = HEAD.unpack_from(blob)
    found = int.from_bytes(blob[HEAD.size : FIRST_COUNT], "big").bit_count()
    each, at = np.ones(found, dtype=np.uint32), FIRST_COUNT
    if several:
        each = np.frombuffer(blob, _type(number, several), found, at).astype(np.uint32)
        at += np.dtype(TYPES[several]).itemsize * found
    total = int(each.sum(dtype=np.uint64)) if several else found
    if not kind:
        if at != len(blob) or several:
            raise ValueError(f"block {number} of a column has {len(blob) - at} bytes too many")
        return _Layout(each, total, None, base, at)
    stored = _type(number, kind)
    size, rest = divmod(len(blob) - at, np.dtype(stored).itemsize)
    if rest or size != total or (several and not each.all()):
        raise ValueError(
            f"block {number} of a column has {len(blob) - at} bytes for {total} values"
        )
    return _Layout(each, total, stored, base, at)


def _type(number: int, kind: int) -> str:
    name = TYPES[kind] if kind < len(TYPES) else ""
    if not name:
        raise ValueError(f"block {number} of a column is of the unknown kind {kind}")
    return f"<{name}"
