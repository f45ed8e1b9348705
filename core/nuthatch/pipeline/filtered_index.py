"""`FilteredIndex`: an index of which only the documents that pass filters are there.

    open(url, filters="tenant=acme")
         │
    search, entities, all, facets ──▶ the same search, with tenant=acme among its filters
    get, chunks, documents, info  ──▶ those that pass; any other is as not there
    add                           ──▶ InvalidDocument for a document that does not pass
    delete                        ──▶ what does not pass is as not there

The conditions stand in front of the engine, so no engine can forget them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self

from nuthatch.contract.document import Document, document_from_json
from nuthatch.contract.filter_language import parse_filter
from nuthatch.contract.filter_matching import matches_filter, values_by_field
from nuthatch.contract.filter_validation import check_filters
from nuthatch.contract.filters import Filter, as_filters, filters_text
from nuthatch.contract.query import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.contract.schema import IndexInfo, Schema
from nuthatch.contract.spec import Create, LexicalConfig
from nuthatch.errors import InvalidConfig, InvalidDocument, InvalidQuery
from nuthatch.grounding import corpus_fingerprint
from nuthatch.pipeline.indexing import Addable, DocumentAnalyzer, durability_of
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.shape import missing_method
from nuthatch.pipeline.validation import filter_features, require
from nuthatch.text.analyzer import Analyzer

if TYPE_CHECKING:
    from nuthatch.contract.batch import (
        AddReport,
        AnalyzedBatch,
        Durability,
        OnError,
        WriteOutcome,
    )
    from nuthatch.pipeline.suggesting import Suggestion

#: One filter or several that must all hold; a text is one in the filter language.
Conditions = Filter | str | Sequence[Filter | str]


class _Scope(NamedTuple):
    """The conditions, with the schema that gives them their meaning."""

    schema: Schema
    filters: tuple[Filter, ...]
    checked: tuple[Filter, ...]

    @classmethod
    def read(cls, schema: Schema, given: Conditions) -> Self:
        """Raise `InvalidQuery`."""
        items = (given,) if isinstance(given, str) else as_filters(given)  # type: ignore[arg-type]
        filters = tuple(
            parse_filter(item, schema) if isinstance(item, str) else item for item in items
        )
        return cls(schema, filters, check_filters(schema, filters))

    def holds(self, document: Document) -> bool:
        values = values_by_field(self.schema, document)
        return all(matches_filter(self.schema, values, item) for item in self.checked)


class FilteredIndex(LexicalBackend):
    """A view of an index, of which only the documents that pass `filters` are there.

    `open(url, filters=…)` returns one. A service that serves many tenants opens its index once and
    makes a view for each request; that costs next to nothing. A view closes its index with itself.

    Every search has the filters beside its own, and no facet leaves them out. `get`, `chunks` and
    `documents` know no other document, and `info` counts none, by reading all that are there. How
    common a word is, is still told by the whole index. `add` refuses a document that does not pass,
    and one whose uri belongs to a document that does not; `delete` takes that for absent. Two
    writers that add one uri at the same moment are not told apart: give tenants uris of their own.
    `check`, `optimize` and the bytes of `info` are about the whole index. Raises `InvalidQuery` and
    `UnsupportedQuery`.
    """

    def __init__(self, index: LexicalBackend, filters: Conditions) -> None:
        if not isinstance(index, LexicalBackend):
            raise InvalidConfig(f"filters stand before an index; found {index!r}")
        self._index = index
        # An index that is made later has this schema, or none of its fields is named here.
        self._scope = _Scope.read(index.schema, filters)
        self.spec = index.spec  # type: ignore[misc]  # that of the engine, for this object
        for feature in filter_features(self._scope.checked):
            require(index, feature)

    @classmethod
    def open(cls, config: Any, *, create: Create, schema: Schema | None) -> Self:
        raise missing_method("a filtered index", "open", "a URL")

    @property
    def config(self) -> LexicalConfig:  # type: ignore[override]
        """The configuration of the index."""
        return self._index.config

    @property
    def schema(self) -> Schema:  # type: ignore[override]
        """The schema of the index."""
        return self._index.schema

    @property
    def analyzer(self) -> Analyzer:  # type: ignore[override]
        """The analyzer of the index."""
        return self._index.analyzer

    @property
    def exists(self) -> bool:
        return self._index.exists

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The conditions."""
        return self._scope.filters

    # What is read

    def execute(self, request: SearchRequest) -> Results:
        return self._index.execute(self._narrow(request))

    async def execute_async(self, request: SearchRequest) -> Results:
        return await self._index.execute_async(self._narrow(request))

    def _narrow(self, request: SearchRequest) -> SearchRequest:
        filters = self.filters
        query = replace(request.query, filters=(*filters, *request.query.filters))
        return replace(request, query=query, fixed=(*filters, *request.fixed))

    def _suggest(
        self,
        text: str,
        limit: int,
        fields: Sequence[str],
        titles: bool,
        filters: tuple[Filter, ...],
    ) -> list[Suggestion]:
        return self._index._suggest(text, limit, fields, titles, (*self.filters, *filters))

    def get(self, uri: str) -> Document | None:
        document = self._index.get(uri)
        return document if document is None or self._scope.holds(document) else None

    def documents(self) -> Iterator[Document]:
        documents = self._index.documents()
        return (document for document in documents if self._scope.holds(document))

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        whole = self._index.info()
        analyzer = DocumentAnalyzer(self.schema, self.analyzer)
        outlines = map(analyzer.outline, self.documents())
        counted = [(outline.root, len(outline.spans)) for outline in outlines]
        return replace(
            whole,
            documents=len(counted),
            chunks=sum(chunks for _, chunks in counted),
            corpus_fingerprint=corpus_fingerprint(sorted(root for root, _ in counted))
            if fingerprint
            else None,
            details={**whole.details, "filters": filters_text(self.filters)},
        )

    # What is written

    def add(
        self,
        documents: Addable | Iterable[Addable | InvalidDocument],
        *,
        batch: int = 10_000,
        on_error: OnError = "raise",
        progress: Callable[[AddReport], None] | None = None,
        durability: Durability | None = None,
    ) -> AddReport:
        single = isinstance(documents, Document | Mapping)
        given: Any = [documents] if single else documents
        return self._index.add(
            map(self._admit, given) if isinstance(given, Iterable) else given,
            batch=batch,
            on_error=on_error,
            progress=progress,
            durability=durability_of(durability, single),
        )

    def _admit(self, given: Addable | InvalidDocument) -> Addable | InvalidDocument:
        """Return what is given, or why it cannot be added here."""
        try:
            document = document_from_json(given) if isinstance(given, Mapping) else given
            if isinstance(document, Document):
                self._refuse_outsider(document)
        except InvalidDocument as error:
            return error
        return document

    def _refuse_outsider(self, document: Document) -> None:
        conditions = filters_text(self.filters)
        if not self._scope.holds(document):
            raise InvalidDocument(
                f"document {document.uri!r} does not pass the filters that the index was opened "
                f"with, {conditions}; mend its fields, or open the index without filters to add it",
                uri=document.uri,
                reason="filter",
            )
        stored = self._index.get(document.uri)
        if stored is not None and not self._scope.holds(stored):
            raise InvalidDocument(
                f"the uri {document.uri!r} belongs to a document that does not pass the filters "
                f"that the index was opened with, {conditions}; give this one another uri, or open "
                "the index without filters to replace the other",
                uri=document.uri,
                reason="filter",
            )

    def delete(self, uris: str | Iterable[str], *, durability: Durability | None = None) -> int:
        if not isinstance(uris, Iterable):
            return self._index.delete(uris, durability=durability)  # which says what is wrong
        given = [uris] if isinstance(uris, str) else list(uris)
        seen = [uri for uri in given if self.get(uri) is not None]
        return self._index.delete(seen, durability=durability_of(durability, len(set(given)) == 1))

    # What is about the whole index

    def check(self) -> list[str]:
        return self._index.check()

    def optimize(self) -> None:
        self._index.optimize()

    def close(self) -> None:
        self._index.close()

    # What an engine writes, and what would pass the filters by

    def reader(self, deadline: float | None = None) -> NoReturn:
        self._refuse("a reader")

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        self._refuse("write")

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        self._refuse("remove")

    def _refuse(self, what: str) -> NoReturn:
        raise InvalidQuery(
            f"an index that was opened with filters has no {what}, which would pass them by; open "
            "the index without filters"
        )
