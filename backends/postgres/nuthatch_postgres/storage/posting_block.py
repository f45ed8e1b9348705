"""Postings as bytes: the `data` of a row of `block` or `recent`.

    kind     1 byte   which of the three arrays are wide
    ids               offsets from `first`: u16, wide u32
    tfs               term frequencies: u8, wide u32
    lengths           tokens of the chunks: u16, wide u32

Each array has `n` elements, little-endian. Wide arrays are for ids far apart, for words that occur
more than 255 times in a chunk, and for chunks of more than 65,535 tokens. No value is clamped, so
scores are exact for all documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from nuthatch import IndexCorrupt
from nuthatch.postings import readable
from nuthatch.scoring import BM25
from nuthatch_postgres.schema import BLOCK
from nuthatch_postgres.storage.binary_copy import encode_table, encode_varying
from nuthatch_postgres.storage.packed_ids import Ids
from nuthatch_postgres.storage.position_codec import PositionSlices, split_positions

Positions = npt.NDArray[np.intp]

#: The model whose impacts are stored as bounds.
MODEL: Final = BM25(idf="lucene")

#: (narrow, wide) types of the arrays, in order; bit i of the kind is set if array i is wide.
_TYPES: Final = (("<u2", "<u4"), ("u1", "<u4"), ("<u2", "<u4"))
_LIMITS: Final = (2**16, 2**8, 2**16)

#: A row as it is read: term, first, n, data; and with the positions.
Row = tuple[int, int, int, bytes]
PositionedRow = tuple[int, int, int, bytes, bytes]
AnyRow = TypeVar("AnyRow", Row, PositionedRow)


class Postings(NamedTuple):
    """Postings of several terms, as parallel arrays. `sort` orders them by term, then id."""

    terms: Ids
    ids: Ids
    tfs: Ids
    lengths: Ids

    def select(self, at: npt.NDArray[Any]) -> Postings:
        """Return the postings at positions, or where a mask is true."""
        return Postings(*(array[at] for array in self))

    @property
    def keys(self) -> npt.NDArray[np.uint64]:
        """A number for each posting that orders them by term, then id."""
        return self.terms.astype(np.uint64) << np.uint64(32) | self.ids

    def sort(self) -> Postings:
        """Return the postings ordered by term, then id."""
        key = self.keys
        if bool((key[1:] > key[:-1]).all()):
            return self
        return self.select(np.argsort(key, kind="stable"))


EMPTY: Final = Postings(*(np.zeros(0, dtype=np.uint32) for _ in range(4)))


class PositionedPostings(NamedTuple):
    """Postings, and where in their chunks the tokens stand, unless the schema does without."""

    postings: Postings
    positions: PositionSlices | None

    def select(self, at: npt.NDArray[Any]) -> PositionedPostings:
        """Return the postings at positions, or where a mask is true."""
        slices = None if self.positions is None else self.positions.select(at)
        return PositionedPostings(self.postings.select(at), slices)

    def sort(self) -> PositionedPostings:
        """Return the postings ordered by term, then id."""
        return self.select(np.argsort(self.postings.keys, kind="stable"))


NO_POSTINGS: Final = PositionedPostings(EMPTY, None)


def decode(rows: Sequence[Row]) -> Postings:
    """Return the postings of rows, grouped by the shape of the rows, or raise `IndexCorrupt`.

    The shape is the widths of a row's three columns and its number of postings. Rows of one shape
    are decoded as one table: a thousand full blocks cost as much as a dozen.
    """
    return _decode_shapes(_group_by_shape(rows))


def decode_positioned(rows: Sequence[PositionedRow]) -> PositionedPostings:
    """Return the postings of rows with their positions, in any order, or raise `IndexCorrupt`."""
    shapes = _group_by_shape(rows)
    postings = _decode_shapes(shapes)
    data = [row[4] for same_shape in shapes.values() for row in same_shape]
    with readable("the positions of tokens"):
        return PositionedPostings(postings, split_positions(data, postings.tfs))


def _group_by_shape(rows: Sequence[AnyRow]) -> dict[tuple[int, int], list[AnyRow]]:
    shapes: dict[tuple[int, int], list[AnyRow]] = {}
    for row in rows:
        shapes.setdefault((row[3][0] if row[3] else -1, row[2]), []).append(row)
    return shapes


def _decode_shapes(shapes: Mapping[tuple[int, int], Sequence[Any]]) -> Postings:
    parts = [_decode_table(kind, n, rows) for (kind, n), rows in shapes.items()]
    if not parts:
        return EMPTY
    return Postings(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _decode_table(kind: int, n: int, rows: Sequence[Row]) -> Postings:
    types = [_TYPES[bit][kind >> bit & 1] for bit in range(3)]
    layout = np.dtype(
        [("kind", "u1"), *((f"a{bit}", type_, (n,)) for bit, type_ in enumerate(types))]
    )
    data = b"".join([row[3] for row in rows])
    whole = all(len(row[3]) == layout.itemsize for row in rows)
    if not (0 <= kind < 8 and n > 0 and whole):
        raise IndexCorrupt(
            f"postings of the term {rows[0][0]} have {len(rows[0][3])} bytes of kind {kind} for "
            f"{n} chunks; restore the index from a copy, or index the corpus again"
        )
    columns = np.frombuffer(data, layout)
    firsts = np.array([row[1] for row in rows], dtype=np.uint32)
    ids = columns["a0"].astype(np.uint32) + firsts[:, None]
    return Postings(
        np.repeat(np.array([row[0] for row in rows], dtype=np.uint32), n),
        ids.reshape(-1),
        columns["a1"].astype(np.uint32).reshape(-1),
        columns["a2"].astype(np.uint32).reshape(-1),
    )


class RowSlices(NamedTuple):
    """The rows that sorted postings fill: of each its term, and where its postings begin and end.

    The slices follow without a gap.
    """

    terms: Ids
    begins: Positions
    ends: Positions

    @property
    def counts(self) -> npt.NDArray[np.int16]:
        """The number of postings in each row."""
        return (self.ends - self.begins).astype(np.int16)


def drop_deleted(postings: Postings, deleted: Ids) -> Postings:
    """Return the postings of chunks that are not deleted; `deleted` may be in any order."""
    if not deleted.size or not postings.ids.size:
        return postings
    return postings.select(~np.isin(postings.ids, deleted))


def group_starts(numbers: npt.NDArray[Any]) -> Positions:
    """Return the positions where runs of equal numbers begin."""
    return np.flatnonzero(np.diff(numbers, prepend=numbers[:1] + numbers.dtype.type(1)))


def split_rows(postings: Postings) -> RowSlices:
    """Split sorted postings into rows of one term and at most `BLOCK` postings."""
    firsts = group_starts(postings.terms)
    ends = np.append(firsts, postings.terms.size)[1:]
    counts = -(-(ends - firsts) // BLOCK)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    begins = np.repeat(firsts, counts) + BLOCK * (np.arange(before.size) - before)
    whole = np.minimum(begins + BLOCK, np.repeat(ends, counts))
    return RowSlices(postings.terms[begins], begins, whole)


def encode_rows(postings: Postings, rows: RowSlices, *columns: npt.NDArray[Any]) -> Iterator[bytes]:
    """Yield rows for COPY: the values of the columns, which have one per row, then the bytes."""
    for at, data in _encode_by_shape(postings, rows):
        yield encode_table(*(column[at] for column in columns), data)


def encode_positioned_rows(
    positioned: PositionedPostings, rows: RowSlices, *columns: npt.NDArray[Any]
) -> Iterator[bytes]:
    """Yield the same with the bytes of the positions behind, none where there are no positions."""
    data, starts, lengths = row_positions(positioned, rows)
    for at, encoded in _encode_by_shape(positioned.postings, rows):
        fixed = (*(column[at] for column in columns), encoded)
        yield encode_varying(*fixed, data=data, starts=starts[at], lengths=lengths[at])


def row_positions(positioned: PositionedPostings, rows: RowSlices) -> PositionSlices:
    """Return the bytes of the positions of each row."""
    if positioned.positions is None or not rows.begins.size:
        none = np.zeros(rows.begins.size, dtype=np.intp)
        return PositionSlices(np.zeros(0, dtype=np.uint8), none, none)
    joined = positioned.positions.join()
    lengths = np.add.reduceat(joined.lengths, rows.begins)
    return PositionSlices(joined.data, joined.starts[rows.begins], lengths)


def _encode_by_shape(
    postings: Postings, rows: RowSlices
) -> Iterator[tuple[Positions, npt.NDArray[np.uint8]]]:
    """Yield, for each shape, the indexes of its rows and their bytes, an array of two dimensions.

    The shape is the widths of a row's three columns (the bits of `kind`: one for each column that
    needs the wider type) and its number of postings, so that all rows of a shape are equally long.
    The cost depends on the bytes, not on the rows: a hundred thousand short rows are fine.
    """
    begins, ends = rows.begins, rows.ends
    if not begins.size:
        return
    spans = postings.ids[ends - 1] - postings.ids[begins]
    highest = (spans, *(np.maximum.reduceat(array, begins) for array in postings[2:]))
    kinds = sum((values >= _LIMITS[bit]) << bit for bit, values in enumerate(highest))
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
