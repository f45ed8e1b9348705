"""`TantivyBackend`: opens an index, lends readers, serializes writers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Self
from weakref import WeakSet

import tantivy

from nuthatch import (
    AnalyzedDocument,
    Analyzer,
    BackendUnavailable,
    Create,
    Durability,
    IndexExists,
    IndexInfo,
    IndexLocked,
    IndexNotFound,
    IndexRecord,
    LexicalBackend,
    Schema,
    WriteOutcome,
    corpus_fingerprint,
)
from nuthatch_tantivy import folder, schema
from nuthatch_tantivy.check import problems
from nuthatch_tantivy.config import TantivyConfig
from nuthatch_tantivy.failure import is_busy, translated
from nuthatch_tantivy.folder import Folder, Signature
from nuthatch_tantivy.plugin import SPEC
from nuthatch_tantivy.read import TantivyReader
from nuthatch_tantivy.write import remove, write

#: Seconds between two tries to become the one who writes.
_PAUSE = 0.005


class TantivyBackend(LexicalBackend):
    """Keeps an index in a folder of Tantivy's. Safe to share between threads."""

    spec = SPEC
    config: TantivyConfig

    def __init__(self, config: TantivyConfig, record: IndexRecord, analyzer: Analyzer) -> None:
        super().__init__(config, record.schema, analyzer)
        self._path = config.path
        self._columns = schema.columns(record.schema)
        self._folder = Folder(config.path, config.checksums)
        self._write_lock = Lock()
        self._held = False  # by a fork
        self._fingerprint: tuple[Signature, str] | None = None
        _open.add(self)

    @classmethod
    def open(cls, config: TantivyConfig, *, create: Create, schema: Schema | None) -> Self:
        path = config.path
        with translated(path):
            record = folder.find(path, create)
            if record is None:
                record = _create(config, create, schema or Schema())
            elif create == "new":
                raise IndexExists(f"{path} is an index already; open it or choose another path")
            analyzer = record.check(schema, place=str(path), export_only=config.export_only)
            backend = cls(config, record, analyzer)
            backend._folder.state()  # so that damage is found now
        return backend

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[TantivyReader]:
        yield self._newest()[0]

    def _newest(self) -> tuple[TantivyReader, Signature]:
        with translated(self._path):
            state = self._folder.state()
            return TantivyReader(state, self._columns, self._path, self.schema), state.signature

    @contextmanager
    def _writing(
        self, durability: Durability
    ) -> Iterator[tuple[tantivy.IndexWriter, TantivyReader]]:
        """Lends the writer and the state that it goes on from; what is not committed is lost.

        Tantivy's lock is held no longer than this, so that another process can write in between.
        """
        if self.config.read_only:
            raise BackendUnavailable(f"{self._path} was opened with read_only; open it without")
        if folder.is_frozen(self._path):
            raise BackendUnavailable(
                f"{self._path} cannot be written; check the rights of the folder, or copy it"
            )
        deadline = monotonic() + self.config.lock_timeout
        if not self._write_lock.acquire(timeout=self.config.lock_timeout):
            raise IndexLocked(
                f"{self._path} is being written by another thread; try again, or raise lock_timeout"
            )
        try:
            with translated(self._path):
                writer = self._writer(deadline)
                # In the end the writer is consumed: that lets go of the lock, whoever still has a
                # reference to it, and merges would be given up if they were not waited for.
                try:
                    yield writer, self._newest()[0]
                except BaseException:
                    with suppress(ValueError):  # after a failed commit it fails, too
                        writer.wait_merging_threads()
                    raise
                writer.wait_merging_threads()
                if durability == "power":
                    folder.sync(self._path)
        finally:
            self._write_lock.release()

    def _writer(self, deadline: float) -> tantivy.IndexWriter:
        while True:
            try:
                return self._folder.writer(self.config.heap_bytes)
            except ValueError as error:
                if not is_busy(error) or monotonic() >= deadline:
                    raise
            sleep(_PAUSE)

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        with self._writing(durability) as (writer, stored):
            return write(writer, stored, self._columns, documents)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        with self._writing(durability) as (writer, stored):
            return remove(writer, stored, uris)

    def info(self) -> IndexInfo:
        reader, signature = self._newest()
        with translated(self._path):
            return IndexInfo(
                backend=self.name,
                documents=reader.document_count(),
                chunks=reader.chunks,
                bytes=folder.size(self._path),
                analyzer=self.schema.analyzer,
                schema=self.schema,
                corpus_fingerprint=self._corpus_fingerprint(reader, signature),
                format=schema.FORMAT,
                details={
                    "segments": reader.segments,
                    "deleted_chunks": reader.deleted,
                    "tantivy": version("tantivy"),
                },
            )

    def _corpus_fingerprint(self, reader: TantivyReader, signature: Signature) -> str:
        if self._fingerprint is None or self._fingerprint[0] != signature:
            self._fingerprint = (signature, corpus_fingerprint(sorted(reader.roots())))
        return self._fingerprint[1]

    def check(self) -> list[str]:
        reader = self._newest()[0]
        with translated(self._path):
            return list(problems(self._path, reader))

    def optimize(self) -> None:
        """Merges what Tantivy's policy wants merged, and deletes files that nobody needs."""
        with self._writing("process") as (writer, _):
            writer.commit()
            writer.garbage_collect_files()

    def close(self) -> None:
        self._folder.close()

    def before_fork(self) -> None:
        """Waits for the batch that is being written: a child would inherit its lock."""
        self._held = self._write_lock.acquire(timeout=self.config.lock_timeout)

    def after_fork_here(self) -> None:
        """Lets the parent go on."""
        if self._held:
            self._write_lock.release()

    def after_fork_in_child(self) -> None:
        """Opens the index anew: the parent's threads and the state of its locks are not here."""
        _inherited.append(self._folder)
        closed = self._folder.closed
        self._folder = Folder(self._path, self.config.checksums)
        self._folder.closed = closed
        self._write_lock = Lock()


#: The open indexes of this process.
_open: WeakSet[TantivyBackend] = WeakSet()
#: What the parent of this process had open; kept, so that nothing ever closes it here.
_inherited: list[Folder] = []


def _each(method: str) -> None:
    for backend in list(_open):
        getattr(backend, method)()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=lambda: _each("before_fork"),
        after_in_parent=lambda: _each("after_fork_here"),
        after_in_child=lambda: _each("after_fork_in_child"),
    )


def _create(config: TantivyConfig, create: Create, wanted: Schema) -> IndexRecord:
    path: Path = config.path
    if not create:
        raise IndexNotFound(f"there is no index at {path}; create it first")
    if config.read_only:
        raise IndexNotFound(f"there is no index at {path}; read_only makes none")
    record = IndexRecord.create(schema.FORMAT, wanted)
    if folder.create(path, record):
        return record
    if create == "new":
        raise IndexExists(f"{path} was made by another process just now; open it")
    return folder.find(path, create) or record
