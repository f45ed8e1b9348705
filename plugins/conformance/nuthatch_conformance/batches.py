"""Batches that go wrong: one that breaks halfway, one that takes its time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, overload

from nuthatch import AnalyzedBatch, AnalyzedDocument


class BatchError(RuntimeError):
    """The error of a broken batch."""


class BrokenRows(Sequence[AnalyzedDocument]):
    """Rows of which the first `whole` can be read; reading the next one fails."""

    def __init__(self, rows: Sequence[AnalyzedDocument], whole: int) -> None:
        self._rows = rows
        self._whole = whole

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> AnalyzedDocument: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[AnalyzedDocument]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if self._whole <= index < len(self):
            raise BatchError("the kit broke this batch halfway")
        return self._rows[index]


class SlowRows(BrokenRows):
    """Rows that wait at the second one until the other writer is done.

    An engine with one writer at a time keeps the other one waiting, so this wait ends by itself.
    """

    def __init__(
        self,
        rows: Sequence[AnalyzedDocument],
        entered: threading.Event,
        other: threading.Event,
    ) -> None:
        super().__init__(rows, len(rows))
        self._entered = entered
        self._other = other

    def __getitem__(self, index: int | slice) -> Any:
        if index == 1 and not self._entered.is_set():
            self._entered.set()
            self._other.wait(0.5)
        return super().__getitem__(index)


def break_batch(batch: AnalyzedBatch, whole: int) -> AnalyzedBatch:
    """Return a batch whose first `whole` documents can be read."""
    return replace(batch, documents=BrokenRows(batch.documents, whole))


def slow_batch(
    batch: AnalyzedBatch, entered: threading.Event, other: threading.Event
) -> AnalyzedBatch:
    """Return a batch that sets `entered` and waits for `other` before its second document."""
    return replace(batch, documents=SlowRows(batch.documents, entered, other))
