"""Exact OR against FTS5's own best form of it, and against bm25s."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import numpy as np

from benchmarks.baselines.bm25s import Bm25sSearch
from benchmarks.baselines.fts5 import Fts5Search
from benchmarks.report import Row
from benchmarks.sqlite.stage import LIMIT, Stage, assert_same, forget, open_index
from benchmarks.timing import Ratio, Seconds, Side, by_turns
from nuthatch import Rung
from nuthatch.text.normalize import NormalizedQuery, normalize
from nuthatch_sqlite.backend import SqliteBackend

SECTION = "Exact OR"
_FTS5 = "FTS5 `ORDER BY bm25(f) LIMIT k`"

Answer = list[tuple[int, float]]


def measure(stage: Stage) -> Iterator[Row]:
    """Yield the totals and each query set."""
    search = Bm25sSearch(stage.analyzer.tokens(f"{d.title} {d.text}") for d in stage.documents)
    with (
        stage.connection(stage.index) as connection,
        open_index(stage.index) as warm,
        open_index(stage.index) as cold,
    ):
        fts5 = Fts5Search(connection)
        sides = {
            "fts5": Side(lambda query: fts5.search(query.tokens, LIMIT)),
            "bm25s": Side(lambda query: search.search(query.tokens, LIMIT)),
            "warm": Side(_ranked(warm)),
            "cold": Side(_ranked(cold), before=lambda: forget(cold, keep_lengths=True)),
            "coldest": Side(_ranked(cold), before=lambda: forget(cold)),
            "search": Side(lambda query: warm.search(query.text, LIMIT, policy="ranked")),
        }
        times: dict[str, dict[str, Seconds]] = {}
        for name, texts in stage.queries.items():
            queries = [normalize(stage.analyzer, text) for text in texts]
            for query in queries:
                _check(query, sides)
                sides["warm"].run(query)  # a long list is read at its second touch
            times[name] = by_turns(sides, queries, stage.rounds)
    yield from _rows(times)


def _ranked(index: SqliteBackend) -> Callable[[NormalizedQuery], Answer]:
    """Return what ranks as `policy="ranked"` does: one snapshot, frequencies, one rung."""

    def run(query: NormalizedQuery) -> Answer:
        with index.reader() as reader:
            frequencies = reader.document_frequencies(tuple(dict.fromkeys(query.tokens)))
            known = tuple(token for token in query.tokens if frequencies[token])
            found = reader.match(Rung.of("OR", known or query.tokens), (), LIMIT)
            return [(cast(int, candidate.key), candidate.score) for candidate in found.candidates]

    return run


def _check(query: NormalizedQuery, sides: Mapping[str, Side]) -> None:
    warm: Answer = sides["warm"].run(query)  # type: ignore[assignment]
    cold: Answer = sides["cold"].run(query)  # type: ignore[assignment]
    rows: Answer = sides["fts5"].run(query)  # type: ignore[assignment]
    theirs: Answer = sides["bm25s"].run(query)  # type: ignore[assignment]
    assert_same(warm, [(id, -score) for id, score in rows], query.text)
    assert_same(warm, cold, query.text)
    # bm25s counts documents from zero, in float32, pads its answer with documents without a
    # score, and gives a word that most documents hold no weight where FTS5 gives it 1e-6.
    scored = [(position + 1, score) for position, score in theirs if score > 0]
    assert_same(warm[: len(scored)], scored, query.text, tolerance=1e-4)


def _rows(times: Mapping[str, Mapping[str, Seconds]]) -> Iterator[Row]:
    def ratio(baseline: str, side: str, names: Sequence[str] = tuple(times)) -> Ratio:
        joined = [np.hstack([times[name][item] for name in names]) for item in (baseline, side)]
        return Ratio.of(joined[0], joined[1])

    warm, cold = ratio("fts5", "warm"), ratio("fts5", "cold")
    yield Row(SECTION, "all sets, warm", _FTS5, warm, 12)
    yield Row(SECTION, "all sets, first touch", _FTS5, cold, 1.8)
    for what, each in (("warm", warm), ("first touch", cold)):
        yield Row(
            SECTION,
            f"slowest twentieth of queries, {what}",
            _FTS5,
            goal="p5 ≥ 1",
            value=f"p5 = {each.p5:.2f}",
            met=each.p5 >= 1,
        )
    yield Row(SECTION, "all sets, warm, bm25s", "bm25s, numpy", ratio("bm25s", "warm"), 6)
    what = "all sets, first touch, lengths read again for each query"
    yield Row(SECTION, what, _FTS5, ratio("fts5", "coldest"))
    yield Row(SECTION, "all sets, warm: whole `search` with hits", _FTS5, ratio("fts5", "search"))
    for name in times:
        yield Row(SECTION, f"{name}, warm", _FTS5, ratio("fts5", "warm", (name,)))
        yield Row(SECTION, f"{name}, first touch", _FTS5, ratio("fts5", "cold", (name,)))
        yield Row(SECTION, f"{name}, warm", "bm25s, numpy", ratio("bm25s", "warm", (name,)))
