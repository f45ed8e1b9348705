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

_FRESH: Final = "SELECT term, first, n, data, positions FROM {schema}.recent"

_COMPACTED: Final = """
SELECT block.term, first, n, block.data, position_block.data
FROM {schema}.block
LEFT JOIN {schema}.position_block USING (term, last)
"""

#: Blocks that are not full, of terms with fresh postings.
_OPEN_BLOCKS: Final = "n < {full} AND block.term IN (SELECT term FROM {schema}.recent)"

#: Fresh postings, and the blocks of their terms that are not full; with their positions.
OPEN_PARTIAL: Final = f"""
DECLARE compaction NO SCROLL CURSOR FOR
{_FRESH}
UNION ALL
{_COMPACTED}
WHERE {_OPEN_BLOCKS}
ORDER BY term
"""

OPEN_ALL: Final = f"""
DECLARE compaction NO SCROLL CURSOR FOR
{_FRESH}
UNION ALL
{_COMPACTED}
ORDER BY term
"""

FETCH: Final = "FETCH FORWARD 20000 FROM compaction"

CLEAR_PARTIAL: Final = (
    f"""
    DELETE FROM {{schema}}.position_block
    USING {{schema}}.block
    WHERE (position_block.term, position_block.last) = (block.term, block.last)
        AND {_OPEN_BLOCKS}
    """,
    f"DELETE FROM {{schema}}.block WHERE {_OPEN_BLOCKS}",
)

CLEAR_ALL: Final = ("DELETE FROM {schema}.position_block", "DELETE FROM {schema}.block")

CLEAR: Final = (
    "DELETE FROM {schema}.recent",
    "DELETE FROM {schema}.df_decrement",
    "DELETE FROM {schema}.write_log",
    "DELETE FROM {schema}.batch_log",
)

COPY_BLOCKS: Final = (
    "COPY {schema}.block (term, last, first, n, bound, data) FROM STDIN (FORMAT BINARY)"
)

COPY_POSITIONS: Final = "COPY {schema}.position_block (term, last, data) FROM STDIN (FORMAT BINARY)"

SET_TOMBSTONES: Final = "UPDATE {schema}.tombstone SET chunks = %s"

SET_STATE: Final = """
UPDATE {schema}.state
SET compactions = compactions + 1, documents = %s, chunks = %s, tokens = %s, average = %s,
    blocks = (SELECT count(*) FROM {schema}.block)
"""
