"""The climb over scored terms finds what trying rung by rung finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import Alternative, CollectionStatistics, FirstMatch, Rung, Slot
from nuthatch.postings import explain_rung, find_first_match, to_matches
from nuthatch.scoring import (
    BM25,
    PostingList,
    TermScores,
    conjunction_top_k,
    merge_terms,
    top_k,
)
from nuthatch.scoring.arrays import Allowed

TOKENS = "abcd"
IDS = st.sets(st.integers(0, 7))


def term(ids: set[int]) -> TermScores:
    listed = PostingList.of(sorted(ids), [1] * len(ids), [3 + id for id in sorted(ids)])
    return TermScores.of(listed, BM25(), CollectionStatistics(8, 52))


ALTERNATIVES = st.tuples(st.sampled_from(TOKENS), st.sampled_from([1.0, 0.5, 1 / 3]))
SLOTS = st.builds(
    lambda word, others: Slot(word).extended(tuple(Alternative(*other) for other in others)),
    st.sampled_from(TOKENS),
    st.lists(ALTERNATIVES, max_size=2, unique_by=lambda other: other[0]),
)
TERMS = st.fixed_dictionaries({token: IDS.map(term) for token in TOKENS})
QUERIES = st.lists(SLOTS, min_size=1, max_size=5)
PASSING = st.none() | st.tuples(st.booleans(), IDS)


def rungs_of(slots: list[Slot]) -> list[Rung]:
    """Return rungs that lose a slot each, from the first one on."""
    return [Rung("AND", tuple(slots[at:])) for at in range(len(slots))]


def as_allowed(passing: tuple[bool, set[int]] | None) -> Allowed | None:
    """Return ids as a filter: as a mask or as they are."""
    if passing is None:
        return None
    is_mask, ids = passing
    if is_mask:
        return np.array([id in ids for id in range(8)])
    return np.array(sorted(ids), dtype=np.uint32)


def merge(slots: list[Slot], terms: dict[str, TermScores]) -> dict[Slot, TermScores]:
    return {
        slot: merge_terms(
            [terms[token] for token in slot.tokens], [weight for _, weight in slot.alternatives]
        )
        for slot in slots
    }


@given(TERMS, QUERIES, PASSING, st.integers(1, 9))
def test_the_first_rung_that_matches_wins(
    terms: dict[str, TermScores],
    slots: list[Slot],
    passing: tuple[bool, set[int]] | None,
    limit: int,
) -> None:
    allowed, merged, rungs = as_allowed(passing), merge(slots, terms), rungs_of(slots)
    expected = None
    for at, rung in enumerate(rungs):
        best = conjunction_top_k([merged[slot] for slot in rung.slots], limit, allowed)
        if best.ids.size:
            expected = FirstMatch(at, to_matches(best))
            break
    assert find_first_match(rungs, merged, allowed, limit) == expected


@given(TERMS, QUERIES)
def test_the_parts_of_a_score_add_up_to_it(terms: dict[str, TermScores], slots: list[Slot]) -> None:
    merged = merge(slots, terms)
    matches = to_matches(top_k([merged[slot] for slot in slots], 9))
    ids = np.array([candidate.key for candidate in matches.candidates], dtype=np.uint32)
    rung = Rung("OR", tuple(slots))
    parts = explain_rung(rung, terms, ids)
    assert all(set(part) <= set(rung.tokens) for part in parts)
    scores = [candidate.score for candidate in matches.candidates]
    assert [sum(part.values()) for part in parts] == pytest.approx(scores)


@given(TERMS, QUERIES)
def test_a_slot_is_explained_by_its_best_alternative(
    terms: dict[str, TermScores], slots: list[Slot]
) -> None:
    ids = np.arange(8, dtype=np.uint32)
    impact_of = {token: terms[token].impacts_at(ids).tolist() for token in TOKENS}
    expected: list[dict[str, float]] = [{} for _ in ids]
    for slot in slots:
        for chunk, part in enumerate(expected):
            token, weight = max(
                slot.alternatives, key=lambda entry: impact_of[entry[0]][chunk] * entry[1]
            )
            part[token] = part.get(token, 0.0) + impact_of[token][chunk] * weight
    found = explain_rung(Rung("AND", tuple(slots)), terms, ids.tolist())
    assert [part.keys() for part in found] == [part.keys() for part in expected]
    for part, wanted in zip(found, expected, strict=True):
        assert part == pytest.approx(wanted)
