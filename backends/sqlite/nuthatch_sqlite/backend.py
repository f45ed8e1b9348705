"""`SqliteBackend`: opens an index, lends readers, serializes writers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR
from threading import Lock
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
from nuthatch_sqlite.connection import Pool, inherited, one, reading, rows, undo, writing
from nuthatch_sqlite.failure import readable, translated
from nuthatch_sqlite.plugin import SPEC
from nuthatch_sqlite.postings import Caches, State
from nuthatch_sqlite.read import SqliteReader
from nuthatch_sqlite.write import remove, transaction, write

#: Virtual machine steps between two looks at the clock: well under a millisecond.
_STEPS = 10_000


class SqliteBackend(LexicalBackend):
    """Keeps an index in one SQLite file. Safe to share between threads."""

    spec = SPEC
    config: SqliteConfig

    def __init__(self, config: SqliteConfig, record: IndexRecord, analyzer: Analyzer) -> None:
        super().__init__(config, record.schema, analyzer)
        self._path = config.path
        self._caches = Caches(config.cache_bytes)
        self._pool = Pool(self._connect, config.readers, config.path)
        self._write_lock = Lock()
        self._writer: apsw.Connection | None = None
        self._writer_pid = 0
        self._fingerprint: tuple[int, str] | None = None
        _open.add(self)

    @classmethod
    def open(cls, config: SqliteConfig, *, create: Create, schema: Schema | None) -> Self:
        path = config.path
        with translated(path):
            stored = _record(config, create) if _size(path) else None
            if stored is None:
                if not create:
                    raise IndexNotFound(f"there is no index at {path}; create it first")
                record = _create(config, create, schema or Schema())
            elif create == "new":
                raise IndexExists(f"{path} is an index already; open it or choose another path")
            else:
                record = stored
        return cls(config, record, record.check(schema, place=str(path)))

    def _connect(self) -> apsw.Connection:
        return reading(self._path, self.config.lock_timeout)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[SqliteReader]:
        with self._snapshot(deadline) as connection:
            yield SqliteReader(connection, self._caches)

    @contextmanager
    def _snapshot(self, deadline: float | None = None) -> Iterator[apsw.Connection]:
        """Lends a reading connection inside a transaction."""
        with translated(self._path), self._pool.connection(deadline=deadline) as connection:
            if deadline is not None:
                connection.set_progress_handler(lambda: monotonic() > deadline, _STEPS)
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.set_progress_handler(None)
                connection.execute("ROLLBACK")

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
        if self._writer is not None and self._writer_pid != os.getpid():
            inherited.append(self._writer)
            self._writer = None
        if self._writer is None:
            self._writer = writing(self._path, self.config.lock_timeout)
            self._writer_pid = os.getpid()
        return self._writer

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        with self._writing(durability) as connection:
            return write(connection, documents)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        with self._writing(durability) as connection:
            return remove(connection, uris)

    def info(self) -> IndexInfo:
        with self._snapshot() as connection:
            state = State.read(connection)
            fingerprint = self._corpus_fingerprint(connection, state.generation)
        files = [self._path, self._path.with_name(self._path.name + "-wal")]
        cache = self._caches.terms.info()
        return IndexInfo(
            backend=self.name,
            documents=state.documents,
            chunks=state.chunks,
            bytes=sum(file.stat().st_size for file in files if file.exists()),
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
            return list(problems(connection, self.schema))

    def optimize(self) -> None:
        with self._writing("process") as connection:
            connection.execute(schema.OPTIMIZE)
        with self._write_lock, translated(self._path):
            self._writing_connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        self._pool.close()
        with self._write_lock:
            self._close_writer()

    def _close_writer(self) -> None:
        if self._writer is not None and self._writer_pid == os.getpid():
            self._writer.close()
            self._writer = None

    def before_fork(self) -> None:
        """Closes the connections that nobody is using; they are made again when needed."""
        self._pool.release()
        if self._write_lock.acquire(blocking=False):
            self._close_writer()
            self._write_lock.release()


#: The open indexes of this process.
_open: WeakSet[SqliteBackend] = WeakSet()


def _before_fork() -> None:
    for backend in list(_open):
        backend.before_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_before_fork)


def _size(path: Path) -> int:
    """Returns the size of the file in bytes, 0 where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise BackendUnavailable(
            f"{path} cannot be looked at ({error.strerror}); check the path and its rights"
        ) from error
    if S_ISDIR(found.st_mode):
        raise IndexNotFound(f"{path} is a folder; name a file")
    return found.st_size


def _record(config: SqliteConfig, create: Create) -> IndexRecord | None:
    """Returns what the index at the path says of itself; None for an empty database.

    Raises `IndexExists` or `IndexNotFound` for somebody else's database: it is not ours to fill.
    """
    connection = reading(config.path, config.lock_timeout)
    try:
        application = _application(connection, config)
        if application == schema.APPLICATION_ID:
            row = one(connection, schema.META)
            if row is None:
                raise IndexCorrupt(f"{config.path} has lost its description; restore it")
            return IndexRecord.from_json(row[0], place=str(config.path), format=schema.FORMAT)
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


def _create(config: SqliteConfig, create: Create, wanted: Schema) -> IndexRecord:
    """Makes the tables, all or none: a process that dies here leaves an empty database."""
    if config.read_only:
        raise IndexNotFound(f"there is no index at {config.path}; read_only makes none")
    record = IndexRecord.create(schema.FORMAT, wanted)
    connection = writing(config.path, config.lock_timeout, create=True)
    try:
        with transaction(connection, "power"):
            if not connection.pragma("application_id"):
                connection.execute(schema.CREATE)
                connection.execute(schema.SET_META, (record.to_json(),))
            elif create == "new":
                raise IndexExists(f"{config.path} was just made by somebody else; open it")
    finally:
        connection.close()
    return _record(config, True) or record
