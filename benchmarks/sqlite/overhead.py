"""What nuthatch adds to an AND query: `search` less the work that any program would have to do.

That work is the very statements that the search issues, recorded and run again on a connection
that has them prepared, the decompression of the ten texts, and their snippets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apsw
import numpy as np
import zstandard

from benchmarks.report import Row
from benchmarks.sqlite.stage import LIMIT, Stage, forget, open_index
from benchmarks.timing import Side, by_turns
from nuthatch import Analyzer, Lease
from nuthatch.text.snippet import Snippets
from nuthatch_sqlite import schema
from nuthatch_sqlite.backend import SqliteBackend
from nuthatch_sqlite.connection import prepare

SECTION = "What nuthatch adds"
_SHARE, _MICROSECONDS = 0.15, 150
_unpack = zstandard.ZstdDecompressor().decompress


@dataclass(frozen=True)
class _Recorded:
    text: str
    tokens: frozenset[str]
    statements: list[tuple[str, tuple[apsw.SQLiteValue, ...]]]


def measure(stage: Stage) -> Iterator[Row]:
    """Yield what is added in the median: cache off, ungrounded, not explained, ten hits."""
    with (
        open_index(stage.index, cache_bytes=0) as index,
        stage.connection(stage.index) as connection,
        stage.connection(stage.index) as bare,  # a page cache of its own, as cold as the others
    ):
        prepare(connection)
        prepare(bare)
        recorded = [_record(index, text) for text in stage.queries["and_hit"]]
        full = [item for item in recorded if sum(s == schema.FETCH for s, _ in item.statements)]
        sides = {
            "search": Side(
                lambda query: [
                    (hit.title, hit.snippet)
                    for hit in index.search(query.text, LIMIT, policy="ladder")
                ],
                before=lambda: forget(index),
            ),
            "work": Side(lambda query: _work(connection, stage.analyzer, query)),
            "sql": Side(lambda query: _statements(bare, query)),
        }
        seconds = by_turns(sides, full, stage.rounds)
    each = {name: 1e6 * np.median(values, axis=0) for name, values in seconds.items()}
    added, work = float(np.median(each["search"] - each["work"])), float(np.median(each["work"]))
    sql = float(np.median(each["sql"]))
    yield Row(
        SECTION,
        "median AND query",
        "the same statements, decompression and snippets alone",
        goal=f"≤ max({_SHARE:.0%}, {_MICROSECONDS} µs)",
        value=f"**{added:.0f} µs**, {added / work:.0%} of {work:.0f} µs (SQLite {sql:.0f} µs)",
        met=added <= max(_SHARE * work, _MICROSECONDS),
    )


def _record(index: SqliteBackend, text: str) -> _Recorded:
    """Search once, with every statement written down."""
    statements: list[tuple[str, tuple[apsw.SQLiteValue, ...]]] = []

    def trace(_: object, sql: str, values: Any) -> bool:
        statements.append((sql, values or ()))
        return True

    forget(index)
    _trace(index, trace)
    results = index.search(text, LIMIT, policy="ladder")
    _trace(index, None)
    return _Recorded(text, frozenset(results.query.tokens), statements)  # type: ignore[union-attr]


def _trace(index: SqliteBackend, trace: Any) -> None:
    """Set what the pool's connection calls for each statement; outside of transactions."""
    lease = Lease()
    connection = index._pool.acquire(lease)
    connection.exec_trace = trace
    index._pool.release(lease, connection)


def _statements(connection: apsw.Connection, query: _Recorded) -> list[bytes]:
    packed: list[Any] = []
    for sql, values in query.statements:
        rows = connection.execute(sql, values).fetchall()
        if sql == schema.FETCH:
            packed += [row[-1] for row in rows]
    return packed


def _work(connection: apsw.Connection, analyzer: Analyzer, query: _Recorded) -> None:
    snippets = Snippets(analyzer, query.tokens)
    for packed in _statements(connection, query):
        text = _unpack(packed).decode()
        snippets.cut(text)
