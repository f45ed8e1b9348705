"""Filter trees: which documents pass. Each tree is new; what is cached is columns.

The baseline is what a filter costs in SQL when it is first used: a statement for each condition,
and sets of ids combined as the tree says. It is how nuthatch did it before there were columns.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any as AnyType

import nuthatch
from benchmarks.fields.documents import FIELDS, PEOPLE, SCHEMA, TOPICS
from benchmarks.fields.stage import FieldIndex, columns_of, reading
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import All, Any, AnyOf, Filter, LexicalBackend, Not, Range, check_filters

SECTION = "Filter trees"


def measure(index: FieldIndex) -> Iterator[Row]:
    """Yield trees that are used for the first time, cached and cold, and single conditions."""
    stage = index.stage
    documents = len(index.keys)

    def select(backend: LexicalBackend, tree: tuple[Filter, ...]) -> Sequence[AnyType]:
        with reading(backend) as reader:
            return reader.matching(None, tree)

    def select_cold(tree: tuple[Filter, ...]) -> object:
        with nuthatch.open(index.url) as backend:
            return select(backend, tree)

    for name, drawn, targets in (
        ("trees", [*draw_trees(stage.queries)], (100, 100, 5)),
        ("one condition, broad", [*_draw_leaves(stage.queries, is_rare=False)], (None,) * 3),
        ("one condition, rare", [*_draw_leaves(stage.queries, is_rare=True)], (None,) * 3),
    ):
        trees = [check_filters(SCHEMA, tree) for tree in drawn]
        with nuthatch.open(index.url) as other:
            for tree in trees:
                passing = len(select(other, tree))
                assert passing == len(stage.sql.select(tree, documents)), tree
        sides = {
            "ours": Side(lambda tree: select(index.backend, tree)),
            "sql": Side(lambda tree: stage.sql.select(tree, documents)),
        }
        with columns_of(index.backend, FIELDS):  # they are kept
            new = by_turns(sides | {"cold": Side(select_cold)}, trees, 1, index.clock)
            again = by_turns(sides, trees, 1, index.clock)
        what = f"{index.engine}, {documents:,} documents, {name}"
        for state, seconds, side, target in zip(
            ("new, cached columns", "used before", "cold"),
            (new, again, new),
            ("ours", "ours", "cold"),
            targets,
            strict=True,
        ):
            ratio = Ratio.of(seconds["sql"], seconds[side])
            yield Row(SECTION, f"{what}, {state}", "SQL, first use", ratio, target)


def draw_trees(number: int) -> Iterator[Filter]:
    """Yield trees of two to five conditions."""
    rng = random.Random(8)
    for at in range(number):
        year, day = rng.randint(1990, 2010), rng.randint(1996, 2010)
        topics = [f"topic {rng.randrange(TOPICS)}" for _ in range(rng.randint(2, 6))]
        places = [f"place {rng.randrange(171)}" for _ in range(rng.randint(1, 9))]
        recent = Range("year", gte=year)
        period = Range("day", gte=f"{day}-03-01", lt=f"{day + 5}-06-15")
        yield (
            All(recent, Not(AnyOf("topics", topics))),
            Any(All(recent, AnyOf("place", places)), All(period, AnyOf("topics", topics))),
            All(period, Any(AnyOf("place", places), AnyOf("topics", topics)), Not(recent)),
            All(Range("people", gte="person 2", lt=f"person {rng.randint(3, 9)}"), recent),
        )[at % 4]


def _draw_leaves(number: int, *, is_rare: bool) -> Iterator[Filter]:
    rng = random.Random(9)
    for at in range(number):
        if is_rare:
            yield AnyOf("people", [f"person {rng.randrange(PEOPLE)}"])
        else:
            yield (
                Range("year", gte=rng.randint(1990, 2005), lte=2008),
                AnyOf("topics", [f"topic {rng.randrange(TOPICS)}" for _ in range(8)]),
                Range("day", gte=f"{rng.randint(1995, 2005)}-01-{at % 28 + 1:02}"),
            )[at % 3]
