"""Entity search in one snapshot.

    1st trip   BEGIN, state, postings of the query's phrases, substrings and title tokens
    2nd trip   columns that filters need; or, the first time, the headers of the best documents
    3rd trip   texts of the hits, ROLLBACK

What is cached is not read, and a trip without statements is left out. There is one trip more if the
state is not the one that the cache is for, two if the search used a cached state that is stale, and
some more if few of the best pass the filters.

The server looks up and the client scores: the documents of a phrase or token come as one string of
bytes, which numpy scores faster than SQL scores rows.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    entity_top_k,
)
from nuthatch_postgres.search.entity_lookup import (
    HalvesLookup,
    decode_phrase,
    decode_titles,
    halves_statements,
    phrase_statement,
    split_halves,
    substring_statement,
    title_statements,
    union_of,
)
from nuthatch_postgres.search.posting_reader import PostingReader

#: The filters are applied first to so many of the best, or to so many times the limit.
_FIRST_BEST, _TIMES_LIMIT = 100, 10
_Lookup = PhraseLookup | TitleLookup | HalvesLookup
_Results = dict[_Lookup, EntityPostings | FuzzyUnion]


async def search_entities(reader: PostingReader, plan: EntityPlan, limit: int) -> EntityMatches:
    """Return the best documents of a plan."""
    results = await _look_up(reader, plan)
    if reader.filters.is_late(reader.state, reader.generation, plan.filters):
        scores = EntityScores.of(plan, results, None)
        # Where titles are cut, all documents that pass the filters decide which ones count.
        if not scores.titles_cut:
            best = await _filter_best(reader, scores, plan.filters, limit)
            if best is not None:
                return best
    return entity_top_k(plan, results, await reader.read_mask(plan.filters), limit)


async def _filter_best(
    reader: PostingReader, scores: EntityScores, filters: Sequence[Filter], limit: int
) -> EntityMatches | None:
    """Apply filters to the best documents; return None where too few of these pass."""
    ids = scores.top_ids(max(_FIRST_BEST, _TIMES_LIMIT * limit))
    if not ids.size:
        return scores.best(limit)
    (rows,) = await reader.execute(reader.filters.headers(ids))
    passing = scores.restrict_to(reader.filters.passing_headers(rows, filters))
    best = passing.best(limit)
    if ids.size == scores.ids.size:
        return best
    return best._replace(total=None) if passing.ids.size >= limit else None


async def _look_up(reader: PostingReader, plan: EntityPlan) -> LookupResults:
    """Return the results of a plan's look-ups.

    What is cached for the newest state is not read together with the state. It is read after it,
    if the state turns out to be another one.
    """
    expected = reader.generation
    lookups: list[_Lookup] = [*plan.phrases, *plan.tokens]
    if plan.settings.joins:
        lookups += dict.fromkeys(HalvesLookup(token) for title in plan.titles for token in title)
    cached = _get_cached(reader, lookups)
    read = await _read(reader, [lookup for lookup in lookups if lookup not in cached], plan)
    if reader.generation != expected:
        cached = _get_cached(reader, lookups)
        missing = [lookup for lookup in lookups if lookup not in cached and lookup not in read]
        read |= await _read(reader, missing, plan)
    return _collect(plan, cached | read)


def _collect(plan: EntityPlan, results: _Results) -> LookupResults:
    """Return the results of look-ups as a plan scores them."""
    phrases: dict[PhraseLookup, EntityPostings] = {}
    titles: dict[TitleLookup, FuzzyUnion] = {}
    halves: dict[TitleLookup, FuzzyUnion] = {}
    for lookup, result in results.items():
        if isinstance(result, EntityPostings):
            assert isinstance(lookup, PhraseLookup)
            phrases[lookup] = result
        elif isinstance(lookup, TitleLookup):
            titles[lookup] = result
        else:
            halves |= split_halves(result)
    matches = {lookup: union.matches for lookup, union in titles.items()}
    absent = {lookup: FuzzyUnion([], {}) for lookup in title_halves(plan, matches)}
    return LookupResults(
        {lookup: phrases[lookup] for lookup in plan.phrases}, absent | halves | titles
    )


def _get_cached(reader: PostingReader, lookups: Sequence[_Lookup]) -> _Results:
    cache = reader.caches.mentions
    results = {lookup: cache.get(reader.generation, repr(lookup)) for lookup in lookups}
    return {lookup: result for lookup, result in results.items() if result is not None}


async def _read(reader: PostingReader, lookups: Sequence[_Lookup], plan: EntityPlan) -> _Results:
    """Read the results of look-ups in one round trip; only the state if there are no look-ups."""
    if not lookups:
        await reader.read_state()
        return {}
    phrases = [lookup for lookup in lookups if isinstance(lookup, PhraseLookup)]
    substrings = [lookup for lookup in phrases if lookup.match == "substring"]
    exact = [lookup for lookup in phrases if lookup.match == "exact"]
    titles = [lookup for lookup in lookups if isinstance(lookup, TitleLookup)]
    halves = [lookup for lookup in lookups if isinstance(lookup, HalvesLookup)]
    fill, number = reader.statement, reader.field_number
    statements = [substring_statement(fill, lookup, number(lookup.field)) for lookup in substrings]
    if exact:
        fields = [number(lookup.field) for lookup in exact]
        statements.append(phrase_statement(fill, exact, fields))
    statements += [*title_statements(fill, titles), *halves_statements(fill, halves)]
    answers = iter(await reader.execute(*statements))
    results: _Results = {lookup: decode_phrase(lookup, *next(answers)[0]) for lookup in substrings}
    if exact:
        documents: dict[int, bytes] = dict(next(answers))
        for at, lookup in enumerate(exact, 1):
            results[lookup] = decode_phrase(lookup, documents.get(at, b""))
    entries = decode_titles([row for rows in answers for row in rows])
    for at, title in enumerate(titles):
        plan.check_deadline()
        results[title] = FuzzyUnion.of(title, entries.get(at, {}), plan.settings)
    for at, pair in enumerate(halves):
        results[pair] = union_of(entries.get(-at - 1, {}))
    for key, result in results.items():
        reader.caches.mentions.put(reader.generation, repr(key), result)
    return results
