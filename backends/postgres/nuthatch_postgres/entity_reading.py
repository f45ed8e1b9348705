"""Entity search in one snapshot: who mentions what the query names, who of the best may stay.

    1st trip   BEGIN, the state, who mentions phrases, substrings and title tokens
    2nd trip   what passes filters that were asked for before, or who of the best passes others
    3rd trip   the hits' texts, ROLLBACK

Each asks for what is not cached, and is left out where nothing is. There is one more where the
state is not the one that something was cached in, two if it was believed to be, and some more where
few of the best pass. The server finds, and the client counts: of documents that come as one string
of bytes a phrase or token, numpy makes scores faster than SQL does of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from nuthatch import Filter
from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    EntitySettings,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
)
from nuthatch.scoring import EntityScores, Mentions, distinct, entity_top_k
from nuthatch_postgres.connection import Rows, Statement
from nuthatch_postgres.entity import wanted_hashes
from nuthatch_postgres.failure import readable
from nuthatch_postgres.filtering import Filters
from nuthatch_postgres.postings import Mask, array_of, ids_of
from nuthatch_postgres.read import Reading
from nuthatch_postgres.schema import name
from nuthatch_postgres.substring import who_mentions

_Lookup = PhraseLookup | TitleLookup
_Held = dict[_Lookup, Mentions]

PHRASES: Final = f"""
SELECT given.place, string_agg(int4send(mention.document), '')
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS given (field, text, place)
JOIN {{schema}}.entity
    ON entity.field = given.field AND {name("entity.text")} = {name("given.text")}
    AND entity.text = given.text
