"""Entity search in one snapshot: what the query names, who mentions it, who of the best may stay.

    1st trip   BEGIN, the state, phrases, substrings, title tokens
    2nd trip   mentions, and what passes filters that were asked for before
    3rd trip   which of the best pass other filters
    4th trip   the hits' texts

Each asks for what is not cached, and is left out where nothing is. The server finds, and the client
counts: of postings that come as two strings of bytes an entity, numpy makes scores faster than SQL
does of rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final

from nuthatch import Filter
from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    PhraseLookup,
    Resolved,
    TitleLookup,
    TitleTerm,
    resolved,
)
from nuthatch.scoring import EntityScores, Mentions, entity_top_k
from nuthatch_postgres.connection import Asking, Rows, Statement
from nuthatch_postgres.entity import neighbourhood
from nuthatch_postgres.failure import readable
from nuthatch_postgres.filtering import Filters
from nuthatch_postgres.postings import Ids, Names, ids_of
from nuthatch_postgres.queries import MENTIONS
from nuthatch_postgres.read import Reading
from nuthatch_postgres.schema import name

_Lookup = PhraseLookup | TitleLookup

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
#: So many of the best are asked about first, and so many times the limit.
_FEW, _SPARE = 200, 10
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
    found = yield from _resolved(reading, plan)
    late = reading.filters.unread(reading.number, plan.filters)
    early = [item for item in plan.filters if item not in late]
    mentions, eligible = yield from _mentions(reading, found.wanted, early)
    scores = EntityScores.of(plan, found, mentions, eligible)
    if not late:
        return scores.best(limit)
    if scores.capped:
        _, eligible = yield from _mentions(reading, (), plan.filters)
        return entity_top_k(plan, found, mentions, eligible, limit)
    return (yield from _best_that_pass(reading, scores, late, limit))


def _best_that_pass(
    reading: Reading, scores: EntityScores, filters: Sequence[Filter], limit: int
) -> Asking[EntityMatches]:
    """Asks of the best, and then of more and more, which pass the filters, until enough do."""
    number = max(_FEW, _SPARE * limit)
    while True:
        some = scores.ranked(number)
        if not some.size:
            return scores.best(limit)
        rows = yield from reading.ask(*reading.filters.among(some, filters))
        kept = scores.among(Filters.passing(rows))
        if some.size == scores.ids.size:
            return kept.best(limit)
        if kept.ids.size >= limit:
            return EntityMatches(kept.best(limit).candidates, None)
        number *= 10


def _mentions(
    reading: Reading, keys: Sequence[Hashable], filters: Sequence[Filter]
) -> Asking[tuple[dict[Hashable, Mentions], Ids | None]]:
    """Returns who mentions entities and what passes the filters, in one round trip."""
    cache = reading.caches.mentions
    cached = {key: cache.get(reading.number, str(key)) for key in keys}
    held = {key: each for key, each in cached.items() if each is not None}
    missing = [key for key in keys if key not in held]
    asked = [Statement(reading.statement(MENTIONS), (missing,))] if missing else []
    known = reading.filters.known(reading.number, filters)
    asked += reading.filters.selections(known)
    rows = (yield from reading.ask(*asked)) if asked else []
    for key, documents, lengths in rows.pop(0) if missing else ():
        with readable(f"who mentions the entity {key}"):
            held[key] = Mentions(ids_of(documents), ids_of(lengths))
        cache.put(reading.number, str(key), held[key])
    return held, reading.filters.allowed(reading.number, known, rows)


def _resolved(reading: Reading, plan: EntityPlan) -> Asking[Resolved]:
    """Returns what a plan stands for. If all of it was cached in the state that was seen last, the
    state alone is asked for, and the rest only where it has changed."""
    expected = reading.number
    held = _cached(reading, plan)
    if len(held) == len({*plan.phrases, *plan.tokens}):
        yield from reading.begin()
        if reading.number != expected:
            held = _cached(reading, plan)
    else:
        held = {}
    phrases = [each for each in plan.phrases if each not in held]
    tokens = [each for each in plan.tokens if each not in held]
    asked = [*_phrases(reading, phrases), *_titles(reading, tokens)]
    if asked:
        rows = yield from reading.ask(*asked)
        count = len(asked) - bool(tokens)
        lookups: list[_Lookup] = [*phrases, *tokens]
        answers: list[list[Any]] = [
            *_phrase_keys(phrases, rows[:count]),
            *_title_terms(tokens, rows[count:]),
        ]
        for lookup, names in zip(lookups, answers, strict=True):
            held[lookup] = tuple(names)
            reading.caches.names.put(reading.number, repr(lookup), Names(held[lookup]))
    return resolved(
        plan, [held[each] for each in plan.phrases], [held[each] for each in plan.tokens]
    )


def _cached(reading: Reading, plan: EntityPlan) -> dict[_Lookup, tuple[Any, ...]]:
    cache = reading.caches.names
    lookups: list[_Lookup] = [*plan.phrases, *plan.tokens]
    found = {each: cache.get(reading.number, repr(each)) for each in lookups}
    return {each: names.found for each, names in found.items() if names is not None}


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
