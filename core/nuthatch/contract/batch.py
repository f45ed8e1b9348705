"""What is written: analyzed documents in batches, documents that were skipped, and reports.

documents ── analyzed ──▶ Batch ── write ──▶ WriteOutcome ── added up ──▶ AddReport
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, overload

from nuthatch.contract.document import Document
from nuthatch.contract.schema import FilterValue
from nuthatch.errors import Fault, InvalidDocument

#: Skipped documents that a report tells of; all are counted.
SKIPPED_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class SkippedDocument:
    """A document that was skipped, and why.

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
        """Return what is kept of an error; without its traceback, which would hold the batch."""
        return cls(position, error.uri, error.where, error.field, error.reason, str(error))


#: What `add` does with a document that cannot be indexed: it raises, or skips it and counts it; a
#: function is called with each one that is skipped.
OnError = Literal["raise", "skip"] | Callable[[SkippedDocument], None]


@dataclass(frozen=True, slots=True)
class AnalyzedChunk:
    """One chunk: its text, where it starts in the document's, and what is indexed of it.

    `leaf` is the chunk's leaf hash. `title_line` joins the title's tokens by single blanks, and
    `text_line` the chunk's own: a batch of lines is a seventh of the memory of its tokens. No
    phrase reaches from one into the other. `length` is the number of tokens of both.
    """

    text: str
    start: int
    leaf: bytes
    title_line: str
    text_line: str
    length: int

    @property
    def line(self) -> str:
        """The title's tokens followed by the chunk's own, joined by single blanks."""
        if self.title_line and self.text_line:
            return f"{self.title_line} {self.text_line}"
        return self.title_line or self.text_line

    @property
    def tokens(self) -> list[str]:
        """The title's tokens followed by the chunk's own."""
        return self.line.split(" ") if self.length else []


@dataclass(frozen=True, slots=True)
class AnalyzedDocument:
    """One document, ready to be written. `root` is 32 bytes, `header` canonical JSON."""

    document: Document
    root: bytes
    header: bytes
    chunks: list[AnalyzedChunk]
    values: list[tuple[str, FilterValue]]


@dataclass(frozen=True, slots=True)
class AnalyzedBatch(Sequence[AnalyzedDocument]):
    """Documents with distinct uris that are written as one, and the words that they have.

    `words` are surface words (case folded, not stemmed, of at most 128 code points), each with the
    token by which it is found: what an engine's dictionary of words gathers. A surface has the same
    token in every batch.
    """

    documents: Sequence[AnalyzedDocument]
    words: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.documents)

    @overload
    def __getitem__(self, index: int) -> AnalyzedDocument: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[AnalyzedDocument]: ...
    def __getitem__(self, index: int | slice) -> AnalyzedDocument | Sequence[AnalyzedDocument]:
        return self.documents[index]

    def __iter__(self) -> Iterator[AnalyzedDocument]:
        return iter(self.documents)


@dataclass(frozen=True, slots=True)
class Batch:
    """Distinct analyzed documents, and what became of the others of a batch."""

    documents: AnalyzedBatch
    read: int
    unchanged: int
    superseded: int
    skipped: int
    first_skipped: list[SkippedDocument]


#: What an acknowledged write survives: the death of processes, or of the machine's power too.
Durability = Literal["process", "power"]


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What a batch did, in counts; `chunks` are those of the documents added or replaced."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `add` did, in counts: `read` = added + replaced + unchanged + superseded + skipped.

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
