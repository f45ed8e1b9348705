"""A batch of documents as columns: what an engine logs of it until it is merged into blocks.

    ids       7 8 11               of documents, in any order
    chunks    1 2 1
    fields    place → positions 0 0 2, values "a" "c" "b"        values as filters compare them

It takes no part in how blocks are stored: texts have no numbers in it, so writers need not agree on
any. Ids are never given twice, so what is gone is gone, whichever came first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from nuthatch.contract.batch import AnalyzedDocument
from nuthatch.contract.schema import FilterValue
from nuthatch.postings.codec import compress_text, decompress
from nuthatch.postings.column_block import FieldValues
from nuthatch.scoring.arrays import IdArray

NO_IDS: Final[IdArray] = np.zeros(0, dtype=np.uint32)


class LoggedBatch(NamedTuple):
    """The documents of one batch, and what they have in fields, by the places of the fields."""

    ids: Sequence[int]
    chunks: Sequence[int]
    fields: Mapping[int, tuple[Sequence[int], Sequence[FilterValue]]]

    @classmethod
    def of(
        cls, numbered: Iterable[tuple[int, AnalyzedDocument]], places: Mapping[str, int]
    ) -> LoggedBatch:
        """Return what is logged of documents with ids, given the places of fields by name."""
        ids: list[int] = []
        chunks: list[int] = []
        fields: dict[int, tuple[list[int], list[FilterValue]]] = {}
        for position, (id_, document) in enumerate(numbered):
            ids.append(id_)
            chunks.append(len(document.chunks))
            for name, value in document.values:
                positions, values = fields.setdefault(places[name], ([], []))
                positions.append(position)
                values.append(value)
        return cls(ids, chunks, fields)

    def pack(self) -> bytes:
        """Return the batch as bytes."""
        return compress_text(json.dumps(self, ensure_ascii=False, separators=(",", ":")))

    @classmethod
    def unpack(cls, data: bytes) -> LoggedBatch:
        """Return the batch that `pack` packed. Raise one of `UNREADABLE` for what is none."""
        ids, chunks, fields = json.loads(decompress(data))
        batch = cls(ids, chunks, {int(place): tuple(found) for place, found in fields.items()})
        if not (len(ids) == len(chunks) == sum(type(id_) is int for id_ in ids)):
            raise ValueError(f"a batch names {ids[:5]} as documents, with {len(chunks)} counts")
        return batch


class LoggedColumns:
    """What batches added that blocks do not hold, and which documents are gone."""

    def __init__(self, batches: Sequence[LoggedBatch], gone: IdArray = NO_IDS) -> None:
        """Take batches, and the ids of documents that are removed; other ids are passed by."""
        self._batches = batches
        self.ids_gone = gone

    def chunks(self) -> FieldValues:
        """Return how many chunks each document has, by id; without those that are gone."""
        ids = [id_ for batch in self._batches for id_ in batch.ids]
        counts = [count for batch in self._batches for count in batch.chunks]
        return self._without_gone(FieldValues.from_pairs(ids, counts, np.int64))

    def values_of(self, place: int, dtype: npt.DTypeLike) -> FieldValues:
        """Return what documents have in the field at a place, by id; texts where dtype is object.

        Documents that are gone are left out.
        """
        documents: list[int] = []
        values: list[Any] = []
        for batch in self._batches:
            positions, found = batch.fields.get(place, ((), ()))
            documents += [batch.ids[position] for position in positions]
            values += found
        if dtype is not object:
            return self._without_gone(FieldValues.from_pairs(documents, values, dtype))
        distinct = sorted({*values})
        ranks = {text: rank for rank, text in enumerate(distinct)}
        ranked = FieldValues.from_pairs(documents, [ranks[text] for text in values], np.int64)
        names = np.empty(len(distinct), dtype=object)
        names[:] = distinct
        return self._without_gone(ranked._replace(values=names[ranked.values]))

    def _without_gone(self, found: FieldValues) -> FieldValues:
        if not self.ids_gone.size:
            return found
        return found.select(~np.isin(found.documents, self.ids_gone))
