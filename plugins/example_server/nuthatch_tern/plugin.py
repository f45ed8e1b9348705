"""The spec: the name and the capabilities of this backend. Imports no driver."""

from __future__ import annotations

from nuthatch import (
    NATIVE,
    AuditMode,
    BackendSpec,
    Capabilities,
    FilterSupport,
    unsupported,
)

from nuthatch_tern.config import TernConfig

_TEXT_ONLY = "this backend answers text queries only"

SPEC = BackendSpec(
    name="tern",
    summary="a search server, reached through HTTP",
    contract=(2, 0),
    audit_mode=AuditMode.GROUNDED,
    capabilities=Capabilities.lexical(
        entities=unsupported(_TEXT_ONLY),
        fuzzy=unsupported(_TEXT_ONLY),
        substring=unsupported(_TEXT_ONLY),
        filters=FilterSupport(range=NATIVE, any_of=NATIVE),
        explain=unsupported("the server gives the score of a chunk, not that of each word"),
        snapshot=unsupported("the server answers each request from its newest state"),
        native_top_k=NATIVE,
        phrases=NATIVE,
        exclusions=NATIVE,
        alternatives=NATIVE,
        dictionary=NATIVE,
        async_native=NATIVE,
        check=unsupported("the server checks what it stores"),
        optimize=unsupported("the server settles its index by itself"),
        max_limit=10_000,
    ),
    config=TernConfig,
    backend="nuthatch_tern.backend:TernBackend",
)
