"""`PendingIndex`: an index that is made with its first batch, and until then answers as empty.

    open(url, create=True) ── there is one ──▶ the engine's own index
                           └─ there is none ─▶ PendingIndex ── first batch ──▶ make ─┐
                                                    │                                ▼
                                                    └──────── everything else ──▶ the index

So a load that fails before its first good batch leaves nothing behind. Should another process make
the index meanwhile, that one is used.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from nuthatch.contract.analyzed_document import AnalyzedDocument
from nuthatch.contract.document import Document
from nuthatch.contract.filters import Filter
from nuthatch.contract.index_info import IndexInfo
from nuthatch.contract.reader import Matches, Reader, StoredChunk
from nuthatch.contract.report import AddReport, Durability, WriteOutcome
from nuthatch.contract.request import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.contract.rung import Rung
from nuthatch.contract.schema import Schema
from nuthatch.contract.skipped_document import OnError
from nuthatch.contract.spec import Create, LexicalConfig
from nuthatch.entities.fuzzy import TitleTerm
from nuthatch.entities.plan import PhraseLookup, TitleLookup
from nuthatch.errors import BackendUnavailable, IndexExists, InvalidDocument, SchemaMismatch
from nuthatch.grounding.header import corpus_fingerprint
from nuthatch.pipeline.gathering import Addable
from nuthatch.pipeline.hits import undefined
from nuthatch.pipeline.index import IndexMetadata
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.validation import require


class EmptyReader:
    """Answers from an index without documents."""

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(tokens, 0)

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return Matches([], 0, exact=True)

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return [{} for _ in keys]

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk]:
        return []

    def get(self, uri: str) -> Document | None:
        return None

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
    """Stands for an index that is not there yet, and for the one that comes of it."""

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
        raise undefined("a pending index", "open", "a URL")

    @property
    def exists(self) -> bool:
        return self._found() is not None

    def _found(self) -> LexicalBackend | None:
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

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        schema = self.schema
        index = self._found() or self._make(schema, documents, durability)
        if index is None:
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
        self, schema: Schema, documents: Sequence[AnalyzedDocument], durability: Durability
    ) -> LexicalBackend | None:
        """Make the index with its first batch; return the one that is there instead, if any."""
        try:
            made = self._backend.make(
                self.config, schema=schema, documents=documents, durability=durability
            )
        except IndexExists:
            found = self._found()
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
        add = super().add if (index := self._found()) is None else index.add
        return add(
            documents, batch=batch, on_error=on_error, progress=progress, durability=durability
        )

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        return self._index["index"].roots(uris) if "index" in self._index else {}

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        index = self._found()
        return 0 if index is None else index.remove(uris, durability)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Reader]:
        index = self._found()
        if index is None:
            yield EmptyReader()
            return
        with index.reader(deadline) as reader:
            yield reader

    def execute(self, request: SearchRequest) -> Results:
        index = self._found()
        return super().execute(request) if index is None else index.execute(request)

    async def execute_async(self, request: SearchRequest) -> Results:
        from asyncio import to_thread  # a tenth of a second that synchronous callers need not wait

        index = await to_thread(self._found)
        if index is None:
            return super().execute(request)
        return await index.execute_async(request)

    def get(self, uri: str) -> Document | None:
        index = self._found()
        return super().get(uri) if index is None else index.get(uri)

    def documents(self) -> Iterator[Document]:
        index = self._found()
        return super().documents() if index is None else index.documents()

    def info(self) -> IndexInfo:
        index = self._found()
        if index is not None:
            return index.info()
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
        index = self._found()
        return [] if index is None else index.check()

    def optimize(self) -> None:
        require(self, "optimize")
        index = self._found()
        if index is not None:
            index.optimize()

    def close(self) -> None:
        self._closed = True
        for index in self._index.values():
            index.close()
