"""Facets: how often each value of five fields occurs among documents that are given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import nuthatch
from benchmarks.fields.documents import FIELDS
from benchmarks.fields.stage import FieldIndex, columns_of
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Document, LexicalBackend

SECTION = "Facets: five fields"
SIZE = 10
_RIVALS = {
    "each": "SQL GROUP BY over the values of each match",
    "sql": "SQL GROUP BY over all values",
    "duck": "DuckDB",
}
Counts = dict[str, list[tuple[Any, int]]]


def measure(index: FieldIndex) -> Iterator[Row]:
    """Yield facets of all fields and of each, cached, cold and after a write."""
    stage = index.stage
    every = index.keys
    keys: Any = [every[place] for place in stage.matches]
    if isinstance(keys[0], int | np.integer):
        keys = np.array(keys, dtype=np.uint32)  # as an engine's `matching` gives them

    def count(backend: LexicalBackend, fields: tuple[str, ...]) -> Counts:
        with columns_of(backend, fields) as columns:
            return {name: columns.count_values(keys, name, SIZE) for name in fields}

    def count_cold(fields: tuple[str, ...]) -> Counts:
        with nuthatch.open(index.url) as backend:
            return count(backend, fields)

    stage.sql.choose(stage.matches)
    stage.duck.choose(stage.matches)
    theirs, duck = stage.sql.count, stage.duck.count
    for fields in (FIELDS, *((name,) for name in FIELDS)):
        found = count(index.backend, fields)
        assert found == {name: theirs(name, SIZE) for name in fields}, fields
        assert found == {name: theirs(name, SIZE, is_each=True) for name in fields}, fields
        assert found == {name: duck(name, SIZE) for name in fields}, fields
        what = f"{index.engine}, {len(stage.matches):,} matches, {', '.join(fields)}"
        sides = {
            "ours": Side(lambda fields: count(index.backend, fields)),
            "cold": Side(count_cold),
            "sql": Side(lambda fields: [theirs(name, SIZE) for name in fields]),
            "each": Side(lambda fields: [theirs(name, SIZE, is_each=True) for name in fields]),
            "duck": Side(lambda fields: [duck(name, SIZE) for name in fields]),
        }
        seconds = by_turns(sides, [fields], stage.rounds, index.clock)
        target = len(fields) > 1
        for name, side, against, least in (
            ("cached", "ours", "each", 100),
            ("cached", "ours", "sql", 100),
            ("cached", "ours", "duck", 8),
            ("cold", "cold", "each", 10),
            ("cold", "cold", "sql", 10),
        ):
            ratio = Ratio.of(seconds[against], seconds[side])
            rival = _RIVALS[against]
            yield Row(SECTION, f"{what}, {name}", rival, ratio, least if target else None)
    yield _measure_after_write(index, count)


def _measure_after_write(index: FieldIndex, count: Any) -> Row:
    """Add a document before each facet; what is measured is the facet alone."""
    stage = index.stage
    number = iter(range(10**6))

    def write() -> None:
        fields = {"place": "place 1", "year": 2001, "day": "2001-05-11", "topics": ["topic 1"]}
        document = Document(f"new/{next(number)}", "New", "A new document.", fields)
        index.backend.add(document, durability="process")

    sides = {
        "ours": Side(lambda fields: count(index.backend, fields), write),
        "sql": Side(lambda fields: [stage.sql.count(name, SIZE) for name in fields]),
    }
    seconds = by_turns(sides, [FIELDS], stage.rounds, index.clock)
    index.backend.delete([f"new/{at}" for at in range(next(number))])
    what = f"{index.engine}, {len(stage.matches):,} matches, all five, after a write"
    return Row(SECTION, what, _RIVALS["sql"], Ratio.of(seconds["sql"], seconds["ours"]))
