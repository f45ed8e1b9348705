"""Entity search: against many statements on an async pool, and the same on the other engines."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import nuthatch
from benchmarks.postgres import films
from benchmarks.postgres.films import Question
from benchmarks.postgres.reference import Reference
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Document, LexicalBackend
from nuthatch.entities import EntitySettings

#: Films from which on the reference is to be ten times slower with filters.
MANY = 500_000
#: Questions for Tantivy, which looks at every name for each.
_SOME = 5
STATEMENTS = "many statements, pool of 8"
#: The statements have the reference's arithmetic, so all sides do the same work.
REFERENCE = EntitySettings.reference()


class Cinema:
    """Films in PostgreSQL twice, as an index and as the reference, and questions."""

    def __init__(self, url: str, number: int, queries: int) -> None:
        random = Random(5)
        self.url, self.number = url, number
        self.films: list[Document] = list(films.films(random, number))
        self.sets = {
            name: [
                films.question(random, self.films, name == "with filters") for _ in range(queries)
            ]
            for name in ("without filters", "with filters")
        }
        begun = time.perf_counter()
        with nuthatch.open(f"{url}?index=films", create="new", schema=films.SCHEMA) as index:
            index.add(self.films)
            index.optimize()
        self.seconds = time.perf_counter() - begun
        self.reference = Reference(url)
        self.reference.fill(self.films)

    def close(self) -> None:
        """Close the reference."""
        self.reference.close()

    def open(self, url: str | None = None, **options: Any) -> LexicalBackend:
        """Open the index."""
        return nuthatch.open(f"{url or self.url}?index=films", entities=REFERENCE, **options)


def measure(cinema: Cinema, rounds: int) -> Iterator[Row]:
    """Yield the rows of entity search."""
    yield Row("entities", "loading, postgresql", value=_rate(cinema, cinema.seconds))
    with tempfile.TemporaryDirectory() as folder:
        opened = {"postgresql": cinema.open(), "read": cinema.open(cache_bytes=0)}
        for name in ("sqlite", "tantivy"):
            begun = time.perf_counter()
            place = f"{name}:{folder}/{name}"
            index = nuthatch.open(place, create="new", schema=films.SCHEMA, entities=REFERENCE)
            index.add(cinema.films)
            index.optimize()
            opened[name] = index
            value = _rate(cinema, time.perf_counter() - begun)
            yield Row("entities", f"loading, {name}", value=value)
        for name, questions in cinema.sets.items():
            _check(cinema, opened, questions)
            sides = {engine: Side(asking(index)) for engine, index in opened.items()}
            slow = {name: sides[name] for name in ("postgresql", "tantivy")}
            del sides["tantivy"]
            sides["reference"] = Side(cinema.reference.ask)
            seconds = by_turns(sides, questions, rounds, time.perf_counter)
            target = 3.0 if name == "without filters" else 10.0 if cinema.number >= MANY else 5.0
            for side, label in (("read", "read each time"), ("postgresql", "cached")):
                ratio = Ratio.of(seconds["reference"], seconds[side])
                yield Row("entities", f"{name}, {label}", STATEMENTS, ratio, target)
            ratio = Ratio.of(seconds["postgresql"], seconds["sqlite"])
            yield Row("entities", f"{name}, SQLite", "PostgreSQL, cached", ratio, 1 / 3)
            seconds = by_turns(slow, questions[:_SOME], 1, time.perf_counter)
            ratio = Ratio.of(seconds["postgresql"], seconds["tantivy"])
            yield Row("entities", f"{name}, Tantivy", "PostgreSQL, cached", ratio)
        for index in opened.values():
            index.close()


def _rate(cinema: Cinema, seconds: float) -> str:
    return f"{cinema.number / seconds:,.0f} films/s, optimize included"


def asking(index: LexicalBackend) -> Any:
    """Return what searches an index for a question."""
    return lambda question: index.search(question.query, 10)


def _check(
    cinema: Cinema, opened: Mapping[str, LexicalBackend], questions: Sequence[Question]
) -> None:
    """Raise unless all engines agree, and the reference on the films that it must find alike."""
    for question in questions:
        found = {
            name: [
                (hit.document_uri, round(hit.score, 9)) for hit in index.search(question.query, 10)
            ]
            for name, index in opened.items()
        }
        scores = {name: [score for _, score in hits] for name, hits in found.items()}
        if any(item != scores["postgresql"] for item in scores.values()):
            raise SystemExit(f"{question.query}: the scores differ: {found}")
        ours = dict(found["postgresql"]).get(question.film)
        theirs = dict(cinema.reference.ask(question)).get(question.film)
        if (
            not question.typo
            and ours is not None
            and theirs is not None
            and abs(ours - theirs) > 1e-9
        ):
            raise SystemExit(f"{question}: the reference gives {theirs}, nuthatch {ours}")
