"""The layout of a column's block: what 1,024 ids have in one field, as one blob.

    byte 0      how the values are stored    0: all 0, 1-5: u1 u2 u4 i8 f8
    byte 1      how many each document has   0: one, 1-3: counts as u1 u2 u4
    8 bytes     what is added to each value, i8
    128 bytes   which of the 1,024 ids are documents with a value, a bit each
    counts      by document
    values      in the order of documents, those of one document ascending

Numbers are little-endian. `column_block` reads and writes blocks with numpy. `scan_block` reads one
without it: for a short search in a new process, numpy takes longer to import than to use.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

#: How many ids share a block.
BLOCK_IDS: Final = 1024
HEAD: Final = struct.Struct("<BBq")
BITS: Final = BLOCK_IDS // 8
#: Where the counts begin.
FIRST_COUNT: Final = HEAD.size + BITS
#: The stored types by their number: those before the last two are unsigned, smallest first.
TYPES: Final = ("", "u1", "u2", "u4", "i8", "f8")
#: The same for `struct`.
_CODES: Final = ("", "B", "H", "I", "q", "d")


def scan_block(number: int, blob: bytes, accepts: Callable[[float], bool]) -> Iterator[int]:
    """Yield the ids, ascending, of the documents of a block with a value that is accepted.

    Raise `ValueError` for a block that is damaged.
    """
    if len(blob) < FIRST_COUNT:
        raise ValueError(f"block {number} of a column has {len(blob)} bytes")
    kind, several, base = HEAD.unpack_from(blob)
    # Different documents may have one value, but one document has it once.
    if kind >= len(TYPES) or several >= len(TYPES) or (several and not kind):
        raise ValueError(f"block {number} of a column is of the unknown kind {kind}, {several}")
    bits = f"{int.from_bytes(blob[HEAD.size : FIRST_COUNT], 'big'):0{BLOCK_IDS}b}"
    first = number * BLOCK_IDS
    ids = [first + offset for offset, bit in enumerate(bits) if bit == "1"]
    counts: Sequence[Any] = ()
    at = FIRST_COUNT
    if several:
        end = at + len(ids) * struct.calcsize(f"<{_CODES[several]}")
        counts = _unpack(blob[at:end], len(ids), _CODES[several])
        at = end
    total = sum(counts) if several else len(ids)
    accepted = _accept_values(blob[at:], kind, base, total, accepts)
    if not several:
        yield from (id for id, is_accepted in zip(ids, accepted, strict=True) if is_accepted)
        return
    values = iter(accepted)
    for id, count in zip(ids, counts, strict=True):
        if any([*islice(values, count)]):
            yield id


def _accept_values(
    packed: bytes, kind: int, base: int, total: int, accepts: Callable[[float], bool]
) -> list[bool]:
    """Return which values are accepted; each different one is judged once."""
    if not kind:
        return [accepts(base)] * total
    values = _unpack(packed, total, _CODES[kind])
    judged = {value: accepts(value + base) for value in set(values)}
    return [judged[value] for value in values]


def _unpack(packed: bytes, total: int, code: str) -> Sequence[Any]:
    if len(packed) != total * struct.calcsize(f"<{code}"):
        raise ValueError(f"{total} numbers of a column cannot take {len(packed)} bytes")
    return struct.unpack(f"<{total}{code}", packed)
