"""Opening an index by its URL, and dropping it: `nuthatch.open`, `nuthatch.drop`.

    open(url, create=True) ── there is one ──▶ the engine's own index
                           └─ there is none ─▶ PendingIndex ── first batch ──▶ make ─┐
                                                    │                                ▼
                                                    └──────── everything else ──▶ the index

A `PendingIndex` is made with its first batch, and answers as an empty index until then. So a load
that fails before its first good batch leaves nothing behind. Should another process make the index
meanwhile, that one is used.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from pydantic import ValidationError

from nuthatch.contract.document import Document
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Rung, SearchRequest
from nuthatch.contract.reader import KnownWord, Matches, Reader, StoredChunk
from nuthatch.contract.results import Results
from nuthatch.contract.schema import IndexInfo, Schema
from nuthatch.contract.spec import BackendConfig, BackendSpec, Create, LexicalConfig
from nuthatch.contract.statistics import CollectionStatistics
from nuthatch.contract.validation import explain
from nuthatch.errors import (
    BackendUnavailable,
    IndexExists,
    InvalidConfig,
    InvalidDocument,
    SchemaMismatch,
)
from nuthatch.grounding import corpus_fingerprint
from nuthatch.pipeline.index import IndexMetadata
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.shape import missing_method
from nuthatch.pipeline.validation import require, require_support
from nuthatch.registry.backends import backend_class, backend_spec
from nuthatch.registry.url import redact, split_url

if TYPE_CHECKING:
    from nuthatch.contract.batch import (
        AddReport,
        AnalyzedBatch,
        Durability,
        OnError,
        WriteOutcome,
    )
    from nuthatch.entities.fuzzy import TitleTerm
    from nuthatch.entities.plan import PhraseLookup, TitleLookup
    from nuthatch.pipeline.filtered_index import Conditions
    from nuthatch.pipeline.indexing import Addable


class EmptyReader:
    """A reader of an index without documents."""

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(tokens, 0)

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return Matches([], 0, exact=True)

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return [{} for _ in keys]

    def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
        return []

    def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
        return []

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk]:
        return []

    def get(self, uri: str) -> Document | None:
        return None

    def statistics(self) -> CollectionStatistics:
        return CollectionStatistics(0, 0)

    def documents(self) -> Iterator[Document]:
        return iter(())

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> list[list[Hashable]]:
        return [[] for _ in lookups]

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        return [[] for _ in lookups]

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        return [[] for _ in keys]

    def eligible(self, filters: Sequence[Filter]) -> set[Hashable]:
        return set()


class PendingIndex(LexicalBackend):
    """An index that is not there yet, and then the one that is made."""

    def __init__(
        self, backend: type[LexicalBackend], config: LexicalConfig, wanted: Schema | None
    ) -> None:
        record = IndexMetadata.create(0, wanted or Schema())
        place = f"{backend.spec.name}:{config.location}"
        analyzer = record.check(None, place=place, export_only=config.export_only)
        super().__init__(config, record.schema, analyzer)
        self.spec = backend.spec  # type: ignore[misc]  # that of the engine, for this object
        self._backend = backend
        self._wanted = wanted
        self._place = place
        #: Holds the index once there is one. A dictionary, for its `setdefault` needs no lock,
        #: which a fork could find taken.
        self._index: dict[str, LexicalBackend] = {}
        self._closed = False

    @classmethod
    def open(cls, config: Any, *, create: Create, schema: Schema | None) -> Self:
        raise missing_method("a pending index", "open", "a URL")

    @property
    def exists(self) -> bool:
        return self._find() is not None

    def _find(self) -> LexicalBackend | None:
        """Return the index, if there is one by now."""
        if self._closed:
            raise BackendUnavailable(f"{self._place} was closed; open it again")
        if "index" in self._index:
            return self._index["index"]
        found = self._backend.open(self.config, create=True, schema=self._wanted)
        return None if found is None else self._keep(found)

    def _keep(self, found: LexicalBackend) -> LexicalBackend:
        kept = self._index.setdefault("index", found)
        if kept is not found:  # another thread was faster
            found.close()
        self.schema, self.analyzer = kept.schema, kept.analyzer
        return kept

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        schema = self.schema
        index = self._find() or self._make(schema, documents, durability)
        if index is None:
            from nuthatch.contract.batch import WriteOutcome  # no search needs it

            return WriteOutcome(
                added=len(documents), chunks=sum(len(row.chunks) for row in documents)
            )
        if index.schema != schema:
            raise SchemaMismatch(
                f"{self._place} was made meanwhile, with another schema than these documents were "
                "prepared for; open it again and add them again"
            )
        return index.write(documents, durability)

    def _make(
        self, schema: Schema, documents: AnalyzedBatch, durability: Durability
    ) -> LexicalBackend | None:
        """Make the index with its first batch; return the one that is there instead, if any."""
        try:
            made = self._backend.make(
                self.config, schema=schema, documents=documents, durability=durability
            )
        except IndexExists:
            found = self._find()
            if found is None:
                raise
            return found
        self._keep(made)
        return None

    def add(
        self,
        documents: Addable | Iterable[Addable | InvalidDocument],
        *,
        batch: int = 10_000,
        on_error: OnError = "raise",
        progress: Callable[[AddReport], None] | None = None,
        durability: Durability | None = None,
    ) -> AddReport:
        add = super().add if (index := self._find()) is None else index.add
        return add(
            documents, batch=batch, on_error=on_error, progress=progress, durability=durability
        )

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        return self._index["index"].roots(uris) if "index" in self._index else {}

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        index = self._find()
        return 0 if index is None else index.remove(uris, durability)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Reader]:
        index = self._find()
        if index is None:
            yield EmptyReader()
            return
        with index.reader(deadline) as reader:
            yield reader

    def execute(self, request: SearchRequest) -> Results:
        index = self._find()
        return super().execute(request) if index is None else index.execute(request)

    async def execute_async(self, request: SearchRequest) -> Results:
        from asyncio import to_thread  # a tenth of a second that synchronous callers need not wait

        index = await to_thread(self._find)
        if index is None:
            return super().execute(request)
        return await index.execute_async(request)

    def get(self, uri: str) -> Document | None:
        index = self._find()
        return super().get(uri) if index is None else index.get(uri)

    def documents(self) -> Iterator[Document]:
        index = self._find()
        return super().documents() if index is None else index.documents()

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        index = self._find()
        if index is not None:
            return index.info(fingerprint=fingerprint)
        return IndexInfo(
            backend=self.name,
            documents=0,
            chunks=0,
            bytes=0,
            analyzer=self.schema.analyzer,
            schema=self.schema,
            corpus_fingerprint=corpus_fingerprint(()),
            format=0,
            details={"pending": "made with its first batch"},
        )

    def check(self) -> list[str]:
        require(self, "check")
        index = self._find()
        return [] if index is None else index.check()

    def optimize(self) -> None:
        require(self, "optimize")
        index = self._find()
        if index is not None:
            index.optimize()

    def close(self) -> None:
        self._closed = True
        for index in self._index.values():
            index.close()


def open(
    url: str,
    *,
    create: Create = False,
    schema: Schema | None = None,
    filters: Conditions | None = None,
    **options: Any,
) -> LexicalBackend:
    """Open the index that a URL names, or create it; use it in a `with` statement.

    `create` is False (the index must exist), True (where there is none it is made with its first
    batch, and answers as an empty one until then) or "new" (it must not exist, and is made at
    once). `schema` is what a new index is made with and what an existing one must have. Options
    may stand in the URL or be given by keyword, each once.

    `filters`, or a text in the filter language, are conditions that hold for all that is done with
    the index: see `FilteredIndex`. They may stand in the URL, too.

    Raise `UnknownBackend`, `PluginFailure`, `InvalidConfig`, `IndexNotFound`, `IndexExists`,
    `SchemaMismatch`, `AnalyzerMismatch`, `FormatMismatch`, `IndexLocked` (another process is making
    or changing it, and did not end in time), `IndexCorrupt`, `BackendUnavailable`, and for filters
    `InvalidQuery` and `UnsupportedQuery`. What else an engine raises is not wrapped.
    """
    if create not in (False, True, "new"):
        raise InvalidConfig(f"create is False, True or 'new'; found {create!r}")
    if not (schema is None or isinstance(schema, Schema)):
        raise InvalidConfig(f"schema is a nuthatch.Schema; found {type(schema).__name__}")
    given = options if filters is None else {**options, "filters": filters}
    spec, config, conditions = configure(url, given)
    backend = cast("type[LexicalBackend]", backend_class(spec))
    index = backend.open(config, create=create, schema=schema)
    if index is None:
        if create is not True:
            raise missing_method(spec.name, "write", f"an index for create={create!r}")
        index = PendingIndex(backend, cast("LexicalConfig", config), schema)
    return index if conditions is None else _narrow(index, conditions)


def _narrow(index: LexicalBackend, conditions: Conditions) -> LexicalBackend:
    from nuthatch.pipeline.filtered_index import FilteredIndex  # no other search needs it

    try:
        return FilteredIndex(index, conditions)
    except BaseException:
        index.close()
        raise


def drop(url: str, **options: Any) -> None:
    """Remove the index that a URL names, and everything that belongs to it.

    Take URLs and options as `open` does; a damaged index, and one whose analyzer is not
    installed, can be removed too. One that is in use is refused, or its handles say from then on
    that it is gone. Raise `UnsupportedQuery` where the backend cannot, `IndexNotFound` where there
    is no index, `IndexLocked` where it is in use, and what `open` raises.
    """
    spec, config, conditions = configure(url, options)
    if conditions is not None:
        raise InvalidConfig(
            f"{redact(url)!r} is given with filters, and drop removes the whole index; leave them "
            "out"
        )
    require_support(spec.name, spec.capabilities, "drop")
    backend = cast("type[LexicalBackend]", backend_class(spec))
    backend.drop(config)


class Configuration(NamedTuple):
    """What a URL and options say: which engine, its configuration, and the filters, if any."""

    spec: BackendSpec
    config: BackendConfig
    filters: Conditions | None


def configure(url: str, options: Mapping[str, Any]) -> Configuration:
    """Return what a URL and options say, validated but for the filters; import no driver.

    Raise `UnknownBackend`, `PluginFailure` and `InvalidConfig`.
    """
    scheme, location, given = split_url(url)
    spec = backend_spec(scheme)
    twice = sorted(given.keys() & options.keys())
    if twice:
        raise InvalidConfig(f"{redact(url)!r}: option {twice[0]!r} is given in the URL and again")
    merged = {**given, **options}
    filters = merged.pop("filters", None)
    if "location" in merged:
        raise InvalidConfig(f"{redact(url)!r}: the location stands in the URL, not in an option")
    try:
        return Configuration(spec, spec.config.from_url(location, merged), filters)
    except InvalidConfig as error:
        near = _near(merged, spec.config)
        raise InvalidConfig(f"{redact(url)!r}: {error}{near}") from error
    except ValidationError as error:
        raise InvalidConfig(f"{redact(url)!r}: {explain(error)}") from error


def _near(options: Mapping[str, Any], config: type[BackendConfig]) -> str:
    from difflib import get_close_matches  # only on the way to an error

    known = sorted({*config.model_fields, "filters"} - {"location"})
    unknown = sorted(options.keys() - config.model_fields.keys())
    near = [option for name in unknown for option in get_close_matches(name, known, n=2)]
    return f"; did you mean {' or '.join(near)}?" if near else ""
