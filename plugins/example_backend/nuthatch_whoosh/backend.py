"""`WhooshBackend`: opens an index, and opens its readers and its one writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock
from typing import Self, TypeVar

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
from whoosh.index import FileIndex, LockError
from whoosh.util.filelock import try_for
from whoosh.writing import SegmentWriter

from nuthatch_whoosh import schema as layout
from nuthatch_whoosh.config import WhooshConfig
from nuthatch_whoosh.failure import translate_errors
from nuthatch_whoosh.plugin import SPEC
from nuthatch_whoosh.read import WhooshReader
from nuthatch_whoosh.write import remove, write

T = TypeVar("T")


class WhooshBackend(LexicalBackend):
    """An index in a folder of Whoosh's files. Threads may share it."""

    spec = SPEC
    config: WhooshConfig

    def __init__(
        self,
        config: WhooshConfig,
        record: IndexMetadata,
        analyzer: Analyzer,
    ) -> None:
        super().__init__(config, record.schema, analyzer)
        self._index = layout.open_index(config.path)
        self._write_lock = Lock()  # for threads; processes wait for a locked file
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
        with translate_errors(path):
            wanted = IndexMetadata.create(layout.FORMAT, schema or Schema())
            if create == "new" and not layout.create(path, wanted):
                raise IndexExists(f"{path} is there already; open it or choose another path")
            if create is True and not path.exists():
                path.parent.stat()  # raises now if the parent folder is missing
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
        with translate_errors(self.config.path), self._get_index().searcher() as searcher:
            yield WhooshReader(searcher)

    def _change(self, change: Callable[[SegmentWriter], T]) -> T:
        """Wait for the writer and change the index, as a whole or not at all.

        Whoosh's own lock would stay with a writer that an interrupt cuts off from its caller.
        """
        place = self.config.path / layout.LOCK
        with self._write_lock, translate_errors(self.config.path), open(place, "wb") as file:
            index = self._get_index()
            if not try_for(partial(layout.lock, file), self.config.lock_timeout, delay=0.02):
                raise LockError
            writer = SegmentWriter(index, _lk=False)
            try:
                return change(writer)
            except BaseException:
                with suppress(Exception):  # an interrupt may leave it half closed, and must be seen
                    writer.cancel()
                raise

    def _get_index(self) -> FileIndex:
        if self._closed:
            raise BackendUnavailable(f"{self.config.path} was closed; open it again")
        return self._index

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        return self._change(partial(write, documents=documents))

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        return self._change(partial(remove, uris=uris))

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        with translate_errors(self.config.path), self._get_index().reader() as reader:
            roots = {row["uri"]: row["root"] for row in reader.all_stored_fields()}
            return IndexInfo(
                backend=self.name,
                documents=len(roots),
                chunks=reader.doc_count(),
                bytes=layout.size(self.config.path),
                analyzer=self.schema.analyzer,
                schema=self.schema,
                corpus_fingerprint=corpus_fingerprint(sorted(roots.values()))
                if fingerprint
                else None,
                format=layout.FORMAT,
            )

    def close(self) -> None:
        self._closed = True
