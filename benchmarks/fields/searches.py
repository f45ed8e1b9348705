"""Whole searches: what a total, facets, an order or a later page add to ranking alone.

The baseline is the same search for the best twenty, without them; a ratio of 0.5 means twice the
time. What is promised holds for the median over queries (p50).

| set of queries | see `benchmarks.queries`; all sets together                                |
| cold           | the index is opened for each search, and reads what it needs               |
| after a write  | a document is added before each search, with the feature and without       |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import nuthatch
from benchmarks.fields.documents import FIELDS
from benchmarks.fields.stage import FieldIndex
from benchmarks.queries import query_sets
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Document, LexicalBackend, MatchAll

SECTION = "Whole searches"
LIMIT = 20
#: By feature what it adds to a search, and the least ratio that is promised.
FEATURES: Mapping[str, tuple[dict[str, Any], float | None]] = {
    "sort by year": ({"sort": ("-year",)}, 1 / 2),
    "sort by place, uri": ({"sort": ("place", "uri")}, None),
    "offset 200": ({"offset": 200}, 1 / 1.5),
    "count": ({"count": True}, 1 / 1.5),
    "five facets": ({"facets": FIELDS}, None),
    "sort, count, facets": ({"sort": ("-year",), "count": True, "facets": FIELDS}, None),
}
_COLD = ("sort by year", "count", "five facets")


def measure(index: FieldIndex) -> Iterator[Row]:
    """Yield features against ranking alone: with cached columns, cold, and after a write."""
    stage = index.stage
    sample = stage.documents[:: max(1, len(stage.documents) // 3000)]
    sets = query_sets(sample, index.backend.analyzer, stage.queries)
    queries = list(chain.from_iterable(sets.values()))
    with nuthatch.open(index.url, policy="ranked") as backend:
        _check(backend, queries[:3])
        what = f"{index.engine}, {len(stage.documents):,} documents"
        yield from _compare(index, what, queries, FEATURES, _search(backend))
        yield from _measure_all_words(index, what, queries, backend)
        few = queries[:: max(1, len(queries) // 16)]
        some = {name: (FEATURES[name][0], None) for name in _COLD}
        after = f"{what}, after a write"
        yield from _compare(index, after, few, some, _search(backend), _writer(backend))
        backend.delete(["new"])

    def search_cold(query: str, **options: Any) -> object:
        with nuthatch.open(index.url, policy="ranked") as opened:
            return opened.search(query, LIMIT, **options)

    yield from _compare(index, f"{what}, cold", few, some, search_cold)


def _search(backend: LexicalBackend) -> Callable[..., object]:
    return lambda query, **options: backend.search(query, LIMIT, **options)


def _writer(backend: LexicalBackend) -> Callable[[], object]:
    """Return what adds a document, another one each time."""
    numbers = iter(range(10**6))

    def write() -> None:
        number = next(numbers)
        fields = {"place": "place 1", "year": 1990 + number % 30, "topics": ["topic 1"]}
        backend.add(Document("new", "New", f"A new document {number}.", fields))

    return write


def _compare(
    index: FieldIndex,
    what: str,
    queries: list[str],
    features: Mapping[str, tuple[dict[str, Any], float | None]],
    search: Callable[..., object],
    before: Callable[[], object] | None = None,
) -> Iterator[Row]:
    def side(options: dict[str, Any]) -> Side:
        return Side(lambda query: search(query, **options), before)

    sides = {"ranking": side({})} | {name: side(options) for name, (options, _) in features.items()}
    seconds = by_turns(sides, queries, index.stage.rounds, index.clock)
    for name, (_, least) in features.items():
        yield _row(f"{what}, {name}", Ratio.of(seconds["ranking"], seconds[name]), least)


def _measure_all_words(
    index: FieldIndex, what: str, queries: list[str], backend: LexicalBackend
) -> Iterator[Row]:
    """Yield what a total adds where all words must be there, as a shop asks."""
    sides = {
        "all": Side(lambda query: backend.search(query, LIMIT, policy="all")),
        "count": Side(lambda query: backend.search(query, LIMIT, policy="all", count=True)),
    }
    seconds = by_turns(sides, queries, index.stage.rounds, index.clock)
    ratio = Ratio.of(seconds["all"], seconds["count"])
    yield _row(f"{what}, all words, count", ratio, None, "the best twenty with all words")


def _row(what: str, ratio: Ratio, least: float | None, against: str = "ranking alone") -> Row:
    """Return a row whose verdict is on the median query."""
    return Row(
        SECTION,
        what,
        against,
        ratio,
        value=f"**{ratio.p50:.2f}** (p50)",
        goal="" if least is None else f"≥ {least:.2f} (p50)",
        met=None if least is None else ratio.p50 >= least,
    )


def _check(backend: LexicalBackend, queries: list[str]) -> None:
    """Hold that features count and order what ranking finds."""
    for query in queries:
        found = backend.search(query, 100_000, count=True)
        years = [hit.fields.get("year") for hit in backend.search(query, LIMIT, sort=["-year"])]
        assert found.total == len({hit.document_uri for hit in found}), query
        assert years == sorted(years, key=lambda year: -(year or 0)), query
    assert backend.search(MatchAll(limit=1)).total == backend.info().documents
