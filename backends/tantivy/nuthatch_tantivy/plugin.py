"""The spec: what the Tantivy backend can do. Imports no driver."""

from __future__ import annotations

from nuthatch import (
    EMULATED,
    NATIVE,
    AuditMode,
    BackendSpec,
    Capabilities,
)
from nuthatch_tantivy.config import TantivyConfig

SPEC = BackendSpec(
    name="tantivy",
    summary="Tantivy in one folder: native ranking in tens of microseconds",
    contract=(2, 0),
    audit_mode=AuditMode.GROUNDED,
    capabilities=Capabilities.lexical(
        # Core does it over what it has read of the documents of a state.
        entities=EMULATED,
        fuzzy=EMULATED,
        substring=EMULATED,
        # A Tantivy search cannot be interrupted; core looks at the clock between searches.
        timeout=EMULATED,
        native_top_k=NATIVE,
        sort=NATIVE,
        facets=NATIVE,
        count=NATIVE,
        phrases=NATIVE,
        exclusions=NATIVE,
        alternatives=NATIVE,
        dictionary=NATIVE,
    ),
    config=TantivyConfig,
    backend="nuthatch_tantivy.backend:TantivyBackend",
    score="bm25",
)
