"""A slot scores as the greatest of its alternatives, whole or looked up, merged either way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import Alternative, Slot
from nuthatch.scoring import (
    SlotTerm,
    Term,
    TermScores,
    conjunction_top_k,
    exhaustive_top_k,
    intersect_terms,
    merge_terms,
    slot_key,
    top_k,
)
from nuthatch.scoring.arrays import IdArray, ScoreArray
from nuthatch.scoring.postings import BEST, highest

#: Ids near each other are merged in a table, those far apart are sorted.
IDS = st.sets(st.integers(0, 30), max_size=20) | st.sets(st.integers(0, 2**31), max_size=5)
IMPACT = st.floats(1e-6, 30)
LISTS = st.lists(
    st.tuples(st.dictionaries(st.integers(0, 40) | st.integers(0, 2**26), IMPACT), IMPACT),
    min_size=1,
    max_size=5,
)
Postings = dict[int, float]


def scored(postings: Postings) -> TermScores:
    ids = np.array(sorted(postings), dtype=np.uint32)
    impacts = np.array([postings[id] for id in sorted(postings)], dtype=np.float64)
    return TermScores(ids, impacts, highest(ids, impacts, BEST))


class Unread:
    """A term that is looked up until it is asked for the whole."""

    def __init__(self, term: TermScores) -> None:
        self._term = term
        self.is_loaded = False
        self.df = term.df
        self.max_impact = 2 * term.max_impact

    def whole(self) -> TermScores:
        self.is_loaded = True
        return self._term

    def impacts_at(self, ids: IdArray) -> ScoreArray:
        return self._term.impacts_at(ids)


def greatest(lists: list[tuple[Postings, float]]) -> Postings:
    merged: Postings = {}
    for postings, weight in lists:
        for id, impact in postings.items():
            merged[id] = max(merged.get(id, 0.0), impact * weight)
    return merged


@given(LISTS, st.lists(st.integers(0, 2**26)))
def test_a_merged_slot_is_the_term_of_the_greatest_impacts(
    lists: list[tuple[Postings, float]], more: list[int]
) -> None:
    merged = merge_terms([scored(postings) for postings, _ in lists], [w for _, w in lists])
    expected = scored(greatest(lists))
    assert merged.ids.tolist() == expected.ids.tolist()
    assert merged.impacts.tolist() == expected.impacts.tolist()
    assert merged.best.tolist() == expected.best.tolist()
    ids = np.array(sorted({*merged.ids.tolist(), *more}), dtype=np.uint32)
    assert merged.impacts_at(ids).tolist() == expected.impacts_at(ids).tolist()
    assert merged.holds(ids).tolist() == expected.holds(ids).tolist()


@pytest.mark.parametrize(("last", "has_table"), [(100, True), (2**20, False)])
def test_a_slot_in_many_chunks_has_a_table(last: int, has_table: bool) -> None:
    many = scored(dict.fromkeys([*range(50), last], 1.5))
    merged = merge_terms([many, scored({7: 2.0})], [1.0, 1.0])
    assert (merged.table is not None) == has_table
    ids = np.array([0, 7, 60, last, last + 1], dtype=np.uint32)
    assert merged.impacts_at(ids).tolist() == [1.5, 2.0, 0.0, 1.5, 0.0]
    table = 0 if merged.table is None else 8 * (last + 1)
    assert not any(array.flags.writeable for array in (merged.ids, merged.impacts, merged.best))
    assert merged.nbytes == merged.ids.nbytes + merged.impacts.nbytes + merged.best.nbytes + table


SLOTS = st.lists(LISTS, min_size=1, max_size=4)


@given(SLOTS, st.data(), st.integers(1, 9), st.none() | st.sets(st.integers(0, 40)))
def test_slots_are_ranked_as_their_merged_terms(
    slots: list[list[tuple[Postings, float]]], data: st.DataObject, k: int, passing: set[int] | None
) -> None:
    allowed = None if passing is None else np.array(sorted(passing), dtype=np.uint32)
    merged = [scored(greatest(lists)) for lists in slots]
    lazy: list[Term] = []
    for lists in slots:
        terms: list[Term] = []
        for postings, _ in lists:
            term = scored(postings)
            terms.append(Unread(term) if data.draw(st.booleans()) else term)
        lazy.append(SlotTerm(terms, [weight for _, weight in lists]))
    query = data.draw(st.lists(st.integers(0, len(slots) - 1), min_size=1, max_size=6))
    plain, looked_up = [merged[at] for at in query], [lazy[at] for at in query]
    for found, expected in (
        (conjunction_top_k(looked_up, k, allowed), conjunction_top_k(plain, k, allowed)),
        (top_k(looked_up, k, allowed), exhaustive_top_k(plain, k, allowed)),
    ):
        assert found.ids.tolist() == expected.ids.tolist()
        assert found.scores.tolist() == expected.scores.tolist()


def test_a_slot_that_was_merged_is_kept() -> None:
    kept: list[TermScores] = []
    slot = SlotTerm([scored({1: 1.0}), Unread(scored({2: 4.0}))], [1.0, 0.5], kept.append)
    assert (slot.df, slot.is_loaded, slot.max_impact) == (2, False, 4.0)
    whole = slot.whole()
    assert (slot.df, slot.is_loaded, slot.max_impact) == (2, True, 2.0)
    assert kept == [whole]
    assert slot.whole() is whole


def test_terms_are_intersected_within_a_set() -> None:
    terms = [scored({1: 1.0, 2: 1.0, 3: 1.0}), scored({2: 1.0, 3: 1.0, 4: 1.0})]
    for among, expected in ((None, [2, 3]), ([3, 4, 5, 6, 7], [3]), ([2], [2]), ([], [])):
        ids = None if among is None else np.array(among, dtype=np.uint32)
        assert intersect_terms(terms, ids).tolist() == expected
    assert intersect_terms([], np.array([4], dtype=np.uint32)).tolist() == [4]
    with pytest.raises(ValueError, match="at least one"):
        intersect_terms([])


def test_the_keys_of_slots_differ() -> None:
    slots = [
        Slot("a"),
        Slot("a", (Alternative("a"), Alternative("b"))),
        Slot("a", (Alternative("a"), Alternative("b", 0.5))),
        Slot("b", (Alternative("b"), Alternative("a"))),
        Slot("a", (Alternative("a"), Alternative("b"), Alternative("c"))),
        Slot("a", (Alternative("a"), Alternative("b"), Alternative("0.5"))),
        Slot("a", (Alternative("a"), Alternative("b", 0.25))),
    ]
    assert len({slot_key(slot) for slot in slots}) == len(slots)
    assert slot_key(slots[0]) == "a"
