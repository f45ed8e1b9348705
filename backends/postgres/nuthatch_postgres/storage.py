"""Finding an index in a database, making it, dropping it: each in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from nuthatch import (
    BackendUnavailable,
    Create,
    IndexCorrupt,
    IndexExists,
    IndexMetadata,
    IndexNotFound,
    PhraseField,
    Schema,
)
from nuthatch_postgres import queries, schema
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.substring import LENGTH_INDEXES, TRIGRAM_INDEX, TRIGRAMS, in_field


def stored(
    connection: psycopg.Connection, config: PostgresConfig, create: Create
) -> tuple[IndexMetadata, UUID] | None:
    """Return what the index says of itself and its mark; None where there is none.

    Raise `IndexExists` or `IndexNotFound` for a schema that holds somebody else's tables: it is
    not ours to fill.
    """
    there, relations = _look(connection, config)
    if not there or not relations:
        return None
    if not {"meta", "state", "block"} <= set(relations):
        kind = IndexExists if create else IndexNotFound
        raise kind(
            f"the schema {config.schema_name} at {config.place} holds something else "
            f"({', '.join(relations[:3])}); choose another name for the index"
        )
    statements = Statements(config.schema_name)
    meta = connection.execute(statements(queries.META)).fetchone()
    mark = connection.execute(statements(queries.MARK)).fetchone()
    if meta is None or mark is None:
        raise IndexCorrupt(f"{config.place} has lost its description; restore it from a copy")
    record = IndexMetadata.from_json(meta[0], place=config.place, format=schema.FORMAT)
    return record, mark[0]


def _look(connection: psycopg.Connection, config: PostgresConfig) -> tuple[bool, list[str]]:
    row: Any = connection.execute(queries.FIND_SCHEMA, {"schema": config.schema_name}).fetchone()
    return row[0], row[1]


def find(
    connection: psycopg.Connection, config: PostgresConfig, create: Create
) -> tuple[IndexMetadata, UUID] | None:
    """Return what the index says of itself and its mark; None where it is yet to be made.

    Raise where it must be there, must not, or cannot be made.
    """
    found = stored(connection, config, create)
    if found is None:
        refuse_unless_wanted(config, create)
        if create is True:
            _refuse_without_rights(connection, config)
    elif create == "new":
        raise IndexExists(f"{config.place} is an index already; open it or choose another name")
    return found


def refuse_unless_wanted(config: PostgresConfig, create: Create) -> None:
    """Raise unless an index is to be made where there is none."""
    if not create:
        raise IndexNotFound(f"there is no index at {config.place}; create it first")
    if config.read_only:
        raise IndexNotFound(f"there is no index at {config.place}; read_only makes none")


def _refuse_without_rights(connection: psycopg.Connection, config: PostgresConfig) -> None:
    """Raise where making the index would fail, before there are documents to make it with."""
    row = connection.execute(queries.MAY_MAKE, {"schema": config.schema_name}).fetchone()
    if row is not None and not row[0]:
        raise BackendUnavailable(
            f"{config.place} cannot be made: the rights do not suffice; to make an index takes "
            "CREATE on the database, or on its schema if that is there"
        )


def make(
    connection: psycopg.Connection,
    config: PostgresConfig,
    wanted: Schema,
    fill: Callable[[], object],
) -> None:
    """Make the tables and have them filled, all or nothing; in a schema that is there already if it
    is empty. Raise `IndexExists` if somebody else was faster."""
    record = IndexMetadata.create(schema.FORMAT, wanted)
    statements = Statements(config.schema_name)
    with connection.transaction():
        # Whoever makes the same index waits here until its first batch is in.
        wait = f"{max(1, round(1000 * config.lock_timeout))}ms"
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (wait,))
        connection.execute(queries.ALONE, (f"nuthatch:{config.schema_name}",))
        there, relations = _look(connection, config)
        if relations:
            raise IndexExists(f"{config.place} was just made by somebody else; open it")
        if not there:
            name = sql.Identifier(config.schema_name)
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        for statement in schema.CREATE:
            connection.execute(statements(statement))
        index_substrings(connection, statements, wanted)
        connection.execute(statements(queries.SET_META), (record.to_json(),))
        fill()


def index_substrings(
    connection: psycopg.Connection, statements: Statements, declared: Schema
) -> None:
    """Make what finds substrings, where there are fields of such and it is not there yet."""
    indexes = list(LENGTH_INDEXES)
    trigrams = connection.execute(TRIGRAMS).fetchone()
    if trigrams is not None:
        indexes.append(TRIGRAM_INDEX.replace("{trigrams}", trigrams[0]))
    for at, each in enumerate(declared.fields):
        if isinstance(each, PhraseField) and each.match == "substring":
            for index in indexes:
                connection.execute(statements(in_field(index, at)))


def dropped(connection: psycopg.Connection, config: PostgresConfig) -> None:
    """Drop the tables and their schema; refuse where something else was built upon them."""
    with connection.transaction():
        connection.execute(queries.ALONE, (f"nuthatch:{config.schema_name}",))
        there, relations = _look(connection, config)
        if not there or "meta" not in relations:
            raise IndexNotFound(f"there is no index at {config.place}")
        name = sql.Identifier(config.schema_name)
        for table in schema.TABLES:
            connection.execute(
                sql.SQL("DROP TABLE IF EXISTS {}.{}").format(name, sql.Identifier(table))
            )
        connection.execute(sql.SQL("DROP SCHEMA {}").format(name))
