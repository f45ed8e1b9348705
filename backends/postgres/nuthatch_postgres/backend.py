"""`PostgresBackend`: opens an index, lends readers, writes."""

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
    AnalyzedDocument,
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
from nuthatch_postgres import queries
from nuthatch_postgres.async_pool import AsyncPools
from nuthatch_postgres.async_reader import AsyncPostgresReader, async_port
from nuthatch_postgres.attempt import Attempt
from nuthatch_postgres.check import problems
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.connection import Port, Statement, ask, blocking_port, connect
from nuthatch_postgres.description import describe
from nuthatch_postgres.embedded import is_vacant, leased
from nuthatch_postgres.failure import is_lost, translated
from nuthatch_postgres.forking import watch_forks
from nuthatch_postgres.plugin import SPEC
from nuthatch_postgres.pool import Loan, Pool
from nuthatch_postgres.postings import Caches
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.reader import PostgresReader
from nuthatch_postgres.seal import seal
from nuthatch_postgres.storage import dropped, find, make, refuse_unless_wanted
from nuthatch_postgres.upkeep import settle, tidy
from nuthatch_postgres.write import Writer

T = TypeVar("T")
#: Seconds that opening waits for an embedded server that was killed to be started again, and
#: between two tries.
_RESTART: Final = 5.0
_PAUSE: Final = 0.1


