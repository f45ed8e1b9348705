"""Substrings: the statements that find the phrases of a field which hold one, and their documents.

    of 3 characters and more   by trigrams, where there is an index of them; then put in order
    of 1 or 2                  walked by length, as so many hold it that the first are soon found

Each field has its own indexes, so its number is written into the statement. A phrase longer than
what an index takes is in one of lengths alone, and looked at last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from nuthatch.entities import PhraseLookup
from nuthatch_postgres.connection import Statement

#: Characters of a phrase that an index takes, whatever they are.
_LONGEST: Final = 250
_TRIGRAM: Final = 3
_IN_INDEX: Final = f"length(text) <= {_LONGEST}"
_LONGER: Final = f"length(text) > {_LONGEST}"

#: Found in order, and looked at one by one until so many are mentioned by anybody: what is LATERAL
#: is computed for a row at a time, so the order of the rows before it is that of those after it.
_FOUND: Final = """
    SELECT held.documents
    FROM (
        SELECT id
        FROM {schema}.entity
        WHERE field = {field} AND {range}text LIKE %(pattern)s
        ORDER BY {length}, text
        OFFSET 0
    ) AS found
    CROSS JOIN LATERAL (
        SELECT string_agg(int4send(document), '') AS documents
        FROM {schema}.mention
        WHERE mention.entity = found.id
    ) AS held
    WHERE held.documents IS NOT NULL
    LIMIT {limit}
"""


#: One more than count is found, and tells that there are more.
_COUNTED: Final = """
SELECT coalesce(
           string_agg(documents, '') FILTER (WHERE place <= coalesce(%(cap)s::bigint, place)), ''
       ),
       coalesce(count(*) > %(cap)s::bigint, false)
"""


def _found(within: str, length: str, limit: str) -> str:
    return _FOUND.replace("{range}", within).replace("{length}", length).replace("{limit}", limit)


# With trigrams to look for, the index on lengths must not be walked, past all that do not match.
BY_TRIGRAMS: Final = f"""
{_COUNTED}
FROM (
    SELECT documents, row_number() OVER () AS place
    FROM ({_found("", "length(text) + 0", "%(most)s")}) AS every
) AS numbered
"""
BY_LENGTH: Final = f"""
WITH short AS MATERIALIZED ({_found(f"{_IN_INDEX} AND ", "length(text)", "%(most)s")})
{_COUNTED}
FROM (
    SELECT documents, row_number() OVER () AS place
    FROM (
        SELECT documents FROM short
        UNION ALL
        SELECT documents
        FROM (
{_found(f"{_LONGER} AND ", "length(text)", "%(most)s::bigint - (SELECT count(*) FROM short)")}
        ) AS rest
    ) AS every
) AS numbered
"""

#: Where the extension pg_trgm is installed.
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


def in_field(statement: str, field: int) -> str:
    """Return a statement of this module for the field at a place in the schema."""
    return statement.replace("{field}", str(field))


def who_mentions(statements: Callable[[str], bytes], lookup: PhraseLookup, field: int) -> Statement:
    """Return the statement whose one row holds who mentions what a look-up names, and whether more
    phrases do than count.

    It is planned anew each time: how many phrases hold a substring is what a plan depends on.
    """
    sql = BY_LENGTH if len(lookup.phrase) < _TRIGRAM else BY_TRIGRAMS
    # A normalized phrase holds letters, digits and blanks: nothing that LIKE takes for its own.
    most = None if lookup.cap is None else lookup.cap + 1
    values = {"pattern": f"%{lookup.phrase}%", "cap": lookup.cap, "most": most}
    return Statement(statements(in_field(sql, field)), values, prepare=False)
