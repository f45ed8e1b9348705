"""Statements of a batch: documents, dictionaries and postings."""

from __future__ import annotations

from typing import Final

from nuthatch_postgres.schema import index_key

ALLOCATE: Final = "UPDATE {schema}.counter SET next = next + %s RETURNING next"

# The words go to the server as one text of lines, and the ids come back as one string of bytes: an
# array or rows of a hundred thousand words would take Python longer than all the rest. An id of 0
# stands for a word that the dictionary lacks.
FIND_TERMS: Final = """
SELECT coalesce(string_agg(int4send(coalesce(id, 0)), '' ORDER BY place), '')
FROM unnest(string_to_array(%s, chr(10))) WITH ORDINALITY AS given (token, place)
LEFT JOIN {schema}.term USING (token)
"""

# In one order, so that two writers of the same new words cannot deadlock.
ADD_TERMS: Final = """
INSERT INTO {schema}.term (token)
SELECT token
FROM unnest(string_to_array(%s, chr(10))) WITH ORDINALITY AS given (token, place)
ORDER BY place
ON CONFLICT (token) DO NOTHING
"""

FIND_DOCUMENTS: Final = """
SELECT uri, id, root, chunks
FROM {schema}.document
WHERE uri = ANY(%s)
ORDER BY uri
"""

LOCK_DOCUMENTS: Final = FIND_DOCUMENTS + "FOR UPDATE"

#: Every writer takes the first; the second keeps all writers out. Readers need neither.
SHARED_LOCK: Final = "LOCK TABLE {schema}.document IN ROW EXCLUSIVE MODE"

EXCLUSIVE_LOCK: Final = "LOCK TABLE {schema}.document IN SHARE ROW EXCLUSIVE MODE"

DELETED_TEXTS: Final = """
SELECT document.header, chunk.text
FROM {schema}.document
JOIN {schema}.chunk ON chunk.document = document.id
WHERE document.id = ANY(%s)
"""

DELETE: Final = (
    "DELETE FROM {schema}.entity_posting WHERE document = ANY(%s)",
    "DELETE FROM {schema}.chunk WHERE document = ANY(%s)",
    "DELETE FROM {schema}.document WHERE id = ANY(%s)",
)

ADD_TO_LOG: Final = """
INSERT INTO {schema}.write_log (documents, chunks, tokens, rows, deleted)
VALUES (%s, %s, %s, %s, %s)
"""

#: The same, with the values and words that a write adds, and words of what it removes.
ADD_TO_LOGS: Final = f"""
WITH logged AS ({ADD_TO_LOG} RETURNING id)
INSERT INTO {{schema}}.batch_log (id, fields, words, lost)
SELECT id, %s::bytea, %s::bytea, %s::bytea FROM logged
"""

COPY_DOCUMENTS: Final = (
    "COPY {schema}.document (id, uri, root, header, chunks, leaves) FROM STDIN (FORMAT BINARY)"
)

COPY_CHUNKS: Final = "COPY {schema}.chunk (id, document, start, text) FROM STDIN (FORMAT BINARY)"

COPY_RECENT: Final = (
    "COPY {schema}.recent (term, first, n, data, positions) FROM STDIN (FORMAT BINARY)"
)

COPY_DF_DECREMENTS: Final = "COPY {schema}.df_decrement (term, n) FROM STDIN (FORMAT BINARY)"

#: Raise a setting that may lose commits, and leave a stronger one as it is.
SYNC_AT_LEAST: Final = """
SELECT set_config('synchronous_commit', 'on', true)
WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
"""

#: Like FIND_TERMS.
FIND_ENTITIES: Final = f"""
SELECT coalesce(string_agg(int4send(coalesce(entity.id, 0)), '' ORDER BY given.place), '')
FROM unnest(string_to_array(%s, ' ')::smallint[], string_to_array(%s, chr(10))) WITH ORDINALITY
    AS given (field, text, place)
LEFT JOIN {{schema}}.entity
    ON entity.field = given.field AND {index_key("entity.text")} = {index_key("given.text")}
    AND entity.text = given.text
"""

# In one order, so that two writers of the same new entries cannot deadlock. Each gets the entries
# that it made, and adds their fuzzy keys before any reader can see them.
ADD_ENTITIES: Final = f"""
INSERT INTO {{schema}}.entity (field, text)
SELECT field, text
FROM unnest(string_to_array(%s, ' ')::smallint[], string_to_array(%s, chr(10))) WITH ORDINALITY
    AS given (field, text, place)
ORDER BY place
ON CONFLICT (field, {index_key("text")}) DO NOTHING
RETURNING id, CASE WHEN field = -1 THEN text END
"""

COPY_FUZZY_KEYS: Final = "COPY {schema}.fuzzy_key (hash, entity) FROM STDIN (FORMAT BINARY)"

COPY_ENTITY_POSTINGS: Final = (
    "COPY {schema}.entity_posting (entity, document, length) FROM STDIN (FORMAT BINARY)"
)
