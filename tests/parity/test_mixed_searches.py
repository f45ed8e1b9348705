"""Searches that mix every feature have the same totals, facets, pages and hits on every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    BooleanField,
    DateField,
    DateTimeField,
    Document,
    IntegerField,
    KeywordField,
    LexicalBackend,
    NumberField,
    PhraseField,
    Schema,
)
from nuthatch.corpora import Corpus
from nuthatch_conformance.filter_trees import TREE_SCHEMA, typed_documents
from support.corpora import DATA

from .engines import Engine
from .searches import Answer, Draw, Search, ask, differences

FEW = settings(
    max_examples=max(20, settings().max_examples // 4),
    phases=set(Phase) - {Phase.shrink},  # examples are small, and each takes an index
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def change(index: LexicalBackend, documents: Sequence[Document]) -> None:
    """Delete some documents, and give others the fields of their neighbours."""
    index.delete([document.uri for document in documents[::7]])
    index.add(
        Document(document.uri, document.title, document.text, neighbour.fields)
        for document, neighbour in zip(documents[1::5], documents[2::5], strict=False)
    )


def assert_alike(index: LexicalBackend, memory: LexicalBackend, searches: list[Search]) -> None:
    for search in searches:
        expected = ask(memory, search)
        for _ in range(2):  # the second is served from caches
            assert list(differences(search, ask(index, search), expected)) == [], search


@FEW
@given(documents=typed_documents(max_size=12), random=st.randoms(use_true_random=False))
def test_drawn_documents_are_searched_alike(
    engine: Engine, documents: list[Document], random: Random
) -> None:
    draw = Draw(random, TREE_SCHEMA, documents)
    with (
        engine.index(TREE_SCHEMA) as index,
        nuthatch.open("memory:", schema=TREE_SCHEMA) as memory,
    ):
        for searched in (index, memory):
            searched.add(documents)
        assert_alike(index, memory, [draw.search() for _ in range(12)])
        for searched in (index, memory):
            change(searched, documents)
        plain = Draw(random, TREE_SCHEMA, documents, is_settled=False)
        assert_alike(index, memory, [plain.search() for _ in range(8)])
        index.optimize()  # which forgets words that only deleted documents had
        assert_alike(index, memory, [draw.search() for _ in range(4)])


@dataclass(frozen=True)
class Sample:
    """A part of a real corpus, its schema, and what its fields are made of."""

    corpus: str
    schema: Schema
    fields: Callable[[Document], dict[str, Any]]
    every: int


def _product(document: Document) -> dict[str, Any]:
    own = document.fields
    return {name: own.get(name) for name in ("brand", "price", "date_released", "ean")}


def _film(document: Document) -> dict[str, Any]:
    return {name: document.fields.get(name) for name in ("year", "genres", "cast")}


def _released(document: Document) -> dict[str, Any]:
    own, day = document.fields, document.fields.get("release_date")
    names = ("year", "vote_average", "genres", "countries", "release_date", "people", "studios")
    return {
        **{name: own.get(name) for name in names},
        "shown": [f"{day}T00:30:00+05:00", f"{day}T23:00:00.5-08:00"] if day else None,
        "long": (own.get("runtime") or 0) >= 120,
    }


def _news(document: Document) -> dict[str, Any]:
    own = document.fields
    return {
        "published": f"{own['date']}Z" if own.get("date") else None,
        "words": len(document.text.split()),
        **{name: own.get(name) for name in ("topics", "places", "people")},
    }


SAMPLES: Final = [
    Sample(
        "chorus-icecat",
        Schema(
            analyzer="english",
            fields=(
                KeywordField("brand"),
                IntegerField("price"),
                DateField("date_released"),
                KeywordField("ean"),
            ),
        ),
        _product,
        every=24,
    ),
    Sample(
        "movies",
        Schema(
            analyzer="english",
            chunker="words:30:5",
            fields=(IntegerField("year"), KeywordField("genres"), PhraseField("cast")),
        ),
        _film,
        every=48,
    ),
    Sample(
        "tmdb5000",
        Schema(
            analyzer="english",
            fields=(
                IntegerField("year"),
                NumberField("vote_average"),
                KeywordField("genres"),
                KeywordField("countries"),
                DateField("release_date"),
                DateTimeField("shown"),
                BooleanField("long"),
                PhraseField("people"),
                PhraseField("studios", match="substring"),
            ),
        ),
        _released,
        every=6,
    ),
    Sample(
        "reuters21578",
        Schema(
            analyzer="english",
            chunker="words:60:10",
            fields=(
                DateTimeField("published"),
                IntegerField("words"),
                KeywordField("topics"),
                KeywordField("places"),
                PhraseField("people"),
            ),
        ),
        _news,
        every=40,
    ),
]
#: How many searches there are for each corpus: half of them after a change.
NUMBERS: Final = [40, pytest.param(1000, marks=pytest.mark.nightly)]


@cache
def documents_of(corpus: str) -> list[Document]:
    if not (DATA / corpus).is_dir():
        pytest.skip(f"the corpus {corpus} is not at {DATA}")
    sample = next(sample for sample in SAMPLES if sample.corpus == corpus)
    return [
        Document(document.uri, document.title, document.text, sample.fields(document))
        for document in list(Corpus([str(DATA / corpus)]))[:: sample.every]
    ]


@cache
def searches_of(corpus: str, number: int) -> list[Search]:
    sample = next(sample for sample in SAMPLES if sample.corpus == corpus)
    draw = Draw(Random(number), sample.schema, documents_of(corpus))
    return [draw.search() for _ in range(number)]


def answer_all(index: LexicalBackend, corpus: str, number: int) -> list[Answer]:
    """Return the answers to all searches, the second half of them after a change."""
    searches = searches_of(corpus, number)
    index.add(documents_of(corpus))
    before = [ask(index, search) for search in searches[: number // 2]]
    change(index, documents_of(corpus))
    if index.capabilities.optimize:
        index.optimize()  # which forgets words that only deleted documents had
    return before + [ask(index, search) for search in searches[number // 2 :]]


@cache
def by_memory(corpus: str, number: int) -> list[Answer]:
    sample = next(sample for sample in SAMPLES if sample.corpus == corpus)
    with nuthatch.open("memory:", schema=sample.schema) as memory:
        return answer_all(memory, corpus, number)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.corpus)
def test_a_real_corpus_is_searched_alike(engine: Engine, sample: Sample, number: int) -> None:
    corpus = sample.corpus
    expected = by_memory(corpus, number)
    with engine.index(sample.schema) as index:
        found = answer_all(index, corpus, number)
    wrong = [
        (search, fault)
        for search, ours, theirs in zip(searches_of(corpus, number), found, expected, strict=True)
        for fault in differences(search, ours, theirs)
    ]
    assert wrong == []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.corpus)
def test_the_searches_mix_every_feature(sample: Sample) -> None:
    """Or the tests above would compare nothing with nothing."""
    searches, answers = searches_of(sample.corpus, 40), by_memory(sample.corpus, 40)
    assert {type(search.query).__name__ for search in searches} >= {"TextQuery", "MatchAll"}
    answered = [answer for answer in answers if not answer.error]
    assert len(answered) > 30
    assert sum(bool(answer.hits) for answer in answers) > 15
    assert sum(any(counts for counts in answer.facets.values()) for answer in answers) > 5
    assert sum(search.is_ordered for search in searches) > 10
