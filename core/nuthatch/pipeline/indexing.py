"""From a document to what engines store: checked, cut, analyzed and hashed.

Document ── schema ──▶ values          what filters compare
         ── chunker ─▶ spans ── analyzer ─▶ tokens (the title's, then the chunk's own)
         ── header, leaves ─▶ root     what evidence proves
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import Any

from nuthatch.contract.analyzed_document import AnalyzedChunk, AnalyzedDocument, Batch
from nuthatch.contract.document import Document, document_from_json
from nuthatch.contract.report import AddReport, WriteOutcome
from nuthatch.contract.schema import Schema
from nuthatch.errors import InvalidDocument
from nuthatch.grounding.header import document_root, header_bytes
from nuthatch.grounding.merkle import leaf_hash
from nuthatch.text.analyzer import Analyzer, analyze
from nuthatch.text.chunking import chunker

#: A batch ends when it holds this many code points of text, however few documents they are.
_BATCH_TEXT = 16 * 2**20


class Preparer:
    """Turns documents into analyzed ones, by one schema."""

    def __init__(self, schema: Schema, analyzer: Analyzer) -> None:
        self._schema = schema
        self._analyzer = analyzer
        self._cut = chunker(schema.chunker)

    def prepare(self, document: Document) -> AnalyzedDocument:
        """Returns the analyzed document. Raises `InvalidDocument`."""
        values = self._schema.filter_values(document)
        title = analyze(self._analyzer, document.title)
        chunks = []
        for start, end in self._cut(document.text):
            text = document.text[start:end]
            tokens = title + analyze(self._analyzer, text)
            leaf = leaf_hash(text.encode())
            chunks.append(AnalyzedChunk(text, start, leaf, " ".join(tokens), len(tokens)))
        header = header_bytes(document, self._schema.chunker, len(chunks))
        root = document_root(header, (chunk.leaf for chunk in chunks))
        return AnalyzedDocument(document, root, header, chunks, values)

    def batches(
        self, documents: Iterable[Document | Mapping[str, Any]], size: int
    ) -> Iterator[Batch]:
        """Yields batches of at most `size` documents; within one, the last of a uri wins.

        An invalid document raises when it is reached; the batch it would have been in is not
        yielded.
        """
        latest: dict[str, Document] = {}
        read = text = 0
        for given in documents:
            document = given if isinstance(given, Document) else _document(given, read)
            # Taken out first, so that the later one also comes later in the document order.
            latest.pop(document.uri, None)
            latest[document.uri] = document
            read += 1
            text += len(document.text)
            if read >= size or text >= _BATCH_TEXT:
                yield Batch([self.prepare(each) for each in latest.values()], read)
                latest, read, text = {}, 0, 0
        if latest:
            yield Batch([self.prepare(each) for each in latest.values()], read)


def chunk_tokens(analyzer: Analyzer, title: str, text: str) -> list[str]:
    """Returns what is indexed of a chunk, once more from what is stored of it.

    For engines that keep no list of a chunk's tokens, and need them to delete it or to check it.
    """
    return analyze(analyzer, title) + analyze(analyzer, text)


def write_batches(
    batches: Iterable[Batch],
    write: Callable[[Batch], WriteOutcome],
    progress: Callable[[AddReport], None] | None,
) -> AddReport:
    """Writes batch after batch; a batch is acknowledged when `progress` is called for it."""
    begun = perf_counter()
    report = AddReport()
    for batch in batches:
        report = report.plus(batch, write(batch), perf_counter() - begun)
        if progress is not None:
            progress(report)
    return report


def _document(given: object, position: int) -> Document:
    if isinstance(given, Mapping):
        return document_from_json(given)
    raise InvalidDocument(
        f"add takes Document objects or mappings; found {type(given).__name__} at position "
        f"{position} of the batch"
    )
