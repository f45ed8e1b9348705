"""Batches that go wrong: one that breaks halfway, one that takes its time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, overload

from nuthatch import AnalyzedDocument


class Broken(RuntimeError):
    """Is what a torn batch raises."""


class Torn(Sequence[AnalyzedDocument]):
    """Is a batch of which the first `whole` documents can be read, and no more."""

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
            raise Broken("the kit broke this batch halfway")
        return self._rows[index]


class Slow(Torn):
    """Is a batch that waits at its second document until the other writer is done.

    An engine that lets one writer in at a time keeps that one waiting, so it ends by itself.
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
