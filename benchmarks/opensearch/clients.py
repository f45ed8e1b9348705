"""Latency of a search with one client and with eight, on clusters of one node and of three."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

import numpy as np

from benchmarks.opensearch.stage import Stage
from benchmarks.report import Row
from nuthatch import LexicalBackend
from nuthatch_opensearch.cluster import Cluster

SECTION = "Clients"
_SEARCHES = 60


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield median and 95th percentile for threads that search at the same time."""
    nodes = len(cluster.nodes)
    with stage.open(cluster) as index:
        queries = [text for texts in stage.queries().values() for text in texts]
        search_for(index, queries, _SEARCHES)  # what nodes read first is not timed
        for number in (1, 8):
            begun = perf_counter()
            with ThreadPoolExecutor(number) as pool:
                shares = [queries[client::number] for client in range(number)]
                run = partial(search_for, index, count=4 * _SEARCHES // number)
                found = list(pool.map(run, shares))
            seconds = np.concatenate(found)
            rate = seconds.size / (perf_counter() - begun)
            half, most = np.percentile(1000 * seconds, (50, 95))
            what = f"{nodes} nodes, {nodes} shards, {number} clients"
            value = f"median {half:.1f} ms, 95 % below {most:.1f} ms, {rate:,.0f} searches/s"
            yield Row(SECTION, what, value=value)


def search_for(index: LexicalBackend, queries: Sequence[str], count: int) -> list[float]:
    """Search so often; return the seconds of each search."""
    seconds = []
    for number in range(count):
        begun = perf_counter()
        index.search(queries[number % len(queries)], 10)
        seconds.append(perf_counter() - begun)
    return seconds
