"""The ladder against the reference's algorithm, rung by rung with `ORDER BY rank` and a join.

`no cache` is `cache_bytes=0`: no postings are kept. Document frequencies are remembered even then,
as they always are until the index changes; a row of its own shows what they cost at first.

Twice: rows against rows (climb and fetch against statements, the same work product), and the
whole of `search`, which also normalizes, makes snippets and validates hits, against rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

import numpy as np

from benchmarks.baselines.reference import ReferenceSearch
from benchmarks.queries import AND_SETS, OR_SETS
from benchmarks.report import Row
from benchmarks.sqlite.stage import LIMIT, Stage, assert_same, forget, open_index
from benchmarks.timing import Ratio, Seconds, Side, by_turns
from nuthatch import run_blocking
from nuthatch.matching import LadderSearch
from nuthatch.pipeline.readers import LiftedReader
from nuthatch.pipeline.text_search import match_rungs
from nuthatch.text.normalize import NormalizedQuery, normalize
from nuthatch_sqlite.backend import SqliteBackend

SECTION = "Ladder"
_REFERENCE = "reference ladder"


def measure(stage: Stage) -> Iterator[Row]:
    """Yield the totals and each query set."""
    with (
        stage.connection(stage.reference) as connection,
        open_index(stage.index, cache_bytes=0) as plain,
        open_index(stage.index, cache_bytes=0) as plain_first,
        open_index(stage.index) as cached,
    ):
        reference = ReferenceSearch(connection)
        sides = {
            "reference": Side(lambda query: reference.search(query.tokens, LIMIT)),
            "plain": Side(_rows_of(plain)),
            "plain, first": Side(_rows_of(plain_first), before=lambda: forget(plain_first)),
            "cached": Side(_rows_of(cached)),
            "plain search": Side(_search_of(plain)),
            "cached search": Side(_search_of(cached)),
        }
        times: dict[str, dict[str, Seconds]] = {}
        for name, texts in stage.queries.items():
            queries = [normalize(stage.analyzer, text) for text in texts]
            for index in (plain, cached):
                _check(index, reference, queries)
            for query in queries:  # a conjunction's postings are read at its second touch
                for _ in range(2):
                    sides["cached"].run(query)
            times[name] = by_turns(sides, queries, stage.rounds)
    yield from _rows(times)


def _rows(times: Mapping[str, Mapping[str, Seconds]]) -> Iterator[Row]:
    def ratio(side: str, names: tuple[str, ...]) -> Ratio:
        joined = [np.hstack([times[name][item] for name in names]) for item in ("reference", side)]
        return Ratio.of(joined[0], joined[1])

    everything = tuple(times)
    yield Row(SECTION, "all sets, no cache", _REFERENCE, ratio("plain", everything), 1.4)
    yield Row(SECTION, "AND sets, warm cache", _REFERENCE, ratio("cached", AND_SETS), 4)
    yield Row(SECTION, "OR fallback, warm cache", _REFERENCE, ratio("cached", OR_SETS), 12)
    what = "all sets, no cache, document frequencies read again for each query"
    yield Row(SECTION, what, _REFERENCE, ratio("plain, first", everything))
    for name in times:
        yield Row(SECTION, f"{name}, no cache", _REFERENCE, ratio("plain", (name,)))
        yield Row(SECTION, f"{name}, warm cache", _REFERENCE, ratio("cached", (name,)))
    for side, cache in (("plain search", "no cache"), ("cached search", "warm cache")):
        what = f"all sets, {cache}: whole `search` with snippets and hits"
        yield Row(SECTION, what, f"{_REFERENCE}, bare rows", ratio(side, everything))


def _rows_of(index: SqliteBackend) -> Callable[[NormalizedQuery], LadderSearch]:
    def run(query: NormalizedQuery) -> LadderSearch:
        with index.reader() as reader:
            return run_blocking(_climb_and_fetch(LiftedReader(reader), query))

    return run


async def _climb_and_fetch(reader: LiftedReader, query: NormalizedQuery) -> LadderSearch:
    climb = LadderSearch(query, "ladder", LIMIT, None)
    await match_rungs("sqlite", climb, reader, ())
    await reader.fetch([candidate.key for _, candidate in climb.found], False)
    return climb


def _search_of(index: SqliteBackend) -> Callable[[NormalizedQuery], object]:
    return lambda query: index.search(query.text, LIMIT, policy="ladder")


def _check(
    index: SqliteBackend, reference: ReferenceSearch, queries: list[NormalizedQuery]
) -> None:
    run = _rows_of(index)
    for query in queries:
        found = [(cast(int, each.key), each.score) for _, each in run(query).found]
        rows = reference.search(query.tokens, LIMIT)
        assert_same(found, [(row[0], -row[1]) for row in rows], query.text)