JOIN {{schema}}.mention ON mention.entity = entity.id
GROUP BY given.place
"""
#: So many of the best are asked about first, or so many times the limit.
_FEW, _SPARE = 100, 10
# Beyond a number of documents a token matches nothing, and is not read.
TITLES: Final = """
SELECT near.place, entity.id, entity.text, held.documents
FROM (
    SELECT DISTINCT given.place, near.entity
    FROM unnest(%s::int[], %s::int[]) AS given (place, hash)
    JOIN {schema}.near ON near.hash = given.hash
) AS near
JOIN {schema}.entity ON entity.id = near.entity
CROSS JOIN LATERAL (
    SELECT string_agg(int8send((document::bigint << 32) + length), '') AS documents
    FROM {schema}.mention
    WHERE mention.entity = near.entity AND NOT EXISTS (
        SELECT FROM {schema}.mention AS many WHERE many.entity = near.entity OFFSET %s
    )
) AS held
WHERE held.documents IS NOT NULL
"""


async def match_entities(reading: Reading, plan: EntityPlan, limit: int) -> EntityMatches:
    """Returns the best documents of a plan."""
    found = await _mentions(reading, plan)
    late = reading.filters.unread(reading.number, plan.filters)
    early = [item for item in plan.filters if item not in late]
    eligible = await _eligible(reading, early)
    scores = EntityScores.of(plan, found, eligible, filtered=not late)
    if not late:
        return scores.best(limit)
    best = await _best_that_pass(reading, scores, late, limit)
    if best is not None:
        return best
    eligible = await _eligible(reading, plan.filters)
    return entity_top_k(plan, found, eligible, limit)


async def _best_that_pass(
    reading: Reading, scores: EntityScores, filters: Sequence[Filter], limit: int
) -> EntityMatches | None:
    """Asks of the best, and then of more and more, which pass the filters, until enough do; None
    where it takes all that pass to tell which title scores are cut."""
    number = max(_FEW, _SPARE * limit)
    while True:
        some = scores.ranked(number)
        if not some.size:
            return scores.best(limit)
        (rows,) = await reading.ask(reading.filters.among(some, filters))
        kept = scores.among(Filters.passing(rows))
        every = some.size == scores.ids.size
        if every or kept.ids.size >= limit:
            if not kept.settles(limit):
                return None
            best = kept.best(limit)
            return best if every else EntityMatches(best.candidates, None)
        number *= 10


async def _eligible(reading: Reading, filters: Sequence[Filter]) -> Mask | None:
    """Returns what passes filters; None where there is none."""
    if not filters:
        return None
    mask = reading.filters.known_mask(reading.number, filters)
    if mask is not None:
        return mask
    known = reading.filters.known(reading.number, filters)
    asked = reading.filters.selections(known)
    rows = (await reading.ask(*asked)) if asked else []
    return reading.filters.mask(reading.number, known, rows)


async def _mentions(reading: Reading, plan: EntityPlan) -> _Held:
    """Returns who mentions what a plan looks up. What was cached in the state that was seen last is
    not asked for together with the state, but after it, if that has changed."""
    expected = reading.number
    wanted: list[_Lookup] = [*plan.phrases, *plan.tokens]
    cached = _cached(reading, wanted)
    read = await _read(reading, [each for each in wanted if each not in cached], plan.settings)
    if reading.number != expected:
        cached = _cached(reading, wanted)
        missing = [each for each in wanted if each not in cached and each not in read]
        read |= await _read(reading, missing, plan.settings)
    return cached | read


def _cached(reading: Reading, lookups: Sequence[_Lookup]) -> _Held:
    cache = reading.caches.mentions
    found = {each: cache.get(reading.number, repr(each)) for each in lookups}
    return {each: mentions for each, mentions in found.items() if mentions is not None}


async def _read(reading: Reading, lookups: Sequence[_Lookup], settings: EntitySettings) -> _Held:
    """Asks who mentions some look-ups; of the state alone where there are none."""
    if not lookups:
        await reading.begin()
        return {}
    phrases = [each for each in lookups if isinstance(each, PhraseLookup)]
    substrings = [each for each in phrases if each.match == "substring"]
    exact = [each for each in phrases if each.match == "exact"]
    tokens = [each for each in lookups if isinstance(each, TitleLookup)]
    asked = [
        who_mentions(reading.statement, each, reading.place_of(each.field)) for each in substrings
    ]
    asked += [_exact(reading, exact)] if exact else []
    asked += [_titles(reading, tokens, settings)] if tokens else []
    rows = iter(await reading.ask(*asked))
    found: _Held = {each: _phrase_mentions(each, next(rows)[0][0]) for each in substrings}
    if exact:
        held: dict[int, bytes] = dict(next(rows))
        found |= {
            each: _phrase_mentions(each, held.get(at, b"")) for at, each in enumerate(exact, 1)
        }
    if tokens:
        found |= zip(tokens, _title_mentions(tokens, next(rows), settings), strict=True)
    for lookup, mentions in found.items():
        reading.caches.mentions.put(reading.number, repr(lookup), mentions)
    return found


def _exact(reading: Reading, lookups: Sequence[PhraseLookup]) -> Statement:
    fields = [reading.place_of(each.field) for each in lookups]
    texts = [each.phrase for each in lookups]
    return Statement(reading.statement(PHRASES), (fields, texts))


def _phrase_mentions(lookup: PhraseLookup, documents: bytes) -> Mentions:
    with readable(f"who mentions {lookup.phrase!r}"):
        ids = distinct(ids_of(documents))
    return Mentions(ids, np.zeros(ids.size, dtype=np.uint16))


def _titles(
    reading: Reading, lookups: Sequence[TitleLookup], settings: EntitySettings
) -> Statement:
    pairs = [
        (at, hash_)
        for at, each in enumerate(lookups)
        for hash_ in wanted_hashes(each.token, each.edits)
    ]
    places, hashes = array_of(at for at, _ in pairs), array_of(hash_ for _, hash_ in pairs)
    return Statement(reading.statement(TITLES), (places, hashes, settings.frequent))


def _title_mentions(
    lookups: Sequence[TitleLookup], rows: Rows, settings: EntitySettings
) -> Iterator[Mentions]:
    """Yields whose titles have the tokens that each token stands for. The answer has some more,
    which only hash alike."""
    found: list[dict[TitleTerm, Mentions]] = [{} for _ in lookups]
    for place, number, text, documents in rows:
        with readable(f"whose title has {text!r}"):
            ids, lengths = ids_of(documents).reshape(-1, 2).T.copy()
        found[place][TitleTerm(number, text, ids.size)] = Mentions(ids, lengths)
    for each, terms in zip(lookups, found, strict=True):
        yield Mentions.near(each, terms, settings)
