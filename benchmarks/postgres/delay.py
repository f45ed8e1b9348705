"""The same searches over a network: a millisecond more for each round trip, by `relay.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from benchmarks.postgres import text
from benchmarks.postgres.entities import MANY, STATEMENTS, Cinema, asking
from benchmarks.postgres.reference import Reference
from benchmarks.postgres.relay import delayed
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns

_MILLISECONDS = 1.0


def entities(cinema: Cinema, rounds: int) -> Iterator[Row]:
    """Yields the rows of entity search."""
    with (
        delayed(cinema.url, _MILLISECONDS) as url,
        cinema.open(url, cache_bytes=0) as index,
        closing(Reference(url)) as reference,
    ):
        for name, questions in cinema.sets.items():
            sides = {"ours": Side(asking(index)), "reference": Side(reference.ask)}
            seconds = by_turns(sides, questions, rounds)
            target = 3.0 if name == "without filters" else 10.0 if cinema.number >= MANY else 5.0
            ratio = Ratio.of(seconds["reference"], seconds["ours"])
            yield Row("1 ms added", f"entities, {name}, read each time", STATEMENTS, ratio, target)


def texts(stage: text.Stage) -> Iterator[Row]:
    """Yields the rows of text search."""
    sets = stage.sets()
    with delayed(stage.url, _MILLISECONDS) as url:
        far = stage.through(url)
        with far.connection, far.open(cache_bytes=0) as index:
            for name, target in (("two common", 15.0), ("rare and common", 50.0)):
                sides = {
                    "ours": Side(lambda tokens: text.ours(index, "OR", tokens)),
                    "rows": Side(lambda tokens: text.disjunction(far, tokens)),
                }
                seconds = by_turns(sides, sets[name], stage.rounds)
                ratio = Ratio.of(seconds["rows"], seconds["ours"])
                what = f"OR, {name}, postings read each time"
                yield Row("1 ms added", what, "SQL over row postings", ratio, target)
