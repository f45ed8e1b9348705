"""What matches and what it scores, against the definition; caps; the F-score."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, EntityQuery, LexicalBackend
from nuthatch.entities import EntitySettings, title_score
from nuthatch.entities.match import squeeze_score
from support.entity_oracle import answer
from support.entity_strategies import CORPUS, FILMS, entity_queries


def filled(*documents: Document, **options: object) -> LexicalBackend:
    index = nuthatch.open("memory:", schema=FILMS, **options)
    index.add(documents)
    return index


def films(*titles: str) -> list[Document]:
    return [Document(f"film-{at}", title) for at, title in enumerate(titles)]


def found(titles: list[str], query: str, **options: object) -> list[tuple[str, float]]:
    """Return the titles that a title search finds, with their scores."""
    hits = filled(*films(*titles), **options).search(EntityQuery(titles=[query]), 100)
    return [(hit.title, hit.score) for hit in hits]


@given(CORPUS, entity_queries(), st.booleans(), st.sampled_from([10_000, 10_000, 1, 2, 0]))
@example(films("ends ends"), EntityQuery(titles=["ends ends ends"]), False, 10_000)
@example(films("ends ends"), EntityQuery(titles=["ends ends ends"]), True, 10_000)
@example(films("the bora", "the man", "bora"), EntityQuery(titles=["teh bora"]), False, 1)
@example(films("nana na", "na nana"), EntityQuery(titles=["na nana"]), False, 10_000)
def test_the_answer_is_that_of_the_definition(
    corpus: list[Document], query: EntityQuery, reference: bool, frequent: int
) -> None:
    chosen = EntitySettings.reference if reference else EntitySettings
    index = filled(*corpus, entities=chosen(frequent=frequent))
    expected = answer(corpus, FILMS, query, reference=reference, frequent=frequent)
    found = index.search(query, 100)
    assert [hit.document_uri for hit in found] == [uri for uri, _, _ in expected]
    for hit, (_, score, parts) in zip(found, expected, strict=True):
        assert hit.score == pytest.approx(score, abs=1e-9)
        assert hit.score_parts == pytest.approx(parts, abs=1e-9)
        assert sum(hit.score_parts.values()) == pytest.approx(hit.score, abs=1e-9)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_without_edits_a_title_scores_the_f_measure_of_coverage_and_specificity(
    m: int, k: int, length: int
) -> None:
    settings = EntitySettings(threshold=0)
    coverage, specificity = m / k, m / length
    f = 5 * coverage * specificity / (4 * specificity + coverage)
    assert title_score(m, 0, k, length, settings) == pytest.approx(f, abs=1e-11)
    assert title_score(m, 0, k, length, EntitySettings(threshold=1)) in (0.0, pytest.approx(f))


@given(st.integers(1, 32), st.integers(1, 100), st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_an_edit_is_just_worse_than_a_word_too_many(k: int, length: int, beta: float) -> None:
    settings = EntitySettings(threshold=0, beta=beta)
    longer = title_score(k, 0, k, k + 1, settings)
    assert title_score(k, 1, k, k, settings) < longer < 1
    assert squeeze_score(k, settings) == title_score(k, 1, k, k, settings)
    assert title_score(min(k, length), 0, k, length, settings) <= 1


@given(st.data())
def test_an_exact_title_is_first_or_among_its_equals(data: st.DataObject) -> None:
    corpus = data.draw(CORPUS.filter(lambda films: any(film.title for film in films)))
    title = data.draw(st.sampled_from([film.title for film in corpus if film.title]))
    frequent = data.draw(st.sampled_from([10_000, 2, 1, 0]))
    index = filled(*corpus, entities=EntitySettings(frequent=frequent))
    first, *others = index.search(EntityQuery(titles=[title.upper()]), 100)
    assert (first.title, first.score) == (title, 1.0)
    same = [hit for hit in (first, *others) if hit.title == title]
    assert len(same) == sum(film.title == title for film in corpus)
    assert all(hit.score == 1.0 for hit in same)


@given(CORPUS, entity_queries())
def test_an_unrelated_document_keeps_the_hits(corpus: list[Document], query: EntityQuery) -> None:
    index = filled(*corpus)
    before = [(hit.document_uri, hit.score) for hit in index.search(query, 100)]
    index.add(Document("unrelated", "qqqqqqqqqq zzzzzzzzzz"))
    assert [(hit.document_uri, hit.score) for hit in index.search(query, 100)] == before


@given(CORPUS, entity_queries())
def test_several_title_searches_score_as_their_best(
    corpus: list[Document], query: EntityQuery
) -> None:
    index = filled(*corpus)
    best: dict[str, float] = {}
    for title in query.titles:
        for hit in index.search(EntityQuery(titles=[title], filters=query.filters), 100):
            best[hit.document_uri] = max(hit.score, best.get(hit.document_uri, 0.0))
    if query.titles:
        every = index.search(EntityQuery(titles=query.titles, filters=query.filters), 100)
        assert {hit.document_uri: hit.score for hit in every} == best


@pytest.mark.parametrize(
    ("titles", "query", "expected"),
    [
        (["Roar", "Glory Road"], "road", [("Glory Road", 0.833), ("Roar", 0.8)]),
        (["Three Kings", "Kings"], "kings kings", [("Kings", 0.556), ("Three Kings", 0.5)]),
        (["Go Go Go", "Go Go"], "go go", [("Go Go", 1.0), ("Go Go Go", 0.909)]),
        (["Spiderman", "Man"], "spider man", [("Spiderman", 0.9), ("Man", 0.556)]),
        (["Spider-Man 2"], "spiderman 2", [("Spider-Man 2", 0.9)]),
        (["The Spider Man Is Back"], "spiderman back", [("The Spider Man Is Back", 0.692)]),
        (["Spiderman Is Back"], "spider man back", [("Spiderman Is Back", 0.867)]),
        (["Pi", "Se7en"], "seven", [("Se7en", 0.8)]),
        (["Seven", "Se7en"], "se7en", [("Se7en", 1.0)]),
        (["aab aba", "aba aab"], "aab aba", [("aab aba", 1.0), ("aba aab", 1.0)]),
        (["aba aab", "aab aba"], "aab aba", [("aab aba", 1.0), ("aba aab", 1.0)]),
    ],
)
def test_titles_score_as_somebody_would_expect(
    titles: list[str], query: str, expected: list[tuple[str, float]]
) -> None:
    assert found(titles, query) == [
        (title, pytest.approx(score, abs=1e-3)) for title, score in expected
    ]


@given(CORPUS, entity_queries(), st.integers(1, 5))
def test_a_smaller_limit_gives_the_head_of_the_list(
    corpus: list[Document], query: EntityQuery, limit: int
) -> None:
    index = filled(*corpus)
    assert index.search(query, limit).hits == index.search(query, 100).hits[:limit]


def test_only_the_best_title_scores_count_and_nothing_else_is_lost() -> None:
    documents = [Document(f"f{n}", "heat " * (n + 1), "", {"people": ["A"]}) for n in range(4)]
    index = filled(*documents, entities=EntitySettings(title_cap=2))
    scores = {hit.document_uri: hit.score for hit in index.search(EntityQuery(titles=["heat"]))}
    assert list(scores) == ["f0", "f1"]
    both = index.search(EntityQuery({"people": ["a"]}, titles=["heat"]))
    assert [hit.document_uri for hit in both] == ["f0", "f1", "f2", "f3"]
    assert both[2].score_parts == {"people": 0.5}


def test_exclusions_act_before_the_cap() -> None:
    index = filled(
        Document("gone", "heat", "", {"people": ["A"]}),
        Document("stays", "heat wave"),
        entities=EntitySettings(title_cap=1),
    )
    (hit,) = index.search(EntityQuery(exclude={"people": ["a"]}, titles=["heat"]))
    assert hit.document_uri == "stays"


def test_filters_act_before_the_cap() -> None:
    index = filled(
        Document("out", "heat", "", {"year": 1}),
        Document("in", "heat wave", "", {"year": 2}),
        entities=EntitySettings(title_cap=1),
    )
    query = EntityQuery(titles=["heat"], filters=[nuthatch.Range("year", gte=2)])
    assert [hit.document_uri for hit in index.search(query)] == ["in"]


def test_a_substring_stands_for_so_many_phrases_and_an_exclusion_for_all() -> None:
    documents = [Document(f"f{n}", "x", "", {"characters": ["man" + "n" * n]}) for n in range(4)]
    index = filled(*documents, entities=EntitySettings(phrase_cap=2))
    query = EntityQuery({"characters": ["man"]})
    cut = index.search(query)
    assert [hit.document_uri for hit in cut] == ["f0", "f1"]
    assert not cut.exact
    assert cut.notes[0].startswith("more than 2 phrases of characters hold 'man'")
    assert not index.search(EntityQuery(titles=["x"], exclude={"characters": ["man"]}))


def test_a_frequent_word_counts_and_finds_titles_where_nothing_else_does() -> None:
    titles = ["The Heat", "The Wave", "The", "The Sea", "Heat", "Heath"]
    few = EntitySettings(frequent=2)
    assert found(titles, "the heat", entities=few) == [
        ("The Heat", 1.0),
        ("Heat", pytest.approx(5 / 9)),
        ("Heath", pytest.approx(4 / 9)),
    ]
    assert found(titles, "the", entities=few)[0] == ("The", 1.0)
    assert len(found(titles, "teh", entities=few)) == 4
    assert found(titles, "teh heat", entities=few)[0] == ("The Heat", pytest.approx(9 / 10))


def test_what_a_cap_cuts_is_noted() -> None:
    titles = [f"heat{letter}" for letter in "abcd"]
    index = filled(*films(*titles), entities=EntitySettings(expansions=3, title_cap=2))
    results = index.search(EntityQuery(titles=["heats"]))
    assert (len(results), results.exact) == (2, False)
    assert [note.split(";")[0] for note in results.notes] == [
        "a word of the title 'heats' is like more than 3 words of titles",
        "more than 2 titles fit",
    ]
    assert index.search(EntityQuery(titles=["heata b"])).exact is False
    whole = filled(*films(*titles)).search(EntityQuery(titles=["heats"]))
    assert (len(whole), whole.exact, whole.notes) == (4, True, ())
