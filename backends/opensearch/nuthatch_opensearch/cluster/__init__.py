"""A cluster of OpenSearch on this machine, for tests, benchmarks and a first try.

    with Cluster(nodes=3) as cluster:
        index = nuthatch.open(cluster.url("films"), create=True)

It needs Java 17 or newer and Maven, which fetches OpenSearch once; `find_missing` says what is not
there. Everything listens on loopback, and nothing is protected by a password.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nuthatch_opensearch.cluster.cluster import Cluster, Node
from nuthatch_opensearch.cluster.software import VERSION, find_missing

__all__ = ["VERSION", "Cluster", "Node", "find_missing", "run_demo"]


@contextmanager
def run_demo(folder: Path) -> Iterator[str]:
    """Run a cluster of three nodes for a demo, and give the URL of an index: three shards, each
    with a copy. What nodes have written is removed in the end; `folder` is not used, as a node
    cannot be started from the data of another one's demo."""
    with Cluster(3) as cluster:
        yield f"{cluster.url('films')}&shards=3&replicas=1"
