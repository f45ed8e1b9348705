"""Adding documents: gathered in batches, looked up, analyzed and written; each batch all or none.

Document ── chunker ──▶ spans ── header, leaves ──▶ root    what evidence proves
         ── is this root stored? ──▶ unchanged, and done    analysis is most of the cost
         ── schema ──▶ values                               what filters compare
         ── analyzer ──▶ tokens, surface words              the title's, then the chunk's own
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple, Protocol, get_args

from nuthatch.contract.batch import (
    SKIPPED_KEPT,
    AddReport,
    AnalyzedBatch,
    AnalyzedChunk,
    AnalyzedDocument,
    Batch,
    Durability,
    OnError,
    SkippedDocument,
    WriteOutcome,
)
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.document import Document, document_from_json
from nuthatch.contract.schema import Schema
from nuthatch.errors import InvalidDocument, InvalidQuery, PluginFailure
from nuthatch.grounding import document_root, header_bytes, leaf_hash
from nuthatch.text.analyzer import Analyzer, SurfaceWords, analyze
from nuthatch.text.chunking import Span, chunker


class Outline(NamedTuple):
    """A document that is cut and hashed, which tells whether it is stored already."""

    document: Document
    spans: Sequence[Span]
    leaves: list[bytes]
    header: bytes
    root: bytes


class DocumentAnalyzer:
    """An analyzer of documents, by one schema."""

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

    def analyze(self, outline: Outline, words: SurfaceWords) -> AnalyzedDocument:
        """Return the analyzed document, and add its surface words to `words`.

        Raise `InvalidDocument`.
        """
        document, spans, leaves, header, root = outline
        values = self._schema.filter_values(document)
        title = words.analyze(document.title)
        title_line = " ".join(title)
        chunks = []
        for (start, end), leaf in zip(spans, leaves, strict=True):
            text = document.text[start:end]
            tokens = words.analyze(text)
            length = len(title) + len(tokens)
            chunks.append(AnalyzedChunk(text, start, leaf, title_line, " ".join(tokens), length))
        return AnalyzedDocument(document, root, header, chunks, values)

    def make_words(self) -> SurfaceWords:
        """Return what gathers the surface words of a batch."""
        return SurfaceWords(self._analyzer)

    def prepare(self, document: Document) -> AnalyzedDocument:
        """Return the analyzed document. Raise `InvalidDocument`."""
        return self.analyze(self.outline(document), self.make_words())


def chunk_tokens(analyzer: Analyzer, title: str, text: str) -> list[str]:
    """Return what is indexed of a chunk, once more from what is stored of it.

    For engines that keep no list of a chunk's tokens, and need them to delete it or to check it.
    """
    return analyze(analyzer, title) + analyze(analyzer, text)


def chunk_words(analyzer: Analyzer, title: str, text: str) -> dict[str, str]:
    """Return the surface words of a chunk, each with its token, once more from what is stored of
    it: what a dictionary of words keeps when documents are removed."""
    words = SurfaceWords(analyzer)
    words.analyze(title)
    words.analyze(text)
    return words


#: A batch ends when it holds this many code points of text, however few documents they are.
_BATCH_TEXT = 16 * 2**20
#: Documents that are looked up at a time; so a batch is analyzed while it is read.
_SLICE = 500

#: What `add` takes: a document, or the JSON object that describes one.
Addable = Document | Mapping[str, Any]


class WritableIndex(Protocol):
    """What adding calls of an index."""

    schema: Schema
    analyzer: Analyzer

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]: ...
    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome: ...


def add_documents(
    index: WritableIndex,
    documents: Addable | Iterable[Addable | InvalidDocument],
    batch: int,
    on_error: OnError,
    progress: Callable[[AddReport], None] | None,
    durability: Durability | None,
) -> AddReport:
    """Add documents to an index: what `LexicalBackend.add` does."""
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise InvalidQuery(f"a batch holds at least one document; found batch={batch!r}")
    if not (callable(on_error) or on_error in ("raise", "skip")):
        raise InvalidQuery(f"on_error is 'raise', 'skip' or a function; found {on_error!r}")
    single = isinstance(documents, Document | Mapping)
    given = [documents] if single else documents
    if not isinstance(given, Iterable):
        raise InvalidDocument(f"add takes a document or a list of them; found {documents!r}")
    safety = durability_of(durability, single)
    analyzer = DocumentAnalyzer(index.schema, index.analyzer)
    # Roots that are not the newest would make a document seem unchanged that is not.
    roots = index.roots if index.capabilities.immediate_visibility else _know_no_roots

    def make_builder(first: int) -> BatchBuilder:
        return BatchBuilder(analyzer, roots, on_error, first)

    def write(rows: AnalyzedBatch) -> WriteOutcome:
        with noting_parts(index.name, index.capabilities):
            outcome = index.write(rows, safety)
        if not isinstance(outcome, WriteOutcome):
            hint = "Report it to the backend's author."
            raise PluginFailure(
                f"the backend {index.name!r} returned {type(outcome).__name__} from write, which "
                f"is no WriteOutcome; what was written cannot be acknowledged. {hint}",
                stage="shape",
                hint=hint,
            )
        return outcome

    return write_batches(batches(given, batch, make_builder), write, progress)


def _know_no_roots(uris: Sequence[str]) -> Mapping[str, bytes]:
    return {}


@contextmanager
def noting_parts(name: str, capabilities: Capabilities) -> Iterator[None]:
    """Note on an error of a write that a part of its batch may stand, where that may be."""
    try:
        yield
    except Exception as error:
        if not capabilities.atomic_batches:
            error.add_note(
                f"{name} does not write a batch as a whole ({capabilities.atomic_batches.reason}): "
                "a part of this one may stand. Once the cause is mended, do the same again: what "
                "stands is left alone, the rest is written."
            )
        raise


def durability_of(given: Durability | None, single: bool) -> Durability:
    """Return what was asked, or what is usual for one document or for many."""
    if given is None:
        return "power" if single else "process"
    if given not in get_args(Durability):
        names = " or ".join(get_args(Durability))
        raise InvalidQuery(f"durability {given!r} is not known; use {names}")
    return given


class BatchBuilder:
    """A batch in the making: a slice at a time is looked up among what is stored, then analyzed.

    `roots` gives the stored roots of documents by uri, `first` is the position of the batch's first
    document.
    """

    def __init__(
        self,
        analyzer: DocumentAnalyzer,
        roots: Callable[[Sequence[str]], Mapping[str, bytes]],
        on_error: OnError,
        first: int,
    ) -> None:
        self._preparer = analyzer
        self._roots = roots
        self._on_error = on_error
        self._first = first
        self._waiting: list[tuple[int, Document]] = []
        #: By uri what is to be written, None for what is stored already.
        self._latest: dict[str, AnalyzedDocument | None] = {}
        self._words = analyzer.make_words()
        #: Whether there are words of documents that are not written after all.
        self._has_unused_words = False
        self._skipped = 0
        self._first_skipped: list[SkippedDocument] = []
        self.read = 0
        self.text = 0

    def take(self, given: object) -> None:
        """Take the next document. Raise `InvalidDocument`, also for one before it."""
        position = self._first + self.read
        self.read += 1
        try:
            document = _document(given, position)
        except InvalidDocument as error:
            self._analyze()  # what came before comes first
            self._refuse(error, position)
            return
        self.text += len(document.text)
        self._waiting.append((position, document))
        if len(self._waiting) >= _SLICE:
            self._analyze()

    def batch(self) -> Batch:
        """Return the batch. Raise `InvalidDocument`."""
        self._analyze()
        fresh = [row for row in self._latest.values() if row is not None]
        return Batch(
            AnalyzedBatch(fresh, self._used_words(fresh)),
            self.read,
            unchanged=len(self._latest) - len(fresh),
            superseded=self.read - self._skipped - len(self._latest),
            skipped=self._skipped,
            first_skipped=self._first_skipped,
        )

    def _used_words(self, fresh: Sequence[AnalyzedDocument]) -> Mapping[str, str]:
        """Return the words of the documents that are written; they are analyzed again only where
        others were analyzed too."""
        if not self._has_unused_words:
            return self._words
        words = self._preparer.make_words()
        for row in fresh:
            words.analyze(row.document.title)
            for chunk in row.chunks:
                words.analyze(chunk.text)
        return words

    def _analyze(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        stored = self._roots(list({document.uri: None for _, document in waiting}))
        for position, document in waiting:
            outline = self._preparer.outline(document)
            row, known = None, len(self._words)
            if stored.get(document.uri) != outline.root:
                try:
                    row = self._preparer.analyze(outline, self._words)
                except InvalidDocument as error:
                    self._has_unused_words |= len(self._words) > known
                    self._refuse(error, position)
                    continue
            # Taken out first, so that the later one also comes later in the document order.
            if self._latest.pop(document.uri, None) is not None:
                self._has_unused_words = True
            self._latest[document.uri] = row

    def _refuse(self, error: InvalidDocument, position: int) -> None:
        if error.position is None:
            error.position = position
            if error.where is None and error.uri is None:
                error = error.at(f"position {position}")
        if self._on_error == "raise":
            raise error
        skipped = SkippedDocument.from_error(error, position)
        self._skipped += 1
        if len(self._first_skipped) < SKIPPED_KEPT:
            self._first_skipped.append(skipped)
        if callable(self._on_error):
            self._on_error(skipped)


def batches(
    documents: Iterable[Any], size: int, make_builder: Callable[[int], BatchBuilder]
) -> Iterator[Batch]:
    """Yield batches of at most `size` documents; within one, the last of a uri wins.

    `make_builder` returns what a batch is gathered in, given the position of its first document.
    Nothing is read ahead of a batch.
    """
    read = 0
    batch = make_builder(read)
    for given in documents:
        batch.take(given)
        if batch.read >= size or batch.text >= _BATCH_TEXT:
            read += batch.read
            yield batch.batch()
            batch = make_builder(read)
    if batch.read:
        yield batch.batch()


def write_batches(
    batches: Iterable[Batch],
    write: Callable[[AnalyzedBatch], WriteOutcome],
    progress: Callable[[AddReport], None] | None,
) -> AddReport:
    """Write batch after batch; a batch is acknowledged when `progress` is called for it.

    A batch of which nothing is to be written does not reach the engine.
    """
    begun = perf_counter()
    report = AddReport()
    waiting = iter(batches)
    while (batch := _next(waiting, report.read)) is not None:
        outcome = write(batch.documents) if batch.documents else WriteOutcome()
        report = report.plus(batch, outcome, perf_counter() - begun)
        if progress is not None:
            progress(report)
    return report


def _next(batches: Iterator[Batch], acknowledged: int) -> Batch | None:
    """Return the next batch, if any; an invalid document tells how many before it are safe."""
    try:
        return next(batches, None)
    except InvalidDocument as error:
        error.acknowledged = acknowledged
        error.add_note(
            f"{acknowledged:,} documents before it are safe in the index; nothing was written of "
            "the batch that it is in. Mend it and add all again, or use on_error='skip'."
        )
        raise


def _document(given: object, position: int) -> Document:
    if isinstance(given, Document):
        return given
    if isinstance(given, Mapping):
        return document_from_json(given)
    if isinstance(given, InvalidDocument):
        raise given
    raise InvalidDocument(
        f"add takes Document objects or mappings; found {type(given).__name__} at position "
        f"{position} of what was given",
        position=position,
    )
