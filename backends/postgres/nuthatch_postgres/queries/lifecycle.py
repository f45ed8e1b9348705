"""Statements that find, make and describe an index."""

from __future__ import annotations

from typing import Final

FIND_SCHEMA: Final = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = %(schema)s) AS there,
       ARRAY(
           SELECT relname::text
           FROM pg_catalog.pg_class
           JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
           WHERE nspname = %(schema)s AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
           ORDER BY relname
       ) AS relations
"""

#: Whether the user may make an index: in its schema if that exists, else with a new schema.
MAY_CREATE: Final = """
SELECT coalesce(
    (
        SELECT has_schema_privilege(oid, 'CREATE')
        FROM pg_catalog.pg_namespace
        WHERE nspname = %(schema)s
    ),
    has_database_privilege(current_database(), 'CREATE')
)
"""

#: Processes that create or drop the same index take turns; the key is the index's name.
LOCK_NAME: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

META: Final = "SELECT value FROM {schema}.meta WHERE key = 'index'"

SET_META: Final = "INSERT INTO {schema}.meta VALUES ('index', %s)"

#: Tells an index from one that was dropped and made again under the same name.
INCARNATION: Final = "SELECT incarnation FROM {schema}.state"

ROOTS: Final = "SELECT root FROM {schema}.document ORDER BY root"

BYTES: Final = """
SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint
FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = %s AND relkind = 'r'
"""
