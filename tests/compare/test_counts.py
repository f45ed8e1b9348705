"""Totals and facets of systems are compared, and queries may be more than texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import nuthatch
from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    FacetCount,
    IntegerField,
    InvalidConfig,
    KeywordField,
    LexicalBackend,
    MatchAll,
    PhraseField,
    Range,
    Schema,
    TextQuery,
)
from nuthatch_compare import Comparison, Counts, compare
from nuthatch_compare.measures.counts import compare_facets, compare_totals
from nuthatch_compare.performance.workload import Load

SCHEMA = Schema(fields=(IntegerField("year"), KeywordField("genre"), PhraseField("people")))
DOCUMENTS = [
    Document(
        f"d{n}",
        f"Film {n}",
        "thief " * (n % 3) + "space",
        {"year": 1990 + n, "genre": "ab"[n % 2]},
    )
    for n in range(12)
]


@pytest.fixture
def systems() -> Iterator[dict[str, LexicalBackend]]:
    """Open two indexes, of which the second lacks a document."""
    with (
        nuthatch.open("memory:", schema=SCHEMA) as whole,
        nuthatch.open("memory:", schema=SCHEMA) as partial,
    ):
        whole.add(DOCUMENTS)
        partial.add(DOCUMENTS[:-1])
        yield {"whole": whole, "partial": partial}


def conditions(comparison: Comparison) -> dict[str, tuple[str, bool]]:
    return {item.what: (item.found, item.good) for item in comparison.validity}


def test_other_totals_and_facets_are_told_with_the_query(
    systems: dict[str, LexicalBackend],
) -> None:
    counts = Counts(total=True, facets=("genre", "year"))
    found = conditions(compare(systems, {"a": "thief", "b": "space"}, counts=counts))
    assert found["the same total"] == (
        "2 of 2 queries differ: a (whole 8, partial 7); b (whole 12, partial 11)",
        False,
    )
    assert found["the same facet genre"] == (
        "2 of 2 queries differ: a (b: whole 4, partial 3); b (b: whole 6, partial 5)",
        False,
    )
    assert "(2001: whole 1, partial none)" in found["the same facet year"][0]


def test_the_same_counts_are_told_as_a_note(systems: dict[str, LexicalBackend]) -> None:
    with nuthatch.open("memory:", schema=SCHEMA) as other:
        other.add(reversed(DOCUMENTS))
        alike = {"whole": systems["whole"], "other": other}
        comparison = compare(alike, {"a": "thief"}, counts=Counts(total=True, facets=("genre",)))
    assert conditions(comparison)["the same total"] == ("the same for 1 query", True)
    assert "the same facet genre: the same for 1 query" in comparison.warnings


def test_nothing_is_counted_unless_it_is_wanted(systems: dict[str, LexicalBackend]) -> None:
    comparison = compare(systems, {"a": "thief space"}, counts=Counts())
    assert not any("facet" in what for what in conditions(comparison))


def test_queries_carry_filters_orders_and_policies(systems: dict[str, LexicalBackend]) -> None:
    queries = {
        "old": TextQuery("space", filters=[~Range("year", gte=1993)], sort=["-year"]),
        "shop": TextQuery("thief space", policy="all", filters=[AnyOf("genre", ["a"])]),
        "browse": MatchAll(sort="uri"),
        "title": EntityQuery(titles=["film 3"], offset=1),
    }
    comparison = compare(systems, queries, counts=Counts(total=True))
    rankings = comparison.rankings["whole"]
    assert rankings["old"] == ("d2", "d1", "d0")
    assert set(rankings["shop"]) == {"d2", "d4", "d8", "d10"}
    assert rankings["browse"] == tuple(sorted(document.uri for document in DOCUMENTS))
    assert len(rankings["title"]) == 11
    assert "browse (whole 12, partial 11)" in conditions(comparison)["the same total"][0]
    other = compare(systems, queries | {"old": replace(queries["old"], sort=["year"])})
    assert other.inputs["queries"] != comparison.inputs["queries"]


def test_latency_of_such_queries_is_refused_with_what_to_do(
    systems: dict[str, LexicalBackend],
) -> None:
    with pytest.raises(InvalidConfig, match="leave latency out, or give the queries as texts"):
        compare(systems, {"all": MatchAll()}, latency=Load.parse("closed:1"))


def test_counts_of_one_system_alone_are_not_compared() -> None:
    assert list(compare_totals({"a": {"q": 1}, "b": {}}, ["q"])) == []
    genres = {"genre": (FacetCount("x", 1),)}
    assert list(compare_facets({"a": {"q": genres}, "b": {}}, ["q"])) == []
    (same,) = compare_facets({"a": {"q": genres}, "b": {"q": genres}}, ["q"])
    assert (same.queries, same.different) == (1, 0)
