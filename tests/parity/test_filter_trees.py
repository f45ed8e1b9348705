"""Trees of filters let the same documents pass on every engine as in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    All,
    AnyOf,
    BooleanField,
    DateField,
    DateTimeField,
    Document,
    EntityQuery,
    Exists,
    Filter,
    IntegerField,
    KeywordField,
    LexicalBackend,
    Mentions,
    Not,
    NumberField,
    PhraseField,
    Range,
    Schema,
    StartsWith,
    TextQuery,
    check_filters,
    matches_filter,
    values_by_field,
)
from nuthatch.corpora import Corpus
from nuthatch_conformance.filter_trees import TREE_SCHEMA, trees, typed_documents
from support.corpora import DATA

from .engines import Engine

FEW = settings(
    max_examples=max(20, settings().max_examples // 4),
    phases=set(Phase) - {Phase.shrink},  # examples are small, and each takes an index
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
QUERIES = (
    TextQuery("aa bb", policy="ranked"),
    TextQuery("aa bb", policy="ladder", collapse=True),
    TextQuery("bb", policy="auto"),
    EntityQuery(titles=["aa"]),
    EntityQuery(include={"people": ["Ann Lee", "Bob"]}, exclude={"studios": ["warner"]}),
)


def search(index: LexicalBackend, query: Any, filters: Any) -> list[object]:
    """Return the hits, those of equal score in the order of documents."""
    hits = index.search(query, 200, filters=filters)
    return sorted((-round(hit.score, 6), hit.document_uri, hit.chunk_idx) for hit in hits)


def names(index: LexicalBackend, query: Any, filters: Any) -> list[object]:
    """Return the chunks found, of collapsed hits the documents: which chunk is best may differ."""
    hits = index.search(query, 200, filters=filters)
    return sorted((hit.document_uri, 0 if query.collapse else hit.chunk_idx) for hit in hits)


@pytest.mark.parametrize("options", [{}, {"cache_bytes": 0}], ids=["", "uncached"])
@FEW
@given(
    documents=typed_documents(max_size=10),
    filters=st.lists(st.lists(trees, min_size=1, max_size=2), min_size=6, max_size=10),
)
def test_trees_let_the_same_documents_pass(
    engine: Engine, options: dict[str, int], documents: list[Document], filters: list[list[Filter]]
) -> None:
    if options and engine.name in ("tantivy", "opensearch"):
        options = {}
    with (
        engine.index(TREE_SCHEMA, **options) as index,
        nuthatch.open("memory:", schema=TREE_SCHEMA) as memory,
    ):
        for searched in (index, memory):
            searched.add(documents)
            searched.add([Document("gone", "aa", "bb aa", {"sizes": 1, "people": "Bob"})])
            searched.delete("gone")
        for number, some in enumerate(filters):
            query = QUERIES[number % len(QUERIES)]
            compare = search if isinstance(query, EntityQuery) else names
            for _ in range(2):  # the second is served from caches
                assert compare(index, query, some) == compare(memory, query, some), (query, some)


FILM_SCHEMA = Schema(
    analyzer="english",
    chunker="words:40:5",
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
)
COMMON = "life man love world young find family war"


def films() -> list[Document]:
    """Return a third of the films of tmdb5000, with two fields more."""
    if not (DATA / "tmdb5000").is_dir():
        pytest.skip(f"the corpus tmdb5000 is not at {DATA}")
    documents = []
    for film in list(Corpus([str(DATA / "tmdb5000")]))[::3]:
        fields = dict(film.fields)
        runtime, day = fields.get("runtime"), fields.get("release_date")
        if isinstance(runtime, int):
            fields["long"] = runtime >= 120
        if day:
            fields["shown"] = [f"{day}T00:30:00+05:00", f"{day}T23:00:00.5-08:00"]
        documents.append(Document(film.uri, film.title, film.text, fields))
    return documents


def draw_tree(random: Random, values: Sequence[dict[str, Any]], depth: int = 3) -> Filter:
    """Return a tree on values that some films have."""
    if depth and random.random() < 0.6:
        parts = [draw_tree(random, values, depth - 1) for _ in range(random.randint(1, 3))]
        return random.choice([All, nuthatch.Any, lambda *some: Not(some[0])])(*parts)
    found = {}
    while not found:
        found = random.choice(values)
    name = random.choice(sorted(found))
    value = random.choice(found[name])
    if name in ("people", "studios"):
        cut = value[: random.randint(1, 9)] if name == "studios" else value
        return random.choice([Mentions(name, [cut, "nobody"]), Exists(name)])
    if name == "shown":
        day = date(1970, 1, 1) + timedelta(microseconds=value)
        return random.choice([AnyOf(name, [day]), Range(name, gt=day), Range(name, lte=day)])
    if name == "long":
        return AnyOf(name, [bool(value)])
    starts = [StartsWith(name, value[:2])] if name in ("genres", "countries") else []
    bounds = [Range(name, **{bound: value}) for bound in ("gt", "gte", "lt", "lte")]
    return random.choice([AnyOf(name, [value]), Exists(name), *bounds, *starts])


@pytest.mark.parametrize("number", [60, pytest.param(2000, marks=pytest.mark.nightly)])
def test_on_films_a_tree_keeps_what_passes_it(engine: Engine, number: int) -> None:
    documents = films()
    values = {film.uri: values_by_field(FILM_SCHEMA, film) for film in documents}
    random = Random(number)
    with engine.index(FILM_SCHEMA) as index:
        index.add(documents)
        queries = (TextQuery(COMMON, policy="ranked"), EntityQuery(titles=["the last man"]))
        whole = [{hit.document_uri for hit in index.search(query, 10_000)} for query in queries]
        assert [len(some) > 50 for some in whole] == [True, True]
        for _ in range(number):
            tree = draw_tree(random, list(values.values()))
            checked = check_filters(FILM_SCHEMA, tree)
            passing = {
                uri
                for uri, some in values.items()
                if all(matches_filter(FILM_SCHEMA, some, part) for part in checked)
            }
            for query, everything in zip(queries, whole, strict=True):
                hits = index.search(query, 10_000, filters=[tree])
                assert {hit.document_uri for hit in hits} == passing & everything, (query, tree)
