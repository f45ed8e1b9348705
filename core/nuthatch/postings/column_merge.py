"""Merging a log of columns into blocks: alike for every engine, wherever its blocks lie.

log ── encode_log ──▶ values by place ── block_numbers ──▶ the blocks that they fall into
                                      ── merge_blocks ───▶ those blocks, written anew
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from nuthatch.contract.schema import FilterValue
from nuthatch.postings.block_layout import BLOCK_IDS
from nuthatch.postings.column_block import EMPTY_BLOCK, FieldValues, pack_blocks, unpack_blocks
from nuthatch.postings.column_log import ColumnLog
from nuthatch.postings.column_store import DOCUMENTS_PLACE, StoredField
from nuthatch.scoring.arrays import IdArray

_NONE: Final[IdArray] = np.zeros(0, dtype=np.uint32)


def encode_log(
    log: ColumnLog,
    fields: Iterable[StoredField],
    number_texts: Callable[[int, set[str]], Mapping[str, int]],
) -> dict[int, FieldValues]:
    """Return what a log adds to each column, by its place, as blocks hold it.

    `number_texts` returns the numbers of texts in the field at a place, and gives one to those that
    have none.
    """
    found: dict[int, tuple[list[int], list[FilterValue]]] = {}
    for document in log.documents:
        for place, values in document.values:
            documents, joined = found.setdefault(place, ([], []))
            documents += [document.id] * len(values)
            joined += values
    columns = {DOCUMENTS_PLACE: log.chunks()}
    for stored in fields:
        if stored.place in found:
            documents, joined = found[stored.place]
            codes: Mapping[str, int] = {}
            if stored.has_texts:
                codes = number_texts(stored.place, {*map(str, joined)})
            coded = stored.encode(joined, codes)
            columns[stored.place] = FieldValues.from_pairs(documents, coded, stored.dtype)
    return columns


def block_numbers(added: FieldValues, gone: IdArray = _NONE) -> list[int]:
    """Return the numbers, ascending, of the blocks that documents fall into."""
    numbers: list[int] = np.unique(np.concatenate([gone, added.documents]) // BLOCK_IDS).tolist()
    return numbers


def merge_blocks(
    stored: Iterable[tuple[int, bytes]], added: FieldValues, gone: IdArray = _NONE
) -> Iterator[tuple[int, bytes]]:
    """Yield anew the blocks that documents fall into, given those of them that are stored.

    Raise `ValueError` for a block that is damaged.
    """
    blocks = pack_blocks(unpack_blocks(stored, added.values.dtype).replace(gone, added))
    for number in block_numbers(added, gone):
        yield number, blocks.get(number, EMPTY_BLOCK)
