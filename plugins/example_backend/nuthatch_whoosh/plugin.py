"""The spec: the name and the capabilities of this backend. Imports no driver."""

from __future__ import annotations

from nuthatch import (
    EMULATED,
    NATIVE,
    AuditMode,
    BackendSpec,
    Capabilities,
    FilterSupport,
    unsupported,
)

from nuthatch_whoosh.config import WhooshConfig

_TEXT_ONLY = "this backend answers text queries only"

SPEC = BackendSpec(
    name="whoosh",
    summary="Whoosh in a folder: full-text search in pure Python",
    contract=(2, 0),
    audit_mode=AuditMode.UNGROUNDED,
    capabilities=Capabilities.lexical(
        entities=unsupported(_TEXT_ONLY),
        fuzzy=unsupported(_TEXT_ONLY),
        substring=unsupported(_TEXT_ONLY),
        filters=FilterSupport(),  # core looks them up
        grounding=unsupported("it does not store the hashes that a proof needs"),
        explain=unsupported("Whoosh gives the score of a chunk, not that of each word"),
        timeout=EMULATED,
        native_top_k=NATIVE,
        check=unsupported("Whoosh cannot check its files"),
        optimize=unsupported("Whoosh merges its segments as it writes"),
        drop=unsupported("remove its folder"),
    ),
    config=WhooshConfig,
    backend="nuthatch_whoosh.backend:WhooshBackend",
)
