"""Finding an index in its file, and making one: all of it or nothing."""

from __future__ import annotations

import apsw

from nuthatch import (
    BackendUnavailable,
    Create,
    IndexCorrupt,
    IndexExists,
    IndexNotFound,
    IndexRecord,
    Schema,
)
from nuthatch_sqlite import schema
from nuthatch_sqlite.config import SqliteConfig
from nuthatch_sqlite.connection import one, reading, undo, writing
from nuthatch_sqlite.identity import Identity, status
from nuthatch_sqlite.write import transact


def find(config: SqliteConfig, create: Create) -> tuple[IndexRecord, Identity] | None:
    """Return what the index at the path says of itself; None for no file or an empty database.

    Raises `IndexExists` or `IndexNotFound` for somebody else's database: it is not ours to fill.
    """
    there = status(config.path)
    if there is None or not there.st_size:
        return None
    connection = reading(config.path, config.lock_timeout)
    try:
        application = _application(connection, config)
        if application == schema.APPLICATION_ID:
            row = one(connection, schema.META)
            if row is None:
                raise IndexCorrupt(f"{config.path} has lost its description; restore it")
            record = IndexRecord.from_json(row[0], place=str(config.path), format=schema.FORMAT)
            return record, Identity.of(config.path, there, connection)
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


def make(config: SqliteConfig, create: Create, wanted: Schema) -> tuple[IndexRecord, Identity]:
    """Make the tables, all or none: a process that dies here leaves an empty database."""
    if config.read_only:
        raise IndexNotFound(f"there is no index at {config.path}; read_only makes none")
    record = IndexRecord.create(schema.FORMAT, wanted)
    connection = writing(config.path, config.lock_timeout, identity=None)
    try:
        transact(connection, "power", lambda lent: _make(lent, config, create, record))
    finally:
        connection.close()
    stored = find(config, True)
    if stored is None:
        raise BackendUnavailable(f"{config.path} was replaced by another file; open it again")
    return stored


def _make(
    connection: apsw.Connection, config: SqliteConfig, create: Create, record: IndexRecord
) -> None:
    if not connection.pragma("application_id"):
        connection.execute(schema.CREATE)
        connection.execute(schema.SET_META, (record.to_json(),))
    elif create == "new":
        raise IndexExists(f"{config.path} was just made by somebody else; open it")
