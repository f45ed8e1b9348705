"""`SqliteBackend`: opens an index, lends readers, serializes writers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
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
    IndexCorrupt,
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
from nuthatch_sqlite import schema
from nuthatch_sqlite.check import problems
from nuthatch_sqlite.config import SqliteConfig
from nuthatch_sqlite.connection import checked, inherit, one, reading, rows, undo, writing
from nuthatch_sqlite.entity import Entities, settle
from nuthatch_sqlite.failure import readable, translated
from nuthatch_sqlite.identity import Identity, status
from nuthatch_sqlite.plugin import SPEC
from nuthatch_sqlite.pool import Pool
from nuthatch_sqlite.postings import Caches, State
from nuthatch_sqlite.read import SqliteReader
from nuthatch_sqlite.write import remove, transaction, write

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
    def open(cls, config: SqliteConfig, *, create: Create, schema: Schema | None) -> Self:
        path = config.path
        with translated(path):
            stored = _stored(config, create)
            if stored is None:
                if not create:
                    raise IndexNotFound(f"there is no index at {path}; create it first")
                stored = _create(config, create, schema or Schema())
            elif create == "new":
                raise IndexExists(f"{path} is an index already; open it or choose another path")
        record, identity = stored
        analyzer = record.check(schema, place=str(path), export_only=config.export_only)
        return cls(config, record, analyzer, identity)

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
                    if connection.in_transaction:  # what cannot be read has ended it
                        connection.execute("ROLLBACK")
            finally:
                self._pool.take_back(loan)

    @contextmanager
    def _writing(self, durability: Durability) -> Iterator[apsw.Connection]:
        """Lends the writing connection inside a transaction."""
        if self.config.read_only:
            raise BackendUnavailable(f"{self._path} was opened with read_only; open it without")
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

    def _writing_connection(self) -> apsw.Connection:
        if self._pool.closed:
            raise BackendUnavailable(f"{self._path} was closed; open it again")
        self._identity.check()
        if self._writer is None:
            self._writer = writing(self._path, self.config.lock_timeout, self._identity)
        return self._writer

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
            return list(problems(connection, self._path, self.schema, self._entities))

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


def _stored(config: SqliteConfig, create: Create) -> tuple[IndexRecord, Identity] | None:
    """Returns what the index at the path says of itself; None for no file or an empty database.

    Raises `IndexExists` or `IndexNotFound` for somebody else's database: it is not ours to fill.
    """
    found = status(config.path)
    if found is None or not found.st_size:
        return None
    connection = reading(config.path, config.lock_timeout)
    try:
        application = _application(connection, config)
        if application == schema.APPLICATION_ID:
            row = one(connection, schema.META)
            if row is None:
                raise IndexCorrupt(f"{config.path} has lost its description; restore it")
            record = IndexRecord.from_json(row[0], place=str(config.path), format=schema.FORMAT)
            return record, Identity.of(config.path, found, connection)
        if one(connection, "SELECT 1 FROM sqlite_schema"):
            kind = IndexExists if create else IndexNotFound
            raise kind(f"{config.path} is an SQLite database of another kind; name another path")
        return None
    finally:
        connection.close()


def _application(connection: apsw.Connection, config: SqliteConfig) -> object:
    try:
        return connection.pragma("application_id")
    except apsw.ReadOnlyError:
        # Somebody died while making the file: its rollback journal is still there.
        if config.read_only:
            raise
        undo(config.path, config.lock_timeout)
        return connection.pragma("application_id")


def _create(config: SqliteConfig, create: Create, wanted: Schema) -> tuple[IndexRecord, Identity]:
    """Makes the tables, all or none: a process that dies here leaves an empty database."""
    if config.read_only:
        raise IndexNotFound(f"there is no index at {config.path}; read_only makes none")
    record = IndexRecord.create(schema.FORMAT, wanted)
    connection = writing(config.path, config.lock_timeout, identity=None)
    try:
        with transaction(connection, "power"):
            if not connection.pragma("application_id"):
                connection.execute(schema.CREATE)
                connection.execute(schema.SET_META, (record.to_json(),))
            elif create == "new":
                raise IndexExists(f"{config.path} was just made by somebody else; open it")
    finally:
        connection.close()
    stored = _stored(config, True)
    if stored is None:
        raise BackendUnavailable(f"{config.path} was replaced by another file; open it again")
    return stored
