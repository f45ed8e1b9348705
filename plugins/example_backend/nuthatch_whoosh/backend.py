"""`WhooshBackend`: opens an index, lends readers and the one writer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Self

from nuthatch import (
    AnalyzedDocument,
    Analyzer,
    BackendUnavailable,
    Create,
    Durability,
    IndexExists,
    IndexInfo,
    IndexMetadata,
    IndexNotFound,
    LexicalBackend,
    Schema,
    WriteOutcome,
    corpus_fingerprint,
)
from whoosh.index import FileIndex
from whoosh.writing import SegmentWriter

from nuthatch_whoosh import schema as layout
from nuthatch_whoosh.config import WhooshConfig
from nuthatch_whoosh.failure import translated
from nuthatch_whoosh.plugin import SPEC
from nuthatch_whoosh.read import WhooshReader
from nuthatch_whoosh.write import remove, write


class WhooshBackend(LexicalBackend):
    """Keeps an index in a folder of Whoosh's. Safe to share between threads."""

    spec = SPEC
    config: WhooshConfig

    def __init__(
        self,
        config: WhooshConfig,
        record: IndexMetadata,
        analyzer: Analyzer,
    ) -> None:
        super().__init__(config, record.schema, analyzer)
        self._index = layout.opened(config.path)
        self._one_writer = Lock()  # threads take turns here, processes at Whoosh's own lock
        self._closed = False

    @classmethod
    def open(
        cls,
        config: WhooshConfig,
        *,
        create: Create,
        schema: Schema | None,
    ) -> Self | None:
        path, stored = config.path, config.path / layout.RECORD
        with translated(path):
            wanted = IndexMetadata.create(layout.FORMAT, schema or Schema())
            if create == "new" and not layout.create(path, wanted):
                raise IndexExists(f"{path} is there already; open it or choose another path")
            if create is True and not path.exists():
                path.parent.stat()  # told now where there is no such folder
                return None  # core calls make() with the first batch
            if not stored.exists():
                kind = IndexExists if create else IndexNotFound
                raise kind(f"there is no index at {path}; name a path where one is, or nothing")
            text = stored.read_bytes()
            record = IndexMetadata.from_json(text, place=str(path), format=layout.FORMAT)
            analyzer = record.check(schema, place=str(path), export_only=config.export_only)
            return cls(config, record, analyzer)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[WhooshReader]:
        with translated(self.config.path), self._opened().searcher() as searcher:
            yield WhooshReader(searcher)

    @contextmanager
    def _writer(self) -> Iterator[SegmentWriter]:
        """Lend the writer once nobody else has it; what is not committed then is lost."""
        with self._one_writer, translated(self.config.path):
            writer = self._opened().writer(timeout=self.config.lock_timeout, delay=0.02)
            try:
                yield writer
            finally:
                if not writer.is_closed:
                    writer.cancel()

    def _opened(self) -> FileIndex:
        if self._closed:
            raise BackendUnavailable(f"{self.config.path} was closed; open it again")
        return self._index

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        with self._writer() as writer:
            return write(writer, documents)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        with self._writer() as writer:
            return remove(writer, uris)

    def info(self) -> IndexInfo:
        with translated(self.config.path), self._opened().reader() as reader:
            roots = {row["uri"]: row["root"] for row in reader.all_stored_fields()}
            return IndexInfo(
                backend=self.name,
                documents=len(roots),
                chunks=reader.doc_count(),
                bytes=layout.size(self.config.path),
                analyzer=self.schema.analyzer,
                schema=self.schema,
                corpus_fingerprint=corpus_fingerprint(sorted(roots.values())),
                format=layout.FORMAT,
            )

    def close(self) -> None:
        self._closed = True
