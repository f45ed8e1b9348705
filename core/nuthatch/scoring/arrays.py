"""The array types of scoring, and the look-ups that everything else is made of.

| type         | dtype           | holds                                                        |
|--------------|-----------------|--------------------------------------------------------------|
| `IdArray`    | uint32          | chunk ids, strictly increasing unless said otherwise; sparse |
| `CountArray` | uint16, uint32  | term frequencies, chunk lengths in tokens                    |
| `ScoreArray` | float64         | impacts and scores, always positive                          |
| `Allowed`    | ids or boolean  | a filter: sorted ids, or a mask that an id indexes           |
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

IdArray = npt.NDArray[np.uint32]
CountArray = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
ScoreArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
PositionArray = npt.NDArray[np.intp]
#: Which ids may be found: themselves, ascending, or by id whether it may.
Allowed = IdArray | BoolArray

#: Ids, lengths and term frequencies must lie below this.
LIMIT = 2**32
#: One binary search costs about as much as this many table writes (measured, numpy 2.4).
SEARCH_COST = 10


def whole_numbers(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return `values` as a one-dimensional integer array within [0, 2**32); else ValueError."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, found {array.ndim}")
    if array.size == 0:
        return array.astype(np.uint32)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, found {array.dtype}")
    if array.dtype != np.uint32 and (int(array.min()) < 0 or int(array.max()) >= LIMIT):
        raise ValueError(f"{name} must lie within 0 and 2**32 - 1")
    return array


def as_ids(name: str, numbers: npt.NDArray[Any]) -> IdArray:
    """Return whole numbers as ids; ValueError unless they are strictly increasing."""
    ids = numbers.astype(np.uint32, copy=False)
    if not bool((ids[1:] > ids[:-1]).all()):
        raise ValueError(f"{name} must be strictly increasing")
    return ids


def freeze(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Return a compact read-only copy that owns its memory, so that `nbytes` is the truth."""
    owned = array.copy()
    owned.flags.writeable = False
    return owned


def firsts(ordered: npt.NDArray[Scalar]) -> BoolArray:
    """Return which of ordered values differ from the one before; the first does."""
    first = np.ones(ordered.size, dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def distinct(values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """Return the different values, ascending: in a small part of the time that numpy's `unique`
    takes, which hashes them before it sorts (measured, numpy 2.4)."""
    ordered = np.sort(values)
    return ordered[firsts(ordered)]


def mask_of(allowed: Allowed) -> BoolArray:
    """Return a filter as a mask: many lists are compared with it. Ids have to ascend."""
    if allowed.dtype == np.bool_:
        return allowed.astype(np.bool_, copy=False)
    mask = np.zeros(int(allowed[-1]) + 1 if allowed.size else 0, dtype=np.bool_)
    mask[allowed.astype(np.intp)] = True
    return mask


def intersect_bits(ids: IdArray, mask: BoolArray) -> BoolArray:
    """Return which ids a mask allows; `ids` in any order, those beyond the mask are not allowed."""
    if not mask.size:
        return np.zeros(ids.size, dtype=np.bool_)
    inside: BoolArray = mask.take(ids.astype(np.intp), mode="clip")
    return inside & (ids < mask.size)


def search_sorted(ids: IdArray, wanted: IdArray) -> tuple[PositionArray, BoolArray]:
    """Look every wanted id up in `ids`: positions (to `take` with mode="clip"), and which exist.

    Few are searched for, in any order, though ascending runs are faster. Many go through a table
    id -> position. The table is not initialized (Briggs and Torczon 1993): what it says of an
    absent id is rubbish, harmless as every answer is checked. `ids` must not be empty.
    """
    span = int(ids[-1]) + 1
    at: PositionArray
    if wanted.size * SEARCH_COST < ids.size + span // 16:
        at = ids.searchsorted(wanted)
    else:
        table = np.empty(span, dtype=np.int32)
        table[ids.astype(np.intp)] = np.arange(ids.size, dtype=np.int32)
        at = table.take(wanted.astype(np.intp), mode="clip").astype(np.intp)
    return at, ids.take(at, mode="clip") == wanted


def isin_sorted(wanted: IdArray, ids: IdArray) -> BoolArray:
    """Return which of the wanted ids are in `ids`, the shorter galloping through the longer."""
    if wanted.size <= ids.size:
        return search_sorted(ids, wanted)[1] if ids.size else np.zeros(0, dtype=np.bool_)
    inside = np.zeros(wanted.size, dtype=np.bool_)
    at, found = search_sorted(wanted, ids)
    inside[at[found]] = True
    return inside


def intersect_mask(ids: IdArray, allowed: Allowed) -> BoolArray:
    """Return which ids a filter allows; `ids` ascending."""
    if allowed.dtype != np.bool_:
        return isin_sorted(ids, allowed.astype(np.uint32, copy=False))
    return intersect_bits(ids, mask_of(allowed))
