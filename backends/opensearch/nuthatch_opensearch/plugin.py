"""The spec: what the OpenSearch backend can do. Imports no driver."""

from __future__ import annotations

from nuthatch import (
    EMULATED,
    NATIVE,
    AuditMode,
    BackendSpec,
    Capabilities,
    unsupported,
)
from nuthatch_opensearch.config import OpenSearchConfig

SPEC = BackendSpec(
    name="opensearch",
    summary="OpenSearch, a cluster of many machines: shards, replicas, no single point of failure",
    contract=(2, 0),
    audit_mode=AuditMode.GROUNDED,
    capabilities=Capabilities.lexical(
        # Core does it over what it has read of the documents of a state.
        entities=EMULATED,
        fuzzy=EMULATED,
        substring=EMULATED,
        sort=NATIVE,
        facets=NATIVE,
        count=NATIVE,
        phrases=NATIVE,
        exclusions=NATIVE,
        alternatives=NATIVE,
        dictionary=NATIVE,
        native_top_k=NATIVE,
        async_native=NATIVE,
        stable_scores=unsupported(
            "its scores count deleted chunks until they are merged away, which each copy of a "
            "shard does at a time of its own"
        ),
    ),
    config=OpenSearchConfig,
    backend="nuthatch_opensearch.backend:OpenSearchBackend",
    score="bm25",
    server="nuthatch_opensearch.cluster:run_demo",
)
