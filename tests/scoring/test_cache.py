"""The posting cache: its bound in bytes, its generations, and many threads at once."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import CollectionStatistics
from nuthatch.scoring import BM25, PostingCache, PostingList, TermScores
from nuthatch.scoring.cache import ENTRY_BYTES, SEEN_TERMS


@dataclass(frozen=True)
class Value:
    """Stands in for scored postings; remembers whose it is."""

    nbytes: int
    owner: tuple[int, str] = (0, "")


def cost(term: str, nbytes: int) -> int:
    return nbytes + sys.getsizeof(term) + ENTRY_BYTES


def room(*entries: tuple[str, int]) -> int:
    return sum(cost(term, nbytes) for term, nbytes in entries)


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = PostingCache[Value](room(("a", 100), ("b", 100), ("c", 100)))
    for term in "abc":
        assert cache.put(1, term, Value(100))
    assert cache.get(1, "a")
    assert cache.put(1, "d", Value(100))
    assert [bool(cache.get(1, term)) for term in "abcd"] == [True, False, True, True]


def test_replacing_an_entry_counts_it_once() -> None:
    cache = PostingCache[Value](10_000)
    cache.put(1, "a", Value(4000))
    cache.put(1, "a", Value(3000))
    assert (cache.info().bytes, cache.info().entries) == (room(("a", 3000)), 1)


def test_an_entry_larger_than_the_cache_is_refused_and_evicts_nothing() -> None:
    cache = PostingCache[Value](room(("a", 100)))
    cache.put(1, "a", Value(100))
    assert not cache.put(1, "b", Value(101))
    assert cache.get(1, "a")


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = PostingCache[Value](0)
    assert not cache.put(1, "a", Value(0))
    assert cache.get(1, "a") is None
    with pytest.raises(ValueError, match="negative"):
        PostingCache[Value](-1)


@pytest.mark.parametrize("see", ["get", "put", "seen_before"])
def test_a_newer_generation_drops_the_older_one(see: str) -> None:
    cache = PostingCache[Value](10**6)
    cache.put(1, "a", Value(1))
    cache.seen_before(1, "a")
    if see == "get":
        assert cache.get(2, "a") is None
    elif see == "put":
        assert cache.put(2, "b", Value(1))
    else:
        assert not cache.seen_before(2, "b")
    assert cache.get(2, "a") is None
    assert not cache.seen_before(2, "a")
    assert cache.info().generation == 2


def test_a_refused_entry_of_a_newer_generation_still_drops_the_older_one() -> None:
    cache = PostingCache[Value](10_000)
    cache.put(1, "a", Value(1))
    assert not cache.put(2, "b", Value(10_000))
    assert cache.get(1, "a") is None


def test_a_reader_on_an_older_generation_bypasses() -> None:
    cache = PostingCache[Value](10**6)
    current = Value(1)
    cache.put(2, "a", current)
    assert cache.get(1, "a") is None
    assert not cache.put(1, "b", Value(1))
    assert not cache.seen_before(1, "a")
    assert not cache.seen_before(2, "a"), "an older reader's touch must not count"
    assert cache.get(2, "b") is None
    assert cache.get(2, "a") is current


def test_seen_before_is_true_from_the_second_time() -> None:
    cache = PostingCache[Value](0)
    assert [cache.seen_before(1, "a") for _ in range(3)] == [False, True, True]
    assert not cache.seen_before(1, "b")


def test_touches_are_bounded_and_forget_the_oldest() -> None:
    cache = PostingCache[Value](0)
    for number in range(SEEN_TERMS + 1):
        cache.seen_before(1, str(number))
    assert cache.seen_before(1, str(SEEN_TERMS))
    assert not cache.seen_before(1, "0")


def test_clear_forgets_entries_and_touches() -> None:
    cache = PostingCache[Value](10**6)
    cache.put(1, "a", Value(9))
    cache.seen_before(1, "a")
    cache.clear()
    assert (cache.info().entries, cache.info().bytes) == (0, 0)
    assert cache.get(1, "a") is None
    assert not cache.seen_before(1, "a")


operations = st.tuples(
    st.sampled_from(["get", "put", "seen_before"]),
    st.integers(1, 4),
    st.sampled_from("abcdefgh"),
    st.integers(0, 3000),
)


@given(st.lists(operations, max_size=60), st.integers(0, 8000))
def test_the_bound_holds_and_no_state_is_ever_mixed(
    steps: list[tuple[str, int, str, int]], max_bytes: int
) -> None:
    cache = PostingCache[Value](max_bytes)
    newest = hits = misses = 0
    latest: dict[str, Value] = {}
    for operation, generation, term, nbytes in steps:
        if generation > newest:
            newest, latest = generation, {}
        if operation == "put":
            value = Value(nbytes, (generation, term))
            assert cache.put(generation, term, value) == (
                generation == newest and cost(term, nbytes) <= max_bytes
            )
            if generation == newest and cost(term, nbytes) <= max_bytes:
                latest[term] = value
        elif operation == "get":
            found = cache.get(generation, term)
            hits, misses = hits + (found is not None), misses + (found is None)
            if found is not None:
                assert found is latest[term]
                assert found.owner == (generation, term)
        else:
            cache.seen_before(generation, term)
        info = cache.info()
        held = dict(cache._entries)
        assert info.bytes == sum(cost(t, v.nbytes) for t, v in held.items()) <= max_bytes
        assert (info.hits, info.misses, info.entries) == (hits, misses, len(held))


def test_threads_never_see_another_generation_or_overrun_the_bound() -> None:
    cache = PostingCache[Value](40_000)

    def work(seed: int) -> int:
        rng = random.Random(seed)
        served = 0
        for step in range(4000):
            generation, term = step // 400 + rng.choice((-1, 0, 0, 0)), f"t{rng.randrange(40)}"
            found = cache.get(generation, term)
            if found is None:
                cache.put(generation, term, Value(rng.randrange(3000), (generation, term)))
            else:
                assert found.owner == (generation, term)
                served += 1
            assert cache.info().bytes <= 40_000
        return served

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            served = list(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(switch)
    info = cache.info()
    assert info.hits == sum(served) > 0
    assert info.hits + info.misses == 8 * 4000
    assert info.bytes == sum(cost(t, v.nbytes) for t, v in cache._entries.items())


def test_the_cost_of_an_entry_covers_what_python_allocates() -> None:
    import tracemalloc

    cache = PostingCache[TermScores](10**9)
    statistics = CollectionStatistics(1000, 10_000)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1000):
            postings = PostingList.of(np.arange(5), np.ones(5, dtype=int), np.full(5, 9))
            cache.put(1, f"term{number}", TermScores.of(postings, BM25(), statistics))
        allocated = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.5 * cache.info().bytes < allocated <= cache.info().bytes
