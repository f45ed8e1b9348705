"""Searches while one node of three after another is killed, and started again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Event, Thread
from time import perf_counter, sleep

import numpy as np

from benchmarks.opensearch.clients import search_for
from benchmarks.opensearch.stage import Stage
from benchmarks.report import Row
from nuthatch import LexicalBackend, NuthatchError
from nuthatch_opensearch.cluster import Cluster

SECTION = "A node of three is killed"
_CLIENTS = 4
_WARM = 300
_CALM = 3.0
#: A slow answer takes so many times the median of before, and this many seconds at least.
_SLOW = 5
_LEAST = 0.1
#: Seconds that a stretch of slow answers may take.
_AIM = 1.0


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield what clients see before a node is killed, in the seconds after, and in the end."""
    queries = [text for texts in stage.queries().values() for text in texts]
    with stage.open(cluster) as index:
        search_for(index, queries, _WARM)  # what nodes compile first is not timed
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
            value = (
                f"median {1000 * np.median(before):.0f} ms before and "
                f"{1000 * np.median(after):.0f} ms after; {len(clients.errors)} errors in "
                f"{len(after)} searches"
            )
            what, met = f"node {number}", not clients.errors
            yield Row(SECTION, what, value=value, goal="no error", met=met)
            limit = max(_LEAST, _SLOW * float(np.median(before)))
            slow = [(at, took) for at, took in clients.searches if took > limit]
            stretch = find_longest(slow, killed)
            value = f"{stretch:.2f} s; the longest answer {max(after):.2f} s"
            what = f"node {number}: answers of more than {limit:.2f} s, without a pause"
            met = stretch <= _AIM
            yield Row(SECTION, what, value=value, goal=f"≤ {_AIM:g} s", met=met)


def find_longest(searches: Iterable[tuple[float, float]], since: float) -> float:
    """Return the seconds of the longest stretch that (begin, seconds) of searches cover, as far as
    it comes after `since`."""
    longest, begun, ended = 0.0, since, since
    for at, took in sorted(searches):
        if at > ended:
            begun = at
        ended = max(ended, at + took)
        longest = max(longest, ended - begun)
    return longest


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
