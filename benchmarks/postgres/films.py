"""Films of real names where those are at hand, and what is asked of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
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
    """A query, and the uri of its film; `typo` is true if the title was mistyped."""

    query: EntityQuery
    film: str
    typo: bool


def films(random: Random, number: int) -> Iterator[Document]:
    """Yield films with twelve people, ten characters and two studios each.

    There are twice as many people, three times as many characters and a tenth as many studios as
    films, some of each much more frequent than others. The parts of their names and the words of
    the titles are as frequent as they are in real ones.
    """
    parts, words, roles = _names()
    people = [_name(random, parts) for _ in range(2 * number)]
    characters = [_name(random, roles) for _ in range(3 * number)]
    studios = [f"{random.choice(parts)} Pictures {at}" for at in range(number // 10 + 1)]
    for at in range(number):
        title = " ".join(random.choice(words) for _ in range(random.randint(1, 5)))
        fields = {
            "people": [_skewed(random, people) for _ in range(12)],
            "studios": [_skewed(random, studios) for _ in range(2)],
            "characters": [_skewed(random, characters) for _ in range(10)],
            "genres": random.sample(_GENRES, 2),
            "year": 1920 + int(100 * random.random() ** 0.5),
        }
        yield Document(f"film-{at}", title, "", fields)


def _names() -> tuple[list[str], list[str], list[str]]:
    """Return the parts of people's names, the words of titles and the parts of roles' names, each
    as often as it occurs."""
    if not _REAL.exists():
        made = [word.capitalize() for word in Synthetic().words[:8000]]
        words = [word for rank, word in enumerate(made, 1) for _ in range(8000 // rank)]
        return words, words, words
    people, titles, roles = list[str](), list[str](), list[str]()
    with gzip.open(_REAL, "rt", encoding="utf-8") as lines:
        for line in lines:
            film = json.loads(line)
            people += [part for name in film["metadata"]["people"] for part in name.split()]
            roles += [part for name in film["metadata"]["characters"] for part in name.split()]
            titles += film["title"].split()
    return people, titles, [part for part in roles if part.isalpha()]


def _name(random: Random, parts: Sequence[str]) -> str:
    return f"{random.choice(parts)} {random.choice(parts)}"


def _skewed(random: Random, names: Sequence[str]) -> str:
    """Return a name; the one of rank r is about as frequent as 1 / √r."""
    return names[int(len(names) * random.random() ** 2)]


def question(random: Random, made: list[Document], filtered: bool) -> Question:
    """Return a question: two people, a studio, a part of a character's name, a title, and
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
