"""A cluster of OpenSearch on this machine, for tests, benchmarks and a first try.

    with Cluster(nodes=3) as cluster:
        index = nuthatch.open(cluster.url("films"), create=True)

It needs Java 17 or newer and Maven, which fetches OpenSearch once; `find_missing` says what is not
there. Everything listens on loopback, and nothing is protected by a password.
"""

from nuthatch_opensearch.cluster.cluster import Cluster, Node
from nuthatch_opensearch.cluster.software import VERSION, find_missing

__all__ = ["VERSION", "Cluster", "Node", "find_missing"]
