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
    Document,
    Exists,
    Filter,
    IntegerField,
    KeywordField,
    Not,
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
        found = index.search(query, 10, policy=policy, filters=filters)
        answers.append([[hit.document_uri, hit.score.hex(), hit.snippet] for hit in found])
print(json.dumps([answers, "numpy" in sys.modules]))
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    rng = random.Random(7)
    url = f"sqlite:{tmp_path / 'birds.db'}"
    schema = Schema(analyzer="english", fields=[IntegerField("year"), KeywordField("kinds")])
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
            " ".join(rng.sample(WORDS, rng.randint(1, 4))),
            rng.choice(policies),
            repr([draw_filter(rng, 3) for _ in range(rng.choice((0, 1, 1, 2)))]),
        )
        for _ in range(120)
    ]


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
                found = index.search(query, 10, policy=policy, filters=filters)
            assert answer == [[hit.document_uri, hit.score.hex(), hit.snippet] for hit in found]


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
