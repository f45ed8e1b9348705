"""Fusion by reciprocal rank: the sums, their parts, the order, what a failure does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

import nuthatch
from combine.conftest import Faulty, Search
from nuthatch import (
    BackendUnavailable,
    Document,
    Fuse,
    InvalidConfig,
    LexicalBackend,
    Results,
    SearchBackend,
    SearchRequest,
    UnsupportedQuery,
)


def uris(hits: Sequence[nuthatch.Hit]) -> list[str]:
    return [hit.document_uri for hit in hits]


def test_scores_are_sums_of_reciprocal_ranks(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    """The sums are worked out anew from the two lists."""
    ranks = [
        {uri: rank for rank, uri in enumerate(uris(item.search("alpha beta", 100)), 1)}
        for item in (one, other)
    ]
    results = search(Fuse(one, other, k=10), "alpha beta", 100)
    assert set(uris(results)) == ranks[0].keys() | ranks[1].keys()
    for hit in results:
        parts = {
            name: 1 / (10 + rank[hit.document_uri])
            for name, rank in zip("ab", ranks, strict=True)
            if hit.document_uri in rank
        }
        assert hit.score_parts == parts
        assert hit.score == pytest.approx(sum(parts.values()))
    assert [hit.score for hit in results] == sorted((hit.score for hit in results), reverse=True)


def test_what_both_found_rises_above_what_one_ranked_first(search: Search) -> None:
    """With k = 60: 1/62 + 1/61 for the common hit, 1/61 for the one at the top of a list."""
    with (
        nuthatch.open("memory:", create="new") as one,
        nuthatch.open("memory:", create="new") as other,
    ):
        one.add([Document("only here", "", "cat cat"), Document("both", "", "cat mouse")])
        other.add([Document("both", "", "cat mouse")])
        results = search(Fuse(one, other), "cat")
        assert uris(results) == ["both", "only here"]
        assert results[0].score == pytest.approx(1 / 62 + 1 / 61)
        origin = results[0].origin
        assert origin is not None
        assert origin.backend == "b"
        assert origin.score == other.search("cat")[0].score
        assert results.exact is False


def test_a_larger_limit_only_extends_the_list(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    fuse = Fuse(one, other, depth=12)
    whole = uris(search(fuse, "alpha beta gamma", 12))
    for limit in range(1, 12):
        assert uris(search(fuse, "alpha beta gamma", limit)) == whole[:limit]
    with pytest.raises(UnsupportedQuery, match="largest limit is 12"):
        search(fuse, "alpha", 13)


def test_hits_of_an_earlier_rung_stay_ahead(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    results = search(Fuse(one, other), "alpha beta gamma", 30, policy="ladder")
    assert [hit.rung for hit in results] == sorted(hit.rung for hit in results)
    assert results.attempts[results[0].rung].operator == "AND"


def test_engines_that_tried_other_rungs_are_told_as_one_disjunction(search: Search) -> None:
    with (
        nuthatch.open("memory:", create="new", policy="ladder") as ladder,
        nuthatch.open("memory:", create="new", policy="ranked") as ranked,
    ):
        for index in (ladder, ranked):
            index.add([Document("d0", "", "cat mouse"), Document("d1", "", "cat")])
        results = search(Fuse(ladder, ranked, names=("ladder", "ranked")), "cat mouse")
        assert [(attempt.operator, attempt.tokens) for attempt in results.attempts] == [
            ("OR", ("cat", "mouse"))
        ]
        assert {hit.rung for hit in results} == {0}
        assert uris(results) == ["d0", "d1"]


class Timed(Faulty):
    """An engine whose attempts take a given time."""

    def __init__(self, engine: SearchBackend, ms: float) -> None:
        super().__init__(engine)
        self.ms = ms

    def execute(self, request: SearchRequest) -> Results:
        results = super().execute(request)
        attempts = tuple(replace(attempt, ms=self.ms) for attempt in results.attempts)
        return replace(results, attempts=attempts)


@pytest.mark.parametrize("policies", [("ladder", "ladder"), ("ladder", "ranked")])
def test_the_time_of_the_attempts_is_that_of_all_engines(
    policies: tuple[str, str], search: Search
) -> None:
    """Whether all tried the same rungs, or one attempt stands for those of all."""
    first, second = policies
    with (
        nuthatch.open("memory:", create="new", policy=first) as one,
        nuthatch.open("memory:", create="new", policy=second) as other,
    ):
        for index in (one, other):
            index.add([Document("d0", "", "cat mouse"), Document("d1", "", "cat")])
        tried = [len(index.search("cat mouse").attempts) for index in (one, other)]
        results = search(Fuse(Timed(one, 1.0), Timed(other, 100.0), names=("a", "b")), "cat mouse")
        assert len(results.attempts) == (tried[0] if first == second else 1)
        assert sum(attempt.ms for attempt in results.attempts) == tried[0] + 100 * tried[1]


def test_three_engines_fuse(one: LexicalBackend, other: LexicalBackend, search: Search) -> None:
    results = search(Fuse(one, other, Faulty(one)), "gamma", 3)
    assert len(results) == 3
    assert all(len(hit.score_parts) == 3 for hit in results)


def test_one_engines_error_is_the_whole_searchs(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    for engines in ((one, Faulty(other, BackendUnavailable("down"))),):
        for order in (engines, engines[::-1]):
            with pytest.raises(BackendUnavailable, match="down"):
                search(Fuse(*order), "alpha")


@pytest.mark.parametrize("wrong", [{"k": 0}, {"k": -1}, {"depth": 0}])
def test_wrong_settings_are_refused(
    wrong: dict[str, float], one: LexicalBackend, other: LexicalBackend
) -> None:
    with pytest.raises(InvalidConfig, match="found"):
        Fuse(one, other, **wrong)  # type: ignore[arg-type]
