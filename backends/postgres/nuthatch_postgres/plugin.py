"""The spec: what the PostgreSQL backend can do. Imports no driver."""

from __future__ import annotations

from nuthatch import (
    EMULATED,
    NATIVE,
    AuditMode,
    BackendSpec,
    Capabilities,
    FilterSupport,
)
from nuthatch_postgres.config import PostgresConfig

SPEC = BackendSpec(
    name="postgresql",
    summary="PostgreSQL 14 and later: exact BM25 over posting blocks, no extension to install",
    contract=(1, 1),
    audit_mode=AuditMode.GROUNDED,
    capabilities=Capabilities(
        text=NATIVE,
        entities=NATIVE,
        fuzzy=NATIVE,
        substring=NATIVE,
        filters=FilterSupport(range=NATIVE, any_of=NATIVE),
        grounding=NATIVE,
        explain=NATIVE,
        timeout=NATIVE,
        snapshot=NATIVE,
        # The server keeps the posting blocks; the top k is found here, within the budget.
        native_top_k=EMULATED,
        write=NATIVE,
        delete=NATIVE,
        export=NATIVE,
        persistent=NATIVE,
        check=NATIVE,
        optimize=NATIVE,
        drop=NATIVE,
        async_native=NATIVE,
        max_limit=None,
    ),
    config=PostgresConfig,
    backend="nuthatch_postgres.backend:PostgresBackend",
)
