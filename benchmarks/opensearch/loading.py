"""Loading: batches that were analyzed before, and `helpers.streaming_bulk` of the same documents.

Both sides send the same chunks into indexes with the same mapping, and refresh each batch. Ours
also takes a number, looks up what is there, stores the catalog and the words, and commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

import numpy as np
from opensearchpy import OpenSearch
from opensearchpy.helpers import streaming_bulk

import nuthatch
from benchmarks.opensearch.stage import SCHEMA, Stage
from benchmarks.report import Row
from benchmarks.timing import Ratio
from nuthatch import AnalyzedBatch, Document
from nuthatch_opensearch import schema
from nuthatch_opensearch.backend import OpenSearchBackend
from nuthatch_opensearch.cluster import Cluster

SECTION = "Loading"
#: Documents of a batch: few, and as many as `add` sends.
_BATCHES = (1_000, 10_000)
#: Documents of one bulk of the other side.
_CHUNK = 1_000
_MOST = 50_000
_TARGET = 0.8


@dataclass
class Load:
    """What loads of one side took: each of the clock, all of the processor."""

    seconds: list[float] = field(default_factory=list)
    node: float = 0.0
    client: float = 0.0

    def measure(self, load: Callable[[], object], cluster: Cluster) -> None:
        """Load, and add what it took."""
        of_node, of_client, begun = _processor_time(cluster), process_time(), perf_counter()
        load()
        self.seconds.append(perf_counter() - begun)
        self.client += process_time() - of_client
        self.node += _processor_time(cluster) - of_node


def _processor_time(cluster: Cluster) -> float:
    ((_, node),) = cluster.get(cluster.nodes[0], "/_nodes/stats/process")["nodes"].items()
    milliseconds: int = node["process"]["cpu"]["total_in_millis"]
    return milliseconds / 1000


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield the load of batches by turns, and what analysis takes beside it."""
    for size in _BATCHES:
        if 2 * size <= len(stage.documents):
            yield from _measure(stage.documents[:_MOST], cluster, size)


def _measure(documents: Sequence[Document], cluster: Cluster, size: int) -> Iterator[Row]:
    plain = OpenSearch(hosts=[{"host": "127.0.0.1", "port": cluster.nodes[0].port}], timeout=600)
    url = f"{cluster.url('loaded')}&replicas=0&patience=600"
    with nuthatch.open(url, create="new", schema=SCHEMA) as index:
        assert isinstance(index, OpenSearchBackend)
        plain.indices.create(
            index="plain", body=schema.make_index(SCHEMA, "{}", "x", "plain.x", 1, 0)
        )
        theirs, ours = Load(), Load()
        analysis = 0.0
        for number, at in enumerate(range(0, len(documents), size)):
            begun = process_time()
            batch = _analyze(index, documents[at : at + size])
            analysis += process_time() - begun
            actions = list(_actions(batch, number))
            sides = [
                (theirs, lambda actions=actions: _load_plainly(plain, actions)),
                (ours, lambda batch=batch: index.write(batch, "process")),
            ]
            for side, load in sides if number % 2 else sides[::-1]:
                side.measure(load, cluster)
        nuthatch.drop(url)
    plain.indices.delete(index="plain")
    plain.close()
    ratio = Ratio.of(np.array([theirs.seconds]), np.array([ours.seconds]))
    what = f"batches of {size:,}, analyzed before"
    yield Row(SECTION, what, "helpers.streaming_bulk, refreshed", ratio, _TARGET)
    rate = len(documents) / sum(ours.seconds)
    each = 1e6 / len(documents)
    value = (
        f"{rate:,.0f} documents a second; processor time a document: of the node "
        f"{each * ours.node:,.0f} µs (streaming_bulk {each * theirs.node:,.0f}), of the client "
        f"{each * ours.client:,.0f} µs ({each * theirs.client:,.0f}), and before "
        f"it {each * analysis:,.0f} µs of analysis"
    )
    yield Row(SECTION, what, value=value)


def _analyze(index: OpenSearchBackend, documents: Sequence[Document]) -> AnalyzedBatch:
    from nuthatch.pipeline.indexing import DocumentAnalyzer

    analyzer = DocumentAnalyzer(index.schema, index.analyzer)
    words = analyzer.make_words()
    rows = [analyzer.analyze(analyzer.outline(document), words) for document in documents]
    return AnalyzedBatch(rows, words)


def _actions(batch: AnalyzedBatch, number: int) -> Iterator[dict[str, Any]]:
    columns = schema.find_columns(SCHEMA)
    for place, analyzed in enumerate(batch):
        for name, document in schema.make_chunks(columns, analyzed, number, place):
            yield {"_index": "plain", "_id": name, "_source": document}


def _load_plainly(plain: OpenSearch, actions: Sequence[dict[str, Any]]) -> None:
    for _ in streaming_bulk(plain, actions, chunk_size=_CHUNK):
        pass
    plain.indices.refresh(index="plain")
