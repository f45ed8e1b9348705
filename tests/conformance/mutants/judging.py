"""Slips in what candidates are judged by: their texts, and how many of them there are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from nuthatch import Filter, Matches, Rung, StoredChunk
from nuthatch.memory import MemoryReader

from .working import Working


class PeeksSeeTheTitleOnly(Working):
    """Candidates are judged without their text."""

    class Row(StoredChunk):
        def peek(self) -> tuple[str, str]:
            return self.title, ""

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[Any]:
            rows = super().fetch(keys, proofs)
            return [row and PeeksSeeTheTitleOnly.Row(*row) for row in rows]


class PeeksSeeTheFirstChunkOfAnAnswer(Working):
    """All candidates are judged by the text of the best."""

    class Row(StoredChunk):
        text_of_best = ""

        def peek(self) -> tuple[str, str]:
            return self.title, self.text_of_best

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[Any]:
            rows = [
                PeeksSeeTheFirstChunkOfAnAnswer.Row(*row) for row in super().fetch(keys, proofs)
            ]
            for row in rows:
                row.text_of_best = rows[0].text
            return rows


class ThirtyCandidatesAreTooMany(Working):
    """A request for 30 candidates is answered with three."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return super().match(rung, filters, 3 if limit == 30 else limit)