class PostgresBackend(LexicalBackend):
    """Keeps an index in one schema of a database. Safe to share between threads."""

    spec = SPEC
    config: PostgresConfig

    def __init__(
        self,
        config: PostgresConfig,
        record: IndexMetadata,
        analyzer: Analyzer,
        mark: UUID,
        lease: ExitStack,
    ) -> None:
        super().__init__(config, record.schema, analyzer)
        self._mark = mark
        self._lease = lease
        self._statements = Statements(config.schema_name)
        self._caches = Caches(config.cache_bytes)
        self._pool = Pool(config)
        self._pools = AsyncPools(config)
        watch_forks(self)

    @classmethod
    def open(cls, config: PostgresConfig, *, create: Create, schema: Schema | None) -> Self | None:
        ends = monotonic() + _RESTART
        while True:
            try:
                return cls._open(config, create, schema)
            except BackendUnavailable as error:
                # An embedded server that was killed is there no more before its keeper knows.
                if config.folder is None or not error.transient or monotonic() >= ends:
                    raise
            sleep(_PAUSE)

    @classmethod
    def _open(cls, config: PostgresConfig, create: Create, schema: Schema | None) -> Self | None:
        if create is True and is_vacant(config.folder):  # no server is started for nothing
            refuse_unless_wanted(config, create)
            return None
        with leased(config.folder, create=create == "new") as lease:
            with translated(config.place), connect(config) as connection:
                found = find(connection, config, create)
            if found is None:
                return cls.make(config, schema=schema or Schema()) if create == "new" else None
            record, mark = found
            analyzer = record.check(schema, place=config.place, export_only=config.export_only)
            return cls(config, record, analyzer, mark, lease.pop_all())

    @classmethod
    def make(
        cls,
        config: PostgresConfig,
        *,
        schema: Schema,
        documents: Sequence[AnalyzedDocument] = (),
        durability: Durability = "power",
    ) -> Self:
        analyzer = get_analyzer(schema.analyzer)
        statements = Statements(config.schema_name)
        with leased(config.folder, create=True):
            with translated(config.place), connect(config) as connection:
                wait = config.lock_timeout
                writer = Writer(connection, statements, schema, analyzer, wait, within=True)
                make(connection, config, schema, lambda: writer.write(documents, durability))
                settle(connection, statements, config.seal_at, len(documents))
            index = cls.open(config, create=False, schema=schema)
        assert index is not None  # without `create` it is there, or an error
        return index

    @classmethod
    def drop(cls, config: PostgresConfig) -> None:
        if config.read_only:
            raise BackendUnavailable(f"{config.place} was named with read_only; name it without")
        with (
            leased(config.folder, create=False),
            translated(config.place),
            connect(config) as connection,
        ):
            dropped(connection, config)

    def reader(self, deadline: float | None = None) -> AbstractContextManager[PostgresReader]:
        return self._lent(deadline)

    def async_reader(
        self, deadline: float | None = None
    ) -> AbstractAsyncContextManager[AsyncPostgresReader]:
        return self._lent_async(deadline)

    def _lent(self, deadline: float | None, **how: bool) -> Loan[PostgresReader]:
        def use(connection: psycopg.Connection[Any]) -> PostgresReader:
            reading = self._reading(blocking_port(connection), deadline, **how)
            return PostgresReader(connection, reading)

        return Loan(self._pool, use, deadline, finish=PostgresReader.finish)

    def _connection(self) -> Loan[psycopg.Connection[Any]]:
        return Loan(self._pool, lambda connection: connection)

    @asynccontextmanager
    async def _lent_async(
        self, deadline: float | None, **how: bool
    ) -> AsyncIterator[AsyncPostgresReader]:
        with translated(self.config.place):
            async with self._pools.connection(deadline) as connection:
                reading = self._reading(async_port(connection), deadline, **how)
                yield reading
                await reading.finish()

    def _reading(self, port: Port, deadline: float | None, **how: bool) -> AsyncPostgresReader:
        statements, caches, mark = self._statements, self._caches, self._mark
        place = self.config.place
        return AsyncPostgresReader(
            port, statements, caches, self.schema, mark, place, deadline, **how
        )

    def run(self, search: PlannedSearch) -> Results:
        attempt = Attempt.first(search)
        while True:
            try:
                with self._lent(search.deadline, **attempt.how) as reader:
                    return run_blocking(search.over(reader.reading))
            except BackendUnavailable as error:
                attempt = attempt.after(error)
            if attempt.lost:
                self._pool.refresh()

    async def run_async(self, search: PlannedSearch) -> Results:
        attempt = Attempt.first(search)
        while True:
            try:
                async with self._lent_async(search.deadline, **attempt.how) as reader:
                    return await search.over(reader)
            except BackendUnavailable as error:
                attempt = attempt.after(error)
            if attempt.lost:
                with translated(self.config.place):
                    self._pools.refresh()

    def get(self, uri: str) -> Document | None:
        return self._again(lambda: super(PostgresBackend, self).get(uri))

    def _again(self, read: Callable[[], T]) -> T:
        """Read, and once more where the server went away meanwhile: that changes nothing."""
        try:
            return read()
        except BackendUnavailable as error:
            if not is_lost(error):
                raise
        self._pool.refresh()
        return read()

    def _with_live(self, work: Callable[[psycopg.Connection[Any]], T]) -> T:
        """Write over a connection that is alive: what was written is never sent a second time."""
        if self.config.read_only:
            raise BackendUnavailable(
                f"{self.config.place} was opened with read_only; open it without"
            )
        with self._connection() as connection:
            if self._is_ours(connection):
                return work(connection)
        self._pool.refresh()
        with self._connection() as connection:
            self._is_ours(connection)
            return work(connection)

    def _is_ours(self, connection: psycopg.Connection) -> bool:
        """Return whether the connection is alive; raise if the index is another one now."""
        try:
            ((row,),) = ask(connection, [Statement(self._statements(queries.MARK))])
        except psycopg.OperationalError:
            if connection.closed:
                return False
            raise
        if row[0] != self._mark:
            raise BackendUnavailable(
                f"{self.config.place} was dropped and made anew; open it again"
            )
        return True

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        return self._with_live(lambda connection: self._writer(connection).roots(uris))

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        def upsert(connection: psycopg.Connection[Any]) -> WriteOutcome:
            outcome = self._writer(connection).write(documents, durability)
            changed = outcome.added + outcome.replaced
            settle(connection, self._statements, self.config.seal_at, changed)
            return outcome

        return self._with_live(upsert)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        def delete(connection: psycopg.Connection[Any]) -> int:
            gone = self._writer(connection).remove(uris, durability)
            if gone:
                seal(connection, self._statements, self.config.seal_at)
            return gone

        return self._with_live(delete)

    def _writer(self, connection: psycopg.Connection) -> Writer:
        return Writer(
            connection, self._statements, self.schema, self.analyzer, self.config.lock_timeout
        )

    def info(self) -> IndexInfo:
        return self._again(self._info)

    def _info(self) -> IndexInfo:
        with self._connection() as connection:
            reading = self._reading(blocking_port(connection), None)
            return describe(connection, reading, self.config, self.schema)

    def check(self) -> list[str]:
        with self._connection() as connection:
            reading = self._reading(blocking_port(connection), None)
            return list(problems(connection, reading, self._statements, self))

    def optimize(self) -> None:
        def settle(connection: psycopg.Connection[Any]) -> None:
            seal(connection, self._statements, None)
            tidy(connection, self._statements, self.schema)

        self._with_live(settle)

    def close(self) -> None:
        self._pool.close()
        self._pools.close()
        self._lease.close()

    def after_fork_in_child(self) -> None:
        """Begin anew: sockets are the parent's, locks as its threads had them in their hands."""
        self._pool.restart()
        self._pools.restart()
        self._caches = Caches(self.config.cache_bytes)
