"""From a document to what engines store: cut, hashed, looked up, checked and analyzed.

Document ── chunker ─▶ spans ── header, leaves ─▶ root     what evidence proves
         ── is this root stored? ─▶ unchanged, and done    analysis is most of what adding costs
         ── schema ──▶ values                              what filters compare
         ── analyzer ─▶ tokens                             the title's, then the chunk's own
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from nuthatch.contract.chunking import Span, chunker
from nuthatch.contract.document import Document
from nuthatch.contract.schema import FilterValue, Schema
from nuthatch.errors import Fault, InvalidDocument
from nuthatch.grounding.header import document_root, header_bytes
from nuthatch.grounding.merkle import leaf_hash
from nuthatch.text.analyzer import Analyzer, analyze

#: What an acknowledged write survives: the death of processes, or of the machine's power too.
Durability = Literal["process", "power"]
#: Skipped documents that a report tells of; all are counted.
SKIPPED_KEPT = 100


@dataclass(frozen=True, slots=True)
class AnalyzedChunk:
    """Holds one chunk: its text, where it starts in the document's, and what is indexed of it.

    `leaf` is the chunk's leaf hash. `line` joins the title's tokens and the chunk's own by single
    blanks, `length` is their number: a batch of lines is a seventh of the memory of its tokens.
    """

    text: str
    start: int
    leaf: bytes
    line: str
    length: int

    @property
    def tokens(self) -> list[str]:
        """Are the title's tokens followed by the chunk's own."""
        return self.line.split(" ") if self.line else []


@dataclass(frozen=True, slots=True)
class AnalyzedDocument:
    """Holds one document, ready to be written. `root` is 32 bytes, `header` canonical JSON."""

    document: Document
    root: bytes
    header: bytes
    chunks: list[AnalyzedChunk]
    values: list[tuple[str, FilterValue]]


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """Counts what a batch did; `chunks` are those of the documents added or replaced."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class SkippedDocument:
    """Tells which document was skipped, and why.

    `position` is its number among the documents given to `add`, from 0, `where` its place in a
    file (`file:line`); `uri`, `where` and `field` are None where they are not known.
    """

    position: int
    uri: str | None
    where: str | None
    field: str | None
    reason: Fault
    message: str

    @classmethod
    def from_error(cls, error: InvalidDocument, position: int) -> Self:
        """Returns what is kept of an error; without its traceback, which would hold the batch."""
        return cls(position, error.uri, error.where, error.field, error.reason, str(error))


#: What `add` does with a document that cannot be indexed: it raises, or skips it and counts it; a
#: function is called with each one that is skipped.
OnError = Literal["raise", "skip"] | Callable[[SkippedDocument], None]


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
        """Returns the report after one more batch."""
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


@dataclass(frozen=True, slots=True)
class Batch:
    """Holds distinct analyzed documents, and what became of the others of a batch."""

    documents: list[AnalyzedDocument]
    read: int
    unchanged: int
    superseded: int
    skipped: int
    first_skipped: list[SkippedDocument]


class Outline(NamedTuple):
    """Holds a document that is cut and hashed, which tells whether it is stored already."""

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
        """Returns the document cut and hashed: a fraction of what its analysis costs."""
        text = document.text
        spans = self._cut(text)
        if len(spans) == 1:  # which is the whole text
            leaves = [leaf_hash(text.encode())]
        else:
            leaves = [leaf_hash(text[start:end].encode()) for start, end in spans]
        header = header_bytes(document, self._schema.chunker, len(spans))
        return Outline(document, spans, leaves, header, document_root(header, leaves))

    def analyze(self, outline: Outline) -> AnalyzedDocument:
        """Returns the analyzed document. Raises `InvalidDocument`."""
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
        """Returns the analyzed document. Raises `InvalidDocument`."""
        return self.analyze(self.outline(document))


def chunk_tokens(analyzer: Analyzer, title: str, text: str) -> list[str]:
    """Returns what is indexed of a chunk, once more from what is stored of it.

    For engines that keep no list of a chunk's tokens, and need them to delete it or to check it.
    """
    return analyze(analyzer, title) + analyze(analyzer, text)
