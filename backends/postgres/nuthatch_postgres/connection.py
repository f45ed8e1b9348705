"""Connections: how one is made, and what is asked over it.

Sessions are in autocommit mode and transactions are begun by a statement: so BEGIN travels with
the first question of a search, in one round trip. Nothing is set for a whole session, so a pooler
in transaction mode may stand between.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PipelineStatus, TransactionStatus

from nuthatch import BackendUnavailable, InvalidConfig
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.embedded import address, ended
from nuthatch_postgres.failure import is_interrupt, is_refusal, unreachable
from nuthatch_postgres.variables import (
    AsyncEmbeddedConnection,
    AsyncServerConnection,
    EmbeddedConnection,
    ServerConnection,
    own_parameters,
)

Rows = list[tuple[Any, ...]]
_OLDEST: Final = 140_000
_BETWEEN_STATEMENTS: Final = (
    TransactionStatus.IDLE,
    TransactionStatus.INTRANS,
    TransactionStatus.INERROR,
)
#: Seconds that the server may take to hear that a statement is cancelled.
_CANCEL_WAIT: Final = 1.0


class Statement(NamedTuple):
    """Is one statement with its values; `prepare=False` has it planned for these each time."""

    sql: bytes
    values: Sequence[Any] | Mapping[str, Any] = ()
    prepare: bool | None = None


# What psycopg warns of are interrupts, of which the caller knows; without a handler of the
# application's Python would write it to stderr.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

#: Runs statements in one round trip, and gives the rows of each.
Port = Callable[[Sequence[Statement]], Awaitable[list[Rows]]]


def conninfo(config: PostgresConfig) -> str:
    """Return what libpq connects by; hold the password."""
    own: dict[str, Any] = {"client_encoding": "UTF8", "connect_timeout": config.connect_timeout}
    if config.password is not None:
        own["password"] = config.password.get_secret_value()
    if config.folder is None and "application_name" not in config.libpq:
        own["fallback_application_name"] = "nuthatch"
    place = f"postgresql:{config.location}"
    if config.folder is not None:
        place = address(config.folder)
        own = {**own_parameters(), **own}
    try:
        return make_conninfo(place, **config.libpq, **own)
    except psycopg.ProgrammingError:
        # Its message repeats the URL, and may chain one that does.
        raise InvalidConfig(
            f"{config.place} is not a URL that PostgreSQL's client understands; write "
            "postgresql://user@host:port/database?index=NAME"
        ) from None


def session(config: PostgresConfig) -> dict[str, Any]:
    """Return how sessions are to behave."""
    return {"autocommit": True, "prepare_threshold": 5 if config.prepare else None}


def connection_class(config: PostgresConfig) -> type[psycopg.Connection[Any]]:
    """Return the class of which connections are made."""
    return ServerConnection if config.folder is None else EmbeddedConnection


def async_connection_class(config: PostgresConfig) -> type[psycopg.AsyncConnection[Any]]:
    """Return the class of which asynchronous connections are made."""
    return AsyncServerConnection if config.folder is None else AsyncEmbeddedConnection


def connect(config: PostgresConfig) -> psycopg.Connection:
    """Open a connection outside of the pool, and refuse a server that cannot hold an index."""
    try:
        connection = connection_class(config).connect(conninfo(config), **session(config))
    except psycopg.OperationalError as error:
        raise refused(error, config) from error
    found = connection.info.server_version
    encoding = connection.info.parameter_status("server_encoding")
    if found >= _OLDEST and encoding == "UTF8":
        return connection
    connection.close()
    if found < _OLDEST:
        raise BackendUnavailable(
            f"{config.place} is PostgreSQL {found // 10_000}; nuthatch needs 14 or later"
        )
    raise BackendUnavailable(
        f"{config.place} is a database in the encoding {encoding}, which cannot hold every text; "
        "name one that was created with ENCODING 'UTF8'"
    )


def refused(error: psycopg.Error, config: PostgresConfig) -> BackendUnavailable:
    """Return what it means that no connection could be made."""
    if config.folder is not None and is_refusal(error):
        return ended(config.folder)
    return unreachable(error, config.place)


def ask(connection: psycopg.Connection, statements: Sequence[Statement]) -> list[Rows]:
    """Run statements in one round trip and return the rows of each."""
    cursors: list[psycopg.Cursor] = []
    with connection.pipeline() if len(statements) > 1 else nullcontext():
        for sql, values, prepare in statements:
            cursors.append(connection.execute(sql, values, prepare=prepare, binary=True))
    return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def blocking_port(connection: psycopg.Connection) -> Port:
    """Return a port over a connection: what awaits it never waits for an event loop."""

    async def port(statements: Sequence[Statement]) -> list[Rows]:
        return ask(connection, statements)

    return port


def leave(connection: psycopg.Connection) -> None:
    """End a transaction that is to leave nothing behind.

    While an interrupt is being raised, the connection ends with it: psycopg may have been struck
    anywhere, in the middle of a message even. So does one that still waits for an answer, for then
    what is raised may be an error that psycopg has met on its way out of an interrupt.
    """
    if connection.closed:
        return
    waits = connection.pgconn.transaction_status not in _BETWEEN_STATEMENTS
    if waits or _has_pipeline(connection) or is_interrupt(sys.exception()):
        abandon(connection)
    elif not is_at_rest(connection):
        connection.execute("ROLLBACK")


def is_at_rest(connection: psycopg.Connection) -> bool:
    """Return whether a connection waits for nothing, outside of a transaction."""
    is_idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
    return is_idle and not _has_pipeline(connection)


def _has_pipeline(connection: psycopg.Connection) -> bool:
    return connection.pgconn.pipeline_status != PipelineStatus.OFF


def abandon(connection: psycopg.Connection) -> None:
    """Close a connection in doubt; the server ends what it is at, for others may wait for it."""
    try:
        with suppress(psycopg.Error):  # then the server finds out when it has an answer
            connection.cancel_safe(timeout=_CANCEL_WAIT)
    finally:
        connection.pgconn.finish()
