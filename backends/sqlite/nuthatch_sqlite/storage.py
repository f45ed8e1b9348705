"""The file of an index: finding it, and making it.

An index is made in a file of another name, with its first batch, and that file is then linked to
the path: so the index is there whole or not at all, and two who make it at once cannot both. A
process that is killed meanwhile leaves a hidden `.nuthatch-…` file, which no process reads. Where
the path names an empty file already it is filled in one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import apsw

from nuthatch import (
    BackendUnavailable,
    Create,
    IndexCorrupt,
    IndexExists,
    IndexMetadata,
    IndexNotFound,
    Schema,
)
from nuthatch_sqlite import schema
from nuthatch_sqlite.config import SqliteConfig
from nuthatch_sqlite.connection import one, open_reading, open_writing, undo
from nuthatch_sqlite.file_identity import FileIdentity, status
from nuthatch_sqlite.transaction import transact

if TYPE_CHECKING:
    from nuthatch import AnalyzedBatch, Durability


def find_index(config: SqliteConfig, create: Create) -> tuple[IndexMetadata, FileIdentity] | None:
    """Return what the index at the path says of itself; None for no file or an empty database.

    Raise `IndexExists` or `IndexNotFound` for a database that nuthatch did not make:
    an index must not be put into it.
    """
    found = status(config.path)
    if found is None or not found.st_size:
        return None
    connection = open_reading(config.path, config.lock_timeout)
    try:
        application = _application(connection, config)
        if application == schema.APPLICATION_ID:
            row = one(connection, schema.META)
            if row is None:
                raise IndexCorrupt(f"{config.path} has lost its description; restore it")
            record = IndexMetadata.from_json(row[0], place=str(config.path), format=schema.FORMAT)
            return record, FileIdentity.of(config.path, found, connection)
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
        # A process died while it made the file: its rollback journal is still there.
        if config.read_only:
            raise
        undo(config.path, config.lock_timeout)
        return connection.pragma("application_id")


def check_creation(config: SqliteConfig, create: Create) -> None:
    """Raise `IndexNotFound` unless the caller may create the index that is missing, and
    `BackendUnavailable` unless its folder can be written."""
    path = config.path
    if not create:
        raise IndexNotFound(f"there is no index at {path}; create it first")
    if config.read_only:
        raise IndexNotFound(f"there is no index at {path}; read_only makes none")
    folder = path.absolute().parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        found = "cannot be written" if folder.is_dir() else "is not there"
        raise BackendUnavailable(
            f"{path} cannot be made: its folder {found}; make the folder, or check its rights"
        )


def make(
    config: SqliteConfig,
    wanted: Schema,
    documents: AnalyzedBatch | None,
    durability: Durability,
) -> tuple[IndexMetadata, FileIdentity]:
    """Make an index with its first documents, if there are any, all or nothing.

    Raise `IndexExists` if another process was faster.
    """
    from nuthatch_sqlite.entity import Entities  # imports numpy
    from nuthatch_sqlite.surfaces import KnownSurfaces
    from nuthatch_sqlite.write import write

    path = config.path
    record = IndexMetadata.create(schema.FORMAT, wanted)

    def begin(connection: apsw.Connection) -> None:
        if connection.pragma("application_id"):
            raise _faster(path)
        connection.execute(schema.create_sql(wanted))
        connection.execute(schema.SET_META, (record.to_json(),))
        if documents is not None:
            write(connection, documents, Entities(wanted), KnownSurfaces())

    def fill(file: Path) -> None:
        connection = open_writing(file, config.lock_timeout, identity=None)
        try:
            transact(connection, durability, begin)
        finally:
            connection.close()

    if status(path) is not None or not _publish(path, fill):
        fill(path)
    found = find_index(config, True)
    if found is None:
        raise BackendUnavailable(f"{path} was replaced by another file; open it again")
    return found


def _faster(path: Path) -> IndexExists:
    return IndexExists(f"{path} was just made by somebody else; open it")


def _publish(path: Path, fill: Callable[[Path], None]) -> bool:
    """Fill a file beside the path and link it there; return False where files have no links."""
    draft = path.absolute().with_name(f".nuthatch-{token_hex(8)}")
    try:
        fill(draft)
        os.link(draft, path)
    except FileExistsError as error:
        raise _faster(path) from error
    except OSError:
        if not draft.exists() or _links(draft):
            raise
        return False
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    if os.name == "posix":  # the name must outlast a power cut, too
        folder = os.open(draft.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return True


def _links(file: Path) -> bool:
    """Return whether a file can have a second name, in its folder."""
    other = file.with_name(f"{file.name}-link")
    try:
        os.link(file, other)
    except OSError:
        return False
    other.unlink()
    return True
