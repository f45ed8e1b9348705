"""Statements that give space back and collect statistics for the planner."""

from __future__ import annotations

from typing import Final

#: Whether a table is a fifth larger than its rows with their headers, and by more than some pages.
IS_SPARSE: Final = """
SELECT pg_relation_size(%s::regclass)
    > 100000 + 1.2 * coalesce(sum(pg_column_size(stored.*) + 4), 0)
FROM {schema}.{table} AS stored
"""

#: Whether the rows of one list of postings are scattered over the table: then reading the list
#: takes one page for each row, and twice the time.
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

#: The index whose order a table is rewritten in: its primary key, else any.
INDEX: Final = """
SELECT quote_ident(relname)
FROM pg_catalog.pg_index
JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
WHERE indrelid = %s::regclass AND indpred IS NULL
ORDER BY indisprimary DESC, relname
LIMIT 1
"""
