"""The spec: what the Tantivy backend can do. Imports no driver."""

from __future__ import annotations

from nuthatch import (
    EMULATED,
    NATIVE,
    AuditMode,
    BackendSpec,
    Capabilities,
    FilterSupport,
)
from nuthatch_tantivy.config import TantivyConfig

SPEC = BackendSpec(
    name="tantivy",
    summary="Tantivy in one folder: native ranking in tens of microseconds",
    contract=(1, 1),
    audit_mode=AuditMode.GROUNDED,
    capabilities=Capabilities(
        text=NATIVE,
        # Core does it over what it has read of the documents of a state.
        entities=EMULATED,
        fuzzy=EMULATED,
        substring=EMULATED,
        filters=FilterSupport(range=NATIVE, any_of=NATIVE),
        grounding=NATIVE,
        explain=NATIVE,
        # A Tantivy search cannot be interrupted; core looks at the clock between searches.
        timeout=EMULATED,
        snapshot=NATIVE,
        native_top_k=NATIVE,
        write=NATIVE,
        delete=NATIVE,
        export=NATIVE,
        persistent=NATIVE,
        check=NATIVE,
        optimize=NATIVE,
        async_native=EMULATED,
        max_limit=None,
        drop=NATIVE,
    ),
    config=TantivyConfig,
    backend="nuthatch_tantivy.backend:TantivyBackend",
)
