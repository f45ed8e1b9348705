"""The null backend answers at once, so that a run of it measures the driver's own cost."""

from __future__ import annotations

from nuthatch import (
    NATIVE,
    AuditMode,
    Capabilities,
    Document,
    FilterSupport,
    Hit,
    NormalizedQuery,
    Results,
    Searcher,
    SearchRequest,
    unsupported,
)

_NOTHING = unsupported("the null backend holds nothing")
_ASKED = NormalizedQuery(text="", slots=(), dropped=(), extras=(), only_stopwords=False)

_CAPABILITIES = Capabilities(
    text=NATIVE,
    entities=_NOTHING,
    fuzzy=_NOTHING,
    substring=_NOTHING,
    filters=FilterSupport(range=_NOTHING, any_of=_NOTHING, tree=_NOTHING),
    grounding=_NOTHING,
    explain=_NOTHING,
    timeout=_NOTHING,
    snapshot=_NOTHING,
    native_top_k=_NOTHING,
    write=_NOTHING,
    delete=_NOTHING,
    export=_NOTHING,
    persistent=_NOTHING,
    check=_NOTHING,
    optimize=_NOTHING,
    async_native=_NOTHING,
    max_limit=None,
    atomic_batches=_NOTHING,
)


class NullBackend(Searcher):
    """A searcher that answers every query with the same made-up hits, built beforehand."""

    def __init__(self, hits: int = 10) -> None:
        made_up = tuple(
            Hit(
                document_root="",
                document_uri=f"null-{number}",
                chunk_idx=0,
                title="",
                snippet="",
                text="",
                start=0,
                score=0.0,
                score_parts={},
                audit_mode=AuditMode.UNGROUNDED,
            )
            for number in range(hits)
        )
        self._results = Results(made_up, _ASKED)

    @property
    def name(self) -> str:
        return "null"

    @property
    def audit_mode(self) -> AuditMode:
        return AuditMode.UNGROUNDED

    @property
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    def execute(self, request: SearchRequest) -> Results:
        return self._results

    def get(self, uri: str) -> Document | None:
        return None

    def close(self) -> None:
        """Have nothing to free."""
