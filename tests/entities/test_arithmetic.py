"""What matches and what it scores, against the definition; caps; the F-score."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, EntityQuery, LexicalBackend
from nuthatch.entities import EntitySettings, title_score
from support.entity_oracle import answer
from support.entity_strategies import CORPUS, FILMS, entity_queries


def filled(*documents: Document, **options: object) -> LexicalBackend:
    index = nuthatch.open("memory:", schema=FILMS, **options)
    index.add(documents)
    return index


@given(CORPUS, entity_queries())
@example([Document("a", "ends ends")], EntityQuery(titles=["ends ends ends"]))
def test_the_answer_is_that_of_the_definition(corpus: list[Document], query: EntityQuery) -> None:
    index = filled(*corpus)
    expected = answer(corpus, FILMS, query)
    found = index.search(query, 100)
    assert [hit.document_uri for hit in found] == [uri for uri, _, _ in expected]
    for hit, (_, score, parts) in zip(found, expected, strict=True):
        assert hit.score == pytest.approx(score, abs=1e-9)
        assert hit.score_parts == pytest.approx(parts, abs=1e-9)
        assert sum(hit.score_parts.values()) == pytest.approx(hit.score, abs=1e-9)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_a_title_scores_the_f_measure_of_coverage_and_specificity(
    m: int, k: int, length: int
) -> None:
    settings = EntitySettings(threshold=0)
    coverage, specificity = m / k, m / length
    f = 5 * coverage * specificity / (4 * specificity + coverage)
    assert title_score(m, k, length, settings) == pytest.approx(f, rel=1e-12)
    assert title_score(m, k, length, EntitySettings(threshold=1)) in (0.0, pytest.approx(f))


@given(CORPUS, entity_queries(), st.integers(1, 5))
def test_a_smaller_limit_gives_the_head_of_the_list(
    corpus: list[Document], query: EntityQuery, limit: int
) -> None:
    index = filled(*corpus)
    assert index.search(query, limit).hits == index.search(query, 100).hits[:limit]


def test_only_the_best_title_scores_count_and_nothing_else_is_lost() -> None:
    films = [Document(f"f{n}", "heat " * (n + 1), "", {"people": ["A"]}) for n in range(4)]
    index = filled(*films, entities=EntitySettings(title_cap=2))
    scores = {hit.document_uri: hit.score for hit in index.search(EntityQuery(titles=["heat"]))}
    assert list(scores) == ["f0", "f1"]
    both = index.search(EntityQuery({"people": ["a"]}, titles=["heat"]))
    assert [hit.document_uri for hit in both] == ["f0", "f1", "f2", "f3"]
    assert both[2].score_parts == {"people": 0.5}


def test_excluded_documents_hold_their_places_among_the_best() -> None:
    index = filled(
        Document("gone", "heat", "", {"people": ["A"]}),
        Document("stays", "heat wave"),
        entities=EntitySettings(title_cap=1),
    )
    assert not index.search(EntityQuery(exclude={"people": ["a"]}, titles=["heat"]))


def test_filters_act_before_the_cap() -> None:
    index = filled(
        Document("out", "heat", "", {"year": 1}),
        Document("in", "heat wave", "", {"year": 2}),
        entities=EntitySettings(title_cap=1),
    )
    query = EntityQuery(titles=["heat"], filters=[nuthatch.Range("year", gte=2)])
    assert [hit.document_uri for hit in index.search(query)] == ["in"]


def test_a_substring_stands_for_so_many_phrases_and_an_exclusion_for_all() -> None:
    films = [Document(f"f{n}", "x", "", {"characters": ["man" + "n" * n]}) for n in range(4)]
    index = filled(*films, entities=EntitySettings(phrase_cap=2))
    query = EntityQuery({"characters": ["man"]})
    assert [hit.document_uri for hit in index.search(query)] == ["f0", "f1"]
    assert not index.search(EntityQuery(titles=["x"], exclude={"characters": ["man"]}))


def test_frequent_title_tokens_do_not_match() -> None:
    index = filled(
        *(Document(f"f{n}", "heat") for n in range(3)),
        Document("rare", "heats"),
        entities=EntitySettings(frequent=2),
    )
    hits = index.search(EntityQuery(titles=["heat"]))
    assert [hit.document_uri for hit in hits] == ["rare"]
