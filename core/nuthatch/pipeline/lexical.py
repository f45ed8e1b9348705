"""`LexicalBackend`: the template that nearly every engine extends.

    application ── search, add, delete, get ──▶ LexicalBackend     written here, once
                                                      │
                                            reader, write, remove, info …   written per engine

An engine stores the tokens it is given and never tokenizes by itself; it matches rungs and never
sees a policy. What it cannot do it declares in its capabilities, and core refuses for it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Self

from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.document import Chunk, Document
from nuthatch.contract.facet import Facet
from nuthatch.contract.filters import Filter
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import (
    Corrections,
    Policy,
    Query,
    Relevance,
    SearchRequest,
    Syntax,
)
from nuthatch.contract.reader import AsyncReader, Reader
from nuthatch.contract.results import Results
from nuthatch.contract.schema import IndexInfo, Schema
from nuthatch.contract.spec import BackendSpec, Create, LexicalConfig
from nuthatch.errors import InvalidDocument, InvalidQuery
from nuthatch.pipeline.readers import LiftedReader, has_documents, run_blocking
from nuthatch.pipeline.search import PlannedSearch
from nuthatch.pipeline.shape import missing_method
from nuthatch.pipeline.validation import plan_search, refuse_if_export_only, require, search_request
from nuthatch.registry.plugins import observe
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.chunking import chunker

if TYPE_CHECKING:
    from nuthatch.contract.batch import (
        AddReport,
        AnalyzedBatch,
        Durability,
        OnError,
        WriteOutcome,
    )
    from nuthatch.pipeline.indexing import Addable
    from nuthatch.pipeline.suggesting import Suggestion


class Searcher(SearchBackend):
    """The base of every searcher, of engines, combinations and wrappers.

    Required: `name`, `audit_mode`, `capabilities`, `execute`, `get`, `close`. Optional:
    `execute_async`. Given: `search`, `search_async`, the context manager.
    """

    @abstractmethod
    def execute(self, request: SearchRequest) -> Results:
        """Return the best hits for a request, which is valid and which the capabilities allow."""

    async def execute_async(self, request: SearchRequest) -> Results:
        """Do the same without blocking; runs `execute` in a thread unless overridden."""
        from asyncio import to_thread  # a tenth of a second that synchronous callers need not wait

        return await to_thread(self.execute, request)

    def search(
        self,
        query: Query,
        limit: int | None = None,
        *,
        offset: int | None = None,
        filters: Filter | Sequence[Filter] | None = None,
        sort: str | Sequence[str] | None = None,
        facets: Facet | str | Sequence[Facet | str] | None = None,
        count: bool | None = None,
        collapse: bool | None = None,
        policy: Policy | None = None,
        syntax: Syntax | None = None,
        phrases: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        prefix: bool | None = None,
        corrections: Corrections | None = None,
        alternatives: Mapping[str, Sequence[str]] | None = None,
        relevance: Relevance | None = None,
        extra_or_tokens: Sequence[str] | None = None,
        audit: AuditMode | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        options = {
            "limit": limit,
            "offset": offset,
            "filters": filters,
            "sort": sort,
            "facets": facets,
            "count": count,
            "collapse": collapse,
            "policy": policy,
            "syntax": syntax,
            "phrases": phrases,
            "exclude": exclude,
            "prefix": prefix,
            "corrections": corrections,
            "alternatives": alternatives,
            "relevance": relevance,
            "extra_or_tokens": extra_or_tokens,
            "audit": audit,
        }
        return self.execute(search_request(self, query, options, explain, timeout))

    async def search_async(
        self,
        query: Query,
        limit: int | None = None,
        *,
        offset: int | None = None,
        filters: Filter | Sequence[Filter] | None = None,
        sort: str | Sequence[str] | None = None,
        facets: Facet | str | Sequence[Facet | str] | None = None,
        count: bool | None = None,
        collapse: bool | None = None,
        policy: Policy | None = None,
        syntax: Syntax | None = None,
        phrases: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        prefix: bool | None = None,
        corrections: Corrections | None = None,
        alternatives: Mapping[str, Sequence[str]] | None = None,
        relevance: Relevance | None = None,
        extra_or_tokens: Sequence[str] | None = None,
        audit: AuditMode | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        options = {
            "limit": limit,
            "offset": offset,
            "filters": filters,
            "sort": sort,
            "facets": facets,
            "count": count,
            "collapse": collapse,
            "policy": policy,
            "syntax": syntax,
            "phrases": phrases,
            "exclude": exclude,
            "prefix": prefix,
            "corrections": corrections,
            "alternatives": alternatives,
            "relevance": relevance,
            "extra_or_tokens": extra_or_tokens,
            "audit": audit,
        }
        return await self.execute_async(search_request(self, query, options, explain, timeout))


class LexicalBackend(Searcher):
    """A search engine over tokens.

    Required: `spec` (a class attribute), `open`, `reader`, `write`, `remove`, `info`, `close`.
    Optional: `make`, `roots`, `check`, `optimize`, `drop`, `async_reader`, `run`, `run_async`.
    Everything else is given. `write`, `remove` and `reader` may be called from any thread and by
    several at a time; an engine that writes one batch at a time sees to that itself.
    """

    spec: ClassVar[BackendSpec]
    config_model = LexicalConfig

    def __init__(self, config: LexicalConfig, schema: Schema, analyzer: Analyzer) -> None:
        self.config = config
        self.schema = schema
        self.analyzer = analyzer

    # What an engine writes

    @classmethod
    @abstractmethod
    def open(cls, config: Any, *, create: Create, schema: Schema | None) -> Self | None:
        """Open the index that `config` (of the spec's model) names.

        With `create="new"` it makes an empty one. With `create=True` it returns None where there
        is none and one can be made: core then calls `make` with the first batch. Raise
        `IndexNotFound`, `IndexExists`, `SchemaMismatch`, `AnalyzerMismatch`, `FormatMismatch`,
        `IndexLocked`, `IndexCorrupt`, `BackendUnavailable`. `IndexMetadata` does the checks.
        """

    @classmethod
    def make(
        cls,
        config: Any,
        *,
        schema: Schema,
        documents: AnalyzedBatch,
        durability: Durability,
    ) -> Self:
        """Make the index together with its first batch: all of it is there at once, or nothing.

        Raise `IndexExists` where another process was faster. This default makes an empty index
        and writes to it, so a process that is killed in between leaves an empty one.
        """
        index = cls.open(config, create="new", schema=schema)
        assert index is not None  # as "new" demands
        try:
            index.write(documents, durability)
        except BaseException:
            index.close()
            raise
        return index

    @abstractmethod
    def reader(self, deadline: float | None = None) -> AbstractContextManager[Reader]:
        """Return a context manager that gives one consistent state of the index.

        An engine that declares `timeout` raises `QueryTimeout` once `time.monotonic` passes
        `deadline`.
        """

    @abstractmethod
    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        """Upsert documents with distinct uris, all or none where `atomic_batches` is declared.

        A document whose root is stored already is left alone and counted as unchanged. On
        return the batch survives what `durability` names.
        """

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        """Return the roots of those of these documents that are stored, by uri.

        A document with the same root is unchanged, and is not analyzed. What is left out is
        analyzed and given to `write`, which compares roots once more.
        """
        return {}

    @abstractmethod
    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        """Remove the documents with these distinct uris; return how many were.

        All or none where `atomic_batches` is declared.
        """

    @abstractmethod
    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        """Describe the index.

        The corpus fingerprint may cost a scan of all documents: `fingerprint` asks for it. Without,
        it is there only where it is cached for the state that is described.
        """

    def check(self) -> list[str]:
        """Return what is wrong with the stored index, one sentence each; empty if nothing."""
        require(self, "check")
        raise missing_method(self.name, "check", "it")

    def optimize(self) -> None:
        """Bring the stored index into its fastest form; never changes what matches.

        After it every search sees what was acknowledged before, also where `immediate_visibility`
        is not declared.
        """
        require(self, "optimize")
        raise missing_method(self.name, "optimize", "it")

    @classmethod
    def drop(cls, config: Any) -> None:
        """Remove the index that `config` names, all or nothing, and leave nothing behind.

        Needs neither its schema nor its analyzer, so that an index that cannot be opened any more
        can be removed. Raise `IndexNotFound` where there is none, and `IndexLocked` where it is
        in use and cannot go meanwhile.
        """
        raise missing_method(cls.spec.name, "drop", "it")

    def async_reader(
        self, deadline: float | None = None
    ) -> AbstractAsyncContextManager[AsyncReader]:
        """Return a reader whose methods are coroutines, over one snapshot.

        For an engine that declares `async_native`. Else raise `UnsupportedQuery`.
        """
        require(self, "async_native")
        raise missing_method(self.name, "async_native", "async_reader")

    def run(self, search: PlannedSearch) -> Results:
        """Return the results of a search over one reader.

        An engine that reads in a way of its own overrides it: to search once more where a session
        was lost, say. Hooks are called before and after, once.
        """
        with self.reader(search.deadline) as reader:
            return run_blocking(search.over(LiftedReader(reader)))

    async def run_async(self, search: PlannedSearch) -> Results:
        """Return the results of a search over one asynchronous reader.

        Called by `search_async` for an engine that declares `async_native`. Like `run`, an
        engine may override it.
        """
        async with self.async_reader(search.deadline) as reader:
            return await search.over(reader)

    # What is written once

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def exists(self) -> bool:
        """Return whether the index is there already, or comes with its first batch."""
        return True

    @property
    def audit_mode(self) -> AuditMode:
        return self.spec.audit_mode

    @property
    def capabilities(self) -> Capabilities:
        return self.spec.capabilities

    def execute(self, request: SearchRequest) -> Results:
        search = plan_search(self, request)
        return observe(self.name, search.nothing() if search.is_empty else self.run(search))

    async def execute_async(self, request: SearchRequest) -> Results:
        if self.capabilities.async_native.level != "native":
            return await super().execute_async(request)
        search = plan_search(self, request)
        if search.is_emulated:  # by reading documents, which asynchronous readers do not give
            return await super().execute_async(request)
        results = search.nothing() if search.is_empty else await self.run_async(search)
        return observe(self.name, results)

    def get(self, uri: str) -> Document | None:
        if not isinstance(uri, str):
            raise InvalidQuery(f"a uri is text; found {uri!r}")
        if not _possible(uri):
            return None
        with self.reader() as reader:
            return reader.get(uri)

    def chunks(
        self, uri: str, *, around: int | None = None, before: int = 1, after: int = 1
    ) -> list[Chunk]:
        """Return the chunks of a document in order; with `around`, those about a hit's chunk.

        These are chunk number `around`, `before` chunks ahead of it and `after` behind it, fewer at
        the ends of the document. Each is an exact slice of the document's text. The list is empty
        where there is no such document. Raise `InvalidQuery` for a chunk that the document, as it
        is now, does not have.
        """
        document = self.get(uri)
        if document is None:
            return []
        spans = chunker(self.schema.chunker)(document.text)
        return [
            Chunk(uri, number, document.text[slice(*spans[number])], spans[number][0])
            for number in _select_chunks(uri, len(spans), around, before, after)
        ]

    def suggest(
        self, text: str, limit: int = 10, *, fields: Sequence[str] = (), titles: bool = False
    ) -> list[Suggestion]:
        """Return what a text that is being typed may become, the most frequent first.

        The last word is completed from the words of the index, one with an error in its beginning
        too, by what stands beside the words before it. `fields` are keyword fields whose values
        are suggested as well, and `titles` asks for titles that hold all words; each source gives
        at most `limit`. Raise `InvalidQuery` and `UnsupportedQuery`.
        """
        return self._suggest(text, limit, fields, titles, ())

    def _suggest(
        self,
        text: str,
        limit: int,
        fields: Sequence[str],
        titles: bool,
        filters: tuple[Filter, ...],
    ) -> list[Suggestion]:
        from nuthatch.pipeline.suggesting import Suggester  # no search needs it

        return Suggester(self, filters).suggest(text, limit, fields, titles=titles)

    def documents(self) -> Iterator[Document]:
        """Yield every document in document order, from one state of the index."""
        require(self, "export")
        return self._export()

    def _export(self) -> Iterator[Document]:
        with self.reader() as reader:
            if not has_documents(reader):
                raise missing_method(self.name, "export", "the reader's documents")
            yield from reader.documents()

    def add(
        self,
        documents: Addable | Iterable[Addable | InvalidDocument],
        *,
        batch: int = 10_000,
        on_error: OnError = "raise",
        progress: Callable[[AddReport], None] | None = None,
        durability: Durability | None = None,
    ) -> AddReport:
        """Add documents, or replace those with the same uri; unchanged ones are left alone.

        Take one document or many; mappings are read as JSON documents. Documents are written in
        batches of `batch`, and `progress` is called with the report so far once a batch is safe.
        Each is written as a whole or not at all where the backend declares `atomic_batches`, else
        an error has a note that a part may stand. Searches see a batch once it is safe where
        `immediate_visibility` is declared, else after `optimize()` at the latest. `durability`
        defaults to "power" for a single document and to "process" otherwise.

        A document that cannot be indexed raises `InvalidDocument`, which names it and tells how
        many documents before it are safe: the batches before stand, of its own batch nothing is
        written, the good documents neither. With `on_error="skip"` it is left out and counted, and
        all others are written; a function in place of "skip" is called with each
        `SkippedDocument`. An `InvalidDocument` may be given in place of a document that could not
        be read. Also raises `InvalidQuery`, `IndexLocked`, `BackendUnavailable`.
        """
        require(self, "write")
        refuse_if_export_only(self)
        from nuthatch.pipeline.indexing import add_documents  # no search needs it

        return add_documents(self, documents, batch, on_error, progress, durability)

    def delete(self, uris: str | Iterable[str], *, durability: Durability | None = None) -> int:
        """Delete documents by uri; return how many there were.

        All or none where the backend declares `atomic_batches`; seen by searches like what `add`
        writes.
        """
        require(self, "delete")
        refuse_if_export_only(self)
        if not isinstance(uris, Iterable):
            raise InvalidQuery(f"delete takes a uri or a list of them; found {uris!r}")
        given = [uris] if isinstance(uris, str) else list(uris)
        for uri in given:
            if not isinstance(uri, str):
                raise InvalidQuery(f"a uri is text; found {uri!r}")
        distinct = list(dict.fromkeys(filter(_possible, given)))
        from nuthatch.pipeline.indexing import durability_of, noting_parts  # no search needs it

        safety = durability_of(durability, len(distinct) == 1)
        with noting_parts(self.name, self.capabilities):
            return self.remove(distinct, safety)


def _select_chunks(uri: str, number: int, around: int | None, before: int, after: int) -> range:
    """Return the numbers of the chunks that are asked for, of a document with so many."""
    given = {"before": before, "after": after} | ({} if around is None else {"around": around})
    for name, value in given.items():
        if type(value) is not int or value < 0:
            raise InvalidQuery(f"chunks takes {name} as a number from 0; found {value!r}")
    if around is None:
        if (before, after) != (1, 1):
            raise InvalidQuery("before and after are neighbours of a chunk; name it by around")
        return range(number)
    if around >= number:
        raise InvalidQuery(
            f"chunk {around} of {uri!r} was asked for; the document has {number}, counted from 0: "
            "it may have been replaced since the search"
        )
    return range(max(0, around - before), min(number, around + after + 1))


def _possible(uri: str) -> bool:
    """Return whether UTF-8 can hold a uri; no document has one that it cannot hold."""
    return not any("\ud800" <= character <= "\udfff" for character in uri)
