"""`SqliteBackend`: opens an index, leases readers, serializes writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from threading import get_ident
from typing import TYPE_CHECKING, Self, TypeVar

import apsw

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
from nuthatch.postings import ForkAware, readable, watch_forks
from nuthatch_sqlite import schema, storage
from nuthatch_sqlite.config import SqliteConfig
from nuthatch_sqlite.connection import (
    check_connected,
    comes_to_rest,
    empty_log,
    inherit,
    open_reading,
    open_writing,
    rows,
)
from nuthatch_sqlite.failure import translated
from nuthatch_sqlite.file_identity import FileIdentity, status
from nuthatch_sqlite.plugin import SPEC
from nuthatch_sqlite.pool import ConnectionLease, Pool
from nuthatch_sqlite.read import SqliteReader
from nuthatch_sqlite.state import Caches, State
from nuthatch_sqlite.surfaces import KnownSurfaces
from nuthatch_sqlite.transaction import transact

if TYPE_CHECKING:
    from nuthatch import AnalyzedBatch, Durability, WriteOutcome
    from nuthatch_sqlite.entity import Entities

T = TypeVar("T")
#: Seconds that a fork waits for what other threads read, and again for what they write.
_FORK_WAIT = 5.0
#: Seconds between two tries of `close` to get its turn.
_CLOSE_RETRY = 5.0


class SqliteBackend(LexicalBackend, ForkAware):
    """Keeps an index in one SQLite file. Safe to share between threads."""

    spec = SPEC
    config: SqliteConfig

    def __init__(
        self,
        config: SqliteConfig,
        record: IndexMetadata,
        analyzer: Analyzer,
        identity: FileIdentity,
    ) -> None:
        super().__init__(config, record.schema, analyzer)
        self._path = config.path
        self._identity = identity
        self._caches = Caches(config.cache_bytes, self.schema)
        self._pool = Pool(self._connect, config.readers, identity, config.page_cache_bytes)
        self._turns = Leases(1)  # of those who write
        self._surfaces = KnownSurfaces()
        self._writer: apsw.Connection | None = None
        self._forking: Lease | None = None  # of a fork that keeps others from writing
        self._fingerprint: tuple[int, str] | None = None
        watch_forks(self)

    @classmethod
    def open(cls, config: SqliteConfig, *, create: Create, schema: Schema | None) -> Self | None:
        path = config.path
        with translated(path):
            found = storage.find_index(config, create)
            if found is None:
                storage.check_creation(config, create)
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
        from nuthatch_sqlite.removal import remove_index

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
        documents: AnalyzedBatch | None = None,
        durability: Durability = "power",
    ) -> Self:
        with translated(config.path):
            record, identity = storage.make(config, schema, documents, durability)
            analyzer = record.check(schema, place=str(config.path), export_only=config.export_only)
            index = cls(config, record, analyzer, identity)
            index._writing_connection()  # closed last, it takes the write-ahead log away
            return index

    @cached_property
    def _entities(self) -> Entities:
        """What all readers and writers know of phrases and titles, once one of them asks."""
        from nuthatch_sqlite.entity import Entities  # imports numpy

        return Entities(self.schema)

    def _connect(self) -> apsw.Connection:
        return check_connected(open_reading(self._path, self.config.lock_timeout), self._identity)

    def reader(self, deadline: float | None = None) -> ConnectionLease[SqliteReader]:
        return self._lease_connection(self._reader, deadline)

    def _lease_connection(
        self,
        use: Callable[[apsw.Connection], T],
        deadline: float | None = None,
        *,
        fresh: bool = False,
    ) -> ConnectionLease[T]:
        """Lease a reading connection in a transaction; the `with` block gets `use(connection)`.

        `fresh` opens a new connection, which is closed afterwards, in place of a pooled one.
        """
        return ConnectionLease(self._pool, use, deadline, fresh=fresh)

    def _reader(self, connection: apsw.Connection) -> SqliteReader:
        return SqliteReader(connection, self.schema, self._caches, lambda: self._entities)

    def _transact(
        self,
        durability: Durability,
        work: Callable[[apsw.Connection], T],
        acknowledge: Callable[[], None] | None = None,
    ) -> T:
        """Do the work in a transaction of the writing connection, when it is this call's turn.

        What it did is safe when `acknowledge` is called.
        """
        self._refuse_if_read_only()
        lease = Lease.of_call()
        try:
            self._take_turn(lease)
            with translated(self._path):
                outcome = transact(self._writing_connection(), durability, work)
            if acknowledge is not None:
                acknowledge()
            return outcome
        finally:
            self._turns.release(lease)

    def _take_turn(self, lease: Lease) -> None:
        if not self._turns.acquire(lease, self.config.lock_timeout):
            raise IndexLocked(
                f"{self._path} is being written by another thread; try again, or raise lock_timeout"
            )

    def _refuse_if_read_only(self) -> None:
        if self.config.read_only:
            raise BackendUnavailable(f"{self._path} was opened with read_only; open it without")

    def _writing_connection(self) -> apsw.Connection:
        """Return the connection that writes, a new one where an interrupt left it in doubt."""
        if self._pool.closed:
            raise BackendUnavailable(f"{self._path} was closed; open it again")
        self._identity.check()
        if self._writer is not None and not comes_to_rest(self._writer):
            self._close_writer()
        if self._writer is None:
            self._writer = open_writing(self._path, self.config.lock_timeout, self._identity)
        self._writer.set_busy_timeout(round(1000 * self.config.lock_timeout))
        return self._writer

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        from nuthatch_sqlite.write import find_roots  # imports numpy

        self._refuse_if_read_only()
        with self._lease_connection(_itself) as connection:
            return find_roots(connection, uris)

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        from nuthatch_sqlite.write import write  # imports numpy

        def work(connection: apsw.Connection) -> WriteOutcome:
            self._surfaces.begin()
            return write(connection, documents, self._entities, self._surfaces)

        return self._transact(durability, work, self._surfaces.acknowledge)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        from nuthatch_sqlite.write import remove  # imports numpy

        return self._transact(
            durability, lambda connection: remove(connection, uris, self._entities)
        )

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        with self._lease_connection(_itself) as connection:
            state = State.read(connection)
            corpus = self._corpus_fingerprint(connection, state.generation, fingerprint)
        cache = self._caches.terms.info()
        return IndexInfo(
            backend=self.name,
            documents=state.documents,
            chunks=state.chunks,
            bytes=self._bytes(),
            analyzer=self.schema.analyzer,
            schema=self.schema,
            corpus_fingerprint=corpus,
            format=schema.FORMAT,
            details={
                "tokens": state.tokens,
                "surfaces": state.surfaces,
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

    def _corpus_fingerprint(
        self, connection: apsw.Connection, generation: int, wanted: bool
    ) -> str | None:
        """Return the fingerprint of a state: read if it is wanted, or where it is cached."""
        known = self._fingerprint
        if known is None or known[0] != generation:
            if not wanted:
                return None
            roots = (row[0] for row in rows(connection, schema.ROOTS))
            with readable("the list of roots"):
                known = self._fingerprint = (generation, corpus_fingerprint(roots))
        return known[1]

    def check(self) -> list[str]:
        from nuthatch_sqlite.check import problems  # imports numpy

        # FTS5's integrity-check uses the structure that a connection read last, even an old one.
        with self._lease_connection(_itself, fresh=True) as connection:
            analyzer = None if self.config.export_only else self.analyzer
            return list(problems(connection, self._path, self.schema, self._entities, analyzer))

    def optimize(self) -> None:
        from nuthatch_sqlite.surfaces import read_words

        self._refuse_if_read_only()
        # Beside those who write, for it takes about as long as to add all documents.
        with self._lease_connection(_itself) as reading:
            found = read_words(reading, self.analyzer)
        self._transact("process", lambda connection: self._settle(connection, found))
        lease = Lease.of_call()
        try:
            self._take_turn(lease)
            with translated(self._path):
                empty_log(self._writing_connection(), self.config.lock_timeout)
        finally:
            self._turns.release(lease)

    def _settle(self, connection: apsw.Connection, found: tuple[State, set[str]] | None) -> None:
        """Merge what batches left apart; forget all words but those that were found, if nothing
        was written since then."""
        from nuthatch_sqlite.columns import compact_columns  # imports numpy
        from nuthatch_sqlite.entity import compact_mentions
        from nuthatch_sqlite.surfaces import forget_words

        if found is not None and found[0] == State.read(connection):
            forget_words(connection, found[1])
        connection.execute(schema.OPTIMIZE)
        compact_mentions(connection)
        compact_columns(connection, self.schema, State.read(connection).generation)

    def close(self) -> None:
        self._pool.close()
        lease = Lease.of_call()
        try:
            # However long a batch takes: what it writes through must not be closed under it.
            while not self._turns.acquire(lease, _CLOSE_RETRY):
                pass
            self._close_writer()
        finally:
            self._turns.release(lease)

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def before_fork(self) -> None:
        """Close all connections, once no other thread is using them; a child must have none."""
        forking = Lease()
        if self._turns.acquire(forking, _FORK_WAIT):
            self._forking = forking
            self._close_writer()
        self._pool.pause(_FORK_WAIT)

    def after_fork_in_parent(self) -> None:
        """Let the parent's threads continue."""
        self._pool.resume()
        forking = self._forking
        if forking is not None and forking.thread == get_ident():
            self._forking = None
            self._turns.release(forking)

    def after_fork_in_child(self) -> None:
        """Start with new locks and caches: the old ones are as the parent's threads left them."""
        if self._writer is not None:
            inherit([self._writer], self._identity)
            self._writer = None
        self._pool.restart()
        self._caches = Caches(self.config.cache_bytes, self.schema)
        self._turns = Leases(1)
        self._surfaces = KnownSurfaces()
        self._forking = None


def _itself(connection: apsw.Connection) -> apsw.Connection:
    return connection
