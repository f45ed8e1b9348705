"""Searches whose best candidates are judged once more by their text, on every embedded engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    Failover,
    Fuse,
    Hit,
    Interleave,
    InvalidQuery,
    LexicalBackend,
    Results,
    Schema,
    Shadow,
    ShadowPair,
    Split,
)
from nuthatch.relevance import SETTINGS, RelevanceQuery, ScoredText, rescore, slots_of
from nuthatch.text.normalize import normalize
from nuthatch_compare import compare
from support.answering import open_remote

WORDS = ("heat", "heats", "night", "nights", "river", "thief", "stone", "the", "moonlight", "tv")
SCHEMA = Schema(
    analyzer="english", chunker="words:12:3", fields=[{"name": "year", "type": "integer"}]
)
MORE_THAN_ALL = 1000


def make_documents() -> list[Document]:
    random = Random(7)
    return [
        Document(
            f"d{number}",
            " ".join(random.choices(WORDS, k=random.randrange(4))),
            " ".join(random.choices(WORDS, k=random.randrange(1, 30))),
            {"year": 1990 + number % 4},
        )
        for number in range(50)
    ]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LexicalBackend]]:
    folder = tmp_path_factory.mktemp("relevance")
    urls = {
        "memory": "memory:",
        "sqlite": f"sqlite:{folder}/index.db",
        "tantivy": f"tantivy:{folder}/index",
    }
    opened = {name: nuthatch.open(url, create=True, schema=SCHEMA) for name, url in urls.items()}
    for index in opened.values():
        index.add(make_documents())
    yield opened
    for index in opened.values():
        index.close()


engines = st.sampled_from(["memory", "sqlite", "tantivy"])
queries = st.lists(st.sampled_from((*WORDS, "databse", "heta")), min_size=1, max_size=5).map(
    " ".join
)
searches = st.fixed_dictionaries(
    {"query": queries},
    optional={
        "filters": st.just(nuthatch.Range("year", gte=1992)),
        "policy": st.sampled_from(["auto", "ranked"]),
        "extra_or_tokens": st.just(["stone", "river"]),
    },
)


def list_names(hits: Any) -> list[tuple[str, int]]:
    return [(hit.document_uri, hit.chunk_idx) for hit in hits]


def judge(index: LexicalBackend, hits: list[Hit], text: str) -> dict[tuple[str, int], Any]:
    """Return what the formula makes of hits, by their names."""
    query = normalize(index.analyzer, text)
    with index.reader() as reader:
        frequencies = reader.document_frequencies(query.tokens)
        counts = reader.statistics()
    slots = slots_of(index.analyzer, query)
    weighed = RelevanceQuery(slots, frequencies, counts.chunks, counts.average_length)
    texts = [ScoredText(hit.score, hit.title, hit.text) for hit in hits]
    rescored = rescore(weighed, index.analyzer, texts)
    return {
        name: (rescored.scores[number], rescored.parts_of(number))
        for number, name in enumerate(list_names(hits))
    }


@given(engine=engines, search=searches)
def test_the_best_thirty_have_the_scores_of_the_formula(
    indexes: dict[str, LexicalBackend], engine: str, search: dict[str, Any]
) -> None:
    index = indexes[engine]
    plain = index.search(limit=MORE_THAN_ALL, relevance="bm25", **search)
    found = index.search(limit=MORE_THAN_ALL, relevance="auto", **search)
    assume(plain.ran == "ranked")  # else no word is known
    assert (plain.relevance, found.relevance) == ("bm25", "auto")
    assert found.exact == plain.exact
    best, rest = plain.hits[: SETTINGS.depth], plain.hits[SETTINGS.depth :]
    expected = judge(index, list(best), search["query"])
    judged = found.hits[: SETTINGS.depth]
    assert sorted(list_names(judged)) == sorted(expected)
    for hit in judged:
        score, parts = expected[hit.document_uri, hit.chunk_idx]
        assert hit.score == pytest.approx(score, rel=1e-9)
        assert hit.score_parts == pytest.approx(parts, rel=1e-9, abs=1e-9)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert list_names(found.hits[SETTINGS.depth :]) == list_names(rest)
    assert [hit.score for hit in found.hits[SETTINGS.depth :]] == [hit.score for hit in rest]


@given(
    engine=engines,
    search=searches,
    collapse=st.booleans(),
    offset=st.integers(0, 45),
    limit=st.integers(1, 45),
)
def test_a_page_is_a_part_of_the_whole_list(
    indexes: dict[str, LexicalBackend],
    engine: str,
    search: dict[str, Any],
    collapse: bool,
    offset: int,
    limit: int,
) -> None:
    index = indexes[engine]
    options = {**search, "relevance": "auto", "collapse": collapse}
    whole = list_names(index.search(limit=MORE_THAN_ALL, **options))
    page = index.search(limit=limit, offset=offset, **options)
    assert list_names(page) == whole[offset : offset + limit]


@given(engine=engines, search=searches, limit=st.integers(1, 60))
def test_collapse_keeps_the_first_chunk_of_each_document(
    indexes: dict[str, LexicalBackend], engine: str, search: dict[str, Any], limit: int
) -> None:
    index = indexes[engine]
    whole = index.search(limit=MORE_THAN_ALL, relevance="auto", **search)
    firsts: dict[str, tuple[str, int]] = {}
    for name in list_names(whole):
        firsts.setdefault(name[0], name)
    found = index.search(limit=limit, relevance="auto", collapse=True, **search)
    assert list_names(found) == list(firsts.values())[:limit]


@given(engine=engines, search=searches, limit=st.integers(1, 40))
def test_totals_and_facets_are_those_of_all_that_match(
    indexes: dict[str, LexicalBackend], engine: str, search: dict[str, Any], limit: int
) -> None:
    options: dict[str, Any] = {**search, "limit": limit, "count": True, "facets": "year"}
    plain = indexes[engine].search(relevance="bm25", **options)
    found = indexes[engine].search(relevance="auto", **options)
    assert (found.total, found.facets) == (plain.total, plain.facets)
    uncounted = indexes[engine].search(limit=limit, relevance="auto", **search)
    assert uncounted.total in (None, plain.total)


@given(
    engine=engines,
    text=queries,
    options=st.sampled_from(
        [{"policy": "ladder"}, {"policy": "all"}, {"sort": "year"}, {"sort": ["-score", "year"]}]
    ),
    limit=st.integers(1, 40),
)
def test_what_is_not_ranked_is_not_judged(
    indexes: dict[str, LexicalBackend], engine: str, text: str, options: Any, limit: int
) -> None:
    plain = indexes[engine].search(text, limit, relevance="bm25", **options)
    found = indexes[engine].search(text, limit, relevance="auto", **options)
    assert found.relevance == "bm25"
    assert _without_time(found) == _without_time(plain)


@given(text=queries, limit=st.integers(1, 40))
def test_a_climb_of_the_policy_auto_is_not_judged(text: str, limit: int) -> None:
    with nuthatch.open("memory:?budget=0", schema=SCHEMA) as index:
        index.add(make_documents())
        plain = index.search(text, limit)
        found = index.search(text, limit, relevance="auto")
    assert found.ran == "ladder" or not found.hits
    assert _without_time(found) == _without_time(plain)


def _without_time(results: Results) -> dict[str, Any]:
    values = results.to_json()
    for attempt in (values, *values["attempts"]):
        attempt.pop("ms", None)
        attempt.pop("took_ms", None)
    return values


@given(engine=engines, search=searches)
def test_parts_by_token_and_by_name_add_up_to_the_score(
    indexes: dict[str, LexicalBackend], engine: str, search: dict[str, Any]
) -> None:
    plain = indexes[engine].search(limit=35, relevance="bm25", explain=True, **search)
    found = indexes[engine].search(limit=35, relevance="auto", explain=True, **search)
    tokens = {name: hit.score_parts for name, hit in zip(list_names(plain), plain, strict=True)}
    for hit in found:
        assert sum(hit.score_parts.values()) == pytest.approx(hit.score, rel=1e-5)
        own = tokens[hit.document_uri, hit.chunk_idx]
        assert own.items() <= hit.score_parts.items()
        added = hit.score_parts.keys() - own.keys()
        assert all(" " in name for name in added), "no token can be taken for a part"


def test_an_index_may_judge_by_default_and_a_query_may_not() -> None:
    with nuthatch.open("memory:?relevance=auto", schema=SCHEMA) as index:
        index.add(make_documents())
        assert index.search("heat").relevance == "auto"
        assert index.search("heat", relevance="bm25").relevance == "bm25"
        assert index.search(nuthatch.TextQuery("heat", relevance="bm25")).relevance == "bm25"
        assert index.search("").relevance == "auto"


def test_a_grounded_hit_has_its_proof() -> None:
    with nuthatch.open("memory:?relevance=auto", schema=SCHEMA) as index:
        index.add(make_documents())
        for hit in index.search("heat night", 3, audit="grounded"):
            assert nuthatch.verify(hit) is None


def test_a_search_over_a_network_takes_one_request() -> None:
    index = open_remote(SCHEMA)
    index.add(make_documents())
    index.requests.clear()
    found = index.search("heat night", 10, relevance="auto")
    assert index.requests == ["answer"]
    with nuthatch.open("memory:", schema=SCHEMA) as memory:
        memory.add(make_documents())
        assert list_names(found) == list_names(memory.search("heat night", 10, relevance="auto"))


def test_combinations_hand_the_relevance_on(indexes: dict[str, LexicalBackend]) -> None:
    one, other = indexes["memory"], indexes["sqlite"]
    pairs: list[ShadowPair] = []
    shadow = Shadow(one, other, pairs.append)
    for combination in (
        Failover(one, other),
        Fuse(one, other),
        Split(one, other, share=0.5, unit=lambda: "somebody"),
        Interleave(one, other, unit=lambda: "somebody"),
        shadow,
    ):
        for relevance in ("auto", "bm25"):
            found = combination.search("heat night", 5, relevance=relevance)
            assert found.relevance == relevance
            if isinstance(combination, Failover | Shadow):
                expected = one.search("heat night", 5, relevance=relevance)
                assert list_names(found) == list_names(expected)
    until = monotonic() + 30
    while len(pairs) < 2 and monotonic() < until:
        sleep(0.01)
    shown = [pair.shadow for pair in pairs]
    assert [results and results.relevance for results in shown] == ["auto", "bm25"]


def test_a_comparison_tells_what_judging_changes(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/index.db"
    queries = {text: text for text in ("heat night", "stone river", "moonlight thief")}
    with (
        nuthatch.open(url, create=True, schema=SCHEMA) as plain,
        nuthatch.open(url, create=True, relevance="auto") as judged,
    ):
        plain.add(make_documents())
        found = compare({"bm25": plain, "auto": judged}, queries)
        for query in found.queries:
            for relevance, lists in query.lists.items():
                hits = plain.search(query.name, 10, collapse=True, relevance=relevance)
                best = [hit.document_uri for hit in hits]
                assert [one.uri for one in lists][:10] == best[: len(lists)] != []
    [agreement] = found.agreement
    assert agreement.queries == len(queries)


@pytest.mark.parametrize("value", ["best", 1, True])
def test_what_is_no_relevance_is_refused(value: Any) -> None:
    with nuthatch.open("memory:") as index, pytest.raises(InvalidQuery, match="auto, bm25"):
        index.search("heat", relevance=value)


def test_entities_are_not_judged() -> None:
    with nuthatch.open("memory:") as index, pytest.raises(InvalidQuery, match="relevance belongs"):
        index.search(EntityQuery(titles=["heat"]), relevance="auto")
