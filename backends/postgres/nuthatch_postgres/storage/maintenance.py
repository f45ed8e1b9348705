"""Maintenance of the tables: statistics for the planner, and freed space given back.

A compaction leaves the old rows of `block` and `term` behind. VACUUM lets later writes reuse their
space. CLUSTER gives the space back and puts the blocks of each term side by side. It runs in a
transaction, so that its wait for a lock has a bound, and readers of older snapshots are safe.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from nuthatch import Schema
from nuthatch_postgres import schema
from nuthatch_postgres.client.connection import end_transaction
from nuthatch_postgres.queries import maintenance as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.storage.compaction import compact_if_due
from nuthatch_postgres.storage.index_lifecycle import create_substring_indexes

#: Tables that compactions and deletions leave holes in, and whose values are all in their rows.
_SPARSE: Final = (
    "block",
    "position_block",
    "term",
    "recent",
    "df_decrement",
    "write_log",
    "entity_posting",
    "column_block",
)
#: Tables of which a search reads ranges, with the column of those ranges.
_ORDERED: Final = {"block": "term", "position_block": "term", "entity_posting": "entity"}
#: Searches wait while the lock is waited for, and while it is held.
_LOCK_TIMEOUT: Final = "500ms"
#: Documents of a batch after which the planner gets new statistics at once. Autovacuum would
#: collect them a minute later, and searches would be planned badly until then.
_LARGE_BATCH: Final = 1000


def maintain(
    connection: psycopg.Connection[Any],
    statements: Statements,
    declared: Schema,
    compact_at: int,
    changed: int,
) -> None:
    """Analyze and compact the tables where the batch, of `changed` documents, calls for it."""
    if changed:
        compact_if_due(connection, statements, declared, compact_at)
    if changed >= _LARGE_BATCH:
        for table in ("document", "entity", "entity_posting", "fuzzy_key"):
            connection.execute(_on_table(table, queries.ANALYZE, statements))


def vacuum(connection: psycopg.Connection[Any], statements: Statements, declared: Schema) -> None:
    """Give back freed space, collect statistics, and create indexes that could not be made before.

    Stop where the rights do not suffice. A table that others read without a break keeps its size.
    """
    try:
        create_substring_indexes(connection, statements, declared)
        for table in schema.TABLES:
            if table in _SPARSE:
                _cluster(connection, statements, table)
            connection.execute(_on_table(table, queries.VACUUM, statements))
    except InsufficientPrivilege:
        return


def _cluster(connection: psycopg.Connection[Any], statements: Statements, table: str) -> None:
    name = (_on_table(table, "{schema}.{table}", statements).decode(),)
    is_due = connection.execute(_on_table(table, queries.IS_SPARSE, statements), name).fetchone()
    if table in _ORDERED and is_due == (False,):
        connection.execute(_on_table(table, queries.ANALYZE, statements))
        is_due = connection.execute(queries.IS_SCATTERED, (_ORDERED[table], *name)).fetchone()
    index = connection.execute(queries.INDEX, name).fetchone()
    if index is None or is_due != (True,):
        return
    try:
        connection.execute("BEGIN")
        connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        connection.execute(_on_table(table, queries.LOCK, statements))
        rewrite = queries.CLUSTER.replace("{index}", index[0])
        connection.execute(_on_table(table, rewrite, statements))
        connection.execute("COMMIT")
    except LockNotAvailable:
        return
    finally:
        end_transaction(connection)


def _on_table(table: str, statement: str, statements: Statements) -> bytes:
    name = sql.Identifier(table).as_string(None)
    return statements(statement.replace("{table}", name))
