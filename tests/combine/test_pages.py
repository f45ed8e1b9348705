"""Offsets, orders, totals and facets of combinations: passed on where one engine answers, and
refused where lists are mixed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    Document,
    Failover,
    Fuse,
    IntegerField,
    Interleave,
    LexicalBackend,
    MatchAll,
    Results,
    Schema,
    SearchBackend,
    Shadow,
    Split,
    UnsupportedQuery,
)

from .conftest import Search

ROUTED: dict[str, Callable[..., SearchBackend]] = {
    "split": lambda one, other: Split(one, other, share=0.5, unit=lambda: "ann"),
    "shadow": lambda one, other: Shadow(one, other, lambda pair: None, sample=0),
    "failover": Failover,
}
MIXED: dict[str, Callable[..., SearchBackend]] = {
    "fuse": Fuse,
    "interleave": lambda one, other: Interleave(one, other, unit=lambda: "ann"),
}


def places(results: Results) -> list[tuple[str, int]]:
    return [(hit.document_uri, hit.chunk_idx) for hit in results]


@pytest.mark.parametrize("kind", [*ROUTED, *MIXED])
@pytest.mark.parametrize("collapse", [False, True])
def test_pages_partition_the_list(
    kind: str, collapse: bool, one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    combined = (ROUTED | MIXED)[kind](one, other)
    whole = search(combined, "alpha beta", 30, collapse=collapse)
    assert len(whole) == 30
    pages = [
        search(combined, "alpha beta", 7, offset=offset, collapse=collapse)
        for offset in range(0, 30, 7)
    ]
    assert [place for page in pages for place in places(page)] == places(whole)
    assert len(search(combined, "alpha beta", offset=25)) == 5


@pytest.mark.parametrize("kind", ROUTED)
def test_one_engines_answer_keeps_its_totals_facets_and_order(kind: str, search: Search) -> None:
    schema = Schema(fields=(IntegerField("year"),))
    engines = [nuthatch.open("memory:", schema=schema) for _ in range(2)]
    for engine in engines:
        engine.add(Document(f"d{n}", "", "alpha", {"year": n % 3}) for n in range(9))
    combined = ROUTED[kind](*engines)
    options: dict[str, Any] = {"sort": ["-year", "uri"], "facets": ["year"], "offset": 1}
    for query in ("alpha", MatchAll()):
        found = search(combined, query, 4, **options)
        assert places(found) == [("d5", 0), ("d8", 0), ("d1", 0), ("d4", 0)]
        assert (found.total, found.facets) == (9, {"year": ((0, 3), (1, 3), (2, 3))})


@pytest.mark.parametrize("kind", MIXED)
@pytest.mark.parametrize("feature", ["sort", "facets", "count"])
def test_a_mixed_list_has_neither_totals_nor_facets_nor_another_order(
    kind: str, feature: str, one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    value: Any = {"sort": "uri", "facets": "year", "count": True}[feature]
    combined = MIXED[kind](one, other)
    with pytest.raises(UnsupportedQuery, match="ask one of") as caught:
        search(combined, "alpha", **{feature: value})
    assert caught.value.feature == feature
    assert search(combined, "alpha").total is None
    with pytest.raises(UnsupportedQuery, match="sort"):
        search(combined, MatchAll())


def test_the_depth_of_fusion_bounds_the_offset_too(
    one: LexicalBackend, other: LexicalBackend
) -> None:
    fused = Fuse(one, other, depth=10)
    assert len(fused.search("alpha", 2, offset=8)) == 2
    with pytest.raises(UnsupportedQuery, match="a limit of 3 after an offset of 8"):
        fused.search("alpha", 3, offset=8)
    assert len(fused.search("alpha", offset=8)) == 2
