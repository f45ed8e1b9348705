"""Posting lists: what is accepted, how frequencies arise, and that nothing changes later."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import CollectionStatistics
from nuthatch.scoring import BM25, PostingList, TermScores

ids = st.integers(0, 2**32 - 1)


@given(st.lists(ids, max_size=200).map(sorted))
def test_run_lengths_become_term_frequencies(occurrences: list[int]) -> None:
    counts = Counter(occurrences)
    postings = PostingList.from_occurrences(occurrences, lambda found: found // 2**31 + 300)
    assert postings.ids.tolist() == sorted(counts)
    assert postings.tfs.tolist() == [counts[key] for key in sorted(counts)]
    assert postings.lengths.tolist() == [key // 2**31 + 300 for key in sorted(counts)]
    assert postings.df == len(counts)


@pytest.mark.parametrize(("tf", "dtype"), [(65_535, np.uint16), (65_536, np.uint32)])
def test_frequencies_are_promoted_only_where_one_needs_it(tf: int, dtype: type) -> None:
    occurrences = [3] + [7] * tf
    postings = PostingList.from_occurrences(occurrences, lambda found: [1, 200_000])
    assert postings.tfs.dtype == dtype
    assert postings.tfs.tolist() == [1, tf]
    assert postings.nbytes == 2 * (4 + np.dtype(dtype).itemsize + 4)


def test_a_promoted_frequency_is_scored_as_it_is() -> None:
    postings = PostingList.of([1], [70_000], [140_000])
    model, statistics = BM25(), CollectionStatistics(3, 140_002)
    scored = TermScores.of(postings, model, statistics)
    assert scored.impacts.tolist() == [
        model.impact(
            70_000.0, 140_000.0, weight=model.weight(3, 1), average_length=statistics.average_length
        )
    ]


@pytest.mark.parametrize(
    ("keys", "tfs", "lengths", "complaint"),
    [
        ([2, 1], [1, 1], [5, 5], "strictly increasing"),
        ([1, 1], [1, 1], [5, 5], "strictly increasing"),
        ([1, 2], [1], [5, 5], "align"),
        ([1, 2], [1, 1], [5], "align"),
        ([1, 2], [0, 1], [5, 5], "1 or more"),
        ([1], [6], [5], "shorter"),
        ([-1], [1], [5], "lie within"),
        ([2**32], [1], [5], "lie within"),
        ([1], [1], [2**32], "lie within"),
        ([1.5], [1], [5], "integers"),
        ([[1]], [1], [5], "one dimension"),
    ],
)
def test_postings_that_cannot_be_are_refused(
    keys: list[int], tfs: list[int], lengths: list[int], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        PostingList.of(keys, tfs, lengths)


def test_occurrences_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        PostingList.from_occurrences([1, 3, 2], lambda found: found)


def test_arrays_are_copies_that_nobody_can_write() -> None:
    source = np.arange(1000, dtype=np.uint32)
    postings = PostingList.of(source[::2], np.ones(500, dtype=np.uint16), np.full(500, 9))
    scored = TermScores.of(postings, BM25(), CollectionStatistics(500, 4500))
    source[:] = 0
    assert postings.ids.tolist() == list(range(0, 1000, 2))
    arrays = (*(getattr(postings, name) for name in PostingList.__slots__), scored.impacts)
    for array in (*arrays, scored.ids, scored.best):
        assert array.base is None, "a view would keep more memory alive than nbytes tells"
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(3, 6)), max_size=400))
def test_the_best_postings_are_the_highest_impacts_with_ties_by_id(
    pairs: list[tuple[int, int]],
) -> None:
    keys = [7 * i for i in range(len(pairs))]
    postings = PostingList.of(
        np.array(keys, dtype=np.int64),
        np.array([tf for tf, _ in pairs], dtype=np.int64),
        np.array([length for _, length in pairs], dtype=np.int64),
    )
    scored = TermScores.of(postings, BM25(), CollectionStatistics(1000, 5000))
    order = sorted(range(len(pairs)), key=lambda i: (-scored.impacts[i], keys[i]))
    assert scored.best.tolist() == order[:128]
    assert scored.max_impact == max(scored.impacts.tolist(), default=0.0)
    assert scored.nbytes == len(pairs) * 12 + min(len(pairs), 128) * 8


def test_a_partial_list_is_weighted_by_the_term_s_own_frequency() -> None:
    postings = PostingList.of([1, 2], [1, 1], [5, 5])
    statistics = CollectionStatistics(100, 500)
    part = TermScores.of(postings, BM25(), statistics, df=40)
    assert part.max_impact == BM25().impact(
        1.0, 5.0, weight=BM25().weight(100, 40), average_length=5.0
    )
    assert part.max_impact < TermScores.of(postings, BM25(), statistics).max_impact
