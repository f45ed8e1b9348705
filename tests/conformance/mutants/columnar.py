"""A reader that can be given wrong columns, for the slips in `counting` and `sorting`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nuthatch import PlainColumns
from nuthatch.memory import MemoryReader, _column_rows


class ColumnarReader(MemoryReader):
    """The reader of memory, with `Columns`."""

    Columns: ClassVar[Any] = PlainColumns

    def columns(self, fields: Sequence[str]) -> Any:
        return self.Columns(_column_rows(self._documents.values()))
