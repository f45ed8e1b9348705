"""`Searcher`: `search`, written once for all that answer queries.

search(query, limit, filters=…, …) ── validated ──▶ SearchRequest ──▶ execute ──▶ Results
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from nuthatch.contract.audit import AuditMode
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Policy, Query
from nuthatch.contract.request import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.pipeline.validation import search_request


class Searcher(SearchBackend):
    """The base of every searcher, of engines, combinations and wrappers.

    Required: `name`, `audit_mode`, `capabilities`, `execute`, `get`, `close`. Optional:
    `execute_async`. Given: `search`, `search_async`, the context manager.
    """

    @abstractmethod
    def execute(self, request: SearchRequest) -> Results:
        """Return the best hits for a request, which is valid and which the capabilities allow."""

    async def execute_async(self, request: SearchRequest) -> Results:
        """Do the same without blocking; runs `execute` in a thread unless overridden."""
        from asyncio import to_thread  # a tenth of a second that synchronous callers need not wait

        return await to_thread(self.execute, request)

    def search(
        self,
        query: Query,
        limit: int | None = None,
        *,
        filters: Sequence[Filter] | None = None,
        collapse: bool | None = None,
        policy: Policy | None = None,
        extra_or_tokens: Sequence[str] | None = None,
        audit: AuditMode | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        options = {
            "limit": limit,
            "filters": filters,
            "collapse": collapse,
            "policy": policy,
            "extra_or_tokens": extra_or_tokens,
            "audit": audit,
        }
        return self.execute(search_request(self, query, options, explain, timeout))

    async def search_async(
        self,
        query: Query,
        limit: int | None = None,
        *,
        filters: Sequence[Filter] | None = None,
        collapse: bool | None = None,
        policy: Policy | None = None,
        extra_or_tokens: Sequence[str] | None = None,
        audit: AuditMode | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        options = {
            "limit": limit,
            "filters": filters,
            "collapse": collapse,
            "policy": policy,
            "extra_or_tokens": extra_or_tokens,
            "audit": audit,
        }
        return await self.execute_async(search_request(self, query, options, explain, timeout))
