"""Positions of tokens as bytes: of each posting, in a row's order, the positions in its chunk.

    title     quantum field        0 1
    text      field notes          3 4        position 2 is the seam: no phrase reaches across it
    field     1 3                  ─▶ 1 2     the first, then the distances

The text begins behind the seam, at 1 where there is no title.

A number takes 7 bits a byte, the low ones first; a byte of 128 and more is followed by another. How
many positions a posting has is its term frequency, so a posting's bytes are found without decoding,
and compaction moves them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]
_BITS: Final = 7
_MORE: Final = 128
#: Bytes of the largest number, of 32 bits.
_LONGEST: Final = 5


class PositionSlices(NamedTuple):
    """The bytes of some postings: of each where they begin in `data`, and how many they are."""

    data: Bytes
    starts: Places
    lengths: Places

    def select(self, at: npt.NDArray[Any]) -> PositionSlices:
        """Return those of the postings at places, or where a mask is true."""
        return PositionSlices(self.data, self.starts[at], self.lengths[at])

    def join(self) -> PositionSlices:
        """Return the same with the bytes in the order of the postings, without a gap."""
        ends = np.cumsum(self.lengths)
        starts = ends - self.lengths
        moved = np.repeat(self.starts - starts, self.lengths)
        return PositionSlices(self.data[moved + np.arange(moved.size)], starts, self.lengths)


def encode_positions(positions: npt.NDArray[Any], counts: npt.NDArray[Any]) -> PositionSlices:
    """Return the bytes of postings with so many positions each, which ascend in each posting."""
    distances = np.diff(positions, prepend=positions[:1] * 0).astype(np.uint32)
    begins = np.cumsum(counts) - counts
    distances[begins] = positions[begins]
    sizes = np.ones(distances.size, dtype=np.intp)
    for extra in range(1, _LONGEST):
        sizes += distances >> np.uint32(_BITS * extra) > 0
    ends = np.cumsum(sizes)
    data = np.empty(int(ends[-1]) if ends.size else 0, dtype=np.uint8)
    starts = ends - sizes
    for at in range(_LONGEST):
        has = sizes > at
        if not has.any():
            break
        low = (distances[has] >> np.uint32(_BITS * at) & np.uint32(_MORE - 1)).astype(np.uint8)
        data[starts[has] + at] = low | np.where(sizes[has] > at + 1, _MORE, 0).astype(np.uint8)
    lengths = np.add.reduceat(sizes, begins) if begins.size else sizes
    return PositionSlices(data, starts[begins], lengths)


def split_positions(data: Sequence[bytes], counts: npt.NDArray[Any]) -> PositionSlices:
    """Return the slices of postings with so many positions each; `data` are rows of them.

    Raise `ValueError` for bytes that hold more or fewer positions.
    """
    joined = np.frombuffer(b"".join(data), dtype=np.uint8)
    lasts = np.flatnonzero(joined < _MORE)
    ends_at = np.cumsum(counts)
    if lasts.size != (int(ends_at[-1]) if ends_at.size else 0) or (
        joined.size and joined[-1] >= _MORE
    ):
        raise ValueError(f"{joined.size} bytes hold {lasts.size} positions of {ends_at[-1:]}")
    ends = lasts[ends_at - 1] + 1
    starts = np.concatenate([np.zeros(1, dtype=np.intp), ends[:-1]])
    return PositionSlices(joined, starts[: ends.size], ends - starts[: ends.size])


def decode_positions(slices: PositionSlices, counts: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the positions of postings, joined."""
    data = slices.join().data
    is_last = data < _MORE
    number: Places = np.cumsum(is_last) - is_last
    begins = np.flatnonzero(np.diff(number, prepend=-1))
    shift = (np.arange(data.size) - begins[number]) * _BITS if data.size else number
    parts = (data & np.uint8(_MORE - 1)).astype(np.int64) << shift
    distances = np.add.reduceat(parts, begins) if begins.size else parts
    totals = np.cumsum(distances)
    firsts = np.cumsum(counts) - counts
    before = totals[firsts] - distances[firsts]
    positions: npt.NDArray[np.int64] = totals - np.repeat(before, counts)
    return positions
