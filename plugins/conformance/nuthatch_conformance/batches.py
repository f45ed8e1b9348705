"""Batches that go wrong: one that breaks halfway, one that takes its time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, overload

from nuthatch import AnalyzedDocument


class BatchError(RuntimeError):
    """The error of a broken batch."""


class BrokenBatch(Sequence[AnalyzedDocument]):
    """A batch whose first `whole` documents can be read; reading the next one fails."""

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


class SlowBatch(BrokenBatch):
    """A batch that waits at its second document until the other writer is done.

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
