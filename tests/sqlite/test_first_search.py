"""The first search of a process that has no numpy is left to FTS5, and answers alike."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import Document, IntegerField, Range, Schema

WORDS = ("river", "bank", "boat", "water", "fish", "bird", "tree", "nest", "stone", "moss", "fern")
SEARCHES = """
import json, sys
import nuthatch
from nuthatch import Range
url, searches = sys.argv[1], json.loads(sys.argv[2])
answers = []
for query, policy, least in searches:
    with nuthatch.open(url) as index:  # its first search
        filters = [] if least is None else [Range("year", gte=least)]
        found = index.search(query, 10, policy=policy, filters=filters)
        answers.append([[hit.document_uri, hit.score.hex(), hit.snippet] for hit in found])
print(json.dumps([answers, "numpy" in sys.modules]))
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    rng = random.Random(7)
    url = f"sqlite:{tmp_path / 'birds.db'}"
    schema = Schema(analyzer="english", fields=[IntegerField("year")])
    with nuthatch.open(url, create=True, schema=schema) as index:
        index.add(
            Document(
                f"d{number}",
                rng.choice(WORDS),
                " ".join(rng.choices(WORDS, range(1, 12), k=rng.randint(1, 40))),
                {"year": rng.randint(1990, 2020)},
            )
            for number in range(400)
        )
    return url


def run(program: str, url: str, searches: list[Any]) -> tuple[list[Any], bool]:
    done = subprocess.run(
        [sys.executable, "-c", program, url, json.dumps(searches)],
        capture_output=True,
        text=True,
        check=True,
    )
    answers, has_numpy = json.loads(done.stdout)
    return answers, has_numpy


def draw_searches() -> list[Any]:
    rng = random.Random(3)
    policies, years = ("auto", "ladder", "ranked"), (None, None, 2005)
    return [
        [" ".join(rng.sample(WORDS, rng.randint(1, 4))), rng.choice(policies), rng.choice(years)]
        for _ in range(60)
    ]


def test_the_first_search_has_the_scores_of_later_ones_to_the_last_bit(url: str) -> None:
    searches = draw_searches()
    answers, has_numpy = run(SEARCHES, url, searches)
    assert not has_numpy
    with nuthatch.open(url) as index:
        for (query, policy, least), answer in zip(searches, answers, strict=True):
            filters = [] if least is None else [Range("year", gte=least)]
            for _ in range(3):  # the first reads, the last finds all in the cache
                found = index.search(query, 10, policy=policy, filters=filters)
            assert answer == [[hit.document_uri, hit.score.hex(), hit.snippet] for hit in found]


def test_a_first_search_over_many_postings_imports_numpy(url: str) -> None:
    few = "import nuthatch_sqlite.read as read; read._IMPORT = 100\n"
    answers, has_numpy = run(few + SEARCHES, url, [["moss fern", "ranked", None]])
    assert has_numpy
    assert answers == run(SEARCHES, url, [["moss fern", "ranked", None]])[0]


def test_a_second_search_scores_from_memory(url: str) -> None:
    twice = SEARCHES.replace(
        "found = index", "index.search(query, 10, policy=policy); found = index"
    )
    answers, has_numpy = run(twice, url, [["moss fern", "ranked", None]])
    assert has_numpy
    assert answers == run(SEARCHES, url, [["moss fern", "ranked", None]])[0]
