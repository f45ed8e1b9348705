"""What fails in a cluster: each is the right error, or made good; no answer is a part of one."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest

import nuthatch
from nuthatch import BackendUnavailable, Document, EntityQuery, IndexExists, QueryTimeout
from nuthatch_opensearch.backend import OpenSearchBackend
from nuthatch_opensearch.client import Client, Request
from nuthatch_opensearch.cluster import Cluster
from support.opensearch import cluster

Open = Callable[..., OpenSearchBackend]


@pytest.fixture(scope="module")
def mortal() -> Iterator[Cluster]:
    """A cluster that a test may pause and kill."""
    with cluster() as started:
        yield started


def wait_until(holds: Callable[[], bool]) -> None:
    ends = monotonic() + 60
    while not holds():
        assert monotonic() < ends
        sleep(0.1)


def request(index: OpenSearchBackend, method: str, path: str, body: str | None = None) -> Any:
    return index._client.send(Request(method, path.replace("{}", index._index.name), body=body))


def close_points(index: OpenSearchBackend) -> None:
    index._client.send(Request("DELETE", "/_search/point_in_time/_all"))


def test_a_state_that_the_cluster_lost_is_opened_again(
    index: OpenSearchBackend, few: list[Document]
) -> None:
    index.add(few)
    assert len(index.search("thief")) == 2
    close_points(index)
    assert len(index.search("thief")) == 2
    close_points(index)
    assert len(index.search(EntityQuery(titles=["heat"]))) == 1
    close_points(index)
    assert index.get("heat") == few[0]
    close_points(index)
    assert list(index.documents()) == few


def test_a_state_that_is_lost_within_a_search_is_searched_again(
    index: OpenSearchBackend, few: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nuthatch_opensearch.read import OpenSearchAsyncReader

    async def fetch(self: OpenSearchAsyncReader, *arguments: Any) -> Any:
        monkeypatch.undo()
        close_points(index)
        return await original(self, *arguments)

    original = OpenSearchAsyncReader.fetch
    index.add(few)
    query = EntityQuery(titles=["heat"])
    monkeypatch.setattr(OpenSearchAsyncReader, "fetch", fetch)
    assert [hit.document_uri for hit in index.search(query)] == ["heat"]
    assert OpenSearchAsyncReader.fetch is original


def test_a_missing_shard_is_an_error_and_no_shorter_list(
    open_index: Open, running: Cluster
) -> None:
    index = open_index(shards=3, retry=0.2)
    index.add([Document(f"d{n}", "", "wolf") for n in range(30)])
    assert len(index.search("wolf", limit=50)) == 30
    settings = request(index, "GET", "/{}/_settings")[index._index.name]["settings"]["index"]
    request(index, "POST", "/{}/_close")
    (folder,) = running.folder.rglob(f"indices/{settings['uuid']}")
    marked = max(range(3), key=lambda shard: len(list((folder / str(shard)).rglob("*.cfs"))))
    for file in (folder / str(marked)).rglob("*.cf?"):
        file.write_bytes(file.read_bytes()[:-20])
    request(index, "POST", "/{}/_open?wait_for_active_shards=0")
    wait_until(lambda: index._find_health()["status"] == "red")
    for use in (
        lambda: index.search("wolf"),
        lambda: index.search(EntityQuery(titles=["wolf"])),
        lambda: index.get("d1"),
        lambda: index.delete([f"d{n}" for n in range(30)]),
        lambda: index.info(fingerprint=True),
        lambda: list(index.documents()),
    ):
        with pytest.raises(BackendUnavailable, match="cannot answer now") as caught:
            use()
        assert caught.value.transient
    (fault,) = index.check()
    assert "shards are nowhere" in fault


@pytest.mark.parametrize("error", [BackendUnavailable("429"), QueryTimeout("late")])
def test_searches_that_fail_leave_no_states_open(
    index: OpenSearchBackend,
    url: str,
    few: list[Document],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def count_points() -> int:
        path = "/_search/point_in_time/_all"
        answer = index._client.send(Request("GET", path, ignore=(404,)))
        return len(answer.get("pits", []))

    def fail(client: Client, request: Request) -> Any:
        if "_msearch" in request.path:
            raise error
        return original(client, request)

    original = Client.send
    index.add(few)
    before = count_points()
    with nuthatch.open(url) as other:
        monkeypatch.setattr(Client, "send", fail)
        for _ in range(20):
            with pytest.raises(type(error)):
                other.search("thief")
        monkeypatch.undo()
        assert before < count_points() <= before + 8
        # One that is read, and fails then, is closed as well.
        assert len(other.search("thief")) == 2
        monkeypatch.setattr(Client, "send", fail)
        with pytest.raises(type(error)):
            other.search("thief")
        monkeypatch.undo()
        for number in range(20):
            index.add(Document(f"d{number}", "", "wolf"))
            assert len(other.search("wolf")) == number + 1
        assert count_points() <= before + 9
    assert count_points() == before


def test_nothing_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"opensearch://127.0.0.1:{reserved.getsockname()[1]}/?index=a"
        with pytest.raises(BackendUnavailable, match="does not answer") as caught:
            nuthatch.open(url)
        assert caught.value.transient


def test_a_foreign_index_is_left_alone(index: OpenSearchBackend, running: Cluster) -> None:
    index._client.send(Request("PUT", "/foreign"))
    try:
        for create in (False, True, "new"):
            with pytest.raises(IndexExists, match="not one of nuthatch"):
                nuthatch.open(running.url("foreign"), create=create)  # type: ignore[arg-type]
        with pytest.raises(IndexExists, match="not one of nuthatch"):
            nuthatch.drop(running.url("foreign"))
    finally:
        index._client.send(Request("DELETE", "/foreign"))


def test_a_node_that_stands_still_ends_a_search_in_time(
    mortal: Cluster, few: list[Document]
) -> None:
    url = mortal.url("still")
    nuthatch.open(url, create="new").close()
    with nuthatch.open(url, patience=1, retry=0) as index:
        index.add(few)
        assert len(index.search("thief")) == 2
        mortal.nodes[0].pause()
        try:
            begun = monotonic()
            with pytest.raises(QueryTimeout):
                index.search("thief", timeout=0.5)
            with pytest.raises(BackendUnavailable, match="patience") as caught:
                index.search("thief")
            assert caught.value.transient
            with pytest.raises(BackendUnavailable):
                index.add(Document("wolf", "", "wolf"))
            assert monotonic() - begun < 30
        finally:
            mortal.nodes[0].resume()
        assert len(index.search("thief")) == 2
        index.add(Document("wolf", "", "wolf"))
        assert len(index.search("wolf")) == 1
        assert index.check() == []


def test_a_node_that_is_killed_loses_nothing_and_reads_wait_for_it(
    mortal: Cluster, few: list[Document]
) -> None:
    url = mortal.url("killed")
    with nuthatch.open(url, create="new", retry=60, replicas=0) as index:
        index.add(few)
        index.delete("ducks")
        assert len(index.search("thief")) == 2
        mortal.nodes[0].kill()
        starter = Thread(target=lambda: (sleep(0.3), mortal.start_node(0)))
        starter.start()
        assert len(index.search("thief")) == 2
        assert index.get("ducks") is None
        starter.join()
        index.add(few)
        assert len(index.search("ducks")) == 1
        assert index.check() == []
