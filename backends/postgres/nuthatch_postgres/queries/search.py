"""Statements that read an index in one snapshot."""

from __future__ import annotations

from typing import Final

from nuthatch_postgres.schema import index_key

BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
ROLLBACK: Final = "ROLLBACK"
#: Local to the transaction, so that no pooled connection keeps it.
TIMEOUT: Final = "SELECT set_config('statement_timeout', %s, true)"
# The writes since the last compaction that the snapshot sees. Two snapshots with the same writes
# since the same compaction see the same index.
_WRITES: Final = "string_agg(int8send(id), '' ORDER BY id)"
STATE: Final = f"""
SELECT incarnation,
       compactions,
       state.documents + coalesce(sum.documents, 0)::bigint,
       state.chunks + coalesce(sum.chunks, 0)::bigint,
       state.tokens + coalesce(sum.tokens, 0)::bigint,
       average,
       coalesce(sum.writes, ''),
       coalesce(sum.deleted, ''),
       (SELECT next FROM {{schema}}.counter)
FROM {{schema}}.state
CROSS JOIN (
    SELECT sum(write_log.documents) AS documents,
           sum(write_log.chunks) AS chunks,
           sum(write_log.tokens) AS tokens,
           {_WRITES} AS writes,
           string_agg(deleted, '') AS deleted
    FROM {{schema}}.write_log
) AS sum
"""
#: Whether a cached state is still the newest.
VALIDATE: Final = f"""
SELECT EXISTS (SELECT FROM {{schema}}.state WHERE incarnation = %s AND compactions = %s)
    AND coalesce((SELECT sha256({_WRITES}) FROM {{schema}}.write_log), '') = %s AS is_current
"""
#: The rows of another statement, each with `is_current` in front. If it has no rows: one of nulls.
_VALIDATED: Final = f"""
SELECT cached.is_current, wanted.*
FROM ({VALIDATE}) AS cached
LEFT JOIN ({{statement}}) AS wanted ON true
"""
TERMS: Final = """
SELECT token,
       id,
       df
           + (SELECT coalesce(sum(n), 0) FROM {schema}.recent WHERE term = id)
           - (SELECT coalesce(sum(n), 0) FROM {schema}.df_decrement WHERE term = id),
       bound
FROM {schema}.term
WHERE token = ANY(%s)
"""
#: The same for many tokens: fresh rows are counted once, not for each.
MANY_TERMS: Final = """
WITH wanted AS MATERIALIZED (
    SELECT token, id, df, bound FROM {schema}.term WHERE token = ANY(%s)
)
SELECT token, id, df + coalesce(delta.n, 0), bound
FROM wanted
LEFT JOIN (
    SELECT term, sum(n) AS n
    FROM (
        SELECT term, n::bigint FROM {schema}.recent
        UNION ALL
        SELECT term, -n::bigint FROM {schema}.df_decrement
    ) AS counted
    WHERE term IN (SELECT id FROM wanted)
    GROUP BY term
) AS delta ON delta.term = id
"""
BLOCKS: Final = """
SELECT term, first, n, data
FROM {schema}.block
WHERE term = ANY(%s)
ORDER BY term, last
"""
# A chunk can only be in the first block of its term that does not end before it.
_SELECTED: Final = """
    SELECT DISTINCT listed.term, candidate.last
    FROM unnest(%s::int[]) AS listed (term)
    CROSS JOIN unnest(%s::int[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT last, first
        FROM {schema}.block
        WHERE block.term = listed.term AND block.last >= wanted.id
        ORDER BY block.last
        LIMIT 1
    ) AS candidate
    WHERE candidate.first <= wanted.id
"""
SELECTED_BLOCKS: Final = f"""
SELECT block.term, block.first, block.n, block.data
FROM ({_SELECTED}) AS hit
JOIN {{schema}}.block USING (term, last)
"""
# Positions that are missing are found to be, as there are fewer than the postings say.
_POSITIONED: Final = """
SELECT block.term, block.first, block.n, block.data, coalesce(position_block.data, '')
"""
POSITIONS: Final = f"""
{_POSITIONED}
FROM {{schema}}.block
LEFT JOIN {{schema}}.position_block USING (term, last)
WHERE block.term = ANY(%s)
"""
SELECTED_POSITIONS: Final = f"""
{_POSITIONED}
FROM ({_SELECTED}) AS hit
JOIN {{schema}}.block USING (term, last)
LEFT JOIN {{schema}}.position_block USING (term, last)
"""
RECENT: Final = """
SELECT term, first, n, data
FROM {schema}.recent
WHERE term = ANY(%s)
ORDER BY term, first
"""
RECENT_POSITIONS: Final = """
SELECT term, first, n, data, positions
FROM {schema}.recent
WHERE term = ANY(%s)
"""
TOMBSTONES: Final = "SELECT chunks FROM {schema}.tombstone"
# All ids come as one string of bytes: a fraction of the cost of fetching rows.
HOLDING_PHRASES: Final = """
SELECT coalesce(string_agg(int4send(document), ''), '')
FROM (
    SELECT DISTINCT document
    FROM {schema}.entity_posting
    JOIN {schema}.entity ON entity.id = entity_posting.entity
    WHERE entity.field = {field}{condition}
) AS holding
"""
PHRASE: Final = f"""
    AND {index_key("entity.text")} IN (
        SELECT {index_key("given_phrase")}
        FROM unnest(%s::text[]) AS given_phrase
    )
    AND entity.text = ANY(%s)"""
FETCH: Final = """
SELECT chunk.id,
       document.id,
       document.uri,
       document.root,
       document.header,
       document.leaves,
       chunk.start,
       chunk.text
FROM {schema}.chunk
JOIN {schema}.document ON document.id = chunk.document
WHERE chunk.id = ANY(%s)
"""
FETCH_VALIDATED: Final = _VALIDATED.replace("{statement}", FETCH)
GET: Final = """
SELECT document.header, chunk.start, chunk.text
FROM {schema}.document
JOIN {schema}.chunk ON chunk.document = document.id
WHERE document.uri = %s
ORDER BY chunk.id
"""
#: A cursor holds its place on the server, so that an export of any size fits into memory.
DOCUMENTS: Final = """
DECLARE documents NO SCROLL CURSOR FOR
SELECT document.id, document.header, chunk.start, chunk.text
FROM {schema}.chunk
JOIN {schema}.document ON document.id = chunk.document
ORDER BY chunk.id
"""
MORE_DOCUMENTS: Final = "FETCH FORWARD 1000 FROM documents"
