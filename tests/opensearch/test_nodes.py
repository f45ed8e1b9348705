"""Nodes of three are lost while clients read and write: no error, nothing lost, nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread
from time import sleep

import pytest

import nuthatch
from nuthatch import Document
from nuthatch_opensearch.cluster import Cluster
from nuthatch_opensearch.failure import SnapshotLost, interpret
from support.opensearch import cluster

BATCH = 20


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


class Clients:
    """Two readers and a writer; the readers know what was acknowledged before they search."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = Event()
        self.acknowledged = 0
        self.searches = 0
        self.errors: list[Exception] = []
        self.wrong: list[tuple[int, int]] = []
        self._threads = [Thread(target=work) for work in (self._read, self._read, self._write)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        with nuthatch.open(self._url, retry=120) as index:
            while not self._stop.is_set():
                known = self.acknowledged * BATCH
                try:
                    found = len(index.search("wolf", limit=100_000))
                except Exception as error:  # noqa: BLE001  the test looks at it
                    self.errors.append(error)
                    continue
                self.searches += 1
                if found < known or found % BATCH:
                    self.wrong.append((found, known))
                sleep(0.02)

    def _write(self) -> None:
        with nuthatch.open(self._url, retry=120) as index:
            while not self._stop.is_set():
                batch = self.acknowledged
                try:
                    index.add([Document(f"d{batch}x{n}", "", "wolf") for n in range(BATCH)])
                except Exception as error:  # noqa: BLE001  the test looks at it
                    self.errors.append(error)
                    continue
                self.acknowledged += 1
                sleep(0.05)

    def go_on(self, searches: int) -> None:
        """Wait until so many more searches were made."""
        enough = self.searches + searches
        while self.searches < enough and not self.errors:
            sleep(0.05)


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with cluster(3) as running:
        yield running


@pytest.mark.nightly
def test_one_node_after_another_is_killed(three: Cluster) -> None:
    url = f"{three.url('films')}&shards=3&replicas=1"
    nuthatch.open(url, create="new").close()
    three.wait(3, "green")
    with Clients(url) as clients:
        clients.go_on(10)
        for number in range(3):
            three.nodes[number].kill()
            clients.go_on(10)
            three.start_node(number)
            three.wait(3, "green")
            clients.go_on(5)
    assert clients.errors == []
    assert clients.wrong == []
    with nuthatch.open(url) as index:
        stored = {document.uri for document in index.documents()}
        assert index.check() == []
    promised = {f"d{batch}x{n}" for batch in range(clients.acknowledged) for n in range(BATCH)}
    assert promised <= stored
    assert len(stored - promised) <= BATCH


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
