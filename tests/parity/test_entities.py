"""Entity search is arithmetic: the same documents with the same scores on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    AnyOf,
    Corpus,
    DateField,
    Document,
    EntityQuery,
    IntegerField,
    KeywordField,
    PhraseField,
    QueryTimeout,
    Range,
    Results,
    Schema,
    run_blocking,
)
from nuthatch.entities import EntityMatches, EntitySettings, match_by_lookups, plan_of
from nuthatch.memory import MemoryReader
from nuthatch.pipeline.readers import LiftedReader
from support.corpora import DATA
from support.entity_oracle import Answer, answer
from support.entity_strategies import CORPUS, FILMS, entity_queries

from .engines import Engine

TMDB = Schema(
    fields=(
        PhraseField("people"),
        PhraseField("characters", match="substring"),
        KeywordField("genres"),
        IntegerField("year"),
        DateField("release_date"),
    )
)
LIMIT = 50


def assert_same(found: Results, expected: Answer) -> None:
    """Compare documents and score; a tie at the cut may fall either way."""
    assert [hit.score for hit in found] == pytest.approx(
        [score for _, score, _ in expected[: len(found)]], abs=1e-9
    )
    assert len(found) == min(len(expected), LIMIT)
    if not found:
        return
    cut = found[-1].score + 1e-9 if len(expected) > LIMIT else -1.0
    parts = {uri: part for uri, score, part in expected if score > cut}
    assert {hit.document_uri for hit in found if hit.score > cut} == parts.keys()
    for hit in found:
        if hit.score > cut:
            assert hit.score_parts == pytest.approx(parts[hit.document_uri], abs=1e-9)


def _entities(engine: Engine) -> None:
    with engine.index(FILMS) as index:
        if not index.capabilities.entities:
            pytest.skip(f"{engine.name}: {index.capabilities.entities.reason}")


@given(
    CORPUS, CORPUS, st.sets(st.integers(0, 9)), st.lists(entity_queries(), min_size=2, max_size=5)
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_drawn_films_are_found_alike(
    engine: Engine,
    first: list[Document],
    second: list[Document],
    deleted: set[int],
    queries: list[EntityQuery],
) -> None:
    _entities(engine)
    stored: dict[str, Document] = {}
    with engine.index(FILMS) as index:
        for films, gone in ((first, set[int]()), (second, deleted)):
            index.add(films)
            for film in films:
                unchanged = stored.get(film.uri) == film
                if not unchanged:
                    stored.pop(film.uri, None)
                    stored[film.uri] = film
            uris = [f"film-{number}" for number in gone]
            index.delete(uris)
            for uri in uris:
                stored.pop(uri, None)
            for query in queries:
                assert_same(index.search(query, LIMIT), answer([*stored.values()], FILMS, query))


@given(
    CORPUS,
    st.lists(entity_queries(), min_size=2, max_size=5),
    st.builds(
        lambda made, **caps: made(**caps),
        st.sampled_from([EntitySettings, EntitySettings, EntitySettings.reference]),
        phrase_cap=st.integers(1, 3),
        frequent=st.integers(0, 4),
        expansions=st.integers(1, 3),
        title_cap=st.integers(1, 5),
    ),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_small_settings_cut_alike(
    engine: Engine, films: list[Document], queries: list[EntityQuery], chosen: EntitySettings
) -> None:
    _entities(engine)
    memory = nuthatch.open("memory:", schema=FILMS, entities=chosen)
    with engine.index(FILMS, entities=chosen) as index:
        for each in (index, memory):
            each.add(films)
        for query in queries:
            of_memory = memory.search(query, LIMIT)
            expected = [(hit.document_uri, hit.score, dict(hit.score_parts)) for hit in of_memory]
            found = index.search(query, LIMIT)
            assert_same(found, expected)
            assert [hit.document_uri for hit in found] == [uri for uri, _, _ in expected]
            assert (found.exact, found.notes) == (of_memory.exact, of_memory.notes)


@given(CORPUS, st.lists(entity_queries(), min_size=2, max_size=5), st.integers(0, 4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_frequent_words_count_and_find_as_by_the_definition(
    engine: Engine, films: list[Document], queries: list[EntityQuery], frequent: int
) -> None:
    _entities(engine)
    with engine.index(FILMS, entities=EntitySettings(frequent=frequent)) as index:
        index.add(films)
        for query in queries:
            assert_same(index.search(query, LIMIT), answer(films, FILMS, query, frequent=frequent))


@given(CORPUS, st.lists(entity_queries(), min_size=2, max_size=5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_reference_is_a_setting(
    engine: Engine, films: list[Document], queries: list[EntityQuery]
) -> None:
    _entities(engine)
    with engine.index(FILMS, entities="reference") as index:
        index.add(films)
        for query in queries:
            assert_same(index.search(query, LIMIT), answer(films, FILMS, query, reference=True))


def test_a_title_typed_exactly_comes_first(engine: Engine) -> None:
    _entities(engine)
    titles = ["na nana", "nana na", "Hero", "Her", "101 Dalmatians", "The The", "The", "Go Go"]
    with engine.index(FILMS, entities=EntitySettings(frequent=1)) as index:
        index.add(Document(f"film-{at}", title) for at, title in enumerate(titles))
        for title in titles:
            hits = index.search(EntityQuery(titles=[title.upper()]))
            assert (hits[0].title, hits[0].score) == (title, 1.0)
        every = index.search(EntityQuery(titles=titles))
        assert [hit.title for hit in every] == titles
        assert {hit.score for hit in every} == {1.0}


def test_many_searches_of_words_like_numbers_end_in_time(engine: Engine) -> None:
    _entities(engine)
    random = Random(4)
    words = [str(random.randrange(10**6, 10**7)) for _ in range(3000)]
    with engine.index(FILMS, entities="reference") as index:
        index.add(Document(f"film-{at}", " ".join(words[at::1000])) for at in range(1000))
        query = EntityQuery(titles=[" ".join(random.sample(words, 30)) for _ in range(24)])
        try:
            assert index.search(query, timeout=0.05).hits
        except QueryTimeout:
            assert index.search(EntityQuery(titles=[words[0]]), timeout=30)[0].score > 0


@cache
def _films() -> tuple[list[Document], MemoryReader]:
    films = list(Corpus([str(DATA / "tmdb5000" / "corpus.jsonl.gz")]))
    memory = nuthatch.open("memory:", schema=TMDB)
    memory.add(films)
    with memory.reader() as reader:
        assert isinstance(reader, MemoryReader)
        return films, reader


def _typed(random: Random, text: str) -> str:
    """Return a text as somebody may type it who does not look: at most two slips."""
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        at = random.randrange(len(text) + 1)
        slip = random.choice(("drop", "double", "swap", "other"))
        if slip == "drop":
            text = text[:at] + text[at + 1 :]
        elif slip == "double":
            text = text[:at] + text[at : at + 1] + text[at:]
        elif slip == "swap":
            text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        else:
            text = text[:at] + random.choice("aeinst") + text[at + 1 :]
    return text


def _queries(films: list[Document], number: int, seed: int) -> Iterator[EntityQuery]:
    random = Random(seed)

    def names(field: str, most: int) -> list[str]:
        values = [film.fields.get(field) or [] for film in random.choices(films, k=most)]
        return [random.choice(each).upper() for each in values if each]

    for _ in range(number):
        include: dict[str, list[str]] = {}
        exclude: dict[str, list[str]] = {}
        titles = [
            _typed(random, film.title)
            for film in random.choices(films, k=random.choice((0, 1, 1, 2)))
        ]
        if random.random() < 0.6:
            include["people"] = names("people", random.choice((1, 1, 2)))
        if random.random() < 0.5:
            parts = [name.split()[0] for name in names("characters", 2) if name.split()]
            include["characters"] = parts
        if random.random() < 0.3:
            exclude[random.choice(("people", "characters"))] = [*names("people", 1), "man"]
        filters: list[Range | AnyOf] = []
        if random.random() < 0.4:
            filters.append(Range("year", gte=random.randint(1960, 2012)))
        if random.random() < 0.2:
            filters.append(AnyOf("genres", ["Drama", "Comedy"]))
        if random.random() < 0.2:
            filters.append(Range("release_date", lte="2009-09-09"))
        if titles or any(include.values()):
            yield EntityQuery(include, exclude, titles, filters)


def _by_memory(reader: MemoryReader, query: EntityQuery) -> EntityMatches:
    plan = plan_of(query, TMDB, tuple(query.filters), EntitySettings())
    return run_blocking(match_by_lookups(LiftedReader(reader), plan, 5000))


@cache
def _asked(number: int) -> list[tuple[EntityQuery, Answer]]:
    """Return queries with what memory answers."""
    films, memory = _films()
    uris = [row.uri for row in memory.fetch(range(len(films)), proofs=False)]
    return [
        (
            query,
            [(uris[cast(int, each.key)], each.score, each.parts) for each in matches.candidates],
        )
        for query in _queries(films, number, seed=number)
        for matches in [_by_memory(memory, query)]
    ]


@pytest.mark.skipif(not (DATA / "tmdb5000").is_dir(), reason="the corpus tmdb5000 is not here")
@pytest.mark.parametrize(
    "number", [150, pytest.param(3000, marks=pytest.mark.nightly)], ids=["some", "thousands"]
)
def test_real_films_are_found_alike(engine: Engine, number: int) -> None:
    _entities(engine)
    hits = 0
    with engine.index(TMDB) as index:
        index.add(_films()[0])
        for query, expected in _asked(number):
            found = index.search(query, LIMIT)
            assert_same(found, expected)
            hits += len(found)
    assert hits > number
