"""Corpora made from a seed, and the real ones where they are present."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from nuthatch import Document

DATA = Path(__file__).parents[3] / "shared" / "data"
LANGUAGES = ("de", "en", "fr", "sv")
_SYLLABLES = ("ba", "co", "di", "fu", "ga", "he", "ka", "lu", "mi", "no", "pe", "ru", "sta", "wi")


@cache
def vocabulary(size: int = 1500, seed: int = 7) -> tuple[str, ...]:
    """Return distinct words of 2 to 14 letters, the common ones not shorter than the rare."""
    draw = random.Random(seed)
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(draw.choices(_SYLLABLES, k=draw.choice((1, 2, 2, 3, 3, 4))))] = None
    shuffled = list(words)
    draw.shuffle(shuffled)
    return tuple(shuffled)


def zipf(draw: random.Random, words: tuple[str, ...], count: int) -> list[str]:
    """Draw words, the n-th with probability 1/n, some of them several times in a row."""
    weights = [1 / (rank + 1) for rank in range(len(words))]
    drawn = draw.choices(words, weights, k=count)
    return [word for word in drawn for _ in range(draw.choice((1, 1, 1, 1, 3)))]


@cache
def seeded_documents(count: int = 3000, seed: int = 1) -> tuple[Document, ...]:
    """Return documents of Zipf words with a language, a year and a few tags each.

    Lengths repeat and so do whole documents, so that there are ties.
    """
    draw = random.Random(seed)
    words = vocabulary()
    documents = []
    for number in range(count):
        text = " ".join(zipf(draw, words, draw.choice((0, 1, 2, 5, 10, 20, 40))))
        if number % 10 == 9:
            text = documents[-1].text
        fields = {
            "lang": draw.choice(LANGUAGES),
            "year": draw.randrange(1990, 2020),
            "tags": draw.sample(("a", "b", "c"), k=draw.randrange(3)),
        }
        title = " ".join(zipf(draw, words, draw.randrange(3)))
        documents.append(Document(f"doc-{number}", title, text, fields))
    return tuple(documents)


def queries(seed: int, count: int, documents: tuple[Document, ...]) -> Iterator[str]:
    """Yield queries of every kind: of one document, of common, rare, unknown and stop words."""
    draw = random.Random(seed)
    words = vocabulary()
    for _ in range(count):
        kind = draw.randrange(7)
        if kind == 0:
            chosen = zipf(draw, words, draw.randint(1, 4))
        elif kind == 1:
            own = draw.choice(documents).text.split() or ["nothing"]
            chosen = draw.choices(own, k=draw.randint(1, 6))
        elif kind == 2:
            chosen = draw.choices(words, k=draw.randint(1, 8))
        elif kind == 3:
            chosen = [*zipf(draw, words, draw.randint(0, 4)), "unheardofanywhere"]
        elif kind == 4:
            chosen = [*draw.choices(("the", "who", "of", "is"), k=2), *zipf(draw, words, 1)]
        elif kind == 5:
            chosen = draw.choices(("the", "who", "of", "is", "a"), k=draw.randint(1, 3))
        else:
            chosen = [*draw.choices(words, k=3), "unheardof" * draw.randint(1, 3)]
        draw.shuffle(chosen)
        yield " ".join(chosen)


def typed(
    seed: int, count: int, documents: tuple[Document, ...], stopwords: frozenset[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield texts as people type them, with synonyms: stop words only, words that are repeated,
    single characters, punctuation, any case, and words that no document holds."""
    draw = random.Random(seed)
    words, stop = vocabulary(), sorted(stopwords)
    for number in range(count):
        kind = number % 6
        if kind == 0:
            chosen = [*draw.choices(stop, k=draw.randint(1, 4)), *draw.choices("xbi7", k=kind // 2)]
        elif kind == 1:
            chosen = 2 * draw.choices(words, k=draw.randint(1, 5))
        elif kind == 2:
            chosen = [
                *draw.choices(words, k=draw.randint(1, 3)),
                *draw.choices(stop, k=2),
                "x",
                "7",
            ]
        elif kind == 3:
            own = draw.choice(documents).text.split() or ["nothing"]
            chosen = draw.choices(own, k=draw.randint(1, 5))
        else:
            chosen = [*draw.choices([*zipf(draw, words, 5), "unheardof" * kind], k=kind)]
        if kind != 1 or draw.randrange(2):
            draw.shuffle(chosen)
        cased = [draw.choice((str.lower, str.upper, str.title))(word) for word in chosen]
        pool = (words[number % 50], draw.choice(words), draw.choice(stop), draw.choice(chosen))
        extras = draw.sample(pool, k=draw.choice((0, 0, 1, 3)))
        yield draw.choice((" ", ", ", "-", "_ ", "?! ")).join(cased), tuple(extras)


def beir(name: str) -> tuple[list[Document], list[str]]:
    """Return the documents and queries of a real corpus; skip the test where it is absent."""
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"the corpus {name} is not at {folder}")
    documents = [
        Document(row["_id"], row.get("title", ""), row["text"]) for row in _rows(folder, "corpus")
    ]
    return documents, [row["text"] for row in _rows(folder, "queries")]


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    plain = folder / f"{name}.jsonl"
    packed = folder / f"{name}.jsonl.gz"
    content = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    yield from map(json.loads, content.splitlines())
