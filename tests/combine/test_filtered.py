"""Combinations of indexes that were opened with filters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import nuthatch
from combine.conftest import Faulty, Search
from nuthatch import (
    BackendUnavailable,
    Document,
    Facet,
    Failover,
    FilteredIndex,
    KeywordField,
    LexicalBackend,
    MatchAll,
    Schema,
)
from support.combined import KINDS

SCHEMA = Schema(fields=(KeywordField("tenant"),))
DOCUMENTS = [Document(f"{name}{n}", "fox", "", {"tenant": name}) for n in range(3) for name in "ab"]


@pytest.fixture
def views() -> Iterator[tuple[LexicalBackend, LexicalBackend]]:
    opened = [nuthatch.open("memory:", schema=SCHEMA) for _ in range(2)]
    for index in opened:
        index.add(DOCUMENTS)
    first, second = (FilteredIndex(index, "tenant=a") for index in opened)
    yield first, second
    first.close()
    second.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_combination_hands_out_nothing_that_its_indexes_do_not(
    kind: str, views: tuple[LexicalBackend, LexicalBackend], search: Search
) -> None:
    combination = KINDS[kind](*views)
    assert {hit.document_uri for hit in search(combination, "fox")} == {"a0", "a1", "a2"}
    assert combination.get("b0") is None
    assert combination.get("a0") == DOCUMENTS[0]


@pytest.mark.parametrize("kind", ["failover", "shadow", "split"])
def test_an_open_facet_counts_nothing_more(
    kind: str, views: tuple[LexicalBackend, LexicalBackend], search: Search
) -> None:
    facet = Facet("tenant", without_own_filter=True)
    results = search(KINDS[kind](*views), MatchAll(facets=facet, count=True))
    assert (results.total, list(results.facets["tenant"])) == (3, [("a", 3)])


def test_what_answers_for_a_failed_engine_has_its_own_filters(
    views: tuple[LexicalBackend, LexicalBackend], search: Search
) -> None:
    down = Faulty(views[0], BackendUnavailable("down", transient=True))
    assert len(search(Failover(down, views[1]), "fox")) == 3
