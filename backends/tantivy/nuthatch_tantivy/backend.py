"""`TantivyBackend`: opens an index, gives readers, serializes writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import get_ident
from time import monotonic, sleep
from typing import TYPE_CHECKING, Self, TypeVar

import tantivy

from nuthatch import (
    Analyzer,
    BackendUnavailable,
    Create,
    IndexExists,
    IndexInfo,
    IndexLocked,
    IndexMetadata,
    Lease,
    Leases,
    LexicalBackend,
    Schema,
    corpus_fingerprint,
)
from nuthatch.postings import ForkAware, keep_inherited, watch_forks
from nuthatch_tantivy import folder
from nuthatch_tantivy.config import TantivyConfig
from nuthatch_tantivy.failure import is_busy, translated
from nuthatch_tantivy.folder import Folder, Signature
from nuthatch_tantivy.plugin import SPEC
from nuthatch_tantivy.read import TantivyReader
from nuthatch_tantivy.schema import FORMAT
from nuthatch_tantivy.schema import columns as columns_of

if TYPE_CHECKING:
    from nuthatch import AnalyzedBatch, Durability, WriteOutcome

# What only some processes need, checking, removing and writing, is imported where it is used: a
# search from the shell is mostly imports.

T = TypeVar("T")
#: Seconds between two tries to become the one who writes.
_PAUSE = 0.005


class TantivyBackend(LexicalBackend, ForkAware):
    """Keeps an index in a folder of Tantivy's. Safe to share between threads."""

    spec = SPEC
    config: TantivyConfig

    def __init__(self, config: TantivyConfig, record: IndexMetadata, analyzer: Analyzer) -> None:
        super().__init__(config, record.schema, analyzer)
        self._path = config.path
        self._columns = columns_of(record.schema)
        self._folder = Folder(config, record.schema)
        self._turns = Leases(1)  # of those who write
        self._forking: Lease | None = None  # of a fork that keeps others from writing
        self._fingerprint: tuple[Signature, str] | None = None
        watch_forks(self)

    @classmethod
    def open(cls, config: TantivyConfig, *, create: Create, schema: Schema | None) -> Self | None:
        path = config.path
        with translated(path):
            record = folder.find(path, create)
            if record is None:
                folder.check_creation(path, create, config.read_only)
                if create == "new":
                    return cls.make(config, schema=schema or Schema())
                return None
            if create == "new":
                raise IndexExists(f"{path} is an index already; open it or choose another path")
            return cls._open_found(config, record, schema)

    @classmethod
    def make(
        cls,
        config: TantivyConfig,
        *,
        schema: Schema,
        documents: AnalyzedBatch | None = None,
        durability: Durability = "power",
    ) -> Self:
        from nuthatch_tantivy.write import write

        path = config.path
        record = IndexMetadata.create(FORMAT, schema)
        columns = columns_of(schema)

        def fill(draft: Path) -> None:
            assert documents is not None  # as it is called for some only
            drafted = Folder(config, schema, draft)
            writer = drafted.writer(config.heap_bytes)
            try:
                stored = TantivyReader(drafted.state(), columns, draft, schema)
                write(writer, stored, columns, documents)
            finally:
                writer.wait_merging_threads()
                drafted.close()

        with translated(path):
            if not folder.create(path, record, fill if documents else None):
                raise IndexExists(f"{path} was made by another process just now; open it")
            return cls._open_found(config, record, schema)

    @classmethod
    def _open_found(
        cls, config: TantivyConfig, record: IndexMetadata, wanted: Schema | None
    ) -> Self:
        place = str(config.path)
        analyzer = record.check(wanted, place=place, export_only=config.export_only)
        backend = cls(config, record, analyzer)
        backend._folder.state()  # so that damage is found now
        return backend

    @classmethod
    def drop(cls, config: TantivyConfig) -> None:
        if config.read_only:
            raise BackendUnavailable(f"{config.path} was named with read_only; name it without")
        from nuthatch_tantivy.removal import remove_index

        with translated(config.path):
            remove_index(config.path, config.lock_timeout)

    def reader(self, deadline: float | None = None) -> nullcontext[TantivyReader]:
        return nullcontext(self._newest()[0])

    def _newest(self) -> tuple[TantivyReader, Signature]:
        with translated(self._path):
            state = self._folder.state()
            return TantivyReader(state, self._columns, self._path, self.schema), state.signature

    def _transact(
        self, durability: Durability, work: Callable[[tantivy.IndexWriter, TantivyReader], T]
    ) -> T:
        """Do the work with a writer and the state that it goes on from.

        What is not committed is lost. Tantivy's lock is held no longer than this, so that another
        process can write in between.
        """
        self._refuse_if_read_only()
        folder.check_present(self._path)
        if folder.is_frozen(self._path):
            raise BackendUnavailable(
                f"{self._path} cannot be written; check the rights of the folder, or copy it"
            )
        deadline = monotonic() + self.config.lock_timeout
        with translated(self._path):
            return self._with_turn(lambda: self._write(deadline, durability, work))

    def _write(
        self,
        deadline: float,
        durability: Durability,
        work: Callable[[tantivy.IndexWriter, TantivyReader], T],
    ) -> T:
        writer = self._writer(deadline)
        # In the end the writer is consumed: that releases the lock, even if something
        # still refers to it. Merges that are not waited for would be given up.
        try:
            self._folder.forget_old_journal()
            stored = self._newest()[0]
            stored.state.journal.cut()
            outcome = work(writer, stored)
        except BaseException:
            with suppress(ValueError):  # after a failed commit it fails, too
                writer.wait_merging_threads()
            raise
        writer.wait_merging_threads()
        if durability == "power":
            folder.sync(self._path)
        return outcome

    def _with_turn(self, work: Callable[[], T]) -> T:
        """Work while the other threads that write wait, and a fork."""
        lease = Lease.of_call()
        try:
            if not self._turns.acquire(lease, self.config.lock_timeout):
                raise IndexLocked(
                    f"{self._path} is being written by another thread; try again, or raise "
                    "lock_timeout"
                )
            return work()
        finally:
            self._turns.release(lease)

    def _refuse_if_read_only(self) -> None:
        if self.config.read_only:
            raise BackendUnavailable(f"{self._path} was opened with read_only; open it without")

    def _writer(self, deadline: float) -> tantivy.IndexWriter:
        while True:
            try:
                return self._folder.writer(self.config.heap_bytes)
            except ValueError as error:
                if not is_busy(error) or monotonic() >= deadline:
                    raise
            sleep(_PAUSE)

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        self._refuse_if_read_only()
        # In a turn, so that a fork waits for this part of writing, too.
        return self._with_turn(lambda: self._newest()[0].find_roots(uris))

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        from nuthatch_tantivy.write import write

        return self._transact(
            durability, lambda writer, stored: write(writer, stored, self._columns, documents)
        )

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        from nuthatch_tantivy.write import remove

        return self._transact(durability, lambda writer, stored: remove(writer, stored, uris))

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        from importlib.metadata import version

        reader, signature = self._newest()
        with translated(self._path):
            return IndexInfo(
                backend=self.name,
                documents=reader.document_count(),
                chunks=reader.chunks,
                bytes=folder.size(self._path),
                analyzer=self.schema.analyzer,
                schema=self.schema,
                corpus_fingerprint=self._corpus_fingerprint(reader, signature, fingerprint),
                format=FORMAT,
                details={
                    "segments": reader.segments,
                    "deleted_chunks": reader.deleted,
                    "tantivy": version("tantivy"),
                },
            )

    def _corpus_fingerprint(
        self, reader: TantivyReader, signature: Signature, wanted: bool
    ) -> str | None:
        """Return the fingerprint of a state: read if it is wanted, or where it is cached."""
        known = self._fingerprint
        if known is None or known[0] != signature:
            if not wanted:
                return None
            known = self._fingerprint = (signature, corpus_fingerprint(sorted(reader.roots())))
        return known[1]

    def check(self) -> list[str]:
        from nuthatch_tantivy.check import problems

        reader = self._newest()[0]
        analyzer = None if self.config.export_only else self.analyzer
        with translated(self._path):
            return list(problems(self._path, reader, analyzer))

    def optimize(self) -> None:
        """Merge what Tantivy's policy wants merged, delete files that are no longer used, and take
        what deleted documents had out of the journal."""
        from nuthatch_tantivy.write import optimize, read_used_words

        self._refuse_if_read_only()
        # Beside those who write, for it takes about as long as to analyze all documents.
        with translated(self._path):
            used = read_used_words(self._newest()[0], self.analyzer)
        self._transact("process", lambda writer, stored: optimize(writer, stored, used))

    def close(self) -> None:
        self._folder.close()

    def before_fork(self) -> None:
        """Wait for the batch that is being written: a child would inherit its lock."""
        forking = Lease()
        if self._turns.acquire(forking, self.config.lock_timeout):
            self._forking = forking

    def after_fork_in_parent(self) -> None:
        """Let the parent's writers continue."""
        forking = self._forking
        if forking is not None and forking.thread == get_ident():
            self._forking = None
            self._turns.release(forking)

    def after_fork_in_child(self) -> None:
        """Open the index again: the parent's threads and the state of its locks are not here."""
        keep_inherited(self._folder)
        closed = self._folder.closed
        self._folder = Folder(self.config, self.schema)
        self._folder.closed = closed
        self._turns = Leases(1)
        self._forking = None
