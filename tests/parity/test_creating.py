"""An index is there with its first batch, whole, or not at all, on every engine."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    IndexExists,
    IndexNotFound,
    IntegerField,
    InvalidConfig,
    NuthatchError,
    PhraseField,
    Schema,
    SchemaMismatch,
)
from nuthatch_conformance import oracle
from nuthatch_conformance.batches import BatchError, break_batch
from support.processes import child

from .engines import Engine

SCHEMA = Schema(fields=(PhraseField("people"), IntegerField("year")))
MANY = 3_000
SERVERS = ("postgresql:", "opensearch:")

CREATE = """
import json, sys, nuthatch
url, mine, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
fields = (nuthatch.PhraseField("people"), nuthatch.IntegerField("year"))
with nuthatch.open(url, create=True, schema=nuthatch.Schema(fields=fields)) as index:
    print(json.dumps(index.exists), flush=True)
    sys.stdin.readline()
    rows = ({"uri": f"{mine}{n}", "title": f"title {n}", "text": f"aa w{n}",
             "fields": {"people": [f"p {n}"], "year": n}} for n in range(number))
    print(json.dumps(index.add(rows, batch=max(number // 2, 1500)).added), flush=True)
"""


@pytest.fixture
def url(engine: Engine) -> Iterator[str]:
    with engine.place() as place:
        yield place


def uris(place: str) -> list[str]:
    with nuthatch.open(place) as index:
        assert index.check() == []
        return sorted(document.uri for document in index.documents())


def test_two_processes_that_create_at_once_lose_nothing(url: str) -> None:
    with child(CREATE, url, "a", 6) as one, child(CREATE, url, "b", 6) as other:
        assert (one.read(), other.read()) == (False, False)
        one.tell()
        other.tell()
        assert (one.read(), other.read()) == (6, 6)
    assert uris(url) == sorted(f"{mine}{n}" for mine in "ab" for n in range(6))


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_in_the_first_batch_leaves_no_index_or_the_whole_batch(url: str, seed: int) -> None:
    with child(CREATE, url, "a", MANY) as loader:
        assert loader.read() is False
        loader.tell()
        time.sleep(random.Random(seed).uniform(0.0, 1.5))
        loader.kill()
    try:
        held = uris(url)
    except IndexNotFound:
        other = Schema(analyzer="german")  # nothing is left of the first schema either
        with nuthatch.open(url, create=True, schema=other) as index:
            index.add({"uri": "b", "text": "aa"})
        assert uris(url) == ["b"]
    else:
        assert len(held) in (1500, MANY)


def test_a_first_batch_that_fails_in_the_engine_leaves_nothing(url: str) -> None:
    rows = oracle.analyze([Document("a", "", "aa"), Document("b", "", "bb")], SCHEMA)
    with nuthatch.open(url, create=True, schema=SCHEMA) as index:
        for whole in (0, 1):
            with pytest.raises(Exception) as caught:  # noqa: PT011  an engine may translate it
                index.write(break_batch(rows, whole), "process")
            chain = (caught.value, caught.value.__cause__, caught.value.__context__)
            assert any(isinstance(error, BatchError) for error in chain)
            assert not index.exists
            with pytest.raises(IndexNotFound):
                nuthatch.open(url)
        folder = Path(url.partition(":")[2]).parent
        if not url.startswith(SERVERS):
            assert list(folder.iterdir()) == []
        index.add([Document("a", "", "aa")])
        assert index.exists
    assert uris(url) == ["a"]


def test_a_handle_uses_what_another_one_has_made(url: str) -> None:
    with (
        nuthatch.open(url, create=True, schema=SCHEMA) as one,
        nuthatch.open(url, create=True) as other,
    ):
        assert len(other.search("aa")) == 0
        assert len(one.search(EntityQuery(include={"people": ["p"]}, titles=["heat"]))) == 0
        one.add({"uri": "a", "title": "Heat", "text": "aa", "fields": {"people": "P", "year": 1}})
        assert [hit.document_uri for hit in other.search("aa")] == ["a"]
        assert other.schema == SCHEMA
        assert other.delete("a") == 1
        assert one.get("a") is None


def test_another_schema_is_refused_once_the_index_is_there(url: str) -> None:
    with (
        nuthatch.open(url, create=True, schema=SCHEMA) as one,
        nuthatch.open(url, create=True, schema=Schema()) as other,
    ):
        one.add({"uri": "a", "text": "aa"})
        with pytest.raises(SchemaMismatch):
            other.add({"uri": "b", "text": "bb"})
        with pytest.raises(SchemaMismatch):
            other.search("aa")
    assert uris(url) == ["a"]


def test_new_makes_an_empty_index_at_once(url: str) -> None:
    with nuthatch.open(url, create="new", schema=SCHEMA) as index:
        assert index.exists
    assert uris(url) == []
    with pytest.raises(IndexExists):
        nuthatch.open(url, create="new")


def test_what_cannot_be_made_is_told_before_anything_is_added(url: str) -> None:
    with pytest.raises(InvalidConfig, match="klingon"):
        nuthatch.open(url, create=True, schema=Schema(analyzer="klingon"))
    with pytest.raises(IndexNotFound, match="read_only makes none"):
        nuthatch.open(url, create=True, read_only=True)
    if not url.startswith(SERVERS):
        with pytest.raises(NuthatchError, match="its folder is not there"):
            nuthatch.open(url + "/no/such/index", create=True)
