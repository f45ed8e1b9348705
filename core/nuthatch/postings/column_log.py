"""A log of columns: what small batches changed, until it is merged into blocks.

    gone       the ids of documents that were taken away
    documents  (id, chunks, [(place, values), …])        values as filters compare them

A log takes no part in how columns are stored: texts have no numbers in it. Ids only grow and none
is given twice, so what is gone is gone, whichever came first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from nuthatch.contract.batch import AnalyzedDocument
from nuthatch.contract.schema import FilterValue
from nuthatch.postings.column_block import FieldValues

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nuthatch.scoring.arrays import IdArray


class LoggedDocument(NamedTuple):
    """One document: its id, its number of chunks, and its values by the places of their fields."""

    id: int
    chunks: int
    values: Sequence[tuple[int, Sequence[FilterValue]]]

    @classmethod
    def of(cls, id: int, document: AnalyzedDocument, places: Mapping[str, int]) -> Self:
        """Return what is logged of a document, given the places of fields by name."""
        found: dict[int, list[FilterValue]] = {}
        for name, value in document.values:
            found.setdefault(places[name], []).append(value)
        return cls(id, len(document.chunks), [*found.items()])


class ColumnLog(NamedTuple):
    """What some batches changed: `documents` have ascending ids, `gone` is in any order."""

    gone: Sequence[int] = ()
    documents: Sequence[LoggedDocument] = ()

    @classmethod
    def join(cls, logs: Iterable[ColumnLog]) -> Self:
        """Return all that logs hold, given in the order of their states."""
        gone: list[int] = []
        documents: list[LoggedDocument] = []
        for log in logs:
            gone += log.gone
            documents += log.documents
        away = {*gone}
        return cls(gone, [document for document in documents if document.id not in away])

    @classmethod
    def unpack(cls, blob: bytes) -> Self:
        """Return the log that `pack` packed. Raise `ValueError` for what is none."""
        gone, documents = json.loads(blob)
        log = cls(gone, [LoggedDocument(*row) for row in documents])
        ids = np.array([*log.gone, *(document.id for document in log.documents)])
        if ids.size and not (ids.dtype.kind == "i" and ids.min() >= 0 and ids.max() < 2**32):
            raise ValueError(f"a log of columns names {ids.tolist()[:5]} as documents")
        return log

    def pack(self) -> bytes:
        """Return the log as bytes."""
        return json.dumps(self, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def ids_gone(self) -> IdArray:
        """The ids of what was taken away, ascending."""
        return np.unique(np.array(self.gone, dtype=np.uint32))

    def chunks(self) -> FieldValues:
        """Return how many chunks each document has, by id."""
        return FieldValues.of(((row.id, [row.chunks]) for row in self.documents), np.int64)

    def values_of(self, place: int, dtype: npt.DTypeLike) -> FieldValues:
        """Return what documents have in the field at a place, by id."""
        rows = (
            (row.id, values)
            for row in self.documents
            for found, values in row.values
            if found == place
        )
        return FieldValues.of(rows, dtype)  # type: ignore[arg-type]  # texts where dtype is object
