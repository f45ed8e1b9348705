"""Ranking against BM25 spelt out in plain Python: nothing lost, nothing rounded, ties by id."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import CollectionStatistics
from nuthatch.scoring import (
    BM25,
    PostingList,
    TermScores,
    arrays,
    conjunction,
    conjunction_scores,
    conjunction_top_k,
    exhaustive_top_k,
    maxscore,
    select_top,
    top_k,
)
from support.postings import Corpus, cases, pairs


@pytest.fixture(params=["as shipped", "always seeded", "table look-ups"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Small lists take none of the ways meant for long ones, unless they are made to."""
    if request.param == "always seeded":
        monkeypatch.setattr(maxscore, "LONG", 0)
    if request.param == "table look-ups":
        monkeypatch.setattr(arrays, "SEARCH_COST", 10**4)
    return str(request.param)


class TestDisjunction:
    @pytest.mark.usefixtures("way")
    def test_pruning_loses_nothing_and_rounds_nothing(self) -> None:
        @given(cases(), st.integers(1, 40))
        def holds(case: tuple[Corpus, list[int], Any, set[int]], k: int) -> None:
            corpus, query, allowed, inside = case
            scored = corpus.terms()
            terms = [scored[term] for term in query]
            expected = [entry for entry in corpus.oracle(query) if entry[0] in inside]
            answer = top_k(terms, k, allowed)
            assert pairs(answer) == expected[:k]
            assert pairs(exhaustive_top_k(terms, k, allowed)) == expected[:k]
            assert answer.total in (None, len(expected))
            assert exhaustive_top_k(terms, k, allowed).total == len(expected)
            if k > len(expected):
                assert answer.total == len(expected)

        holds()

    @given(cases(), st.integers(1, 20), st.integers(1, 20))
    def test_a_bigger_k_extends_the_list(
        self, case: tuple[Corpus, list[int], Any, set[int]], k: int, more: int
    ) -> None:
        corpus, query, allowed, _ = case
        scored = corpus.terms()
        terms = [scored[term] for term in query]
        assert pairs(top_k(terms, k + more, allowed))[:k] == pairs(top_k(terms, k, allowed))

    @given(cases(), st.integers(1, 10))
    def test_a_filter_keeps_scores_and_is_a_filter_afterwards(
        self, case: tuple[Corpus, list[int], Any, set[int]], k: int
    ) -> None:
        corpus, query, allowed, inside = case
        scored = corpus.terms()
        terms = [scored[term] for term in query]
        everything = pairs(top_k(terms, len(corpus.chunks)))
        after = [entry for entry in everything if entry[0] in inside][:k]
        assert pairs(top_k(terms, k, allowed)) == after

    @pytest.mark.parametrize("k", [1, 10, 128, 129, 1000, 10**18])
    @pytest.mark.parametrize("seed", range(3))
    def test_long_lists_give_the_exhaustive_answer(self, seed: int, k: int) -> None:
        rng = np.random.default_rng(seed)
        statistics = CollectionStatistics(20_000, 2_000_000)
        keys = np.sort(rng.choice(10 ** (5 + 2 * seed), 20_000, replace=False))
        lengths = rng.integers(20, 200, keys.size)
        terms = []
        for share in (0.002, 0.05, 0.3, 0.4, 0.6):
            here = np.flatnonzero(rng.random(keys.size) < share)
            tfs = rng.geometric(0.6, here.size).clip(1, 20)
            postings = PostingList.of(keys[here], tfs, lengths[here])
            terms.append(TermScores.of(postings, BM25(idf="fts5"), statistics))
        for query in ([0, 1, 2, 3, 4], [4, 3], [2, 3, 2], [3], [3, 3, 3], [1, 4, 0, 4]):
            chosen = [terms[i] for i in query]
            allowed = keys[:: 1 + seed] if 4 in query else None
            expected = exhaustive_top_k(chosen, k, allowed)
            answer = top_k(chosen, k, allowed)
            assert pairs(answer) == pairs(expected)
            if answer.total is None:
                assert answer.unread < answer.threshold

    def test_pruning_does_prune(self) -> None:
        rare = PostingList.of(np.arange(20) * 50, np.full(20, 3), np.full(20, 30))
        usual = PostingList.of(np.arange(900), np.full(900, 1), np.full(900, 30))
        statistics = CollectionStatistics(1000, 30_000)
        terms = [TermScores.of(p, BM25(), statistics) for p in (usual, rare)]
        answer = top_k(terms, 10)
        assert answer.scored == 18, (
            "neither the other 882 nor the two rare ones that lack the usual"
        )
        assert answer.unread == terms[0].max_impact < answer.threshold
        assert answer.total is None

    def test_equal_scores_are_cut_by_id_whatever_list_they_come_from(self) -> None:
        statistics = CollectionStatistics(40, 400)
        odd = PostingList.of(np.arange(1, 21, 2), np.ones(10, int), np.full(10, 10))
        even = PostingList.of(np.arange(0, 20, 2), np.ones(10, int), np.full(10, 10))
        terms = [TermScores.of(p, BM25(), statistics) for p in (odd, even)]
        for k in range(1, 21):
            assert top_k(terms, k).ids.tolist() == list(range(k))

    def test_a_repeated_word_counts_again(self) -> None:
        corpus = Corpus({1: ({0: 1}, 5), 2: ({1: 1}, 5), 3: ({0: 1, 1: 1}, 9)}, 2, "lucene")
        first, second = corpus.terms()
        once, twice = top_k([first, second], 3), top_k([first, second, second], 3)
        assert dict(pairs(once))[2] * 2 == dict(pairs(twice))[2]
        assert twice.ids.tolist() == [3, 2, 1] != once.ids.tolist()


