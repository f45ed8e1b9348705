"""Writing: one batch is one request, which the server takes whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nuthatch import AnalyzedDocument, Durability, WriteOutcome

from nuthatch_tern.schema import from_document


def make_batch(documents: Sequence[AnalyzedDocument], durability: Durability) -> dict[str, Any]:
    """Return the request that upserts documents with distinct uris."""
    return {"documents": [from_document(row) for row in documents], "durability": durability}


def read_outcome(answer: dict[str, int]) -> WriteOutcome:
    """Return what the server counted: sent again, a batch has the counts of the first time."""
    return WriteOutcome(**answer)
