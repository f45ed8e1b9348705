"""What a write did: the outcome of one batch, and the report of them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nuthatch.contract.analyzed_document import Batch

#: What an acknowledged write survives: the death of processes, or of the machine's power too.
Durability = Literal["process", "power"]


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """Counts what a batch did; `chunks` are those of the documents added or replaced."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class AddReport:
    """Counts what `add` did: `read` = added + replaced + unchanged + skipped.

    `skipped` documents were followed by another with the same uri in the same batch: the last
    one wins. `seconds` is wall time.
    """

    read: int = 0
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    skipped: int = 0
    chunks: int = 0
    seconds: float = 0.0

    def plus(self, batch: Batch, outcome: WriteOutcome, seconds: float) -> AddReport:
        """Returns the report after one more batch."""
        return AddReport(
            self.read + batch.read,
            self.added + outcome.added,
            self.replaced + outcome.replaced,
            self.unchanged + outcome.unchanged,
            self.skipped + batch.read - len(batch.documents),
            self.chunks + outcome.chunks,
            seconds,
        )
