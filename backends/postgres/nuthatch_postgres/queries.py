"""Every statement that opens, reads and writes an index; `seal.py` and `check.py` have their own.

`{schema}` stands for the quoted name of the index's schema, which `Statements` writes in: no
session has a search path of ours. Nothing of a query is ever put into a statement: what else stands
between braces are words of this package, numbers of fields, and names that PostgreSQL has quoted.
"""

from __future__ import annotations

from typing import Final

from psycopg import sql

# Opening

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
#: Whether the user may make an index: in the schema, if it is there, else a schema.
MAY_MAKE: Final = """
SELECT coalesce(
    (
        SELECT has_schema_privilege(oid, 'CREATE')
        FROM pg_catalog.pg_namespace
        WHERE nspname = %(schema)s
    ),
    has_database_privilege(current_database(), 'CREATE')
)
"""
#: Two processes that create the same index meet here; the key is the name's own.
ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
META: Final = "SELECT value FROM {schema}.meta WHERE key = 'index'"
SET_META: Final = "INSERT INTO {schema}.meta VALUES ('index', %s)"
MARK: Final = "SELECT mark FROM {schema}.state"

# Reading

BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
ROLLBACK: Final = "ROLLBACK"
#: Local to the transaction, so that no pooled connection keeps it.
TIMEOUT: Final = "SELECT set_config('statement_timeout', %s, true)"
# The digest names the writes that are seen since the seal: what two snapshots with the same one
# see is the same.
_DIGEST: Final = "sha256(string_agg(int8send(id), '' ORDER BY id))"
STATE: Final = f"""
SELECT mark,
       sealed,
       state.documents + coalesce(sum.documents, 0)::bigint,
       state.chunks + coalesce(sum.chunks, 0)::bigint,
       state.tokens + coalesce(sum.tokens, 0)::bigint,
       average,
       coalesce(sum.digest, ''),
       coalesce(sum.gone, '')
FROM {{schema}}.state
CROSS JOIN (
    SELECT sum(change.documents) AS documents,
           sum(change.chunks) AS chunks,
           sum(change.tokens) AS tokens,
           {_DIGEST} AS digest,
           string_agg(gone, '') AS gone
    FROM {{schema}}.change
) AS sum
"""
#: Whether a state still holds.
PROOF: Final = f"""
SELECT EXISTS (SELECT FROM {{schema}}.state WHERE mark = %s AND sealed = %s)
    AND coalesce((SELECT {_DIGEST} FROM {{schema}}.change), '') = %s AS holds
"""
#: The rows of a statement, each behind that; one of nulls where there is none.
PROVEN: Final = f"""
SELECT proof.holds, asked.*
FROM ({PROOF}) AS proof
LEFT JOIN ({{asked}}) AS asked ON true
"""
TERMS: Final = """
SELECT token,
       id,
       df
           + (SELECT coalesce(sum(n), 0) FROM {schema}.recent WHERE term = id)
           - (SELECT coalesce(sum(n), 0) FROM {schema}.loss WHERE term = id),
       bound
FROM {schema}.term
WHERE token = ANY(%s)
"""
BLOCKS: Final = """
SELECT term, first, n, data
FROM {schema}.block
WHERE term = ANY(%s)
ORDER BY term, last
"""
# The block of a chunk is the first of its term that ends behind it, if it begins before it.
PROBE: Final = """
SELECT block.term, block.first, block.n, block.data
FROM (
    SELECT DISTINCT asked.term, near.last
    FROM unnest(%s::int[]) AS asked (term)
    CROSS JOIN unnest(%s::int[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT last, first
        FROM {schema}.block
        WHERE block.term = asked.term AND block.last >= wanted.id
        ORDER BY block.last
        LIMIT 1
    ) AS near
    WHERE near.first <= wanted.id
) AS hit
JOIN {schema}.block USING (term, last)
"""
RECENT: Final = """
SELECT term, first, n, data
FROM {schema}.recent
WHERE term = ANY(%s)
ORDER BY term, first
"""
TOMBSTONES: Final = "SELECT chunks FROM {schema}.tombstone"
# One text of all ids: a fraction of the cost of fetching rows.
FILTERED: Final = """
SELECT coalesce(string_agg(int4send(chunk.id), ''), '')
FROM {schema}.chunk
WHERE chunk.document IN (
    SELECT document
    FROM {schema}.value
    WHERE field = %s AND {condition}
)
"""
FILTERED_SOME: Final = """
SELECT coalesce(string_agg(int4send(given.id), ''), '')
FROM unnest(%s::int[]) AS given (id)
WHERE {conditions}
"""
# OFFSET keeps this a look-up for each of the few documents: as joins, of which the planner would
# compare every order, hundreds of filters take it minutes.
PASSES: Final = """EXISTS (
    SELECT FROM {schema}.value WHERE document = given.id AND field = %s AND {condition}
    OFFSET 0
)"""
FETCH: Final = """
SELECT chunk.id,
       document.id,
       document.uri,
       document.root,
       document.header,
       document.leaves,
       chunk.text
FROM {schema}.chunk
JOIN {schema}.document ON document.id = chunk.document
WHERE chunk.id = ANY(%s)
"""
FETCH_PROVEN: Final = PROVEN.replace("{asked}", FETCH)
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
ROOTS: Final = "SELECT root FROM {schema}.document ORDER BY root"
BYTES: Final = """
SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint
FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = %s AND relkind = 'r'
"""

