"""`PostgresBackend`: opens an index, runs searches, writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
)
from time import monotonic, sleep
from typing import Any, Final, Self, TypeVar
from uuid import UUID

import psycopg

from nuthatch import (
    AnalyzedBatch,
    Analyzer,
    BackendUnavailable,
    Create,
    Document,
    Durability,
    IndexInfo,
    IndexMetadata,
    LexicalBackend,
    PlannedSearch,
    Results,
    Schema,
    WriteOutcome,
    get_analyzer,
    run_blocking,
)
from nuthatch.postings import ForkAware, watch_forks
from nuthatch_postgres.check import find_problems
from nuthatch_postgres.client.async_pool import AsyncPool
from nuthatch_postgres.client.connection import connect
from nuthatch_postgres.client.errors import is_connection_lost, translate_errors
from nuthatch_postgres.client.pipeline import (
    Executor,
    Statement,
    async_executor,
    blocking_executor,
    execute,
)
from nuthatch_postgres.client.pool import ConnectionLease, Pool
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.embedded.server_lease import is_vacant, lease_server
from nuthatch_postgres.info import describe
from nuthatch_postgres.plugin import SPEC
from nuthatch_postgres.queries import lifecycle as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.read import AsyncPostgresReader, PostgresReader
from nuthatch_postgres.search.cache import Caches
from nuthatch_postgres.search.snapshot import Attempt
from nuthatch_postgres.storage.compaction import compact_all, compact_if_due
from nuthatch_postgres.storage.index_lifecycle import (
    check_creation,
    create_index,
    drop_index,
    find_index,
)
from nuthatch_postgres.storage.maintenance import maintain, vacuum
from nuthatch_postgres.write import Writer

T = TypeVar("T")
#: Seconds that opening waits until an embedded server that was killed runs again; and between two
#: tries.
_RESTART: Final = 5.0
_PAUSE: Final = 0.1
_NO_DOCUMENTS: Final = AnalyzedBatch((), {})


class PostgresBackend(LexicalBackend, ForkAware):
    """An index in one schema of a database. Safe to share between threads."""

    spec = SPEC
    config: PostgresConfig

    def __init__(
        self,
        config: PostgresConfig,
        metadata: IndexMetadata,
        analyzer: Analyzer,
        incarnation: UUID,
        server: ExitStack,
    ) -> None:
        super().__init__(config, metadata.schema, analyzer)
        self._incarnation = incarnation
        self._place = config.place
        self._server = server
        self._statements = Statements(config.schema_name)
        self._caches = Caches(config.cache_bytes, metadata.schema)
        self._pool = Pool(config)
        self._async_pool = AsyncPool(config)
        watch_forks(self)

    @classmethod
    def open(cls, config: PostgresConfig, *, create: Create, schema: Schema | None) -> Self | None:
        until = monotonic() + _RESTART
        while True:
            try:
                return cls._open(config, create, schema)
            except BackendUnavailable as error:
                # After an embedded server was killed, its supervisor may not know yet.
                if config.folder is None or not error.transient or monotonic() >= until:
                    raise
            sleep(_PAUSE)

    @classmethod
    def _open(cls, config: PostgresConfig, create: Create, schema: Schema | None) -> Self | None:
        if create is True and is_vacant(config.folder):  # no need to start a server yet
            check_creation(config, create)
            return None
        with lease_server(config.folder, create=create == "new") as server:
            with translate_errors(config.place), connect(config) as connection:
                index = find_index(connection, config, create)
            if index is None:
                return cls.make(config, schema=schema or Schema()) if create == "new" else None
            metadata, incarnation = index
            analyzer = metadata.check(schema, place=config.place, export_only=config.export_only)
            return cls(config, metadata, analyzer, incarnation, server.pop_all())

    @classmethod
    def make(
        cls,
        config: PostgresConfig,
        *,
        schema: Schema,
        documents: AnalyzedBatch = _NO_DOCUMENTS,
        durability: Durability = "power",
    ) -> Self:
        analyzer = get_analyzer(schema.analyzer)
        statements = Statements(config.schema_name)
        with lease_server(config.folder, create=True):
            with translate_errors(config.place), connect(config) as connection:
                wait = config.lock_timeout
                writer = Writer(connection, statements, schema, analyzer, wait, in_transaction=True)
                fill = lambda: writer.write(documents, durability)  # noqa: E731
                create_index(connection, config, schema, fill)
                maintain(connection, statements, schema, config.compact_at, len(documents))
            index = cls.open(config, create=False, schema=schema)
        assert index is not None  # without `create` it returns an index or raises
        return index

    @classmethod
    def drop(cls, config: PostgresConfig) -> None:
        if config.read_only:
            raise BackendUnavailable(f"{config.place} was named with read_only; name it without")
        with (
            lease_server(config.folder, create=False),
            translate_errors(config.place),
            connect(config) as connection,
        ):
            drop_index(connection, config)

    def reader(self, deadline: float | None = None) -> AbstractContextManager[PostgresReader]:
        return self._lease_reader(deadline)

    def async_reader(
        self, deadline: float | None = None
    ) -> AbstractAsyncContextManager[AsyncPostgresReader]:
        return self._lease_async_reader(deadline)

    def _lease_reader(
        self, deadline: float | None, **options: bool
    ) -> ConnectionLease[PostgresReader]:
        def wrap(connection: psycopg.Connection[Any]) -> PostgresReader:
            executor = blocking_executor(connection)
            return PostgresReader(connection, self._make_reader(executor, deadline, **options))

        return ConnectionLease(self._pool, wrap, deadline, finish=PostgresReader.validate)

    def _lease_connection(self) -> ConnectionLease[psycopg.Connection[Any]]:
        return ConnectionLease(self._pool, lambda connection: connection)

    @asynccontextmanager
    async def _lease_async_reader(
        self, deadline: float | None, **options: bool
    ) -> AsyncIterator[AsyncPostgresReader]:
        with translate_errors(self._place):
            async with self._async_pool.acquire(deadline) as connection:
                reader = self._make_reader(async_executor(connection), deadline, **options)
                yield reader
                await reader.validate()

    def _make_reader(
        self, executor: Executor, deadline: float | None, **options: bool
    ) -> AsyncPostgresReader:
        return AsyncPostgresReader(
            executor,
            self._statements,
            self._caches,
            self.schema,
            self._incarnation,
            self._place,
            deadline,
            **options,
        )

    def run(self, search: PlannedSearch) -> Results:
        if search.is_emulated:  # core reads the documents
            return super().run(search)
        attempt = Attempt.first(search)
        while True:
            try:
                with self._lease_reader(search.deadline, **attempt.options) as reader:
                    return run_blocking(search.over(reader.async_reader))
            except BackendUnavailable as error:
                attempt = attempt.plan_retry(error)
            if attempt.lost_session:
                self._pool.close_idle()

    async def run_async(self, search: PlannedSearch) -> Results:
        attempt = Attempt.first(search)
        while True:
            try:
                async with self._lease_async_reader(search.deadline, **attempt.options) as reader:
                    return await search.over(reader)
            except BackendUnavailable as error:
                attempt = attempt.plan_retry(error)
            if attempt.lost_session:
                with translate_errors(self._place):
                    self._async_pool.close_idle()

    def get(self, uri: str) -> Document | None:
        return self._read_with_retry(lambda: super(PostgresBackend, self).get(uri))

    def _read_with_retry(self, read: Callable[[], T]) -> T:
        """Read, and once more if the session was lost: a read changes nothing."""
        try:
            return read()
        except BackendUnavailable as error:
            if not is_connection_lost(error):
                raise
        self._pool.close_idle()
        return read()

    def _write_live(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Write over a connection that was just seen alive: no write is ever sent twice."""
        if self.config.read_only:
            raise BackendUnavailable(
                f"{self.config.place} was opened with read_only; open it without"
            )
        with self._lease_connection() as connection:
            if self._is_alive(connection):
                return work(connection)
        self._pool.close_idle()
        with self._lease_connection() as connection:
            self._is_alive(connection)
            return work(connection)

    def _is_alive(self, connection: psycopg.Connection[Any]) -> bool:
        """Return whether the connection is alive; raise if the index was dropped and made again."""
        try:
            statement = Statement(self._statements(queries.INCARNATION))
            ((row,),) = execute(connection, [statement])
        except psycopg.OperationalError:
            if connection.closed:
                return False
            raise
        if row[0] != self._incarnation:
            raise BackendUnavailable(
                f"{self.config.place} was dropped and made anew; open it again"
            )
        return True

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        return self._write_live(lambda connection: self._make_writer(connection).roots(uris))

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        def upsert(connection: psycopg.Connection[Any]) -> WriteOutcome:
            outcome = self._make_writer(connection).write(documents, durability)
            changed = outcome.added + outcome.replaced
            maintain(connection, self._statements, self.schema, self.config.compact_at, changed)
            return outcome

        return self._write_live(upsert)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        def delete(connection: psycopg.Connection[Any]) -> int:
            removed = self._make_writer(connection).remove(uris, durability)
            if removed:
                compact_if_due(connection, self._statements, self.schema, self.config.compact_at)
            return removed

        return self._write_live(delete)

    def _make_writer(self, connection: psycopg.Connection[Any]) -> Writer:
        return Writer(
            connection, self._statements, self.schema, self.analyzer, self.config.lock_timeout
        )

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        return self._read_with_retry(lambda: self._describe(fingerprint))

    def _describe(self, fingerprint: bool) -> IndexInfo:
        with self._lease_connection() as connection:
            reader = self._make_reader(blocking_executor(connection), None)
            return describe(connection, reader, self.config, self.schema, fingerprint)

    def check(self) -> list[str]:
        with self._lease_connection() as connection:
            reader = self._make_reader(blocking_executor(connection), None)
            return list(find_problems(connection, reader, self._statements, self))

    def optimize(self) -> None:
        def rewrite(connection: psycopg.Connection[Any]) -> None:
            compact_all(connection, self._statements, self.schema, self.analyzer)
            vacuum(connection, self._statements, self.schema)

        self._write_live(rewrite)

    def close(self) -> None:
        self._pool.close()
        self._async_pool.close()
        self._server.close()

    def after_fork_in_child(self) -> None:
        """Start with empty pools and caches: the sockets are the parent's, and a lock may be held.

        A thread of the parent may have held it at the fork, and does not exist in the child.
        """
        self._pool.reset_after_fork()
        self._async_pool.reset_after_fork()
        self._caches = Caches(self.config.cache_bytes, self.schema)
