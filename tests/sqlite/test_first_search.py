"""The first search of a process that has no numpy is left to FTS5, and answers alike."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import nuthatch
from nuthatch import (
    All,
    Any,
    AnyOf,
    BooleanField,
    DateField,
    DateTimeField,
    Document,
    Exists,
    Filter,
    IntegerField,
    KeywordField,
    Not,
    NumberField,
    Range,
    Schema,
    StartsWith,
)

WORDS = ("river", "bank", "boat", "water", "fish", "bird", "tree", "nest", "stone", "moss", "fern")
KINDS = ("a", "ab", "b", "é", "\U0001f426")
SEARCHES = """
import json, sys
import nuthatch
from nuthatch import All, Any, AnyOf, Exists, Not, Range, StartsWith
url, searches = sys.argv[1], json.loads(sys.argv[2])
answers = []
for query, policy, conditions in searches:
    with nuthatch.open(url) as index:  # its first search
        filters = eval(conditions)
        found = index.search(query, 10, policy=policy, filters=filters, syntax="web")
        answers.append([[hit.document_uri, hit.score.hex(), hit.snippet] for hit in found])
print(json.dumps([answers, "numpy" in sys.modules]))
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    rng = random.Random(7)
    url = f"sqlite:{tmp_path / 'birds.db'}"
    fields = [IntegerField("year"), KeywordField("kinds")]
    schema = Schema(analyzer="english", chunker="words:15:0", fields=fields)
    with nuthatch.open(url, create=True, schema=schema) as index:
        index.add(
            Document(
                f"d{number}",
                rng.choice(WORDS),
                " ".join(rng.choices(WORDS, range(1, 12), k=rng.randint(1, 40))),
                {"year": rng.randint(1990, 2020), "kinds": rng.sample(KINDS, rng.randint(0, 3))},
            )
            for number in range(400)
        )
    return url


#: A query, its policy, and its filters as Python writes them.
Search = tuple[str, str, str]


def run(program: str, url: str, searches: Sequence[Search]) -> tuple[list[list[list[str]]], bool]:
    done = subprocess.run(
        [sys.executable, "-c", program, url, json.dumps(searches)],
        capture_output=True,
        text=True,
        check=True,
    )
    answers, has_numpy = json.loads(done.stdout)
    return answers, has_numpy


def draw_searches() -> list[Search]:
    rng = random.Random(3)
    policies = ("auto", "ladder", "ranked")
    return [
        (
            draw_query(rng),
            rng.choice(policies),
            repr([draw_filter(rng, 3) for _ in range(rng.choice((0, 1, 1, 2)))]),
        )
        for _ in range(120)
    ]


def draw_query(rng: random.Random) -> str:
    """Draw words, with or without a phrase and what must not be there."""
    words = rng.sample(WORDS, rng.randint(1, 4))
    match rng.randrange(4):
        case 0:
            words.append(f'"{" ".join(rng.choices(WORDS[-5:], k=2))}"')
        case 1:
            words.append(f"-{rng.choice(WORDS[:5])}")
        case 2:
            words.append(f'-"{" ".join(rng.choices(WORDS[-5:], k=2))}" -{rng.choice(WORDS[:2])}')
    return " ".join(words)


def draw_filter(rng: random.Random, depth: int) -> Filter:
    """Draw a tree of conditions on values, which FTS5's statement takes in as SQL."""
    kind = rng.randrange(7 if depth else 4)
    parts = [draw_filter(rng, depth - 1) for _ in range(rng.randint(0, 3))] if kind > 4 else []
    match kind:
        case 0:
            return Range("year", gte=rng.randint(1990, 2020), lt=rng.choice((None, 2015)))
        case 1:
            return AnyOf("kinds", rng.sample(KINDS, rng.randint(1, 3)))
        case 2:
            return StartsWith("kinds", rng.choice(("a", "", "é")))
        case 3:
            return Exists(rng.choice(("year", "kinds")))
        case 4:
            return Not(draw_filter(rng, depth - 1))
        case 5:
            return All(*parts)
    return Any(*parts)


def test_the_first_search_has_the_scores_of_later_ones_to_the_last_bit(url: str) -> None:
    searches = draw_searches()
    answers, has_numpy = run(SEARCHES, url, searches)
    assert not has_numpy
    with nuthatch.open(url) as index:
        for (query, policy, conditions), answer in zip(searches, answers, strict=True):
            filters = eval(conditions)
            for _ in range(3):  # the first reads, the last finds all in the cache
                found = index.search(query, 10, policy=policy, filters=filters, syntax="web")
            assert answer == [[hit.document_uri, hit.score.hex(), hit.snippet] for hit in found]


