"""Statements that find the phrases of a field which hold a substring, with their documents.

    3 characters and more   by trigrams, where there is an index of them; then sorted
    1 or 2 characters       in order of length: so many phrases match that the first come soon

Each field has its own indexes, so its number is written into the statement. PostgreSQL indexes no
very long text: longer phrases are in an index of their lengths alone, and come last.
"""

from __future__ import annotations

from typing import Final

#: Characters that an index entry can hold, whatever they are.
_LONGEST: Final = 250
#: Characters from which on a substring contains a trigram.
TRIGRAM: Final = 3
_IN_INDEX: Final = f"length(text) <= {_LONGEST}"
_LONGER: Final = f"length(text) > {_LONGEST}"

#: Phrases in order, one by one, until enough of them have documents. LATERAL is computed for one
#: row at a time, so the order of the phrases stays.
_PHRASES: Final = """
    SELECT posting.documents
    FROM (
        SELECT id
        FROM {schema}.entity
        WHERE field = {field} AND {range}text LIKE %(pattern)s
        ORDER BY {length}, text
        OFFSET 0
    ) AS phrase
    CROSS JOIN LATERAL (
        SELECT string_agg(int4send(document), '') AS documents
        FROM {schema}.entity_posting
        WHERE entity_posting.entity = phrase.id
    ) AS posting
    WHERE posting.documents IS NOT NULL
    LIMIT {limit}
"""


#: One phrase more than the cap is read: it tells that there are more.
_CAPPED: Final = """
SELECT coalesce(
           string_agg(documents, '') FILTER (WHERE place <= coalesce(%(cap)s::bigint, place)), ''
       ),
       coalesce(count(*) > %(cap)s::bigint, false)
"""


def _phrases(within: str, length: str, limit: str) -> str:
    return _PHRASES.replace("{range}", within).replace("{length}", length).replace("{limit}", limit)


# The planner must use the index of trigrams, not the one of lengths: hence `length(text) + 0`.
BY_TRIGRAMS: Final = f"""
{_CAPPED}
FROM (
    SELECT documents, row_number() OVER () AS place
    FROM ({_phrases("", "length(text) + 0", "%(most)s")}) AS listed
) AS numbered
"""
BY_LENGTH: Final = f"""
WITH short AS MATERIALIZED ({_phrases(f"{_IN_INDEX} AND ", "length(text)", "%(most)s")})
{_CAPPED}
FROM (
    SELECT documents, row_number() OVER () AS place
    FROM (
        SELECT documents FROM short
        UNION ALL
        SELECT documents
        FROM (
{_phrases(f"{_LONGER} AND ", "length(text)", "%(most)s::bigint - (SELECT count(*) FROM short)")}
        ) AS rest
    ) AS listed
) AS numbered
"""

#: The schema of the extension pg_trgm, where it is installed.
TRIGRAMS: Final = """
SELECT quote_ident(nspname)
FROM pg_catalog.pg_extension
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = extnamespace
WHERE extname = 'pg_trgm'
"""

TRIGRAM_INDEX: Final = """
CREATE INDEX IF NOT EXISTS entity_trigrams_{field}
ON {schema}.entity USING gin (text {trigrams}.gin_trgm_ops) WHERE field = {field}
"""

HAS_TRIGRAM_INDEX: Final = r"""
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_indexes
    WHERE schemaname = %s AND indexname LIKE 'entity\_trigrams\_%%'
)
"""

LENGTH_INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS entity_lengths_{field} ON {schema}.entity"
    f" (length(text), text) INCLUDE (id) WHERE field = {{field}} AND {_IN_INDEX}",
    "CREATE INDEX IF NOT EXISTS entity_longer_{field} ON {schema}.entity"
    f" (length(text)) WHERE field = {{field}} AND {_LONGER}",
)


def bind_field(statement: str, field: int) -> str:
    """Return a statement of this module for the field at a place in the schema."""
    return statement.replace("{field}", str(field))
