"""Loading: batches that were analyzed before, and `helpers.streaming_bulk` of the same documents.

Both sides send the same chunks into indexes with the same mapping, and refresh each batch. Ours
also takes a number, looks up what is there, stores the catalog and the words, and commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_BATCH = 1_000
_MOST = 50_000
_TARGET = 0.8


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield the load of batches by turns, and what analysis takes beside it."""
    documents = stage.documents[:_MOST]
    node = cluster.nodes[0]
    plain = OpenSearch(hosts=[{"host": "127.0.0.1", "port": node.port}], timeout=60)
    url = f"{cluster.url('loaded')}&replicas=0"
    with nuthatch.open(url, create="new", schema=SCHEMA) as index:
        assert isinstance(index, OpenSearchBackend)
        plain.indices.create(
            index="plain", body=schema.make_index(SCHEMA, "{}", "x", "plain.x", 1, 0)
        )
        theirs, ours = [], []
        analysis = cpu = 0.0
        for number, at in enumerate(range(0, len(documents), _BATCH)):
            begun = process_time()
            batch = _analyze(index, documents[at : at + _BATCH])
            analysis += process_time() - begun
            actions = list(_actions(batch, number))
            sides = [
                (theirs, lambda actions=actions: _load_plainly(plain, actions)),
                (ours, lambda batch=batch: index.write(batch, "process")),
            ]
            for seconds, load in sides if number % 2 else sides[::-1]:
                begun, used = perf_counter(), process_time()
                load()
                seconds.append(perf_counter() - begun)
                cpu += process_time() - used if seconds is ours else 0.0
        nuthatch.drop(url)
    plain.indices.delete(index="plain")
    plain.close()
    ratio = Ratio.of(np.array([theirs]), np.array([ours]))
    what = f"batches of {_BATCH:,}, analyzed before"
    yield Row(SECTION, what, "helpers.streaming_bulk, refreshed", ratio, _TARGET)
    rate = len(documents) / sum(ours)
    value = f"{rate:,.0f} documents a second; of the client {1e6 * cpu / len(documents):,.0f} µs"
    yield Row(SECTION, what, value=value)
    each = 1e6 * analysis / len(documents)
    yield Row(SECTION, "analysis before it", value=f"{each:,.0f} µs of the client a document")


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
    for _ in streaming_bulk(plain, actions, chunk_size=_BATCH):
        pass
    plain.indices.refresh(index="plain")
