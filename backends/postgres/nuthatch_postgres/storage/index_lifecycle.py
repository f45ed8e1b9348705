"""Find, create and drop an index; each is one transaction."""

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
from nuthatch_postgres import schema
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.queries import lifecycle as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.queries.substrings import (
    LENGTH_INDEXES,
    TRIGRAM_INDEX,
    TRIGRAMS,
    bind_field,
)


def find_index(
    connection: psycopg.Connection[Any], config: PostgresConfig, create: Create
) -> tuple[IndexMetadata, UUID] | None:
    """Return the index's metadata and incarnation; None where it may be created.

    Raise where it must exist and does not, must not exist and does, or cannot be created.
    """
    metadata = _read_metadata(connection, config, create)
    if metadata is None:
        check_creation(config, create)
        if create is True:
            _check_rights(connection, config)
    elif create == "new":
        raise IndexExists(f"{config.place} is an index already; open it or choose another name")
    return metadata


def _read_metadata(
    connection: psycopg.Connection[Any], config: PostgresConfig, create: Create
) -> tuple[IndexMetadata, UUID] | None:
    """Return the index's metadata and incarnation; None where there is no index.

    Raise `IndexExists` or `IndexNotFound` for a schema with tables that are not nuthatch's.
    """
    exists, relations = _list_relations(connection, config)
    if not exists or not relations:
        return None
    if not {"meta", "state", "block"} <= set(relations):
        kind = IndexExists if create else IndexNotFound
        raise kind(
            f"the schema {config.schema_name} at {config.place} holds something else "
            f"({', '.join(relations[:3])}); choose another name for the index"
        )
    statements = Statements(config.schema_name)
    meta = connection.execute(statements(queries.META)).fetchone()
    if meta is None:
        raise _lost_description(config)
    # The format is checked first: another format may have no column of that name.
    metadata = IndexMetadata.from_json(meta[0], place=config.place, format=schema.FORMAT)
    incarnation = connection.execute(statements(queries.INCARNATION)).fetchone()
    if incarnation is None:
        raise _lost_description(config)
    return metadata, incarnation[0]


def _lost_description(config: PostgresConfig) -> IndexCorrupt:
    return IndexCorrupt(f"{config.place} has lost its description; restore it from a copy")


def _list_relations(
    connection: psycopg.Connection[Any], config: PostgresConfig
) -> tuple[bool, list[str]]:
    """Return whether the schema exists, and the names of what it holds."""
    row: Any = connection.execute(queries.FIND_SCHEMA, {"schema": config.schema_name}).fetchone()
    return row[0], row[1]


def check_creation(config: PostgresConfig, create: Create) -> None:
    """Raise `IndexNotFound` unless the caller wants to create the index that is missing."""
    if not create:
        raise IndexNotFound(f"there is no index at {config.place}; create it first")
    if config.read_only:
        raise IndexNotFound(f"there is no index at {config.place}; read_only makes none")


def _check_rights(connection: psycopg.Connection[Any], config: PostgresConfig) -> None:
    """Raise where creating the index would fail, before there are documents to add."""
    row = connection.execute(queries.MAY_CREATE, {"schema": config.schema_name}).fetchone()
    if row is not None and not row[0]:
        raise BackendUnavailable(
            f"{config.place} cannot be made: the rights do not suffice; to make an index takes "
            "CREATE on the database, or on its schema if that is there"
        )


def create_index(
    connection: psycopg.Connection[Any],
    config: PostgresConfig,
    declared: Schema,
    fill: Callable[[], object],
) -> None:
    """Create the tables and call `fill`, all or nothing; an empty schema may exist already.

    Raise `IndexExists` if another process was faster.
    """
    metadata = IndexMetadata.create(schema.FORMAT, declared)
    statements = Statements(config.schema_name)
    with connection.transaction():
        # A process that creates the same index waits here until its first batch is in.
        wait = f"{max(1, round(1000 * config.lock_timeout))}ms"
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (wait,))
        connection.execute(queries.LOCK_NAME, (f"nuthatch:{config.schema_name}",))
        exists, relations = _list_relations(connection, config)
        if relations:
            raise IndexExists(f"{config.place} was just made by somebody else; open it")
        if not exists:
            name = sql.Identifier(config.schema_name)
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        for statement in schema.CREATE:
            connection.execute(statements(statement))
        create_substring_indexes(connection, statements, declared)
        connection.execute(statements(queries.SET_META), (metadata.to_json(),))
        fill()


def create_substring_indexes(
    connection: psycopg.Connection[Any], statements: Statements, declared: Schema
) -> None:
    """Create the indexes of fields that match substrings, unless they exist."""
    indexes = list(LENGTH_INDEXES)
    trigrams = connection.execute(TRIGRAMS).fetchone()
    if trigrams is not None:
        indexes.append(TRIGRAM_INDEX.replace("{trigrams}", trigrams[0]))
    for at, field in enumerate(declared.fields):
        if isinstance(field, PhraseField) and field.match == "substring":
            for index in indexes:
                connection.execute(statements(bind_field(index, at)))


def drop_index(connection: psycopg.Connection[Any], config: PostgresConfig) -> None:
    """Drop the tables and their schema; fail where something else was built upon them."""
    with connection.transaction():
        connection.execute(queries.LOCK_NAME, (f"nuthatch:{config.schema_name}",))
        exists, relations = _list_relations(connection, config)
        if not exists or "meta" not in relations:
            raise IndexNotFound(f"there is no index at {config.place}")
        name = sql.Identifier(config.schema_name)
        for table in schema.TABLES:
            connection.execute(
                sql.SQL("DROP TABLE IF EXISTS {}.{}").format(name, sql.Identifier(table))
            )
        connection.execute(sql.SQL("DROP SCHEMA {}").format(name))
