"""The spec: what the SQLite backend can do. Imports no driver."""

from __future__ import annotations

from nuthatch import (
    EMULATED,
    NATIVE,
    AuditMode,
    BackendSpec,
    Capabilities,
    FilterSupport,
)
from nuthatch_sqlite.config import SqliteConfig

SPEC = BackendSpec(
    name="sqlite",
    summary="SQLite FTS5 in one file: exact BM25 from cached postings",
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
        # FTS5 itself scores every match; the posting cache finds the top k, within the budget.
        native_top_k=EMULATED,
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
    config=SqliteConfig,
    backend="nuthatch_sqlite.backend:SqliteBackend",
)
