"""`SearchRequest`: a search as engines and combinations get it, validated."""

from __future__ import annotations

from dataclasses import dataclass

from nuthatch.contract.query import EntityQuery, TextQuery


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: the query, in which the arguments of `search` stand in place of its own.

    The searcher's capabilities allow it. `timeout` is in seconds, None where none was given.
    """

    query: TextQuery | EntityQuery
    explain: bool = False
    timeout: float | None = None
