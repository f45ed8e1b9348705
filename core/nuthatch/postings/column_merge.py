"""Merging what batches changed into blocks: alike for every engine, wherever its blocks lie.

log, documents ── ColumnBatch ──▶ values by place ── block_numbers ──▶ blocks that they fall into
                                                  ── merge_blocks ───▶ those, written anew
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from nuthatch.contract.batch import AnalyzedDocument
from nuthatch.contract.schema import FilterValue
from nuthatch.postings.block_layout import BLOCK_IDS
from nuthatch.postings.column_block import EMPTY_BLOCK, FieldValues, pack_blocks, unpack_blocks
from nuthatch.postings.column_log import ColumnLog
from nuthatch.postings.column_store import DOCUMENTS_PLACE, StoredField
from nuthatch.scoring.arrays import IdArray

_NONE: Final[IdArray] = np.zeros(0, dtype=np.uint32)

#: Returns the numbers of texts in the field at a place, and gives one to those that have none.
TextNumbering = Callable[[int, set[str]], Mapping[str, int]]


class ColumnBatch:
    """What documents have, gathered by columns; their ids ascend."""

    def __init__(self, fields: Iterable[StoredField]) -> None:
        self._fields = [*fields]
        self._places = {stored.name: stored.place for stored in self._fields}
        self._ids: list[int] = []
        self._chunks: list[int] = []
        self._values: dict[int, tuple[list[int], list[FilterValue]]] = {
            stored.place: ([], []) for stored in self._fields
        }

    def add(self, id: int, document: AnalyzedDocument) -> None:
        """Add a document."""
        self._ids.append(id)
        self._chunks.append(len(document.chunks))
        for name, value in document.values:
            ids, values = self._values[self._places[name]]
            ids.append(id)
            values.append(value)

    def add_log(self, log: ColumnLog) -> None:
        """Add the documents of a log."""
        for document in log.documents:
            self._ids.append(document.id)
            self._chunks.append(document.chunks)
            for place, logged in document.values:
                if place in self._values:
                    ids, values = self._values[place]
                    ids += [document.id] * len(logged)
                    values += logged

    def encode(self, number_texts: TextNumbering) -> dict[int, FieldValues]:
        """Return what blocks hold of the documents, by the places of the columns that have any."""
        ids = np.array(self._ids, dtype=np.uint32)
        chunks = np.array(self._chunks, dtype=np.int64)
        columns = {DOCUMENTS_PLACE: FieldValues(ids, np.ones(ids.size, dtype=np.uint32), chunks)}
        for stored in self._fields:
            documents, values = self._values[stored.place]
            if documents:
                codes: Mapping[str, int] = {}
                if stored.has_texts:
                    codes = number_texts(stored.place, {*map(str, values)})
                coded = stored.encode(values, codes)
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
