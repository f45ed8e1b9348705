"""Entity search in arrays gives what the plain arithmetic gives, to the bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.entities import (
    EntityPlan,
    EntitySettings,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
    closest,
    scored,
)
from nuthatch.scoring import EntityScores, Mentions, entity_top_k, mask_of

_DOCUMENTS = 12
_WHO = st.sets(st.integers(0, _DOCUMENTS - 1))
_SETTINGS = st.builds(
    EntitySettings,
    beta=st.sampled_from([0.5, 1.0, 2.0]),
    threshold=st.sampled_from([0.0, 0.15, 0.5]),
    title_cap=st.sampled_from([1, 2, 10_000]),
)


@given(
    lengths=st.lists(st.integers(1, 9), min_size=_DOCUMENTS, max_size=_DOCUMENTS),
    include=st.lists(st.tuples(st.sampled_from(["people", "titles"]), _WHO), max_size=3),
    exclude=st.lists(_WHO, max_size=2),
    tokens=st.lists(_WHO, min_size=5, max_size=5),
    titles=st.lists(st.lists(st.integers(0, 4), max_size=3), max_size=2),
    eligible=st.none() | _WHO,
    settings=_SETTINGS,
    limit=st.integers(1, 15),
)
def test_arrays_give_what_the_definition_gives(
    lengths: list[int],
    include: list[tuple[str, set[int]]],
    exclude: list[set[int]],
    tokens: list[set[int]],
    titles: list[list[int]],
    eligible: set[int] | None,
    settings: EntitySettings,
    limit: int,
) -> None:
    plan = EntityPlan(
        tuple(PhraseLookup(field, str(at), "exact", None) for at, (field, _) in enumerate(include)),
        tuple(PhraseLookup("people", f"no {at}", "exact", None) for at, _ in enumerate(exclude)),
        tuple(tuple(str(token) for token in title) for title in titles),
        (),
        settings,
    )
    expected = scored(
        plan,
        [set(who) for _, who in include],
        set().union(*exclude),
        [
            [{each: lengths[each] for each in tokens[token]} for token in title if tokens[token]]
            for title in titles
        ],
        eligible,
        limit,
    )

    def mentions(who: set[int]) -> Mentions:
        ids = np.array([*who], dtype=np.uint32)
        return Mentions(ids, np.array([lengths[each] for each in who], dtype=np.uint32))

    found: dict[PhraseLookup | TitleLookup, Mentions] = {
        each: mentions(tokens[int(each.token)]) for each in plan.tokens
    }
    for lookup, who in zip(plan.phrases, [*(who for _, who in include), *exclude], strict=True):
        found[lookup] = mentions(who)
    allowed = None if eligible is None else np.array(sorted(eligible), dtype=np.uint32)
    answer = entity_top_k(plan, found, allowed, limit)
    assert list(answer.candidates) == list(expected.candidates)
    assert answer.total == expected.total
    if allowed is not None:
        assert entity_top_k(plan, found, mask_of(allowed), limit) == answer
    scores = EntityScores.of(plan, found, None, filtered=False)
    if allowed is not None:
        scores = scores.among(allowed)
    if settings.title_cap >= _DOCUMENTS:
        assert scores.settles(limit)
    if scores.settles(limit):
        assert list(scores.best(limit).candidates) == list(expected.candidates)
        assert scores.best(limit).total in (None, expected.total)
        assert scores.ranked(limit).tolist() == [each.key for each in expected.candidates]


_TERMS = st.dictionaries(st.text("abc", min_size=1, max_size=6), _WHO, max_size=8)


@given(token=st.text("abc", min_size=1, max_size=7), terms=_TERMS, expansions=st.integers(1, 4))
def test_a_token_stands_for_the_nearest_that_somebody_has(
    token: str, terms: dict[str, set[int]], expansions: int
) -> None:
    settings = EntitySettings(expansions=expansions, frequent=_DOCUMENTS // 2)
    lookup = TitleLookup(token, 1)
    held = {
        TitleTerm(text, text, len(who)): Mentions(
            np.array([*who], dtype=np.uint32), np.ones(len(who), dtype=np.uint32)
        )
        for text, who in terms.items()
    }
    chosen = closest(token, 1, held, settings)
    ids = Mentions.near(lookup, held, settings).ids.tolist()
    assert sorted(ids) == sorted(set().union(*(terms[term.token] for term in chosen)))


def test_nothing_is_found_where_nobody_is_mentioned() -> None:
    plan = EntityPlan((PhraseLookup("people", "x", "exact", None),), (), (("y",),), ())
    nobody = Mentions.union([])
    answer = entity_top_k(plan, dict.fromkeys((*plan.phrases, *plan.tokens), nobody), None, 5)
    assert (list(answer.candidates), answer.total) == ([], 0)
