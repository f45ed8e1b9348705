"""The spec: what the PostgreSQL backend can do. It imports no driver."""

from __future__ import annotations

from nuthatch import NATIVE, AuditMode, BackendSpec, Capabilities
from nuthatch_postgres.config import PostgresConfig

SPEC = BackendSpec(
    name="postgresql",
    summary="PostgreSQL 14 and later: exact BM25 over posting blocks, no extension to install",
    contract=(2, 0),
    audit_mode=AuditMode.GROUNDED,
    capabilities=Capabilities.lexical(
        async_native=NATIVE,
        sort=NATIVE,
        facets=NATIVE,
        count=NATIVE,
        phrases=NATIVE,
        exclusions=NATIVE,
        alternatives=NATIVE,
        dictionary=NATIVE,
    ),
    config=PostgresConfig,
    backend="nuthatch_postgres.backend:PostgresBackend",
    score="bm25",
)
