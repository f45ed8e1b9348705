"""The spec: what the SQLite backend can do. Imports no driver."""

from __future__ import annotations

from nuthatch import NATIVE, AuditMode, BackendSpec, Capabilities
from nuthatch_sqlite.config import SqliteConfig

SPEC = BackendSpec(
    name="sqlite",
    summary="SQLite FTS5 in one file: exact BM25 from cached postings",
    contract=(2, 0),
    audit_mode=AuditMode.GROUNDED,
    # FTS5 scores every match; the posting cache finds the top k, within the budget.
    capabilities=Capabilities.lexical(
        sort=NATIVE,
        facets=NATIVE,
        count=NATIVE,
        phrases=NATIVE,
        exclusions=NATIVE,
        alternatives=NATIVE,
        dictionary=NATIVE,
    ),
    config=SqliteConfig,
    backend="nuthatch_sqlite.backend:SqliteBackend",
    score="bm25",
)
