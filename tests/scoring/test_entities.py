"""Entity search in arrays gives what the plain arithmetic gives, to the bit."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.entities import (
    EntityPlan,
    EntitySettings,
    PhraseLookup,
    Resolved,
    scored,
)
from nuthatch.scoring import EntityScores, Mentions, entity_top_k

_DOCUMENTS = 12
_KEYS = st.lists(st.integers(0, 9), max_size=3, unique=True)
_SLOTS = st.lists(_KEYS, max_size=3)
_SETTINGS = st.builds(
    EntitySettings,
    beta=st.sampled_from([0.5, 1.0, 2.0]),
    threshold=st.sampled_from([0.0, 0.15, 0.5]),
    title_cap=st.sampled_from([1, 2, 10_000]),
)


@given(
    titles=st.lists(st.integers(1, 9), min_size=_DOCUMENTS, max_size=_DOCUMENTS),
    posted=st.lists(
        st.lists(st.integers(0, _DOCUMENTS - 1), unique=True), min_size=10, max_size=10
    ),
    found=st.builds(Resolved, _SLOTS, _SLOTS, st.lists(_SLOTS, max_size=2)),
    fields=st.lists(st.sampled_from(["people", "titles"]), min_size=3, max_size=3),
    eligible=st.none() | st.sets(st.integers(0, _DOCUMENTS - 1)),
    settings=_SETTINGS,
    limit=st.integers(1, 15),
)
def test_arrays_give_what_the_definition_gives(
    titles: list[int],
    posted: list[list[int]],
    found: Resolved,
    fields: list[str],
    eligible: set[int] | None,
    settings: EntitySettings,
    limit: int,
) -> None:
    include = tuple(
        PhraseLookup(field, str(at), "exact", None)
        for at, (field, _) in enumerate(zip(fields, found.include, strict=False))
    )
    plan = EntityPlan(include, (), tuple(("x",) for _ in found.titles), (), settings)

    def documents(keys: list[int]) -> set[Hashable]:
        return {document for key in keys for document in posted[key]}

    expected = scored(
        plan,
        [documents(keys) for keys in found.include],  # type: ignore[arg-type]
        set().union(*(documents(keys) for keys in found.exclude)),  # type: ignore[arg-type]
        [
            [{document: titles[document] for document in documents(keys)} for keys in positions]  # type: ignore[arg-type,index]
            for positions in found.titles
        ],
        eligible,
        limit,
    )
    mentions: dict[Hashable, Mentions] = {
        key: Mentions(
            np.array(held, dtype=np.uint32), np.array([titles[each] for each in held], np.uint32)
        )
        for key, held in enumerate(posted)
    }
    allowed = None if eligible is None else np.array(sorted(eligible), dtype=np.uint32)
    answer = entity_top_k(plan, found, mentions, allowed, limit)
    assert list(answer.candidates) == list(expected.candidates)
    assert answer.total == expected.total
    scores = EntityScores.of(plan, found, mentions, None)
    if allowed is not None and not scores.capped:
        later = scores.among(allowed)
        assert list(later.best(limit).candidates) == list(expected.candidates)
        assert later.ranked(limit).tolist() == [each.key for each in expected.candidates]


def test_nothing_is_found_where_nobody_is_mentioned() -> None:
    plan = EntityPlan((PhraseLookup("people", "x", "exact", None),), (), (("y",),), ())
    answer = entity_top_k(plan, Resolved([[7]], [], [[]]), {}, None, 5)
    assert (list(answer.candidates), answer.total) == ([], 0)
