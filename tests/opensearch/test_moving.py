"""A user who outgrows one machine: the same documents, and the same answers."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

import nuthatch
from nuthatch import Document, EntityQuery, IntegerField, KeywordField, PhraseField, Schema
from nuthatch.cli.main import cli

SCHEMA = Schema(
    analyzer="english",
    chunker="words:5:1",
    fields=(PhraseField("people"), IntegerField("year"), KeywordField("genre")),
)
FILMS = [
    Document(
        f"film {number}",
        title,
        f"{title} is a film of the year {1990 + number}. " * number,
        {
            "people": ["Tom Hanks", f"Ada {number}"],
            "year": 1990 + number,
            "genre": ["War", "Crime"],
        },
    )
    for number, title in enumerate(("Heat", "The Thief", "", "Zoë’s Night", "東京物語"))
]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_copies_there_and_back_keep_the_fingerprint(url: str, tmp_path: Path) -> None:
    first, last = f"sqlite:{tmp_path}/films.db", f"sqlite:{tmp_path}/back.db"
    with nuthatch.open(first, create=True, schema=SCHEMA) as index:
        index.add(FILMS)
        fingerprint = index.info(fingerprint=True).corpus_fingerprint
        found = index.search(
            EntityQuery({"people": ["tom hanks"]}, titles=["thef"]), facets=["year"]
        )
    for source, target in ((first, url), (url, last)):
        told = json.loads(run("copy", source, target, "--json"))
        assert told["same"] is True
        assert told["documents"] == len(FILMS)
    for place in (url, last):
        with nuthatch.open(place) as index:
            assert index.schema == SCHEMA
            assert index.info(fingerprint=True).corpus_fingerprint == fingerprint
            again = index.search(
                EntityQuery({"people": ["tom hanks"]}, titles=["thef"]), facets=["year"]
            )
            assert [(hit.document_uri, hit.score) for hit in again] == [
                (hit.document_uri, hit.score) for hit in found
            ]
            assert again.facets == found.facets
            assert index.check() == []


@pytest.mark.nightly
def test_the_demo_has_the_same_answers_from_five_engines(tmp_path: Path) -> None:
    told = json.loads(run("demo", "--cluster", "--dir", str(tmp_path / "demo"), "--json"))
    engines = ["memory", "opensearch", "sqlite", "tantivy"]
    if find_spec("pg0") is not None:
        engines.append("postgresql")
    assert sorted(told["alike"]) == sorted(engines)
    assert {engine["skipped"] for engine in told["engines"] if engine["name"] in engines} == {None}
