"""Tantivy's disjunctions and conjunctions against FTS5's, and SQLite's cache against Tantivy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.baselines.fts5 import Fts5Search
from benchmarks.baselines.tantivy import TantivySearch
from benchmarks.report import Row
from benchmarks.sqlite.stage import LIMIT
from benchmarks.tantivy.stage import Pair, ranking
from benchmarks.timing import Ratio, Seconds, Side, by_turns
from nuthatch.text.normalize import normalize

SECTION = "Ranking"
_FTS5 = "FTS5 `ORDER BY bm25(f) LIMIT k`"
#: Sets whose conjunction of all words matches something.
_MATCHING = ("and_hit", "question", "common", "single")


def measure(pair: Pair) -> Iterator[Row]:
    """Yield the totals, then each query set."""
    stage = pair.stage
    with (
        pair.open("tantivy") as tantivy,
        pair.open("sqlite") as sqlite,
        stage.connection(pair.path("sqlite")) as connection,
    ):
        fts5, raw = Fts5Search(connection), TantivySearch(pair.path("tantivy"))
        either = {
            "fts5": Side(lambda query: fts5.search(query.tokens, LIMIT)),
            "raw": Side(lambda query: raw.search(query.tokens, LIMIT)),
            "tantivy": Side(ranking(tantivy)),
            "sqlite": Side(ranking(sqlite)),
        }
        every = {
            "fts5": Side(lambda query: fts5.search(query.tokens, LIMIT, "AND")),
            "raw": Side(lambda query: raw.search(query.tokens, LIMIT, "AND")),
            "tantivy": Side(ranking(tantivy, "AND")),
        }
        or_times: dict[str, dict[str, Seconds]] = {}
        and_times: dict[str, dict[str, Seconds]] = {}
        for name, texts in stage.queries.items():
            queries = [normalize(stage.analyzer, text) for text in texts]
            for query in queries:
                _check(query.text, [side.run(query) for side in either.values()])
                either["sqlite"].run(query)  # the cache is warm at the second touch
            or_times[name] = by_turns(either, queries, stage.rounds)
            if name in _MATCHING:
                for query in queries:
                    _check(query.text, [side.run(query) for side in every.values()])
                and_times[name] = by_turns(every, queries, stage.rounds)
    for operator, times, target in (("OR", or_times, 15.0), ("AND", and_times, 1.5)):
        yield _row(f"Tantivy, {operator}", _FTS5, times, "fts5", "tantivy", target)
        yield _row(f"tantivy-py alone, {operator}", _FTS5, times, "fts5", "raw")
    yield _row("SQLite `ranked`, warm", "tantivy-py alone", or_times, "raw", "sqlite", 0.3)
    yield _row("SQLite `ranked`, warm", "Tantivy", or_times, "tantivy", "sqlite")
    for operator, times in (("OR", or_times), ("AND", and_times)):
        for name in times:
            only = {name: times[name]}
            yield _row(f"Tantivy, {operator}, {name}", _FTS5, only, "fts5", "tantivy")
    for name in or_times:
        only = {name: or_times[name]}
        yield _row(f"SQLite `ranked`, warm, {name}", "tantivy-py alone", only, "raw", "sqlite")


def _check(text: str, answers: Sequence[object]) -> None:
    """Raise unless all sides find equally many; their formulas differ, so scores are not held."""
    counts = {len(answer) for answer in answers}  # type: ignore[arg-type]
    if len(counts) != 1:
        raise AssertionError(f"{text!r}: the sides found {sorted(counts)} hits")


def _row(
    what: str,
    against: str,
    times: dict[str, dict[str, Seconds]],
    baseline: str,
    side: str,
    target: float | None = None,
) -> Row:
    theirs, ours = (
        np.hstack([time_[name] for time_ in times.values()]) for name in (baseline, side)
    )
    return Row(SECTION, what, against, Ratio.of(theirs, ours), target)
