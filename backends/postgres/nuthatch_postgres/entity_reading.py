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

from collections.abc import Sequence
from typing import Final

import numpy as np

from nuthatch import Filter
from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    PhraseLookup,
    TitleLookup,
    title_halves,
)
from nuthatch.scoring import (
    EntityPostings,
    EntityScores,
    FuzzyUnion,
    LookupResults,
    distinct,
    entity_top_k,
)
from nuthatch_postgres.connection import Statement
from nuthatch_postgres.failure import readable
from nuthatch_postgres.filtering import Filters
from nuthatch_postgres.postings import Mask, ids_of
from nuthatch_postgres.read import Reading
from nuthatch_postgres.schema import name
from nuthatch_postgres.substring import who_mentions
from nuthatch_postgres.title_reading import (
    Token,
    all_of,
    halves_asked,
    halves_of,
    terms_of,
    titles_asked,
)

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
_Lookup = PhraseLookup | TitleLookup | Token
_Answer = EntityPostings | FuzzyUnion
_Held = dict[_Lookup, _Answer]


async def match_entities(reading: Reading, plan: EntityPlan, limit: int) -> EntityMatches:
    """Return the best documents of a plan."""
    found = await _found(reading, plan)
    late = reading.filters.unread(reading.number, plan.filters)
    early = [item for item in plan.filters if item not in late]
    eligible = await _eligible(reading, early)
    scores = EntityScores.of(plan, found, eligible)
    if not late:
        return scores.best(limit)
    if not scores.titles_cut:
        return await _best_that_pass(reading, scores, late, limit)
    # Which titles count depends on all that pass the filters.
    eligible = await _eligible(reading, plan.filters)
    return entity_top_k(plan, found, eligible, limit)


async def _best_that_pass(
    reading: Reading, scores: EntityScores, filters: Sequence[Filter], limit: int
) -> EntityMatches:
    """Ask of the best, and then of more and more, which pass the filters, until enough do."""
    number = max(_FEW, _SPARE * limit)
    while True:
        some = scores.top_ids(number)
        if not some.size:
            return scores.best(limit)
        (rows,) = await reading.ask(reading.filters.among(some, filters))
        kept = scores.restrict_to(Filters.passing(rows))
        best = kept.best(limit)
        if some.size == scores.ids.size:
            return best
        if kept.ids.size >= limit:
            return best._replace(total=None)
        number *= 10


async def _eligible(reading: Reading, filters: Sequence[Filter]) -> Mask | None:
    """Return what passes filters; None where there is none."""
    if not filters:
        return None
    mask = reading.filters.known_mask(reading.number, filters)
    if mask is not None:
        return mask
    known = reading.filters.known(reading.number, filters)
    asked = reading.filters.selections(known)
    rows = (await reading.ask(*asked)) if asked else []
    return reading.filters.mask(reading.number, known, rows)


async def _found(reading: Reading, plan: EntityPlan) -> LookupResults:
    """Return what a plan looks up. What was cached in the state that was seen last is not asked
    for together with the state, but after it, if that has changed."""
    expected = reading.number
    wanted: list[_Lookup] = [*plan.phrases, *plan.tokens]
    if plan.settings.joins:
        wanted += dict.fromkeys(Token(token) for title in plan.titles for token in title)
    held = _cached(reading, wanted)
    read = await _read(reading, [each for each in wanted if each not in held], plan)
    if reading.number != expected:
        held = _cached(reading, wanted)
        missing = [each for each in wanted if each not in held and each not in read]
        read |= await _read(reading, missing, plan)
    return _together(plan, held | read)


def _together(plan: EntityPlan, held: _Held) -> LookupResults:
    """Return what was found for a plan as it is scored."""
    phrases = {
        each: mentions for each, mentions in held.items() if isinstance(mentions, EntityPostings)
    }
    near = {each: terms for each, terms in held.items() if isinstance(terms, FuzzyUnion)}
    titles = {each: terms for each, terms in near.items() if isinstance(each, TitleLookup)}
    answers = {each: terms.matches for each, terms in titles.items()}
    halves = {lookup: FuzzyUnion([], {}) for lookup in title_halves(plan, answers)}
    for each, terms in near.items():
        halves |= halves_of(terms) if isinstance(each, Token) else {}
    return LookupResults({each: phrases[each] for each in plan.phrases}, halves | titles)


def _cached(reading: Reading, lookups: Sequence[_Lookup]) -> _Held:
    cache = reading.caches.mentions
    found = {each: cache.get(reading.number, repr(each)) for each in lookups}
    return {each: held for each, held in found.items() if held is not None}


async def _read(reading: Reading, lookups: Sequence[_Lookup], plan: EntityPlan) -> _Held:
    """Ask for what look-ups name; of the state alone where there are none."""
    if not lookups:
        await reading.begin()
        return {}
    phrases = [each for each in lookups if isinstance(each, PhraseLookup)]
    substrings = [each for each in phrases if each.match == "substring"]
    exact = [each for each in phrases if each.match == "exact"]
    titles = [each for each in lookups if isinstance(each, TitleLookup)]
    tokens = [each for each in lookups if isinstance(each, Token)]
    asked = [
        who_mentions(reading.statement, each, reading.place_of(each.field)) for each in substrings
    ]
    asked += [_exact(reading, exact)] if exact else []
    of_titles = [
        *titles_asked(reading.statement, titles),
        *halves_asked(reading.statement, tokens),
    ]
    rows = iter(await reading.ask(*asked, *of_titles))
    found: _Held = {each: _phrase_mentions(each, *next(rows)[0]) for each in substrings}
    if exact:
        held: dict[int, bytes] = dict(next(rows))
        found |= {
            each: _phrase_mentions(each, held.get(at, b"")) for at, each in enumerate(exact, 1)
        }
    terms = terms_of([row for each in rows for row in each])
    for at, lookup in enumerate(titles):
        plan.check_deadline()
        found[lookup] = FuzzyUnion.of(lookup, terms.get(at, {}), plan.settings)
    for at, each in enumerate(tokens):
        found[each] = all_of(terms.get(-at - 1, {}))
    for key, answer in found.items():
        reading.caches.mentions.put(reading.number, repr(key), answer)
    return found


def _exact(reading: Reading, lookups: Sequence[PhraseLookup]) -> Statement:
    fields = [reading.place_of(each.field) for each in lookups]
    texts = [each.phrase for each in lookups]
    return Statement(reading.statement(PHRASES), (fields, texts))


def _phrase_mentions(
    lookup: PhraseLookup, documents: bytes, is_cut: bool = False
) -> EntityPostings:
    with readable(f"who mentions {lookup.phrase!r}"):
        ids = distinct(ids_of(documents))
    return EntityPostings(ids, np.zeros(ids.size, dtype=np.uint16), is_cut)
