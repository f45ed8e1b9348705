"""From a document to what engines store: cut, hashed, looked up, checked and analyzed.

Document ── chunker ─▶ spans ── header, leaves ─▶ root     what evidence proves
         ── is this root stored? ─▶ unchanged, and done    analysis is most of what adding costs
         ── schema ──▶ values                              what filters compare
         ── analyzer ─▶ tokens                             the title's, then the chunk's own
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nuthatch.contract.analyzed_document import AnalyzedChunk, AnalyzedDocument
from nuthatch.contract.document import Document
from nuthatch.contract.schema import Schema
from nuthatch.grounding.header import document_root, header_bytes
from nuthatch.grounding.merkle import leaf_hash
from nuthatch.text.analyzer import Analyzer, analyze
from nuthatch.text.chunking import Span, chunker


class Outline(NamedTuple):
    """A document that is cut and hashed, which tells whether it is stored already."""

    document: Document
    spans: Sequence[Span]
    leaves: list[bytes]
    header: bytes
    root: bytes


class Preparer:
    """Turns documents into analyzed ones, by one schema."""

    def __init__(self, schema: Schema, analyzer: Analyzer) -> None:
        self._schema = schema
        self._analyzer = analyzer
        self._cut = chunker(schema.chunker)

    def outline(self, document: Document) -> Outline:
        """Return the document cut and hashed: a fraction of what its analysis costs."""
        text = document.text
        spans = self._cut(text)
        if len(spans) == 1:  # which is the whole text
            leaves = [leaf_hash(text.encode())]
        else:
            leaves = [leaf_hash(text[start:end].encode()) for start, end in spans]
        header = header_bytes(document, self._schema.chunker, len(spans))
        return Outline(document, spans, leaves, header, document_root(header, leaves))

    def analyze(self, outline: Outline) -> AnalyzedDocument:
        """Return the analyzed document. Raise `InvalidDocument`."""
        document, spans, leaves, header, root = outline
        values = self._schema.filter_values(document)
        title = analyze(self._analyzer, document.title)
        chunks = []
        for (start, end), leaf in zip(spans, leaves, strict=True):
            text = document.text[start:end]
            tokens = title + analyze(self._analyzer, text)
            chunks.append(AnalyzedChunk(text, start, leaf, " ".join(tokens), len(tokens)))
        return AnalyzedDocument(document, root, header, chunks, values)

    def prepare(self, document: Document) -> AnalyzedDocument:
        """Return the analyzed document. Raise `InvalidDocument`."""
        return self.analyze(self.outline(document))


def chunk_tokens(analyzer: Analyzer, title: str, text: str) -> list[str]:
    """Return what is indexed of a chunk, once more from what is stored of it.

    For engines that keep no list of a chunk's tokens, and need them to delete it or to check it.
    """
    return analyze(analyzer, title) + analyze(analyzer, text)
