"""Entity search in arrays gives what the plain arithmetic gives, to the bit."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import Schema
from nuthatch.entities import (
    EntityPlan,
    EntitySettings,
    EntityTable,
    PhraseLookup,
    TitleLookup,
    score_entities,
    title_halves,
    title_searches,
)
from nuthatch.scoring import (
    EntityPostings,
    EntityScores,
    FuzzyUnion,
    LookupResults,
    entity_top_k,
    mask_of,
)
from support.entity_strategies import TITLE, TYPED

_DOCUMENTS = 12
_WHO = st.sets(st.integers(0, _DOCUMENTS - 1))
_SETTINGS = st.builds(
    EntitySettings,
    beta=st.sampled_from([0.5, 1.0, 2.0]),
    threshold=st.sampled_from([0.0, 0.15, 0.5]),
    title_cap=st.sampled_from([1, 2, 10_000]),
    frequent=st.sampled_from([0, 3, 10_000]),
    expansions=st.sampled_from([1, 2, 50]),
    edit_cost=st.sampled_from([0.0, 0.5, 1.0]),
    transpositions=st.booleans(),
    edit_digits=st.booleans(),
    count_all=st.booleans(),
    repeats=st.booleans(),
    bound_matches=st.booleans(),
    exact_titles=st.booleans(),
    joins=st.booleans(),
    best_title=st.booleans(),
)


def mentions(documents: Iterable[tuple[Hashable, int]]) -> EntityPostings:
    pairs = np.array([*documents], dtype=np.uint32).reshape(-1, 2)
    return EntityPostings(pairs[:, 0].copy(), pairs[:, 1].copy())


def found_by(table: EntityTable, plan: EntityPlan, phrases: Found) -> LookupResults:
    """Return what a table answers, as an engine with arrays gives it."""
    titles: dict[TitleLookup, FuzzyUnion] = {}

    def look_up(lookups: Sequence[TitleLookup]) -> None:
        for lookup, terms in zip(lookups, table.title_terms(lookups), strict=True):
            lists = table.entity_postings([term.key for term in terms])
            held = {term: mentions(each) for term, each in zip(terms, lists, strict=True)}
            titles[lookup] = FuzzyUnion.of(lookup, held, plan.settings)

    look_up(plan.tokens)
    look_up(title_halves(plan, {each: near.matches for each, near in titles.items()}))
    return LookupResults(phrases, titles)


Found = dict[PhraseLookup, EntityPostings]


@given(
    texts=st.lists(TITLE, min_size=_DOCUMENTS, max_size=_DOCUMENTS),
    include=st.lists(st.tuples(st.sampled_from(["people", "titles"]), _WHO), max_size=3),
    exclude=st.lists(_WHO, max_size=2),
    titles=st.lists(st.lists(st.sampled_from(TYPED), min_size=1, max_size=4), max_size=2),
    eligible=st.none() | _WHO,
    settings=_SETTINGS,
    limit=st.integers(1, 15),
)
def test_arrays_give_what_the_definition_gives(
    texts: list[str],
    include: list[tuple[str, set[int]]],
    exclude: list[set[int]],
    titles: list[list[str]],
    eligible: set[int] | None,
    settings: EntitySettings,
    limit: int,
) -> None:
    table = EntityTable(Schema(), ((at, text, {}) for at, text in enumerate(texts)))
    plan = EntityPlan(
        tuple(PhraseLookup(field, str(at), "exact", None) for at, (field, _) in enumerate(include)),
        tuple(PhraseLookup("people", f"no {at}", "exact", None) for at, _ in enumerate(exclude)),
        tuple(map(tuple, titles)),
        (),
        settings,
    )
    phrases = {
        lookup: mentions((item, 0) for item in who)
        for lookup, who in zip(plan.phrases, [*(who for _, who in include), *exclude], strict=True)
    }
    found = found_by(table, plan, phrases)
    answers = {each: near.matches for each, near in found.titles.items()}
    keys = {key for near in found.titles.values() for key in near.mentions}
    expected = score_entities(
        plan,
        [who for _, who in include],
        set().union(*exclude),
        title_searches(plan, answers),
        {key: dict(table.mentions[key]) for key in keys},  # type: ignore[index]
        eligible,
        limit,
    )
    allowed = None if eligible is None else np.array(sorted(eligible), dtype=np.uint32)
    assert entity_top_k(plan, found, allowed, limit) == expected
    if allowed is not None:
        assert entity_top_k(plan, found, mask_of(allowed), limit) == expected
        scores = EntityScores.of(plan, found, None)
        if not scores.titles_cut:
            scores = scores.restrict_to(allowed)
            assert scores.best(limit) == expected
            assert scores.top_ids(limit).tolist() == [
                candidate.key for candidate in expected.candidates
            ]


def test_nothing_is_found_where_nobody_is_mentioned() -> None:
    plan = EntityPlan((PhraseLookup("people", "x", "exact", None),), (), (("y",),), ())
    nobody = EntityPostings.union([])
    found = LookupResults(
        dict.fromkeys(plan.phrases, nobody),
        {token: FuzzyUnion.of(token, {}, plan.settings) for token in plan.tokens},
    )
    answer = entity_top_k(plan, found, None, 5)
    assert (list(answer.candidates), answer.total) == ([], 0)
