"""The oracle: core's own backend that searches by brute force. The only name in the kit."""

from __future__ import annotations

from collections.abc import Sequence

import nuthatch
from nuthatch import AnalyzedDocument, Document, Durability, LexicalBackend, Schema, WriteOutcome

_URL = "memory:"


def index(documents: Sequence[Document], schema: Schema) -> LexicalBackend:
    """Return a new index of the oracle."""
    made = nuthatch.open(_URL, create="new", schema=schema)
    if documents:
        made.add(documents)
    return made


def analyzed(documents: Sequence[Document], schema: Schema) -> list[AnalyzedDocument]:
    """Return the documents as core hands them to `write`."""
    kept: list[AnalyzedDocument] = []

    def write(rows: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        kept.extend(rows)
        return WriteOutcome()

    made = index((), schema)
    made.write = write  # type: ignore[method-assign, assignment]  # to see what it would be given
    made.add(documents)
    return kept
