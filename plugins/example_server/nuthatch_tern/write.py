"""Writing: one batch is one request, which the server takes whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nuthatch import AnalyzedDocument, Analyzer, Durability, WriteOutcome

from nuthatch_tern.schema import from_document


def make_batch(
    documents: Sequence[AnalyzedDocument], analyzer: Analyzer, durability: Durability
) -> dict[str, Any]:
    """Return the request that upserts documents with distinct uris."""
    rows = [from_document(row, analyzer) for row in documents]
    return {"documents": rows, "durability": durability}


def read_outcome(answer: dict[str, int]) -> WriteOutcome:
    """Return what the server counted: sent again, a batch has the counts of the first time."""
    return WriteOutcome(**answer)