# Writing

ALLOCATE: Final = "UPDATE {schema}.counter SET next = next + %s RETURNING next"
# A dictionary is asked with one text of lines, and answers with one string of bytes: an array or
# rows of a hundred thousand words would take Python longer than all the rest.
KNOWN_TERMS: Final = """
SELECT coalesce(string_agg(int4send(coalesce(id, 0)), '' ORDER BY place), '')
FROM unnest(string_to_array(%s, chr(10))) WITH ORDINALITY AS given (token, place)
LEFT JOIN {schema}.term USING (token)
"""
# In one order, so that two writers with the same new words wait for each other in a line.
ADD_TERMS: Final = """
INSERT INTO {schema}.term (token)
SELECT token
FROM unnest(string_to_array(%s, chr(10))) WITH ORDINALITY AS given (token, place)
ORDER BY place
ON CONFLICT (token) DO NOTHING
"""
FIND: Final = """
SELECT uri, id, root, chunks
FROM {schema}.document
WHERE uri = ANY(%s)
ORDER BY uri
"""
FIND_AND_LOCK: Final = FIND + "FOR UPDATE"
#: What every writer takes first, and what keeps all of them out; readers need neither.
A_WRITER: Final = "LOCK TABLE {schema}.document IN ROW EXCLUSIVE MODE"
ONE_WRITER: Final = "LOCK TABLE {schema}.document IN SHARE ROW EXCLUSIVE MODE"
TEXTS: Final = """
SELECT document.header, chunk.text
FROM {schema}.document
JOIN {schema}.chunk ON chunk.document = document.id
WHERE document.id = ANY(%s)
"""
DELETE: Final = (
    "DELETE FROM {schema}.value WHERE document = ANY(%s)",
    "DELETE FROM {schema}.mention WHERE document = ANY(%s)",
    "DELETE FROM {schema}.chunk WHERE document = ANY(%s)",
    "DELETE FROM {schema}.document WHERE id = ANY(%s)",
)
ADD_CHANGE: Final = """
INSERT INTO {schema}.change (documents, chunks, tokens, rows, gone) VALUES (%s, %s, %s, %s, %s)
"""
COPY_DOCUMENTS: Final = (
    "COPY {schema}.document (id, uri, root, header, chunks, leaves) FROM STDIN (FORMAT BINARY)"
)
COPY_CHUNKS: Final = "COPY {schema}.chunk (id, document, start, text) FROM STDIN (FORMAT BINARY)"
COPY_VALUES: Final = (
    "COPY {schema}.value (field, document, whole, number, word) FROM STDIN (FORMAT BINARY)"
)
COPY_RECENT: Final = "COPY {schema}.recent (term, first, n, data) FROM STDIN (FORMAT BINARY)"
COPY_LOSS: Final = "COPY {schema}.loss (term, n) FROM STDIN (FORMAT BINARY)"


class Statements:
    """Writes the schema's name, quoted, into statements; each is made once."""

    def __init__(self, schema: str) -> None:
        self._quoted = sql.Identifier(schema).as_string(None)
        self._made: dict[str, bytes] = {}

    def __call__(self, statement: str) -> bytes:
        """Return a statement of this package for the schema of one index."""
        made = self._made.get(statement)
        if made is None:
            made = self._made[statement] = statement.replace("{schema}", self._quoted).encode()
        return made
