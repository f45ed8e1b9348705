"""What all parts share: the documents, the clusters, the indexes in them, and the queries."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nuthatch
from benchmarks.queries import query_sets
from nuthatch import Document, LexicalBackend, Schema, get_analyzer
from nuthatch_opensearch.cluster import Cluster

SCHEMA = Schema(analyzer="english")


@dataclass(frozen=True)
class Stage:
    """The documents, and how often and where they are searched."""

    documents: Sequence[Document]
    rounds: int
    each: int
    heap: str
    folder: Path | None

    @contextmanager
    def start(self, nodes: int) -> Iterator[Cluster]:
        """Run a cluster of so many nodes for the time of a `with` block."""
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as folder,
            Cluster(nodes, folder=Path(folder), heap=self.heap) as cluster,
        ):
            yield cluster

    def open(self, cluster: Cluster, name: str = "bench") -> LexicalBackend:
        """Return the index of all documents, which is filled by who comes first."""
        index = nuthatch.open(self.url(cluster, name), create=True, schema=SCHEMA)
        if index.info().documents < len(self.documents):
            index.add(self.documents)
            index.optimize()
            cluster.wait(len(cluster.nodes), "green")
        return index

    def url(self, cluster: Cluster, name: str = "bench") -> str:
        """Return the URL of an index: a shard for each node, and a copy of each where it can be."""
        nodes = len(cluster.nodes)
        return f"{cluster.url(name)}&shards={nodes}&replicas={min(1, nodes - 1)}&patience=600"

    def queries(self) -> Mapping[str, Sequence[str]]:
        """Return queries by set."""
        return query_sets(self.documents[:5_000], get_analyzer("english"), self.each)