class TestCertificate:
    @given(cases(), st.integers(1, 10))
    def test_no_chunk_left_out_could_have_entered(
        self, case: tuple[Corpus, list[int], Any, set[int]], k: int
    ) -> None:
        corpus, query, allowed, inside = case
        scored = corpus.terms()
        answer = top_k([scored[term] for term in query], k, allowed)
        returned = set(answer.ids.tolist())
        assert answer.unread == 0 or answer.unread < answer.threshold
        assert len(returned) <= answer.scored
        assert (answer.threshold > 0) == (len(returned) == k)
        for key, score in corpus.oracle(query):
            if key in inside and key not in returned:
                assert score < answer.threshold or (
                    score == answer.threshold and key > answer.ids[-1]
                )

    @given(cases(), st.integers(1, 10))
    def test_unread_bounds_every_chunk_found_only_in_unread_lists(
        self, case: tuple[Corpus, list[int], Any, set[int]], k: int
    ) -> None:
        corpus, query, allowed, _ = case
        scored = corpus.terms()
        answer = top_k([scored[term] for term in query], k, allowed)
        bounds = {term: scored[term].max_impact * query.count(term) for term in query}
        sums, total = [0.0], 0.0
        for bound in sorted(bounds.values()):
            total += bound
            sums.append(total)
        assert any(answer.unread == pytest.approx(value, rel=1e-12) for value in sums)


class TestConjunction:
    @given(st.lists(st.sets(st.integers(0, 60)), min_size=1, max_size=5))
    def test_it_is_the_intersection_of_sets(self, sets: list[set[int]]) -> None:
        lists = [np.array(sorted(found), dtype=np.uint32) for found in sets]
        assert conjunction(lists).tolist() == sorted(set.intersection(*sets))

    @given(st.sets(st.integers(0, 2**32 - 1) | st.integers(0, 3000)), st.integers(1, 9))
    def test_sparse_and_dense_lists_meet(self, sparse: set[int], step: int) -> None:
        dense = set(range(0, 3000, step))
        lists = [np.array(sorted(found), dtype=np.uint32) for found in (sparse, dense)]
        assert conjunction(lists).tolist() == sorted(sparse & dense)

    def test_of_nothing_it_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            conjunction([])

    @pytest.mark.usefixtures("way")
    def test_chunks_with_every_term_score_as_they_do_under_or(self) -> None:
        @given(cases(), st.integers(1, 20))
        def holds(case: tuple[Corpus, list[int], Any, set[int]], k: int) -> None:
            corpus, query, allowed, inside = case
            scored = corpus.terms()
            terms = [scored[term] for term in query or [0]]
            expected = [
                (key, score)
                for key, score in corpus.oracle(query or [0])
                if key in inside and set(query or [0]) <= set(corpus.chunks[key][0])
            ]
            ids, scores = conjunction_scores(terms, allowed)
            assert ids.tolist() == sorted(key for key, _ in expected)
            assert dict(zip(ids.tolist(), scores.tolist(), strict=True)) == dict(expected)
            answer = conjunction_top_k(terms, k, allowed)
            assert pairs(answer) == expected[:k]
            assert answer.total == len(expected)

        holds()


class TestRefusals:
    @pytest.mark.parametrize("rank", [top_k, exhaustive_top_k, conjunction_top_k])
    @pytest.mark.parametrize("k", [0, -3])
    def test_k_below_one(self, rank: Any, k: int) -> None:
        with pytest.raises(ValueError, match="1 or more"):
            rank([], k)

    @pytest.mark.parametrize("rank", [top_k, exhaustive_top_k, conjunction_top_k])
    def test_a_filter_that_does_not_ascend(self, rank: Any) -> None:
        corpus = Corpus({1: ({0: 1}, 5)}, 1, "lucene")
        with pytest.raises(ValueError, match="strictly increasing"):
            rank(corpus.terms(), 3, np.array([5, 2], dtype=np.uint32))

    def test_no_terms_match_nothing(self) -> None:
        for rank in (top_k, exhaustive_top_k):
            answer = rank([], 5)
            assert (pairs(answer), answer.total, answer.threshold) == ([], 0, 0.0)


@given(st.lists(st.sampled_from([0.5, 1.0, 1.5]), max_size=50), st.integers(1, 60))
def test_ranked_sorts_by_score_then_id(scores: list[float], k: int) -> None:
    ids = np.arange(len(scores), dtype=np.uint32)[::-1]
    answer = select_top(ids, np.array(scores, dtype=np.float64), k, total=None)
    entries = zip(ids.tolist(), scores, strict=True)
    assert pairs(answer) == sorted(entries, key=lambda entry: (-entry[1], entry[0]))[:k]