FILTERED = """
import json, sys
import nuthatch
from nuthatch import All, Any, AnyOf, Exists, Not, Range, StartsWith
url, searches = sys.argv[1], json.loads(sys.argv[2])
answers = []
for condition in searches:
    with nuthatch.open(url) as index:  # its first search
        answers.append(sorted(hit.document_uri for hit in index.search(
            "bird", 1000, filters=eval(condition)
        )))
print(json.dumps([answers, "numpy" in sys.modules]))
"""
KINDS = ("All", "Any", "AnyOf", "Exists", "Not", "Range", "StartsWith")
NAMES = {name: getattr(nuthatch, name) for name in KINDS}
CONDITIONS = (
    "AnyOf('tags', ['t1', 'zz'])",
    "StartsWith('tags', 'u1')",
    "~Exists('tags')",
    "Exists('tags') & ~AnyOf('tags', ['t2'])",
    "Range('tags', gt='t1', lte='u2')",
    "Range('year', gte=1990, lt=1994)",
    "Any(Range('price', gte=3.25, lte=7.5), AnyOf('year', [1999]))",
    "AnyOf('price', [0.25, 8, 0.3])",
    "Range('day', gt='2024-03-31', lte='2024-07-02')",
    "AnyOf('day', ['2024-02-11', '1999-01-01'])",
    "AnyOf('shown', [True])",
    "Range('at', gte='2024-01-01T05:00:00+01:00')",
    "Not(All(Exists('day'), Range('numbers', gte=100)))",
    "Range('numbers', gte=3, lte=4)",
    "Any()",
)


@pytest.mark.parametrize("batch", [1000, 100])
def test_filters_on_values_need_no_numpy(tmp_path: Path, batch: int) -> None:
    """Of values in blocks and of such that are logged, some of them deleted."""
    url = f"sqlite:{tmp_path / 'birds.db'}"
    fields = [KeywordField("tags"), IntegerField("year"), NumberField("price"), DateField("day")]
    fields += [BooleanField("shown"), DateTimeField("at"), IntegerField("numbers")]
    documents = [
        Document(f"d{number}", "A bird", "of a feather", make_fields(number))
        for number in range(600)
    ]
    schema = Schema(fields=fields)
    with (
        nuthatch.open(url, create=True, schema=schema) as index,
        nuthatch.open("memory:", create=True, schema=schema) as model,
    ):
        for engine in (index, model):
            engine.add(documents, batch=batch)
            engine.delete([f"d{number}" for number in range(0, 600, 13)])
        expected = [
            sorted(hit.document_uri for hit in model.search("bird", 1000, filters=condition))
            for condition in (eval(text, NAMES) for text in CONDITIONS)
        ]
    answers, has_numpy = run(FILTERED, url, [*CONDITIONS])
    assert not has_numpy
    assert answers == expected
    assert sum(map(bool, expected)) == len(CONDITIONS) - 1


def make_fields(number: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "tags": [f"t{number % 5}", f"u{number}"],
        "year": 1900 + number % 103,
        "price": number % 40 / 4,
        "day": f"2024-{1 + number % 12:02}-11",
        "shown": number % 3 == 0,
        "at": f"2024-01-01T{number % 24:02}:00:00Z",
        "numbers": [number % 7, number],
    }
    return {name: value for at, (name, value) in enumerate(fields.items()) if (number + at) % 9}


def test_a_first_search_over_many_postings_imports_numpy(url: str) -> None:
    few = "import nuthatch_sqlite.read as read; read._IMPORT = 100\n"
    answers, has_numpy = run(few + SEARCHES, url, [("moss fern", "ranked", "[]")])
    assert has_numpy
    assert answers == run(SEARCHES, url, [("moss fern", "ranked", "[]")])[0]


def test_a_second_search_scores_from_memory(url: str) -> None:
    twice = SEARCHES.replace(
        "found = index", "index.search(query, 10, policy=policy); found = index"
    )
    answers, has_numpy = run(twice, url, [("moss fern", "ranked", "[]")])
    assert has_numpy
    assert answers == run(SEARCHES, url, [("moss fern", "ranked", "[]")])[0]
