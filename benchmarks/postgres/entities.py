"""Entity search on PostgreSQL and on SQLite: the same films, the same queries, the same answers."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import nuthatch
from benchmarks.corpus import Synthetic
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    IntegerField,
    KeywordField,
    LexicalBackend,
    PhraseField,
    Range,
    Schema,
)

SCHEMA = Schema(
    fields=(
        PhraseField("people"),
        PhraseField("studios"),
        PhraseField("characters", match="substring"),
        KeywordField("genres"),
        IntegerField("year"),
    )
)
_REAL = Path(__file__).parents[3] / "shared" / "data" / "tmdb5000" / "corpus.jsonl.gz"
_GENRES = ("Action", "Comedy", "Crime", "Drama", "Horror", "Romance")


def measure(url: str, films: int, rounds: int, queries: int) -> Iterator[Row]:
    """Yields the rows of entity search."""
    random = Random(5)
    made = list(_films(random, films))
    sets = {
        "without filters": [_query(random, made, False) for _ in range(2 * queries)],
        "with filters": [_query(random, made, True) for _ in range(2 * queries)],
    }
    with tempfile.TemporaryDirectory() as folder:
        urls = {"postgresql": f"{url}?index=films", "sqlite": f"sqlite:{folder}/films.db"}
        opened = {}
        for name, each in urls.items():
            index = nuthatch.open(each, create="new", schema=SCHEMA)
            begun = time.perf_counter()
            index.add(made)
            index.optimize()
            value = f"{films / (time.perf_counter() - begun):,.0f} films/s, optimize included"
            yield Row("entities", f"loading, {name}", value=value)
            opened[name] = index
        for name, asked in sets.items():
            _check(opened, asked)
            sides = {engine: Side(_asking(index)) for engine, index in opened.items()}
            seconds = by_turns(sides, asked, rounds)
            ratio = Ratio.of(seconds["postgresql"], seconds["sqlite"])
            what = f"{name}, SQLite"
            yield Row("entities", what, "PostgreSQL", ratio, 1 / 3)
        for index in opened.values():
            index.close()


def _asking(index: LexicalBackend) -> Any:
    return lambda query: index.search(query, 10)


def _check(opened: dict[str, LexicalBackend], asked: list[EntityQuery]) -> None:
    for query in asked:
        found = [
            [round(hit.score, 9) for hit in index.search(query, 10)] for index in opened.values()
        ]
        if found[0] != found[1]:
            raise SystemExit(f"{query}: the scores differ: {found}")


def _films(random: Random, number: int) -> Iterator[Document]:
    people, titles, roles = _names()
    for at in range(number):
        title = " ".join(random.choice(titles) for _ in range(random.randint(1, 5)))
        fields = {
            "people": [_name(random, people) for _ in range(12)],
            "studios": [f"{random.choice(titles)} Pictures" for _ in range(2)],
            "characters": [_name(random, roles) for _ in range(10)],
            "genres": random.sample(_GENRES, 2),
            "year": 1920 + int(100 * random.random() ** 0.5),
        }
        yield Document(f"film-{at}", title, "", fields)


def _names() -> tuple[list[str], list[str], list[str]]:
    if not _REAL.exists():
        words = [word.capitalize() for word in Synthetic().words[1000:9000]]
        return words, words, words
    people, titles, roles = set(), set(), set()
    with gzip.open(_REAL, "rt", encoding="utf-8") as lines:
        for line in lines:
            film = json.loads(line)
            people.update(part for name in film["metadata"]["people"] for part in name.split())
            roles.update(part for name in film["metadata"]["characters"] for part in name.split())
            titles.update(film["title"].split())
    return sorted(people), sorted(titles), sorted(roles)


def _name(random: Random, parts: list[str]) -> str:
    """Returns a name of two parts, some of them much more frequent than others."""
    return " ".join(parts[int(len(parts) * random.random() ** 3)] for _ in range(2))


def _query(random: Random, films: list[Document], filtered: bool) -> EntityQuery:
    film, other = random.choice(films), random.choice(films)
    fields: Any = film.fields
    include = {
        "people": random.sample(fields["people"], 2),
        "studios": [fields["studios"][0]],
        "characters": [fields["characters"][0].split()[0]],
    }
    title = film.title
    if random.random() < 0.5 and len(title) > 4:
        at = random.randrange(len(title) - 1)
        title = title[:at] + title[at + 1] + title[at] + title[at + 2 :]
    exclude = {"people": [other.fields["people"][0]]}  # type: ignore[index]
    filters = [Range("year", gte=1980), AnyOf("genres", ["Drama", "Crime"])] if filtered else []
    return EntityQuery(include, exclude, [title], filters)
