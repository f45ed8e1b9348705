"""A large index on one node: how long it takes to make, what it takes, and searches of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter, process_time

import nuthatch
from benchmarks.opensearch import added, clients
from benchmarks.opensearch.stage import SCHEMA, Stage
from benchmarks.report import Row
from nuthatch import EntityQuery
from nuthatch_opensearch.cluster import Cluster

SECTION = "A large index"


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield what loading all documents takes, and then searches."""
    number = len(stage.documents)
    with nuthatch.open(stage.url(cluster), create="new", schema=SCHEMA) as index:
        begun, used = perf_counter(), process_time()
        index.add(stage.documents)
        seconds, used = perf_counter() - begun, process_time() - used
        value = f"{seconds:,.0f} s, {used:,.0f} s of them the client's processor time"
        yield Row(SECTION, f"{number:,} documents, analyzed and stored", value=value)
        begun = perf_counter()
        index.optimize()
        yield Row(SECTION, "optimize()", value=f"{perf_counter() - begun:,.0f} s")
        each = index.info().bytes / number
        yield Row(SECTION, "on disk", value=f"{each:,.0f} bytes a document")
        yield Row(
            SECTION, "heap of the node", value=f"{_find_heap(cluster):,.0f} MB of {stage.heap}"
        )
        for what in ("first", "second"):
            begun = perf_counter()
            index.search(EntityQuery(titles=[stage.documents[0].title]))
            value = f"{perf_counter() - begun:,.2f} s"
            yield Row(SECTION, f"{what} search for a title, with all titles in memory", value=value)
    for row in (*added.measure(stage, cluster), *clients.measure(stage, cluster)):
        yield replace(row, section=SECTION)


def _find_heap(cluster: Cluster) -> float:
    ((_, node),) = cluster.get(cluster.nodes[0], "/_nodes/stats/jvm")["nodes"].items()
    used: int = node["jvm"]["mem"]["heap_used_in_bytes"]
    return used / 2**20
