"""What goes wrong in a cluster, while clients read and write: no acknowledged batch is lost, and no
answer is wrong or shorter than it should be."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest

import nuthatch
from nuthatch import BackendUnavailable, Document
from nuthatch_opensearch.backend import OpenSearchBackend
from nuthatch_opensearch.client import Client, Request
from nuthatch_opensearch.cluster import Cluster
from nuthatch_opensearch.failure import interpret
from support.cluster_clients import Clients, make_index
from support.networks import networks
from support.opensearch import cluster, require_software

#: So that a cluster of a test notices soon that a node is gone that says nothing.
IMPATIENT = {
    "cluster.fault_detection.follower_check.timeout": "2s",
    "cluster.fault_detection.follower_check.retry_count": "2",
    "cluster.fault_detection.leader_check.timeout": "2s",
    "cluster.fault_detection.leader_check.retry_count": "2",
    "cluster.publish.timeout": "5s",
}
Open = Callable[..., OpenSearchBackend]


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with cluster(3, **IMPATIENT) as running:
        yield running


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_rolling_restart(three: Cluster) -> None:
    with Clients(make_index(three, "rolling"), patience=5) as clients:
        clients.go_on(5)
        for number in range(3):
            three.nodes[number].stop()
            clients.go_on(5)
            three.start_node(number)
            three.wait(3, "green")
            clients.go_on(5)
    clients.check()


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_the_cluster_manager_is_killed(three: Cluster) -> None:
    with Clients(make_index(three, "manager"), patience=5) as clients:
        clients.go_on(5)
        rows = three.get(three.nodes[0], "/_cat/cluster_manager?format=json")
        manager = next(at for at, node in enumerate(three.nodes) if node.name == rows[0]["node"])
        three.nodes[manager].kill()
        clients.go_on(10)
        three.start_node(manager)
        three.wait(3, "green")
        clients.go_on(5)
    clients.check()


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_node_stands_still(three: Cluster) -> None:
    with Clients(make_index(three, "still"), patience=5) as clients:
        clients.go_on(5)
        for node in three.nodes:
            node.pause()
            sleep(8)  # longer than the cluster waits for it
            node.resume()
            clients.go_on(5)
            three.wait(3, "green")
    clients.check()


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_node_is_cut_off_by_dropped_packets(tmp_path: Path) -> None:
    require_software()
    with networks(3) as nets:
        running = Cluster(
            3, folder=tmp_path, settings=IMPATIENT, hosts=nets.hosts, prefixes=nets.prefixes
        )
        with running:
            url = make_index(running, "cut")
            with Clients(url, patience=5) as clients:
                clients.go_on(5)
                for place in range(2):
                    nets.cut(place)
                    clients.go_on(10)
                    nets.join(place)
                    heal(running)
                    clients.go_on(5)
            clients.check()


def heal(running: Cluster) -> None:
    """Wait until all copies are there. A node that comes back may hold the lock of a copy that it
    still closes; the cluster tries five times, and then wants to be told to try again."""
    for _ in range(60):
        path = "/_cluster/reroute?retry_failed=true&metric=none"
        order = UrlRequest(f"http://{running.nodes[2].address}{path}", method="POST")
        with suppress(OSError), urlopen(order, timeout=10):
            health = running.get(running.nodes[2], "/_cluster/health")
            if (health["number_of_nodes"], health["status"]) == (3, "green"):
                return
        sleep(5)
    raise AssertionError("the cluster does not become green again")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of so many bytes, in memory."""
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(disk)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(index: nuthatch.LexicalBackend) -> int:
    """Add documents until one is refused; return how many were acknowledged."""
    for number in count():
        text = " ".join(f"wolf {number}x{n}" for n in range(40_000))
        try:
            index.add([Document(f"d{number}", "", text)])
        except BackendUnavailable:
            return number
    raise AssertionError("a disk that is never full")


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_full_disk_refuses_writes_and_loses_nothing(tmp_path: Path) -> None:
    require_software()
    with small_disk(tmp_path, "40m") as disk, Cluster(folder=disk) as running:
        url = f"{running.url('full')}&replicas=0&patience=10&retry=1"
        with nuthatch.open(url, create="new") as index:
            acknowledged = fill(index)
        assert acknowledged
        subprocess.run(["mount", "-o", "remount,size=400m", str(disk)], check=True)
        running.nodes[0].stop()
        running.start()
        running.wait(1, "yellow")
        with nuthatch.open(f"{running.url('full')}&retry=60") as index:
            assert index.info().documents == acknowledged
            assert len(index.search("wolf", 1_000)) == acknowledged
            index.add(Document("more", "", "wolf"))
            index.optimize()
            assert len(index.search("wolf", 1_000)) == acknowledged + 1
            assert index.check() == []


def test_an_index_that_takes_no_writes_says_so_and_answers(
    index: OpenSearchBackend,
) -> None:
    index.add(Document("a", "", "wolf"))
    path = f"/{index._index.name}/_settings"
    block = "index.blocks.read_only_allow_delete"  # as a disk that is nearly full has it set
    index._client.send(Request("PUT", path, body=json.dumps({block: True})))
    with pytest.raises(BackendUnavailable, match="disk"):
        index.add(Document("b", "", "wolf"))
    assert len(index.search("wolf")) == 1
    index._client.send(Request("PUT", path, body=json.dumps({block: None})))
    index.add(Document("b", "", "wolf"))
    assert len(index.search("wolf")) == 2
    assert index.check() == []


def test_a_bulk_that_there_is_no_room_for_is_sent_in_parts(
    index: OpenSearchBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(client: Client, request: Request) -> Any:
        if "_bulk" in request.path and len(request.body or "") > 20_000:
            raise interpret(429, "circuit_breaking_exception", "here", None)
        return original(client, request)

    original = Client.send
    monkeypatch.setattr(Client, "send", send)
    index.add([Document(f"d{n}", "", f"{'wolf ' * 200} {n}") for n in range(60)])
    assert len(index.search("wolf", 100)) == index.info().documents == 60
    assert index.check() == []


@pytest.mark.nightly
def test_a_document_that_is_larger_than_a_request_is_refused(open_index: Open) -> None:
    index = open_index()
    index.add(Document("a", "", "wolf"))
    with pytest.raises(BackendUnavailable, match="larger than"):
        index.add(Document("b", "", "wolf " * 12_000_000))
    assert len(index.search("wolf")) == 1
    index.add(Document("c", "", "wolf"))
    assert len(index.search("wolf")) == 2


@pytest.mark.parametrize(
    "number", [100, pytest.param(3_000, marks=[pytest.mark.nightly, pytest.mark.timeout(900)])]
)
def test_many_searches_at_a_time_are_all_answered(open_index: Open, number: int) -> None:
    index = open_index(connections=200, retry=300, patience=300)
    index.add([Document(f"d{n}", "", f"wolf n{n}") for n in range(50)])

    async def search(at: int) -> int:
        if at % 100 == 50:
            await asyncio.to_thread(index.add, Document(f"e{at}", "", "fox"))
        return len(await index.search_async(f"n{at % 50}"))

    async def run() -> list[int]:
        return await asyncio.gather(*map(search, range(number)))

    assert asyncio.run(run()) == [1] * number
