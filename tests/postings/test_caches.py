"""What belongs to one state of an index never serves another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nuthatch.postings import IndexCounts, LatestMap, LatestValue, PostingCaches

STATES = st.integers(0, 5)


@given(st.lists(STATES))
def test_a_value_is_given_in_its_own_state_only_and_the_newest_is_kept(states: list[int]) -> None:
    latest: LatestValue[int] = LatestValue()
    newest = -1
    for state in states:
        latest.put(state, state)
        newest = max(newest, state)
        held = [latest.get(other) for other in range(6)]
        assert held == [other if other == newest else None for other in range(6)]


@given(st.lists(st.tuples(STATES, st.text(max_size=2))))
def test_tokens_are_known_in_the_newest_state_only(steps: list[tuple[int, str]]) -> None:
    known: LatestMap[int] = LatestMap()
    newest = -1
    held: dict[str, int] = {}
    for state, token in steps:
        if state > newest:
            newest, held = state, {}
        entries = known.entries(state)
        assert entries == (held if state == newest else {})
        entries[token] = state
        if state == newest:
            held[token] = state


def test_a_map_that_has_grown_too_large_begins_anew() -> None:
    known: LatestMap[int] = LatestMap()
    known.entries(1).update((str(token), token) for token in range(100_001))
    assert known.entries(1) == {}


def test_caches_of_no_bytes_keep_nothing() -> None:
    assert not PostingCaches[int](0).enabled
    caches = PostingCaches[int](800, term_share=0.5)
    assert caches.enabled
    bounds = [cache.info().max_bytes for cache in (caches.terms, caches.filters, caches.masks)]
    assert bounds == [400, 100, 25]


def test_counts_give_what_bm25_needs() -> None:
    assert IndexCounts(documents=1, chunks=2, tokens=10).statistics.average_length == 5
