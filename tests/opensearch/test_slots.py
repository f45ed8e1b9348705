"""Slots, phrases, exclusions and the dictionary: the sets are those of memory, the oracle."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import pytest

import nuthatch
from nuthatch import Document, MatchAll, NuthatchError, Schema, TextQuery
from nuthatch_opensearch.backend import OpenSearchBackend

Open = Callable[..., OpenSearchBackend]
WORDS = ("new", "york", "city", "running", "runs", "computer", "computing", "wolf", "wolves")
SEARCH = "POST _msearch"
COMPLETED = TextQuery("comp", prefix=True)


def make_documents(seed: int) -> list[Document]:
    rng = random.Random(seed)
    return [
        Document(
            f"d{number}",
            " ".join(rng.choices(WORDS, k=rng.randint(0, 3))),
            " ".join(rng.choices(WORDS, k=rng.randint(0, 9))),
        )
        for number in range(30)
    ]


def ask(index: Any, query: TextQuery) -> Any:
    """Return what an engine finds, whatever it scores; or which error it raises."""
    try:
        results = index.search(query, 100, count=True, explain=False)
    except NuthatchError as error:
        return type(error)
    found = sorted((hit.document_uri, hit.chunk_idx) for hit in results)
    return found, results.total, dict(results.corrections)


QUERIES: list[Mapping[str, Any]] = [
    {"text": '"new york"', "syntax": "web"},
    {"text": 'wolf "new york city"', "syntax": "web"},
    {"text": "computer -wolf", "syntax": "web"},
    {"text": 'runs -"new york" -computing', "syntax": "web"},
    {"text": "york comp*", "syntax": "web"},
    {"text": "wolf ru", "prefix": True},
    {"text": "computre york", "corrections": "use"},
    {"text": "computre wofl", "corrections": "suggest"},
    {"text": "city", "alternatives": {"city": ["york", "wolf"]}},
    {"text": "city city", "alternatives": {"city": ["york"]}},
]


@pytest.mark.parametrize(
    ("chunker", "positions"), [*product(("whole", "words:3:1"), (True, False))]
)
def test_the_sets_are_those_of_memory(open_index: Open, chunker: str, positions: bool) -> None:
    schema = Schema(analyzer="english", chunker=chunker, positions=positions)
    index = open_index(schema=schema, shards=2 if positions else 1)
    oracle = nuthatch.open("memory:", create=True, schema=schema)
    documents = make_documents(7)
    for at in range(0, 30, 10):
        index.add(documents[at : at + 10])
    oracle.add(documents)
    index.delete(["d3", "d4"])
    oracle.delete(["d3", "d4"])
    index.optimize()
    found = 0
    for query, policy in product(QUERIES, ("ranked", "all", "ladder")):
        text = TextQuery(**query, policy=policy)
        expected = ask(oracle, text)
        assert ask(index, text) == expected, text
        found += len(expected[0])
    assert found > 100


def test_a_slot_scores_as_its_best_alternative_and_explains_it(index: OpenSearchBackend) -> None:
    index.add([Document(f"d{n}", "", text) for n, text in enumerate(("wolf", "fox", "wolf fox"))])
    index.add([Document(f"e{n}", "", "wolf") for n in range(3)])
    index.optimize()
    query = TextQuery("wolf", alternatives={"wolf": ["fox"]}, policy="ranked")
    scores = {hit.document_uri: hit.score for hit in index.search(query)}
    single = {
        word: {hit.document_uri: hit.score for hit in index.search(word, policy="ranked")}
        for word in ("wolf", "fox")
    }
    best = {uri: max(one.get(uri, 0) for one in single.values()) for uri in scores}
    assert scores == pytest.approx(best, rel=1e-6)
    for hit in index.search(query, explain=True):
        assert sum(hit.score_parts.values()) == pytest.approx(hit.score, rel=1e-6)
        assert len(hit.score_parts) == 1
    twice = TextQuery("wolf wolf", alternatives={"wolf": ["fox"]}, policy="ranked")
    doubled = {hit.document_uri: hit.score for hit in index.search(twice)}
    assert doubled == pytest.approx({uri: 2 * score for uri, score in best.items()}, rel=1e-6)


def test_no_phrase_reaches_over_the_seam_or_from_chunk_to_chunk(open_index: Open) -> None:
    index = open_index(schema=Schema(chunker="words:2:0"))
    index.add(Document("seam", "big new", "york city old town"))
    index.add(Document("title", "new york", "old"))
    assert [hit.document_uri for hit in index.search(TextQuery('"new york"', syntax="web"))] == [
        "title"
    ]
    assert len(index.search(TextQuery('"city old"', syntax="web"))) == 0
    assert len(index.search(TextQuery('"old town"', syntax="web"))) == 1


def test_exclusions_are_of_whole_documents(open_index: Open, requests: list[str]) -> None:
    index = open_index(schema=Schema(chunker="words:2:0"))
    index.add(Document("a", "", "wolf night fox river"))
    index.add(Document("b", "", "wolf night deer river"))
    query = TextQuery("night -fox", syntax="web", count=True)
    assert [hit.document_uri for hit in index.search(query)] == ["b"]
    assert index.search(query).total == 1
    requests.clear()
    assert len(index.search(TextQuery("night -fox", syntax="web"))) == 1
    assert requests == [SEARCH, SEARCH]


def test_phrases_take_one_request(index: OpenSearchBackend, requests: list[str]) -> None:
    index.add(Document("a", "", "the new york times"))
    index.search("york")
    requests.clear()
    assert len(index.search(TextQuery('"new york" -fox', syntax="web"))) == 1
    assert requests == [SEARCH]


def test_words_are_learned_from_other_writers(open_index: Open) -> None:
    index, other = open_index(), open_index()
    index.add(Document("a", "", "computer"))
    assert len(index.search(COMPLETED)) == 1
    other.add(Document("b", "", "company"))
    assert len(index.search(COMPLETED)) == 2
    other.delete("a")
    assert len(index.search(COMPLETED)) == 1
    other.optimize()
    assert len(index.search(COMPLETED)) == 1
    assert len(index.search(MatchAll())) == 1
