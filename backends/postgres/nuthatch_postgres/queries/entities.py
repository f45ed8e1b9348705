"""Statements that look up phrases and what titles hold.

    PHRASES   phrases of a field by themselves
    FUZZY     title tokens within some edits, by their fuzzy keys
    EXACT     title tokens, and entries of repeated ones, by themselves
    TITLES    whole titles, compared without blanks
    HALVES    the two tokens that make up a third one, if no title has the third

Those of titles yield the place of the look-up, the entry's id and text, and its postings: one
string of bytes of document and title length.
"""

from __future__ import annotations

from typing import Final

from nuthatch_postgres.schema import SQUEEZED, index_key

PHRASES: Final = f"""
SELECT given.place, string_agg(int4send(entity_posting.document), '')
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS given (field, text, place)
JOIN {{schema}}.entity
    ON entity.field = given.field AND {index_key("entity.text")} = {index_key("given.text")}
    AND entity.text = given.text
JOIN {{schema}}.entity_posting ON entity_posting.entity = entity.id
GROUP BY given.place
"""

_POSTINGS: Final = """
CROSS JOIN LATERAL (
    SELECT string_agg(int8send((document::bigint << 32) + length), '') AS documents
    FROM {schema}.entity_posting
    WHERE entity_posting.entity = entity.id
) AS posting
WHERE posting.documents IS NOT NULL
"""

FUZZY: Final = f"""
SELECT hit.place, entity.id, entity.text, posting.documents
FROM (
    SELECT DISTINCT given.place, fuzzy_key.entity
    FROM unnest(%s::int[], %s::int[]) AS given (place, hash)
    JOIN {{schema}}.fuzzy_key ON fuzzy_key.hash = given.hash
) AS hit
JOIN {{schema}}.entity ON entity.id = hit.entity
{_POSTINGS}
"""

EXACT: Final = f"""
SELECT given.place, entity.id, entity.text, posting.documents
FROM unnest(%s::int[], %s::smallint[], string_to_array(%s, chr(10)))
    AS given (place, field, text)
JOIN {{schema}}.entity
    ON entity.field = given.field AND {index_key("entity.text")} = {index_key("given.text")}
    AND entity.text = given.text
{_POSTINGS}
"""

TITLES: Final = f"""
SELECT given.place, entity.id, entity.text, posting.documents
FROM unnest(%s::int[], string_to_array(%s, chr(10))) AS given (place, text)
JOIN {{schema}}.entity
    ON entity.field = -3 AND {index_key(SQUEEZED)} = {index_key("given.text")}
    AND {SQUEEZED} = given.text
{_POSTINGS}
"""


def _has_postings(entity: str) -> str:
    return (
        f"EXISTS (SELECT FROM {{schema}}.entity_posting WHERE entity_posting.entity = {entity}.id)"
    )


# A token that a title has is not split. A half is read only where its other half exists too.
HALVES: Final = f"""
WITH pair AS MATERIALIZED (
    SELECT given.place, one.id AS one, other.id AS other
    FROM unnest(
        %s::int[],
        string_to_array(%s, ' '),
        string_to_array(%s, ' '),
        string_to_array(%s, ' ')
    ) AS given (place, token, one, other)
    JOIN {{schema}}.entity AS one
        ON one.field = -1 AND {index_key("one.text")} = {index_key("given.one")}
        AND one.text = given.one
    JOIN {{schema}}.entity AS other
        ON other.field = -1 AND {index_key("other.text")} = {index_key("given.other")}
        AND other.text = given.other
    WHERE {_has_postings("one")} AND {_has_postings("other")}
        AND NOT EXISTS (
            SELECT
            FROM {{schema}}.entity
            WHERE entity.field = -1 AND {index_key("entity.text")} = {index_key("given.token")}
                AND entity.text = given.token AND {_has_postings("entity")}
        )
)
SELECT half.place, entity.id, entity.text, posting.documents
FROM (SELECT place, one AS entity FROM pair UNION SELECT place, other FROM pair) AS half
JOIN {{schema}}.entity ON entity.id = half.entity
{_POSTINGS}
"""
