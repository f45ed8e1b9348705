"""A searcher that tests tell how to answer, and when to fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nuthatch import (
    AuditMode,
    Capabilities,
    Document,
    Hit,
    NormalizedQuery,
    Results,
    Searcher,
    SearchRequest,
    TextQuery,
)
from nuthatch_compare.performance.null_backend import NullBackend

Answer = Callable[[str, int], Sequence[tuple[str, int]]]


class Scripted(Searcher):
    """Answers each query with what `answer` gives for it: (uri, chunk) pairs, best first."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.limits: list[int] = []

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def audit_mode(self) -> AuditMode:
        return AuditMode.UNGROUNDED

    @property
    def capabilities(self) -> Capabilities:
        return NullBackend().capabilities

    def execute(self, request: SearchRequest) -> Results:
        assert isinstance(request.query, TextQuery)
        query, limit = request.query.text, request.query.limit
        assert limit is not None
        self.limits.append(limit)
        pairs = list(self._answer(query, limit))[:limit]
        hits = tuple(
            Hit(
                document_root="",
                document_uri=uri,
                chunk_idx=chunk,
                title=f"Title of {uri}",
                snippet=f"a [word] of {uri}",
                marks=((3, 7),),
                text=f"a word of {uri}",
                start=0,
                score=1 / rank,
                score_parts={},
                audit_mode=AuditMode.UNGROUNDED,
            )
            for rank, (uri, chunk) in enumerate(pairs, start=1)
        )
        tokens = NormalizedQuery(text=query, slots=(), dropped=(), extras=(), only_stopwords=False)
        return Results(hits, tokens)

    def get(self, uri: str) -> Document | None:
        return None

    def close(self) -> None:
        """Have nothing to free."""
