"""Passages that answer a question, with what stands around them and with proof.

python examples/documents/citing.py acme "how many days of leave are there"
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nuthatch
from nuthatch import (
    AuditMode,
    Corpus,
    Hit,
    IntegerField,
    KeywordField,
    LexicalBackend,
    Schema,
    TextQuery,
)

HANDBOOKS = Path(__file__).with_name("handbooks.jsonl")
SCHEMA = Schema(
    analyzer="english",
    chunker="words:60:10",
    fields=(KeywordField("tenant"), IntegerField("year")),
)


@dataclass(frozen=True)
class Passage:
    """A part of a document, found at one of its chunks: `start` is its place in the text."""

    hit: Hit
    text: str
    start: int

    @property
    def citation(self) -> str:
        """Where it stands, so that a reader can look it up."""
        place = f"{self.start}-{self.start + len(self.text)}"
        return f"{self.hit.title} ({self.hit.document_uri}, {place})"


def find_passages(index: LexicalBackend, question: str, limit: int = 3) -> Iterator[Passage]:
    """Yield the best passage of each of the best documents, each hit verified."""
    query = TextQuery(question, collapse=True, audit=AuditMode.GROUNDED)
    for hit in index.search(query, limit):
        nuthatch.verify(hit)
        yield widen(index, hit)


def widen(index: LexicalBackend, hit: Hit) -> Passage:
    """Return the chunk of a hit with its neighbours, as one slice of the document.

    Where the document was replaced since the search, the proven chunk stands alone.
    """
    try:
        around = index.chunks(hit.document_uri, around=hit.chunk_idx)
    except nuthatch.InvalidQuery:  # the document has fewer chunks now
        around = []
    if hit.text not in [chunk.text for chunk in around]:
        return Passage(hit, hit.text, hit.start)
    start, text = around[0].start, ""
    for chunk in around:  # chunks overlap
        text = text[: chunk.start - start] + chunk.text
    return Passage(hit, text, start)


def main(tenant: str, question: str) -> None:
    """Show what the handbooks of a tenant say about a question."""
    with nuthatch.open("memory:", schema=SCHEMA) as whole:
        whole.add(Corpus([str(HANDBOOKS)]))
        index = nuthatch.FilteredIndex(whole, nuthatch.AnyOf("tenant", [tenant]))
        for number, passage in enumerate(find_passages(index, question), 1):
            print(f"[{number}] {passage.citation}\n{passage.text}\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: citing.py TENANT QUESTION")
    main(sys.argv[1], " ".join(sys.argv[2:]))
