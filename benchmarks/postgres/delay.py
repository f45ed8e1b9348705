"""The same searches over a network: a millisecond more for each round trip, by `relay.py`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from benchmarks.postgres import text
from benchmarks.postgres.entities import MANY, STATEMENTS, Cinema, asking
from benchmarks.postgres.reference import Reference
from benchmarks.postgres.relay import delayed
from benchmarks.postgres.stage import Stage
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Operator

_MILLISECONDS = 1.0
_TEXTS: Final[Sequence[tuple[Operator, str, float]]] = (
    ("OR", "two common", 15.0),
    ("OR", "rare and common", 50.0),
    ("AND", "two common", 5.0),
)


def entities(cinema: Cinema, rounds: int) -> Iterator[Row]:
    """Yield the rows of entity search."""
    with (
        delayed(cinema.url, _MILLISECONDS) as url,
        cinema.open(url, cache_bytes=0) as read,
        cinema.open(url) as cached,
        closing(Reference(url)) as reference,
    ):
        for name, questions in cinema.sets.items():
            sides = {"reference": Side(reference.ask)}
            ours = {"read each time": read, "cached": cached}
            sides |= {label: Side(asking(index)) for label, index in ours.items()}
            seconds = by_turns(sides, questions, rounds, time.perf_counter)
            target = 3.0 if name == "without filters" else 10.0 if cinema.number >= MANY else 5.0
            for label in ours:
                ratio = Ratio.of(seconds["reference"], seconds[label])
                yield Row("1 ms added", f"entities, {name}, {label}", STATEMENTS, ratio, target)


def texts(stage: Stage) -> Iterator[Row]:
    """Yield the rows of text search."""
    sets = stage.sets()
    with delayed(stage.url, _MILLISECONDS) as url:
        far = stage.through(url)
        with far.connection, far.open(cache_bytes=0) as read, far.open() as cached:
            ours = {"postings read each time": read, "postings cached": cached}
            for operator, name, target in _TEXTS:
                rows = text.disjunction if operator == "OR" else text.conjunction
                sides = {"rows": Side(partial(rows, far))}
                sides |= {
                    label: Side(partial(text.ours, index, operator))
                    for label, index in ours.items()
                }
                seconds = by_turns(sides, sets[name], stage.rounds, time.perf_counter)
                for label in ours:
                    ratio = Ratio.of(seconds["rows"], seconds[label])
                    what = f"{operator}, {name}, {label}"
                    yield Row("1 ms added", what, "SQL over row postings", ratio, target)
