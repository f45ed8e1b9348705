"""Upkeep of the tables: statistics for the planner, and space that was freed given back.

Sealing leaves the old rows of `block` and `term` behind. VACUUM lets later writes fill their
space, and CLUSTER gives it back and puts the blocks of each term side by side: in a transaction,
so that waiting for its lock can be bounded, and safe for readers of an older snapshot.
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from nuthatch import Schema
from nuthatch_postgres import schema
from nuthatch_postgres.connection import leave
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.seal import seal
from nuthatch_postgres.storage import index_substrings

#: Tables that sealing and deleting leave holes in, and that keep no value outside of their rows.
_SPARSE: Final = ("block", "term", "recent", "loss", "change", "mention", "value")
#: Tables of which a search reads ranges, with the column that they are to be in order of.
_ORDERED: Final = {"block": "term", "mention": "entity"}
#: Searches wait as long as the lock is waited for, and as long as it is held.
_PATIENCE: Final = "500ms"

#: Documents of a batch after which the planner is told of them at once; else it may not know what
#: it looks for until autovacuum comes by, a minute later.
_MANY: Final = 1000

#: Whether a table takes a fifth more than its rows, with their heads, and a few pages.
IS_SPARSE: Final = """
SELECT pg_relation_size(%s::regclass)
    > 100000 + 1.2 * coalesce(sum(pg_column_size(each.*) + 4), 0)
FROM {schema}.{table} AS each
"""
#: Whether the rows that a list of postings is made of lie anywhere: reading one then takes a page
#: for each, twice the time.
IS_SCATTERED: Final = """
SELECT correlation < 0.9
FROM pg_catalog.pg_stats
WHERE attname = %s AND (schemaname, tablename) = (
    SELECT nspname, relname
    FROM pg_catalog.pg_class
    JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE pg_class.oid = %s::regclass
)
"""
LOCK: Final = "LOCK TABLE {schema}.{table} IN ACCESS EXCLUSIVE MODE"
CLUSTER: Final = "CLUSTER {schema}.{table} USING {index}"
VACUUM: Final = "VACUUM (ANALYZE) {schema}.{table}"
ANALYZE: Final = "ANALYZE (SKIP_LOCKED) {schema}.{table}"
#: The index by which a table is put in order: its primary key, else any.
INDEX: Final = """
SELECT quote_ident(relname)
FROM pg_catalog.pg_index
JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
WHERE indrelid = %s::regclass AND indpred IS NULL
ORDER BY indisprimary DESC, relname
LIMIT 1
"""


def settle(
    connection: psycopg.Connection, statements: Statements, seal_at: int, changed: int
) -> None:
    """Do what is due after a batch that changed so many documents."""
    if changed:
        seal(connection, statements, seal_at)
    if changed >= _MANY:
        analyze(connection, statements)


def analyze(connection: psycopg.Connection, statements: Statements) -> None:
    """Count anew for the planner what searches look up, unless somebody is at it."""
    for table in ("document", "value", "entity", "mention", "near"):
        connection.execute(_on(table, ANALYZE, statements))


def tidy(connection: psycopg.Connection, statements: Statements, declared: Schema) -> None:
    """Give back the space of what was deleted, makes indexes that could not be made before, and
    count anew for the planner, all as far as the rights go. A table that somebody reads on and on
    keeps its size until the next time."""
    try:
        index_substrings(connection, statements, declared)
        for table in schema.TABLES:
            if table in _SPARSE:
                _cluster(connection, statements, table)
            connection.execute(_on(table, VACUUM, statements))
    except InsufficientPrivilege:
        return


def _cluster(connection: psycopg.Connection, statements: Statements, table: str) -> None:
    name = (_on(table, "{schema}.{table}", statements).decode(),)
    wanted = connection.execute(_on(table, IS_SPARSE, statements), name).fetchone()
    if table in _ORDERED and wanted == (False,):
        connection.execute(_on(table, ANALYZE, statements))
        wanted = connection.execute(IS_SCATTERED, (_ORDERED[table], *name)).fetchone()
    index = connection.execute(INDEX, name).fetchone()
    if index is None or wanted != (True,):
        return
    try:
        connection.execute("BEGIN")
        connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        connection.execute(_on(table, LOCK, statements))
        connection.execute(_on(table, CLUSTER.replace("{index}", index[0]), statements))
        connection.execute("COMMIT")
    except LockNotAvailable:
        return
    finally:
        leave(connection)


def _on(table: str, statement: str, statements: Statements) -> bytes:
    name = sql.Identifier(table).as_string(None)
    return statements(statement.replace("{table}", name))
