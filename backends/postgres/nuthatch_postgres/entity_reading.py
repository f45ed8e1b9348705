"""The four look-ups of entity search, asked of one snapshot."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final, cast

from nuthatch import Filter
from nuthatch.entities import PhraseLookup, TitleLookup, TitleTerm
from nuthatch_postgres.connection import Asking, Statement
from nuthatch_postgres.entity import neighbourhood
from nuthatch_postgres.failure import readable
from nuthatch_postgres.postings import ids_of
from nuthatch_postgres.read import Reading

Key = Hashable

PHRASES: Final = """
SELECT given.place, entity.id
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS given (field, text, place)
JOIN {schema}.entity
    ON entity.field = given.field AND md5(entity.text) = md5(given.text)
    AND entity.text = given.text
WHERE EXISTS (SELECT FROM {schema}.mention WHERE mention.entity = entity.id)
"""
# Not `length(text)` alone: an index on it would be walked in order, past all that do not match.
SUBSTRINGS: Final = """
SELECT id
FROM {schema}.entity
WHERE field = %s AND text LIKE %s
    AND EXISTS (SELECT FROM {schema}.mention WHERE mention.entity = entity.id)
ORDER BY length(text) + 0, text
LIMIT %s
"""
# Beyond 10,000 documents a token matches nothing, whatever their number.
TITLES: Final = """
SELECT place, id, text, df
FROM (
    SELECT DISTINCT given.place, near.entity
    FROM unnest(%s::int[], %s::int[]) AS given (place, hash)
    JOIN {schema}.near ON near.hash = given.hash
) AS found
JOIN {schema}.entity ON id = found.entity
CROSS JOIN LATERAL (
    SELECT count(*)::int AS df
    FROM (SELECT FROM {schema}.mention WHERE mention.entity = id LIMIT 10001) AS held
) AS counted
WHERE df > 0
"""
MENTIONS: Final = """
SELECT entity, string_agg(int4send(document), ''), string_agg(int4send(length), '')
FROM {schema}.mention
WHERE entity = ANY(%s)
GROUP BY entity
"""


def phrase_terms(reading: Reading, lookups: Sequence[PhraseLookup]) -> Asking[list[list[Key]]]:
    """Returns the entities that each look-up names."""
    exact = [at for at, each in enumerate(lookups) if each.match == "exact"]
    others = [at for at, each in enumerate(lookups) if each.match != "exact"]
    fields = [reading.place_of(lookups[at].field) for at in exact]
    texts = [lookups[at].phrase for at in exact]
    asked = [Statement(reading.statement(PHRASES), (fields, texts))] if exact else []
    # A normalized phrase holds letters, digits and blanks: nothing that LIKE takes for its own.
    asked += [
        Statement(
            reading.statement(SUBSTRINGS),
            (reading.place_of(each.field), f"%{each.phrase}%", each.cap),
        )
        for each in (lookups[at] for at in others)
    ]
    rows = yield from reading.ask(*asked)
    found: list[list[Key]] = [[] for _ in lookups]
    if exact:
        for place, number in rows.pop(0):
            found[exact[place - 1]].append(number)
    for at, each in zip(others, rows, strict=True):
        found[at] = [number for (number,) in each]
    return found


def title_terms(reading: Reading, lookups: Sequence[TitleLookup]) -> Asking[list[list[TitleTerm]]]:
    """Returns the title tokens near each token, and some that only hash alike."""
    pairs = [
        (at, hash_)
        for at, each in enumerate(lookups)
        for hash_ in neighbourhood(each.token, each.edits)
    ]
    places, hashes = [at for at, _ in pairs], [hash_ for _, hash_ in pairs]
    (rows,) = yield from reading.ask(Statement(reading.statement(TITLES), (places, hashes)))
    found: list[list[TitleTerm]] = [[] for _ in lookups]
    for place, number, text, df in rows:
        found[place].append(TitleTerm(number, text, df))
    return found


def entity_postings(reading: Reading, keys: Sequence[Key]) -> Asking[list[list[tuple[int, int]]]]:
    """Returns the documents that mention each entity, with the lengths of their titles."""
    asked = Statement(reading.statement(MENTIONS), (list(keys),))
    (rows,) = yield from reading.ask(asked)
    found: dict[Key, list[tuple[int, int]]] = {}
    with readable("a list of documents"):
        for number, documents, lengths in rows:
            pairs = zip(ids_of(documents).tolist(), ids_of(lengths).tolist(), strict=True)
            found[number] = list(pairs)
    return [found.get(key, []) for key in keys]


def eligible(reading: Reading, filters: Sequence[Filter]) -> Asking[frozenset[int]]:
    """Returns the chunks of the documents that pass, the first of each among them."""
    _, ids = yield from reading.gather((), filters)
    return frozenset(cast(Any, ids).tolist())
