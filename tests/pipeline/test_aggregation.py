"""Totals, facets and orders over all that match: the same whatever an engine's reader has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    All,
    AnyOf,
    BooleanField,
    DateTimeField,
    Document,
    Facet,
    IntegerField,
    InvalidQuery,
    KeywordField,
    LexicalBackend,
    Not,
    Range,
    Rung,
    Schema,
    check_filters,
    run_blocking,
)
from nuthatch import Any as AnyFilter
from nuthatch.pipeline.aggregation import plan_aggregation, read_matching
from nuthatch.pipeline.matching_source import EngineFacts, open_source
from nuthatch.pipeline.readers import LiftedReader

SCHEMA = Schema(
    chunker="words:2:0",
    fields=(
        KeywordField("genre"),
        IntegerField("year"),
        BooleanField("seen"),
        DateTimeField("at"),
    ),
)
FILMS = [
    Document(
        f"d{number:02}",
        "",
        "film " * (1 + number % 5),
        {
            "genre": [["Drama"], ["War", "Drama"], [], ["Comedy"]][number % 4],
            "year": 1990 + number % 6,
            "seen": number % 2 == 0,
            "at": f"2024-05-01T0{number % 3}:00:00+02:00",
        },
    )
    for number in range(30)
]
RUNG = Rung.of("OR", ("film",))


class WithoutColumns:
    """A reader of the required methods and `documents`, of an engine with neither columns nor
    `matching`."""

    def __init__(self, reader: Any) -> None:
        self.document_frequencies = reader.document_frequencies
        self.match = reader.match
        self.fetch = reader.fetch
        self.get = reader.get
        self.statistics = reader.statistics
        self.documents = reader.documents


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LexicalBackend]]:
    folder: Path = tmp_path_factory.mktemp("aggregation")
    urls = ["memory:", f"sqlite:{folder}/index.db", f"tantivy:{folder}/index"]
    opened = [nuthatch.open(url, create=True, schema=SCHEMA) for url in urls]
    for index in opened:
        index.add(FILMS)
    yield opened
    for index in opened:
        index.close()


def aggregate(
    index: LexicalBackend,
    filters: Sequence[Any] = (),
    facets: Sequence[Facet | str] = (),
    sort: Sequence[str] = ("uri",),
    *,
    plain: bool = False,
    collapse: bool = False,
    limit: int = 100,
) -> tuple[int, Any, list[tuple[str, int]]]:
    """Return the total, the facets, and the places of the sorted chunks."""
    wanted = plan_aggregation(SCHEMA, check_filters(SCHEMA, filters), facets, sort)
    with index.reader() as reader:
        lifted = LiftedReader(WithoutColumns(reader) if plain else reader)
        facts = EngineFacts(index.name, SCHEMA, index.analyzer, None, None, snapshot=True)
        found = run_blocking(read_matching(wanted, open_source(facts, lifted), RUNG))
        matches = reader.match(RUNG, wanted.shared, 1000).candidates
        keys = found.sort(limit, collapse=collapse, scores=dict(matches))
        rows = reader.fetch(list(keys), False)
        totals = found.count()
        return totals.total, totals.facets, [(row.uri, row.chunk_idx) for row in rows if row]


leaf = st.one_of(
    st.integers(1989, 1997).map(lambda year: Range("year", gte=year)),
    st.lists(st.sampled_from(["Drama", "War", "Comedy", "None"]), min_size=1).map(
        lambda genres: AnyOf("genre", genres)
    ),
    st.booleans().map(lambda seen: AnyOf("seen", [seen])),
)
trees = st.recursive(
    leaf,
    lambda parts: st.one_of(
        st.lists(parts, max_size=2).map(lambda several: AnyFilter(*several)), parts.map(Not)
    ),
    max_leaves=3,
)
keys = st.permutations(["genre", "year", "at", "seen"]).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names[:2]))
)


@given(st.lists(trees, max_size=2), keys, st.booleans())
def test_every_engine_and_the_slow_way_agree(
    indexes: list[LexicalBackend], filters: list[Any], order: tuple[str, ...], collapse: bool
) -> None:
    facets = ["genre", "seen", "at", Facet("year", 3)]
    sort = [*order, "uri"]
    answers = [
        aggregate(index, filters, facets, sort, plain=plain, collapse=collapse)
        for index in indexes
        for plain in (False, True)
    ]
    assert all(answer == answers[0] for answer in answers)


@given(st.lists(trees, max_size=2), st.integers(0, 5))
def test_facets_are_the_lengths_of_filtered_lists(
    indexes: list[LexicalBackend], filters: list[Any], which: int
) -> None:
    index, plain = indexes[which // 2], bool(which % 2)
    total, facets, _ = aggregate(index, filters, ["genre", "seen", "at"], plain=plain)
    for field, counts in facets.items():
        for value, documents in counts:
            narrowed = [*filters, AnyOf(field, [value])]
            assert aggregate(index, narrowed, plain=plain)[0] == documents
    ranges = [Range("year", lt=1993), Range("year", gte=1993, lte=1994), Range("year", gt=2000)]
    facets = aggregate(index, filters, [Facet("year", ranges=ranges)], plain=plain)[1]
    assert [value for value, _ in facets["year"]] == ranges
    for value, documents in facets["year"]:
        assert aggregate(index, [*filters, value], plain=plain)[0] == documents
    assert total == len(aggregate(index, filters, plain=plain, collapse=True)[2])


def test_values_are_shown_as_documents_have_them(indexes: list[LexicalBackend]) -> None:
    for index in indexes:
        _, facets, _ = aggregate(index, facets=["seen", "at", Facet("genre", 2)])
        assert facets["seen"] == ((False, 15), (True, 15))
        assert [value for value, _ in facets["at"]] == [
            "2024-04-30T22:00:00Z",
            "2024-04-30T23:00:00Z",
            "2024-05-01T00:00:00Z",
        ]
        assert facets["genre"] == (("Drama", 16), ("War", 8))


def test_a_facet_without_its_own_filter_counts_what_else_could_be_chosen(
    indexes: list[LexicalBackend],
) -> None:
    filters = [AnyOf("genre", ["War"]), AnyOf("seen", [False]), Range("year", gte=1991)]
    others = [filters[1], filters[2]]
    for index in indexes:
        facets = [Facet("genre", without_own_filter=True), "year"]
        total, found, _ = aggregate(index, filters, facets)
        assert found["genre"] == aggregate(index, others, ["genre"])[1]["genre"]
        assert (total, found["year"]) == (
            aggregate(index, filters)[0],
            aggregate(index, filters, ["year"])[1]["year"],
        )
        both = [Facet(name, without_own_filter=True) for name in ("genre", "seen")]
        assert (
            aggregate(index, filters, both)[1]["seen"]
            == aggregate(index, [filters[0], filters[2]], ["seen"])[1]["seen"]
        )


def test_a_facets_own_filter_must_be_told_from_others() -> None:
    mixed = check_filters(SCHEMA, [AnyOf("genre", ["War"]) | AnyOf("seen", [True])])
    with pytest.raises(InvalidQuery, match="one names it beside others"):
        plan_aggregation(SCHEMA, mixed, [Facet("genre", without_own_filter=True)], ())
    alone = check_filters(SCHEMA, [All(AnyOf("genre", ["War"]), ~AnyOf("genre", ["Drama"]))])
    wanted = plan_aggregation(SCHEMA, alone, [Facet("genre", without_own_filter=True)], ())
    assert wanted.own["genre"] == alone
    assert wanted.shared == ()


def test_pages_partition_the_order(indexes: list[LexicalBackend]) -> None:
    for index in indexes:
        for sort in (["-year", "uri"], ["-score", "uri"]):
            whole = aggregate(index, sort=sort)[2]
            assert len(whole) == len(set(whole)) == 54
            for limit in (1, 7, 50):
                assert aggregate(index, sort=sort, limit=limit)[2] == whole[:limit]
