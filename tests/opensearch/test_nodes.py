"""Nodes of three are lost while clients read and write: no error, nothing lost, nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import nuthatch
from nuthatch import Document
from nuthatch_opensearch.cluster import Cluster
from nuthatch_opensearch.failure import SnapshotLost, interpret
from support.cluster_clients import BATCH, Clients, make_index
from support.opensearch import cluster


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (404, "search_context_missing_exception", "No search context found for id [1]"),
        (500, "illegal_state_exception", "no node found for id: vQY04bgjSTi0RA3QBkyQSA"),
        (500, "node_not_connected_exception", "[n2][127.0.0.1:35085] Node not connected"),
        (500, "node_disconnected_exception", "[n0] [indices:data/read/search] disconnected"),
    ],
)
def test_what_a_lost_node_answers_is_a_lost_state(status: int, kind: str, reason: str) -> None:
    cause = {"type": kind, "reason": reason}
    details = {"type": "search_phase_execution_exception", "reason": "", "root_cause": [cause]}
    error = interpret(status, details, "opensearch://host/?index=films", None)
    assert isinstance(error, SnapshotLost)
    assert error.transient


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with cluster(3) as running:
        yield running


@pytest.mark.nightly
def test_one_node_after_another_is_killed(three: Cluster) -> None:
    with Clients(make_index(three, "films")) as clients:
        clients.go_on(10)
        for number in range(3):
            three.nodes[number].kill()
            clients.go_on(10)
            three.start_node(number)
            three.wait(3, "green")
            clients.go_on(5)
    assert clients.refused == 0
    clients.check()


@pytest.mark.nightly
def test_all_nodes_are_killed_at_once(three: Cluster) -> None:
    url = f"{three.url('all')}&shards=3&replicas=1"
    with nuthatch.open(url, create="new") as index:
        three.wait(3, "green")
        for batch in range(10):
            index.add([Document(f"d{batch}x{n}", "", "wolf") for n in range(BATCH)])
        for node in three.nodes:
            node.kill()
        three.start()
        three.wait(3, "green")
        assert len(index.search("wolf", limit=1_000)) == 10 * BATCH
        assert index.check() == []
