"""`SqliteBackend`: opens an index, lends readers, serializes writers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock, get_ident
from time import monotonic
from typing import Self
from weakref import WeakSet

import apsw

from nuthatch import (
    AnalyzedDocument,
    Analyzer,
    BackendUnavailable,
    Create,
    Durability,
    IndexExists,
    IndexInfo,
    IndexLocked,
    IndexRecord,
    LexicalBackend,
    Schema,
    WriteOutcome,
    corpus_fingerprint,
)
from nuthatch_sqlite import schema, storage
from nuthatch_sqlite.check import problems
from nuthatch_sqlite.config import SqliteConfig
from nuthatch_sqlite.connection import checked, inherit, reading, rows, writing
from nuthatch_sqlite.entity import Entities, settle
from nuthatch_sqlite.failure import readable, translated
from nuthatch_sqlite.identity import Identity, status
from nuthatch_sqlite.plugin import SPEC
from nuthatch_sqlite.pool import Pool
from nuthatch_sqlite.postings import Caches, State
from nuthatch_sqlite.read import SqliteReader
from nuthatch_sqlite.removal import remove_index
from nuthatch_sqlite.write import remove, stored_roots, transaction, write

#: Virtual machine steps between two looks at the clock: well under a millisecond.
_STEPS = 10_000
#: Seconds that a fork waits for what other threads read, and again for what they write.
_FORK_WAIT = 5.0


class SqliteBackend(LexicalBackend):
    """Keeps an index in one SQLite file. Safe to share between threads."""

    spec = SPEC
    config: SqliteConfig

    def __init__(
        self, config: SqliteConfig, record: IndexRecord, analyzer: Analyzer, identity: Identity
    ) -> None:
        super().__init__(config, record.schema, analyzer)
        self._path = config.path
        self._identity = identity
        self._caches = Caches(config.cache_bytes)
        self._entities = Entities(self.schema)
        self._pool = Pool(self._connect, config.readers, identity)
        self._write_lock = Lock()
        self._writer: apsw.Connection | None = None
        self._forking = 0  # the thread that holds the write lock for its fork
        self._fingerprint: tuple[int, str] | None = None
        _open.add(self)

    @classmethod
    def open(cls, config: SqliteConfig, *, create: Create, schema: Schema | None) -> Self | None:
        path = config.path
        with translated(path):
            found = storage.stored(config, create)
            if found is None:
                storage.refuse_unless_vacant(config, create)
                if create == "new":
                    return cls.make(config, schema=schema or Schema())
                return None
            if create == "new":
                raise IndexExists(f"{path} is an index already; open it or choose another path")
        record, identity = found
        analyzer = record.check(schema, place=str(path), export_only=config.export_only)
        return cls(config, record, analyzer, identity)

    @classmethod
    def drop(cls, config: SqliteConfig) -> None:
        path = config.path
        if config.read_only:
            raise BackendUnavailable(f"{path} was named with read_only; name it without")
        with translated(path):
            try:
                remove_index(path, config.lock_timeout)
            except OSError as error:
                raise BackendUnavailable(
                    f"{path} cannot be removed ({error.strerror}); check the rights of its folder"
                ) from error

    @classmethod
    def make(
        cls,
        config: SqliteConfig,
        *,
        schema: Schema,
        documents: Sequence[AnalyzedDocument] = (),
        durability: Durability = "power",
    ) -> Self:
        with translated(config.path):
            record, identity = storage.make(config, schema, documents, durability)
            analyzer = record.check(schema, place=str(config.path), export_only=config.export_only)
            index = cls(config, record, analyzer, identity)
            index._writing_connection()  # closed last, it takes the write-ahead log away
            return index

    def _connect(self) -> apsw.Connection:
        return checked(reading(self._path, self.config.lock_timeout), self._identity)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[SqliteReader]:
        with self._snapshot(deadline) as connection:
            yield SqliteReader(connection, self._caches, self._entities)

    @contextmanager
    def _snapshot(self, deadline: float | None = None) -> Iterator[apsw.Connection]:
        """Lends a reading connection inside a transaction."""
        with translated(self._path):
            loan, connection = self._pool.lend(deadline)
            try:
                if deadline is not None:
                    connection.set_progress_handler(lambda: monotonic() > deadline, _STEPS)
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.set_progress_handler(None)
                    connection.execute("ROLLBACK")
            finally:
                self._pool.take_back(loan)

    @contextmanager
    def _writing(self, durability: Durability) -> Iterator[apsw.Connection]:
        """Lends the writing connection inside a transaction."""
        self._refuse_if_read_only()
        if not self._write_lock.acquire(timeout=self.config.lock_timeout):
            raise IndexLocked(
                f"{self._path} is being written by another thread; try again, or raise lock_timeout"
            )
        try:
            with translated(self._path):
                connection = self._writing_connection()
                with transaction(connection, durability):
                    yield connection
        finally:
            self._write_lock.release()

    def _refuse_if_read_only(self) -> None:
        if self.config.read_only:
            raise BackendUnavailable(f"{self._path} was opened with read_only; open it without")

    def _writing_connection(self) -> apsw.Connection:
        if self._pool.closed:
            raise BackendUnavailable(f"{self._path} was closed; open it again")
        self._identity.check()
        if self._writer is None:
            self._writer = writing(self._path, self.config.lock_timeout, self._identity)
        return self._writer

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        self._refuse_if_read_only()
        with self._snapshot() as connection:
            return stored_roots(connection, uris)

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        with self._writing(durability) as connection:
            return write(connection, documents, self._entities)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        with self._writing(durability) as connection:
            return remove(connection, uris)

    def info(self) -> IndexInfo:
        with self._snapshot() as connection:
            state = State.read(connection)
            fingerprint = self._corpus_fingerprint(connection, state.generation)
        cache = self._caches.terms.info()
        return IndexInfo(
            backend=self.name,
            documents=state.documents,
            chunks=state.chunks,
            bytes=self._bytes(),
            analyzer=self.schema.analyzer,
            schema=self.schema,
            corpus_fingerprint=fingerprint,
            format=schema.FORMAT,
            details={
                "tokens": state.tokens,
                "generation": state.generation,
                "cache_bytes": cache.bytes,
                "cached_terms": cache.entries,
                "sqlite": apsw.sqlite_lib_version(),
            },
        )

    def _bytes(self) -> int:
        self._identity.check()
        log = status(self._path.with_name(self._path.name + "-wal"))
        return self._path.stat().st_size + (0 if log is None else log.st_size)

    def _corpus_fingerprint(self, connection: apsw.Connection, generation: int) -> str:
        if self._fingerprint is None or self._fingerprint[0] != generation:
            roots = (row[0] for row in rows(connection, schema.ROOTS))
            with readable("the list of roots"):
                self._fingerprint = (generation, corpus_fingerprint(roots))
        return self._fingerprint[1]

    def check(self) -> list[str]:
        # FTS5's integrity-check believes in the structure that a connection saw last, however old.
        with translated(self._path), self._pool.connection(fresh=True) as connection:
            connection.execute("BEGIN")
            return list(problems(connection, self.schema, self._entities))

    def optimize(self) -> None:
        with self._writing("process") as connection:
            connection.execute(schema.OPTIMIZE)
            settle(connection)
        with self._write_lock, translated(self._path):
            self._writing_connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        self._pool.close()
        with self._write_lock:
            self._close_writer()

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def before_fork(self) -> None:
        """Closes all connections, once no other thread is using them; a child must have none."""
        if self._write_lock.acquire(timeout=_FORK_WAIT):
            self._forking = get_ident()
            self._close_writer()
        self._pool.pause(_FORK_WAIT)

    def after_fork_in_parent(self) -> None:
        """Lets the parent's threads go on."""
        self._pool.resume()
        if self._forking == get_ident():
            self._forking = 0
            self._write_lock.release()

    def after_fork_in_child(self) -> None:
        """Begins anew: locks and caches are as the parent's threads had them in their hands."""
        if self._writer is not None:
            inherit([self._writer], self._identity)
            self._writer = None
        self._pool.restart()
        self._caches = Caches(self.config.cache_bytes)
        self._write_lock = Lock()
        self._forking = 0


#: The open indexes of this process.
_open: WeakSet[SqliteBackend] = WeakSet()


def _each(method: str) -> None:
    for backend in list(_open):
        getattr(backend, method)()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=lambda: _each("before_fork"),
        after_in_parent=lambda: _each("after_fork_in_parent"),
        after_in_child=lambda: _each("after_fork_in_child"),
    )
