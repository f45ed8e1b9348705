"""Postings as bytes: what a row of `block` and of `recent` holds.

    kind  1 byte    which of the three arrays are wide
    ids             offsets from `first`: u16, wide u32
    tfs             frequencies: u8, wide u32
    lengths         tokens of the chunks: u16, wide u32

Each array has `n` elements, little-endian. Wide arrays are for ids that lie far apart, for a word
that stands more than 255 times in a chunk and for chunks of more than 65,535 tokens: nothing is
clamped, so scores are exact whatever the documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nuthatch import IndexCorrupt
from nuthatch_postgres.copying import table
from nuthatch_postgres.schema import BLOCK

Numbers = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]

#: (narrow, wide) types of the arrays, in their order; bit i of the kind says which array i has.
_TYPES: Final = (("<u2", "<u4"), ("u1", "<u4"), ("<u2", "<u4"))
_LIMITS: Final = (2**16, 2**8, 2**16)

#: A row as it is read: term, first, n, data.
Row = tuple[int, int, int, bytes]


class Postings(NamedTuple):
    """Postings of several terms, aligned; sorted by term, then id, where it is said."""

    terms: Numbers
    ids: Numbers
    tfs: Numbers
    lengths: Numbers

    def take(self, at: npt.NDArray[Any]) -> Postings:
        """Return the postings at positions, or where a mask is true."""
        return Postings(*(array[at] for array in self))

    def ordered(self) -> Postings:
        """Return the postings by term, then id."""
        key = self.terms.astype(np.uint64) << np.uint64(32) | self.ids
        if bool((key[1:] > key[:-1]).all()):
            return self
        return self.take(np.argsort(key, kind="stable"))


EMPTY: Final = Postings(*(np.zeros(0, dtype=np.uint32) for _ in range(4)))


def decode(rows: Sequence[Row]) -> Postings:
    """Return the postings of rows, in the order of the rows within each shape.

    Rows of one shape are read as one table: a thousand full blocks cost as much as a dozen.
    Raise `IndexCorrupt`.
    """
    shapes: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        shapes.setdefault((row[3][0] if row[3] else -1, row[2]), []).append(row)
    parts = []
    for (kind, n), alike in shapes.items():
        parts.append(_table(kind, n, alike))
    if not parts:
        return EMPTY
    return Postings(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _table(kind: int, n: int, rows: Sequence[Row]) -> Postings:
    types = [_TYPES[bit][kind >> bit & 1] for bit in range(3)]
    table = np.dtype([("kind", "u1"), *((f"a{bit}", each, (n,)) for bit, each in enumerate(types))])
    data = b"".join([row[3] for row in rows])
    whole = all(len(row[3]) == table.itemsize for row in rows)
    if not (0 <= kind < 8 and n > 0 and whole):
        raise IndexCorrupt(
            f"postings of the term {rows[0][0]} have {len(rows[0][3])} bytes of kind {kind} for "
            f"{n} chunks; restore the index from a copy, or index the corpus again"
        )
    found = np.frombuffer(data, table)
    firsts = np.array([row[1] for row in rows], dtype=np.uint32)
    ids = found["a0"].astype(np.uint32) + firsts[:, None]
    return Postings(
        np.repeat(np.array([row[0] for row in rows], dtype=np.uint32), n),
        ids.reshape(-1),
        found["a1"].astype(np.uint32).reshape(-1),
        found["a2"].astype(np.uint32).reshape(-1),
    )


class Slices(NamedTuple):
    """Names the rows that ordered postings fill, in their order: each of one term, and where its
    postings begin and end. They follow without a gap."""

    terms: Numbers
    begins: Places
    ends: Places

    @property
    def counts(self) -> npt.NDArray[np.int16]:
        """Are the postings of each row."""
        return (self.ends - self.begins).astype(np.int16)


def starts(numbers: Numbers) -> Places:
    """Return where another number than the one before stands, the first place included."""
    return np.flatnonzero(np.diff(numbers, prepend=numbers[:1] + np.uint32(1)))


def slices(postings: Postings) -> Slices:
    """Return the rows of ordered postings, each of one term and of at most `BLOCK`."""
    firsts = starts(postings.terms)
    ends = np.append(firsts, postings.terms.size)[1:]
    counts = -(-(ends - firsts) // BLOCK)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    begins = np.repeat(firsts, counts) + BLOCK * (np.arange(before.size) - before)
    whole = np.minimum(begins + BLOCK, np.repeat(ends, counts))
    return Slices(postings.terms[begins], begins, whole)


def copied(postings: Postings, parts: Slices, *columns: npt.NDArray[Any]) -> Iterator[bytes]:
    """Yield rows for COPY: a value of each column, one to a slice, and last the slice's bytes."""
    for at, data in _encoded(postings, parts):
        yield table(*(column[at] for column in columns), data)


def _encoded(postings: Postings, parts: Slices) -> Iterator[tuple[Places, npt.NDArray[np.uint8]]]:
    """Yield which slices have one shape, and the bytes of each, an array of two dimensions.

    A hundred thousand rows of a posting or two cost no more than their bytes do.
    """
    begins, ends = parts.begins, parts.ends
    if not begins.size:
        return
    spans = postings.ids[ends - 1] - postings.ids[begins]
    highest = (spans, *(np.maximum.reduceat(each, begins) for each in postings[2:]))
    kinds = sum((each >= _LIMITS[bit]) << bit for bit, each in enumerate(highest))
    shapes = kinds * (BLOCK + 1) + (ends - begins)
    order = np.argsort(shapes, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(shapes[order])) + 1):
        kind, n = divmod(int(shapes[at[0]]), BLOCK + 1)
        places = begins[at][:, None] + np.arange(n)
        offsets = postings.ids[places] - postings.ids[begins[at]][:, None]
        arrays = (offsets, postings.tfs[places], postings.lengths[places])
        columns = [np.full((at.size, 1), kind, dtype=np.uint8)]
        for bit, array in enumerate(arrays):
            narrow = array.astype(_TYPES[bit][kind >> bit & 1])
            columns.append(narrow.view(np.uint8).reshape(at.size, -1))
        yield at, np.concatenate(columns, axis=1)
