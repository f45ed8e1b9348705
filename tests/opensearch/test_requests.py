"""The requests of a search, which are its cost over a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import get_ident
from time import sleep
from typing import Any

import pytest

from nuthatch import AuditMode, Document, EntityQuery, Policy, Range
from nuthatch_opensearch.backend import OpenSearchBackend
from nuthatch_opensearch.channel import BlockingChannel
from nuthatch_opensearch.client import Client, Request
from nuthatch_opensearch.snapshot import Opening
from support.entity_strategies import FILMS

Open = Callable[..., OpenSearchBackend]
SEARCH = "POST _msearch"
POINT = "POST _search/_point_in_time"


@pytest.mark.parametrize("policy", ["auto", "ranked", "ladder"])
def test_a_search_takes_one_and_three_more_after_a_write(
    index: OpenSearchBackend, few: list[Document], requests: list[str], policy: Policy
) -> None:
    index.add(few)
    for expected in (["POST _search", SEARCH], [SEARCH], [SEARCH]):
        requests.clear()
        assert index.search("thief in los angeles", policy=policy, audit=AuditMode.GROUNDED)
        assert requests[-len(expected) :] == expected
        assert len(requests) <= 3
    index.delete("heat")
    requests.clear()
    assert len(index.search("thief", policy=policy)) == 1
    assert requests == [SEARCH, "GET _doc", "POST _search", SEARCH]


def test_an_asynchronous_search_takes_as_many(
    index: OpenSearchBackend, few: list[Document], requests: list[str]
) -> None:
    index.add(few)

    async def search() -> None:
        for _ in range(3):
            requests.clear()
            assert len(await index.search_async("thief")) == 2
        assert requests == [SEARCH]

    asyncio.run(search())


def test_another_handle_sees_what_was_committed(open_index: Open, few: list[Document]) -> None:
    index, other = open_index(), open_index()
    assert len(other.search("thief")) == 0
    for number, document in enumerate(few, 1):
        index.add(document)
        assert len(other.search("thief heat ducks")) == number


def test_a_long_ladder_takes_two(
    index: OpenSearchBackend, few: list[Document], requests: list[str]
) -> None:
    index.add(few)
    query = "thief detective heat cracker ducks road safe angeles los"
    index.search(query, policy="ladder")
    requests.clear()
    results = index.search(query, policy="ladder")
    assert requests == [SEARCH, SEARCH]
    assert results
    assert len(results.attempts) > 1


def test_entities_take_two_once_a_state_is_read(open_index: Open, requests: list[str]) -> None:
    index = open_index(schema=FILMS)
    index.add(Document("d", "Endgame", "", {"people": ["Tom"], "year": 2}))
    query = EntityQuery({"people": ["tom"]}, titles=["endgmae"])
    assert len(index.search(query)) == 1
    requests.clear()
    assert len(index.search(query)) == 1
    assert requests == [SEARCH, SEARCH]
    requests.clear()
    filtered = EntityQuery({"people": ["tom"]}, titles=["endgmae"], filters=[Range("year", gte=3)])
    assert len(index.search(filtered)) == 0
    assert requests == [SEARCH, SEARCH]


def test_a_batch_takes_six_and_one_for_each_further_part(
    open_index: Open, few: list[Document], requests: list[str]
) -> None:
    parts = [*["POST _bulk"] * 4, "POST _refresh"]  # the last bulk is the catalog
    for size, stored in ((5_000_000, ["POST _bulk"]), (2_000, parts)):
        index = open_index(bulk_bytes=size)
        index.add(Document("other", "Other", f"Text of {size}."))
        long = [Document(f"{one.uri}{size}", one.title, one.text * 80) for one in few]
        requests.clear()
        index.add(long)
        looked_up = ["GET _doc", "POST _search", "GET _doc"]  # the last one before it is written
        assert requests == [*looked_up, "PUT _doc", *stored, "PUT _doc"]


def test_the_first_batch_looks_nothing_up(
    index: OpenSearchBackend, few: list[Document], requests: list[str]
) -> None:
    index.add(few)
    assert "POST _search" not in requests


def test_a_small_request_is_one_write(
    index: OpenSearchBackend, few: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []

    def send(connection: HTTPConnection, data: bytes) -> None:
        writes.append(len(data))
        original(connection, data)

    index.add(few)
    assert len(index.search("thief")) == 2
    original = HTTPConnection.send
    monkeypatch.setattr(HTTPConnection, "send", send)
    assert len(index.search("thief")) == 2
    assert len(writes) == 1
    index.add(Document("long", "Long", "a thief " * 20_000))
    assert max(writes) > 100_000
    assert len(index.search("thief")) == 3


def test_readers_that_come_together_open_one_state(
    index: OpenSearchBackend,
    few: list[Document],
    requests: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index.add(few)
    readers = 8
    waiting: set[int] = set()

    async def pause(channel: BlockingChannel, seconds: float) -> None:
        waiting.add(get_ident())
        await original_pause(channel, seconds)

    def open_late(client: Client, request: Request) -> Any:
        if request.path.endswith("point_in_time") and request.method == "POST":
            while len(waiting) < readers - 1:
                sleep(0.001)
        return original(client, request)

    original, original_pause = Client.send, BlockingChannel.pause
    monkeypatch.setattr(Client, "send", open_late)
    monkeypatch.setattr(BlockingChannel, "pause", pause)
    monkeypatch.setattr("nuthatch_opensearch.snapshot._SHARED", 60)
    requests.clear()
    with ThreadPoolExecutor(readers) as pool:
        found = list(pool.map(lambda _: len(index.search("thief")), range(readers)))
    assert found == [2] * readers
    assert requests.count("POST _search") == 1


def test_a_reader_does_not_wait_for_one_that_was_interrupted(
    index: OpenSearchBackend, few: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add(few)
    monkeypatch.setattr("nuthatch_opensearch.snapshot._SHARED", 0.05)
    index._snapshots._opening["newest"] = Opening()  # as an interrupt may leave it
    assert len(index.search("thief")) == 2
    assert index._snapshots._opening == {}


def test_tables_of_past_states_are_not_kept(open_index: Open) -> None:
    index = open_index(schema=FILMS)
    for number in range(5):
        index.add(Document(f"d{number}", "Endgame", "", {"people": ["Tom"]}))
        assert len(index.search(EntityQuery({"people": ["tom"]}))) == number + 1
    states = [*index._snapshots._retired]
    assert len(states) > 1
    assert [state.catalogs for state in states] == [[]] * len(states)
