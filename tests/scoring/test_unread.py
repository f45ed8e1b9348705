"""A term that is not read yet: a disjunction asks it for little, and gets the same answer."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import CollectionStatistics
from nuthatch.scoring import BM25, PostingList, TermScores, top_k
from nuthatch.scoring.arrays import IdArray, ScoreArray
from support.postings import Corpus, cases, pairs


class Unread:
    """Knows a bound and looks impacts up, until it is read whole."""

    def __init__(self, term: TermScores, slack: float = 0.0) -> None:
        self.df = term.df
        self.max_impact = term.max_impact + slack
        self.is_loaded = False
        self.looked_up = 0
        self._term = term

    def whole(self) -> TermScores:
        self.is_loaded = True
        return self._term

    def impacts_at(self, ids: IdArray) -> ScoreArray:
        self.looked_up += ids.size
        return self._term.impacts_at(ids)


@given(
    cases(), st.integers(1, 40), st.lists(st.booleans(), min_size=6, max_size=6), st.floats(0, 9)
)
def test_what_is_read_and_what_is_not_make_one_ranking(
    case: tuple[Corpus, list[int], Any, set[int]], k: int, unread: list[bool], slack: float
) -> None:
    """Whichever lists are unread, and however loose their bounds are."""
    corpus, query, allowed, inside = case
    terms = [
        Unread(term, slack) if unread[number] and term.df else term
        for number, term in enumerate(corpus.terms())
    ]
    expected = [entry for entry in corpus.oracle(query) if entry[0] in inside]
    assert pairs(top_k([terms[number] for number in query], k, allowed)) == expected[:k]


def test_a_common_term_is_not_read_for_chunks_that_rare_ones_found() -> None:
    """Its bound is too low to bring in a chunk by itself, so it is asked about those found."""
    model, statistics = BM25(idf="fts5"), CollectionStatistics(10_000, 10_000)

    def term(ids: IdArray) -> TermScores:
        ones = np.ones(ids.size, dtype=np.int64)
        return TermScores.of(PostingList.of(ids, ones, ones), model, statistics)

    rare, common = term(np.arange(0, 10_000, 500)), Unread(term(np.arange(0, 9_000)), 1e-7)
    answer = top_k([rare, common], 5)
    assert not common.is_loaded
    assert 0 < common.looked_up <= 2 * rare.df
    assert pairs(answer) == pairs(top_k([rare, common.whole()], 5))


def test_no_impact_reaches_the_bound() -> None:
    model = BM25()
    for b in (0.0, 0.75, 1.0):
        impact = BM25(b=b).impact(2.0**32, 2.0**32, weight=3.0, average_length=2.0**40)
        assert impact <= model.bound(3.0)
