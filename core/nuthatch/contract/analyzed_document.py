"""Analyzed documents: what engines store, made by core from documents and a schema."""

from __future__ import annotations

from dataclasses import dataclass

from nuthatch.contract.document import Document
from nuthatch.contract.schema import FilterValue
from nuthatch.contract.skipped_document import SkippedDocument


@dataclass(frozen=True, slots=True)
class AnalyzedChunk:
    """One chunk: its text, where it starts in the document's, and what is indexed of it.

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
    """One document, ready to be written. `root` is 32 bytes, `header` canonical JSON."""

    document: Document
    root: bytes
    header: bytes
    chunks: list[AnalyzedChunk]
    values: list[tuple[str, FilterValue]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Distinct analyzed documents, and what became of the others of a batch."""

    documents: list[AnalyzedDocument]
    read: int
    unchanged: int
    superseded: int
    skipped: int
    first_skipped: list[SkippedDocument]
