"""Searches while one node of three after another is killed, and started again."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread
from time import perf_counter, sleep

import numpy as np

from benchmarks.opensearch.stage import Stage
from benchmarks.report import Row
from nuthatch import LexicalBackend, NuthatchError
from nuthatch_opensearch.cluster import Cluster

SECTION = "A node of three is killed"
_CLIENTS = 4
_CALM = 3.0
_SLOW = 1.0


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield what clients see before a node is killed, in the seconds after, and in the end."""
    queries = [text for texts in stage.queries().values() for text in texts]
    with stage.open(cluster) as index:
        for number in range(len(cluster.nodes)):
            with Clients(index, queries) as clients:
                sleep(_CALM)
                killed = perf_counter()
                cluster.nodes[number].kill()
                sleep(3 * _CALM)
            cluster.start_node(number)
            cluster.wait(len(cluster.nodes), "green")
            before = [took for at, took in clients.searches if at + took < killed]
            after = [took for at, took in clients.searches if at + took >= killed]
            slow = [at + took - killed for at, took in clients.searches if took > _SLOW]
            value = (
                f"before: median {1000 * np.median(before):.0f} ms; after: median "
                f"{1000 * np.median(after):.0f} ms, longest {max(after):.2f} s, over "
                f"{_SLOW:.0f} s {len(slow)} of {len(after)}, the last of these "
                f"{max(slow, default=0):.1f} s after the kill; {len(clients.errors)} errors"
            )
            met = not clients.errors
            goal = "no error"
            yield Row(SECTION, f"node {number}", value=value, goal=goal, met=met)


class Clients:
    """Threads that search, and keep when each search began and how long it took."""

    def __init__(self, index: LexicalBackend, queries: list[str]) -> None:
        self.searches: list[tuple[float, float]] = []
        self.errors: list[NuthatchError] = []
        self._index = index
        self._queries = queries
        self._stop = Event()
        self._threads = [Thread(target=self._search, args=(at,)) for at in range(_CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _search(self, at: int) -> None:
        while not self._stop.is_set():
            begun = perf_counter()
            try:
                self._index.search(self._queries[at % len(self._queries)], 10)
            except NuthatchError as error:
                self.errors.append(error)
            self.searches.append((begun, perf_counter() - begun))
            at += _CLIENTS
