"""What a write did: the outcome of one batch, and the report of them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nuthatch.contract.analyzed_document import Batch
from nuthatch.contract.skipped_document import SKIPPED_KEPT, SkippedDocument

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
    """Counts what `add` did: `read` = added + replaced + unchanged + superseded + skipped.

    `superseded` documents were followed by another with the same uri in the same batch: the last
    one wins. `skipped` ones could not be indexed; `first_skipped` tells of the first 100 of them.
    `seconds` is wall time.
    """

    read: int = 0
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    superseded: int = 0
    skipped: int = 0
    chunks: int = 0
    seconds: float = 0.0
    first_skipped: tuple[SkippedDocument, ...] = ()

    def plus(self, batch: Batch, outcome: WriteOutcome, seconds: float) -> AddReport:
        """Return the report after one more batch."""
        return AddReport(
            self.read + batch.read,
            self.added + outcome.added,
            self.replaced + outcome.replaced,
            self.unchanged + outcome.unchanged + batch.unchanged,
            self.superseded + batch.superseded,
            self.skipped + batch.skipped,
            self.chunks + outcome.chunks,
            seconds,
            (*self.first_skipped, *batch.first_skipped)[:SKIPPED_KEPT],
        )
