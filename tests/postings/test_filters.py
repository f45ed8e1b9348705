"""Filters as sets of ids: the same chunks as one by one, read once in a state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    All,
    Any,
    AnyOf,
    Filter,
    IntegerField,
    Leaf,
    Not,
    Range,
    Schema,
    matches_filter,
)
from nuthatch.postings import FilterSets, PostingCaches, unread_filters

YEARS = st.integers(0, 9)
LEAVES = st.one_of(
    st.builds(Range, st.just("year"), gte=YEARS, lte=YEARS),
    st.lists(YEARS, min_size=1).map(lambda years: AnyOf("year", tuple(years))),
)
TREES = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda some: All(*some)),
        st.lists(parts, max_size=3).map(lambda some: Any(*some)),
        parts.map(Not),
    ),
    max_leaves=6,
)
FILTERS = st.lists(TREES, max_size=4)
SCHEMA = Schema(fields=(IntegerField("year"),))
SIZES = st.sampled_from([0, 100_000, 10_000_000])


def is_passing(year: int, item: Filter) -> bool:
    return matches_filter(SCHEMA, {"year": [year]}, item)


class Engine:
    """Chunks by the year that each has; counts what it reads."""

    def __init__(self, years: Sequence[int], max_bytes: int) -> None:
        self.years = years
        self.sets = FilterSets(PostingCaches[int](max_bytes))
        self.read: list[Leaf] = []

    def passing(self, item: Leaf) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        self.read.append(item)
        ids = [at for at, year in enumerate(self.years) if is_passing(year, item)]
        return np.array(ids, dtype=np.uint32)

    def allowed(self, state: int, filters: Sequence[Filter]) -> list[int] | None:
        known = self.sets.find(state, filters)
        ids = self.sets.intersect(
            state, filters, known, map(self.passing, unread_filters(known)), len(self.years)
        )
        return None if ids is None else ids.tolist()

    def mask(self, state: int, filters: Sequence[Filter]) -> list[int] | None:
        mask = self.sets.find_mask(state, filters)
        if mask is None:
            known = self.sets.find(state, filters)
            read = map(self.passing, unread_filters(known))
            size = len(self.years)
            mask = self.sets.intersect_as_mask(state, filters, known, read, size)
        return None if mask is None else np.flatnonzero(mask).tolist()


@given(st.lists(YEARS), st.lists(st.tuples(st.booleans(), FILTERS), max_size=6), SIZES)
def test_a_chunk_is_allowed_where_every_filter_holds(
    years: list[int], steps: list[tuple[bool, list[Filter]]], max_bytes: int
) -> None:
    engine = Engine(years, max_bytes)
    for as_mask, filters in steps:
        expected = [
            at for at, year in enumerate(years) if all(is_passing(year, item) for item in filters)
        ]
        answer = engine.mask(1, filters) if as_mask else engine.allowed(1, filters)
        assert answer == (expected if filters else None)


@given(st.lists(FILTERS))
def test_a_filter_is_read_once_in_a_state(searches: list[list[Filter]]) -> None:
    engine = Engine(range(10), 10_000_000)
    for state in (1, 2):
        engine.read.clear()
        for filters in searches:
            engine.allowed(state, filters)
            engine.mask(state, filters)
        assert len(engine.read) == len(set(engine.read))


def test_an_older_state_reads_for_itself() -> None:
    engine = Engine([1, 2], 10_000_000)
    filters = [Range("year", gte=2, lte=2)]
    assert engine.allowed(2, filters) == [1]
    engine.years = [2, 1]
    assert engine.allowed(1, filters) == [0]
    assert engine.allowed(2, filters) == [1]
