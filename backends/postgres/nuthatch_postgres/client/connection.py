"""Connections: how they are opened, and how they are left.

Sessions are in autocommit mode, and a statement begins each transaction: so BEGIN travels in one
round trip with the first statements of a search. Nothing is set for a whole session, so a pooler in
transaction mode may stand between.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PipelineStatus, TransactionStatus

from nuthatch import BackendUnavailable, InvalidConfig
from nuthatch_postgres.client.embedded_client import (
    AsyncEmbeddedConnection,
    AsyncServerConnection,
    EmbeddedConnection,
    ServerConnection,
    environment_parameters,
    read_address,
    server_stopped_error,
)
from nuthatch_postgres.client.errors import is_interrupt, is_unanswered, translate_unreachable
from nuthatch_postgres.config import PostgresConfig

_OLDEST: Final = 140_000
_BETWEEN_STATEMENTS: Final = (
    TransactionStatus.IDLE,
    TransactionStatus.INTRANS,
    TransactionStatus.INERROR,
)
#: Seconds that the server may take to accept a cancellation.
_CANCEL_WAIT: Final = 1.0

# psycopg logs a warning for an interrupt, which the caller knows of. Where the application has set
# no handler, Python would write it to stderr.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def build_conninfo(config: PostgresConfig) -> str:
    """Return the connection string for libpq; it contains the password."""
    own: dict[str, Any] = {"client_encoding": "UTF8", "connect_timeout": config.connect_timeout}
    if config.password is not None:
        own["password"] = config.password.get_secret_value()
    if config.folder is None and "application_name" not in config.libpq:
        own["fallback_application_name"] = "nuthatch"
    server = f"postgresql:{config.location}"
    if config.folder is not None:
        server = read_address(config.folder)
        own = {**environment_parameters(), **own}
    try:
        return make_conninfo(server, **config.libpq, **own)
    except psycopg.ProgrammingError:
        # Its message repeats the URL, and its context may too.
        raise InvalidConfig(
            f"{config.place} is not a URL that PostgreSQL's client understands; write "
            "postgresql://user@host:port/database?index=NAME"
        ) from None


def _session_options(config: PostgresConfig) -> dict[str, Any]:
    return {"autocommit": True, "prepare_threshold": 5 if config.prepare else None}


def connect(config: PostgresConfig) -> psycopg.Connection[Any]:
    """Open a connection, and refuse a server that cannot hold an index."""
    kind = ServerConnection if config.folder is None else EmbeddedConnection
    try:
        connection = kind.connect(build_conninfo(config), **_session_options(config))
    except psycopg.OperationalError as error:
        raise _connection_error(error, config) from error
    version = connection.info.server_version
    encoding = connection.info.parameter_status("server_encoding")
    if version >= _OLDEST and encoding == "UTF8":
        return connection
    connection.close()
    if version < _OLDEST:
        raise BackendUnavailable(
            f"{config.place} is PostgreSQL {version // 10_000}; nuthatch needs 14 or later"
        )
    raise BackendUnavailable(
        f"{config.place} is a database in the encoding {encoding}, which cannot hold every text; "
        "name one that was created with ENCODING 'UTF8'"
    )


async def connect_async(config: PostgresConfig) -> psycopg.AsyncConnection[Any]:
    """Open an asynchronous connection to a server that `connect` has accepted."""
    kind = AsyncServerConnection if config.folder is None else AsyncEmbeddedConnection
    try:
        return await kind.connect(build_conninfo(config), **_session_options(config))
    except psycopg.OperationalError as error:
        raise _connection_error(error, config) from error


def _connection_error(error: psycopg.Error, config: PostgresConfig) -> BackendUnavailable:
    """Return the error for a connection that could not be opened."""
    if config.folder is not None and is_unanswered(error):
        return server_stopped_error(config.folder)
    return translate_unreachable(error, config.place)


def end_transaction(connection: psycopg.Connection[Any]) -> None:
    """Roll back a transaction that is still open.

    While an interrupt is being raised, cancel and close the connection instead: the interrupt may
    have arrived anywhere in psycopg, even in the middle of a message. Do the same if the connection
    still waits for an answer: then the error in flight may hide an interrupt.
    """
    if connection.closed:
        return
    waits = connection.pgconn.transaction_status not in _BETWEEN_STATEMENTS
    if waits or _has_pipeline(connection) or is_interrupt(sys.exception()):
        _cancel_and_close(connection)
    elif not is_idle(connection):
        connection.execute("ROLLBACK")


def is_idle(connection: psycopg.Connection[Any]) -> bool:
    """Return whether a connection waits for no answer and is in no transaction."""
    status = connection.pgconn.transaction_status
    return status == TransactionStatus.IDLE and not _has_pipeline(connection)


def _has_pipeline(connection: psycopg.Connection[Any]) -> bool:
    return connection.pgconn.pipeline_status != PipelineStatus.OFF


def _cancel_and_close(connection: psycopg.Connection[Any]) -> None:
    """Close a connection in an unknown state.

    The cancellation makes the server release the locks that other sessions may wait for.
    """
    try:
        with suppress(psycopg.Error):  # then the server sees the end when it sends an answer
            connection.cancel_safe(timeout=_CANCEL_WAIT)
    finally:
        connection.pgconn.finish()
