"""Statements that merge fresh postings into blocks, and fold what writes have appended."""

from __future__ import annotations

from typing import Final

#: What a compaction would have to do.
PENDING: Final = """
SELECT count(*), coalesce(sum(rows), 0)::bigint, (SELECT blocks FROM {schema}.state)
FROM {schema}.write_log
"""

BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ"

# The lock is taken before the snapshot. Readers and writers of the index do not wait for it.
LOCK: Final = "LOCK TABLE {schema}.state IN EXCLUSIVE MODE"

#: The counts as of the last compaction, then what the writes since then add to them.
TOTALS: Final = """
SELECT compactions, state.documents, state.chunks, state.tokens, average,
       coalesce(sum(write_log.documents), 0)::bigint,
       coalesce(sum(write_log.chunks), 0)::bigint,
       coalesce(sum(write_log.tokens), 0)::bigint,
       (SELECT chunks FROM {schema}.tombstone) || coalesce(string_agg(deleted, ''), ''),
       count(write_log.id)
FROM {schema}.state
LEFT JOIN {schema}.write_log ON true
GROUP BY compactions, state.documents, state.chunks, state.tokens, average
"""

# Frequencies and bounds are set by one statement: a row that is updated twice leaves two dead rows.
SET_TERMS: Final = """
UPDATE {schema}.term
SET df = df + coalesce(delta.n, 0),
    bound = CASE
        WHEN given.bound IS NULL THEN term.bound
        WHEN %s THEN given.bound
        ELSE greatest(term.bound, given.bound)
    END
FROM (
    SELECT term AS word, sum(n) AS n
    FROM (
        SELECT term, n::bigint FROM {schema}.recent
        UNION ALL
        SELECT term, -n::bigint FROM {schema}.df_decrement
    ) AS counted
    GROUP BY term
) AS delta
FULL JOIN (
    SELECT word, bound
    FROM unnest(
        string_to_array(%s, ' ')::int[], string_to_array(%s, ' ')::float8[]
    ) AS written (word, bound)
) AS given USING (word)
WHERE term.id = word
    AND (delta.n <> 0 OR given.bound > term.bound OR %s AND given.bound <> term.bound)
"""

#: Fresh postings, and the blocks of their terms that are not full.
OPEN_PARTIAL: Final = """
DECLARE compaction NO SCROLL CURSOR FOR
SELECT term, first, n, data FROM {schema}.recent
UNION ALL
SELECT term, first, n, data FROM {schema}.block
WHERE n < {full} AND term IN (SELECT term FROM {schema}.recent)
ORDER BY term
"""

OPEN_ALL: Final = """
DECLARE compaction NO SCROLL CURSOR FOR
SELECT term, first, n, data FROM {schema}.recent
UNION ALL
SELECT term, first, n, data FROM {schema}.block
ORDER BY term
"""

FETCH: Final = "FETCH FORWARD 20000 FROM compaction"

CLEAR_PARTIAL: Final = """
DELETE FROM {schema}.block
WHERE n < {full} AND term IN (SELECT term FROM {schema}.recent)
"""

CLEAR_ALL: Final = "DELETE FROM {schema}.block"

CLEAR: Final = (
    "DELETE FROM {schema}.recent",
    "DELETE FROM {schema}.df_decrement",
    "DELETE FROM {schema}.write_log",
    "DELETE FROM {schema}.column_log",
)

COPY_BLOCKS: Final = (
    "COPY {schema}.block (term, last, first, n, bound, data) FROM STDIN (FORMAT BINARY)"
)

SET_TOMBSTONES: Final = "UPDATE {schema}.tombstone SET chunks = %s"

SET_STATE: Final = """
UPDATE {schema}.state
SET compactions = compactions + 1, documents = %s, chunks = %s, tokens = %s, average = %s,
    blocks = (SELECT count(*) FROM {schema}.block)
"""
