"""Connections: how one is made, and what is asked over it.

Sessions are in autocommit mode and transactions are begun by a statement: so BEGIN travels with
the first question of a search, in one round trip. Nothing is set for a whole session, so a pooler
in transaction mode may stand between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from nuthatch import BackendUnavailable, InvalidConfig
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.embedded import address
from nuthatch_postgres.failure import unreachable

Rows = list[tuple[Any, ...]]
_OLDEST: Final = 140_000


class Statement(NamedTuple):
    """Is one statement with its values; `prepare=False` has it planned for these each time."""

    sql: bytes
    values: Sequence[Any] | Mapping[str, Any] = ()
    prepare: bool | None = None


#: Runs statements in one round trip, and gives the rows of each.
Port = Callable[[Sequence[Statement]], Awaitable[list[Rows]]]


def conninfo(config: PostgresConfig) -> str:
    """Returns what libpq connects by; holds the password."""
    own: dict[str, Any] = {"client_encoding": "UTF8", "connect_timeout": config.connect_timeout}
    if config.password is not None:
        own["password"] = config.password.get_secret_value()
    if "application_name" not in config.libpq:
        own["fallback_application_name"] = "nuthatch"
    place = f"postgresql:{config.location}" if config.folder is None else address(config.folder)
    try:
        return make_conninfo(place, **config.libpq, **own)
    except psycopg.ProgrammingError:
        # Its message repeats the URL, and may chain one that does.
        raise InvalidConfig(
            f"{config.place} is not a URL that PostgreSQL's client understands; write "
            "postgresql://user@host:port/database?index=NAME"
        ) from None


def session(config: PostgresConfig) -> dict[str, Any]:
    """Returns how sessions are to behave."""
    return {"autocommit": True, "prepare_threshold": 5 if config.prepare else None}


def connect(config: PostgresConfig) -> psycopg.Connection:
    """Opens a connection outside of the pool, and refuses a server that cannot hold an index."""
    try:
        connection = psycopg.connect(conninfo(config), **session(config))
    except psycopg.OperationalError as error:
        raise unreachable(error, config.place) from error
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


def ask(connection: psycopg.Connection, statements: Sequence[Statement]) -> list[Rows]:
    """Runs statements in one round trip and returns the rows of each."""
    cursors: list[psycopg.Cursor] = []
    with connection.pipeline() if len(statements) > 1 else nullcontext():
        for sql, values, prepare in statements:
            cursors.append(connection.execute(sql, values, prepare=prepare, binary=True))
    return [cursor.fetchall() if cursor.description else [] for cursor in cursors]


def blocking_port(connection: psycopg.Connection) -> Port:
    """Returns a port over a connection: what awaits it never waits for an event loop."""

    async def port(statements: Sequence[Statement]) -> list[Rows]:
        return ask(connection, statements)

    return port


def leave(connection: psycopg.Connection) -> None:
    """Ends a transaction that is to leave nothing behind."""
    if connection.closed or connection.info.transaction_status is TransactionStatus.IDLE:
        return
    connection.execute("ROLLBACK")
