"""Bulk load against regex tokenizing into FTS5, and against building bm25s."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from time import process_time

import apsw

from benchmarks.baselines import regex_load
from benchmarks.baselines.bm25s import Bm25sSearch
from benchmarks.report import Row
from benchmarks.sqlite.stage import BATCH, Stage, open_index
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch_sqlite import schema

SECTION = "Bulk load"
_TERMS = "SELECT term, doc, cnt FROM temp.term"


def measure(stage: Stage) -> Iterator[Row]:
    """Yield each baseline; a load is one query of each round, into a new file on disk."""
    files = (stage.folder / f"load-{number}.db" for number in count())

    def ours(_: object) -> None:
        with open_index(next(files), create=True) as index:
            index.add(stage.documents, batch=BATCH)

    def regex(stored: regex_load.Stored) -> Side:
        return Side(lambda _: regex_load.load(next(files), stage.documents, BATCH, stored))

    def bm25s(_: object) -> None:
        Bm25sSearch(stage.analyzer.tokens(f"{d.title} {d.text}") for d in stage.documents)

    _assert_same_postings(stage)
    sides = {
        "ours": Side(ours),
        "stored": regex("compressed"),
        "bare": regex("nothing"),
        "bm25s": Side(bm25s),
    }
    seconds = by_turns(sides, [None], max(2, stage.rounds // 2), process_time)
    for path in stage.folder.glob("load-*"):
        path.unlink()
    for name, what, target in (
        ("stored", "regex tokens into FTS5, documents stored (zstd)", 1.4),
        ("bare", "regex tokens into FTS5, documents not stored", None),
        ("bm25s", "bm25s from the same tokens, in memory", 2.0),
    ):
        yield Row(SECTION, "`add`", what, Ratio.of(seconds[name], seconds["ours"]), target)
    megabytes = sum(len(document.text) + len(document.title) for document in stage.documents) / 1e6
    fastest = float(seconds["ours"].min())
    yield Row(SECTION, "`add`, best round", value=f"{megabytes / fastest:.1f} MB/s")


def _assert_same_postings(stage: Stage) -> None:
    with (
        stage.connection(stage.index) as ours,
        stage.connection(stage.reference) as theirs,
    ):
        if _terms(ours) != _terms(theirs):
            raise AssertionError("both loads must make the same postings")


def _terms(connection: apsw.Connection) -> int:
    """Return a hash of every term with its numbers of documents and occurrences."""
    connection.execute(schema.VOCABULARY)
    return hash(tuple(connection.execute(_TERMS)))
