"""Entity search in one snapshot, in two round trips: what the query names, and who mentions it.

    1st trip   BEGIN, the state, phrases, substrings, title tokens
    2nd trip   mentions and filters, as far as they are not cached
    3rd trip   the hits' texts

The server finds, and the client counts: of postings that come as two strings of bytes an entity,
numpy makes scores faster than SQL does of rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
    resolved,
)
from nuthatch.scoring import entity_top_k
from nuthatch_postgres.connection import Asking, Rows, Statement
from nuthatch_postgres.entity import neighbourhood
from nuthatch_postgres.read import Reading
from nuthatch_postgres.schema import name

PHRASES: Final = f"""
SELECT given.place, entity.id
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS given (field, text, place)
JOIN {{schema}}.entity
    ON entity.field = given.field AND {name("entity.text")} = {name("given.text")}
    AND entity.text = given.text
WHERE EXISTS (SELECT FROM {{schema}}.mention WHERE mention.entity = entity.id)
"""
SUBSTRINGS: Final = """
SELECT id
FROM {schema}.entity
WHERE field = %s AND text LIKE %s
    AND EXISTS (SELECT FROM {schema}.mention WHERE mention.entity = entity.id)
ORDER BY length(text), text
LIMIT %s
"""
# With trigrams to look for, the index on lengths must not be walked, past all that do not match.
LONG_SUBSTRINGS: Final = SUBSTRINGS.replace("length(text)", "length(text) + 0")
_TRIGRAM: Final = 3
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


def match_entities(reading: Reading, plan: EntityPlan, limit: int) -> Asking[EntityMatches]:
    """Returns the best documents of a plan."""
    phrases = _phrases(reading, plan.phrases)
    titles = _titles(reading, plan.tokens)
    rows = yield from reading.ask(*phrases, *titles)
    found = resolved(
        plan,
        _phrase_keys(plan.phrases, rows[: len(phrases)]),
        _title_terms(plan.tokens, rows[len(phrases) :]),
    )
    mentions, eligible = yield from reading.mentions(found.wanted, plan.filters)
    return entity_top_k(plan, found, mentions, eligible, limit)


def _phrases(reading: Reading, lookups: Sequence[PhraseLookup]) -> list[Statement]:
    exact = [each for each in lookups if each.match == "exact"]
    # A normalized phrase holds letters, digits and blanks: nothing that LIKE takes for its own.
    asked = [
        Statement(
            reading.statement(SUBSTRINGS if len(each.phrase) < _TRIGRAM else LONG_SUBSTRINGS),
            (reading.place_of(each.field), f"%{each.phrase}%", each.cap),
        )
        for each in lookups
        if each.match != "exact"
    ]
    if exact:
        fields = [reading.place_of(each.field) for each in exact]
        texts = [each.phrase for each in exact]
        asked.append(Statement(reading.statement(PHRASES), (fields, texts)))
    return asked


def _phrase_keys(lookups: Sequence[PhraseLookup], rows: Sequence[Rows]) -> list[list[Hashable]]:
    found: list[list[Hashable]] = [[] for _ in lookups]
    exact = [keys for keys, each in zip(found, lookups, strict=True) if each.match == "exact"]
    others = [keys for keys, each in zip(found, lookups, strict=True) if each.match != "exact"]
    for keys, answer in zip(others, rows, strict=False):
        keys += [number for (number,) in answer]
    if exact:
        for place, number in rows[-1]:
            exact[place - 1].append(number)
    return found


def _titles(reading: Reading, lookups: Sequence[TitleLookup]) -> list[Statement]:
    pairs = [
        (at, hash_)
        for at, each in enumerate(lookups)
        for hash_ in neighbourhood(each.token, each.edits)
    ]
    if not pairs:
        return []
    places, hashes = [at for at, _ in pairs], [hash_ for _, hash_ in pairs]
    return [Statement(reading.statement(TITLES), (places, hashes))]


def _title_terms(lookups: Sequence[TitleLookup], rows: Sequence[Rows]) -> list[list[TitleTerm]]:
    """Returns the title tokens near each token, and some that only hash alike."""
    found: list[list[TitleTerm]] = [[] for _ in lookups]
    for answer in rows:
        for place, number, text, df in answer:
            found[place].append(TitleTerm(number, text, df))
    return found
