"""Films of real names where those are at hand, and what is asked of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from benchmarks.corpus import Synthetic
from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    IntegerField,
    KeywordField,
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


class Question(NamedTuple):
    """Is a query, and the film that it was made of, by uri; `typo` tells that its title has one."""

    query: EntityQuery
    film: str
    typo: bool


def films(random: Random, number: int) -> Iterator[Document]:
    """Yields films with twelve people, ten characters and two studios each."""
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


def question(random: Random, made: list[Document], filtered: bool) -> Question:
    """Returns a question: two people, a studio, a part of a character's name, a title, and
    somebody who must not be there; half of the titles have two letters in the wrong order."""
    film, other = random.choice(made), random.choice(made)
    fields: Any = film.fields
    others: Any = other.fields
    include = {
        "people": random.sample(fields["people"], 2),
        "studios": [fields["studios"][0]],
        "characters": [fields["characters"][0].split()[0]],
    }
    title = film.title
    typo = random.random() < 0.5 and len(title) > 4
    if typo:
        at = random.randrange(len(title) - 1)
        title = title[:at] + title[at + 1] + title[at] + title[at + 2 :]
    exclude = {"people": [others["people"][0]]}
    filters = [Range("year", gte=1980), AnyOf("genres", ["Drama", "Crime"])] if filtered else []
    return Question(EntityQuery(include, exclude, [title], filters), film.uri, typo)
