"""The climb over scored terms finds what trying rung by rung finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import CollectionStatistics, FirstMatch, Rung
from nuthatch.postings import explain_rung, find_first_match, to_matches
from nuthatch.scoring import (
    BM25,
    PostingList,
    TermScores,
    conjunction_top_k,
    top_k,
)

TOKENS = "abcd"
IDS = st.sets(st.integers(0, 7))


def term(ids: set[int]) -> TermScores:
    listed = PostingList.of(sorted(ids), [1] * len(ids), [3 + id for id in sorted(ids)])
    return TermScores.of(listed, BM25(), CollectionStatistics(8, 52))


TERMS = st.fixed_dictionaries({token: IDS.map(term) for token in TOKENS})
QUERIES = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6)


def rungs_of(tokens: list[str]) -> list[Rung]:
    """Return rungs that lose a word each, from the first word on."""
    words = list(dict.fromkeys(tokens))
    parts = [{*words[at:]} for at in range(len(words))]
    return [Rung.of("AND", tuple(token for token in tokens if token in part)) for part in parts]


@given(TERMS, QUERIES, st.none() | IDS, st.integers(1, 9))
def test_the_first_rung_that_matches_wins(
    terms: dict[str, TermScores], tokens: list[str], passing: set[int] | None, limit: int
) -> None:
    allowed = None if passing is None else np.array(sorted(passing), dtype=np.uint32)
    rungs = rungs_of(tokens)
    expected = None
    for at, rung in enumerate(rungs):
        best = conjunction_top_k([terms[token] for token in rung.words], limit, allowed)
        if best.ids.size:
            expected = FirstMatch(at, to_matches(best))
            break
    assert find_first_match(rungs, terms, allowed, limit) == expected


@given(TERMS, QUERIES)
def test_the_parts_of_a_score_add_up_to_it(terms: dict[str, TermScores], tokens: list[str]) -> None:
    matches = to_matches(top_k([terms[token] for token in tokens], 9))
    ids = np.array([candidate.key for candidate in matches.candidates], dtype=np.uint32)
    parts = explain_rung(Rung.of("OR", tuple(tokens)), terms, ids)
    assert all(part.keys() == set(tokens) for part in parts)
    scores = [candidate.score for candidate in matches.candidates]
    assert [sum(part.values()) for part in parts] == pytest.approx(scores)
