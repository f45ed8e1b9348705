"""From what a caller asks to a task that an engine can do, or to a typed refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from nuthatch.contract.audit import AuditMode
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.filters import AnyOf, Filter, checked_filters
from nuthatch.contract.query import DEFAULT_LIMIT, EntityQuery, Policy, Query, TextQuery
from nuthatch.contract.searching import SearchTask
from nuthatch.errors import InvalidQuery, UnsupportedQuery
from nuthatch.registry.hooks import expand
from nuthatch.text.normalize import normalize

if TYPE_CHECKING:
    from nuthatch.contract.lexical import LexicalBackend

#: No index is larger, and engines overflow beyond it.
_MAX_LIMIT = 2**31 - 1


def merged(
    query: Query,
    limit: int | None,
    extra_or_tokens: Sequence[str] | None,
    filters: Sequence[Filter] | None,
    audit: AuditMode | None,
    policy: Policy | None,
) -> TextQuery | EntityQuery:
    """Returns the query object with the arguments that were given in place of its own."""
    given = {
        name: value
        for name, value in (
            ("limit", limit),
            ("extra_or_tokens", extra_or_tokens),
            ("filters", filters),
            ("audit", audit),
            ("policy", policy),
        )
        if value is not None
    }
    if isinstance(query, str):
        return TextQuery(query, **given)  # type: ignore[arg-type]  # checked by TextQuery
    if isinstance(query, EntityQuery):
        textual = sorted(given.keys() & {"extra_or_tokens", "policy"})
        if textual:
            raise InvalidQuery(f"{textual[0]} belongs to text queries; this is an entity query")
        given.pop("audit", None)
    elif not isinstance(query, TextQuery):
        raise InvalidQuery(f"a query is a str, a TextQuery or an EntityQuery; found {query!r}")
    return replace(query, **given) if given else query  # type: ignore[arg-type]


def search_task(
    backend: LexicalBackend,
    query: TextQuery | EntityQuery,
    explain: bool,
    timeout: float | None,
    begun: float,
) -> SearchTask:
    """Returns the validated task. Raises `InvalidQuery` and `UnsupportedQuery`."""
    if isinstance(query, EntityQuery):
        require(backend, "entities")
        raise InvalidQuery("contract 1.0 declares entity queries; a later one answers them")
    require(backend, "text")
    audit = query.audit or AuditMode.UNGROUNDED
    if audit is AuditMode.GROUNDED:
        require(backend, "grounding")
    for condition in query.filters:
        require(backend, "filters.any_of" if isinstance(condition, AnyOf) else "filters.range")
    largest = backend.capabilities.max_limit
    if query.limit is not None and largest is not None and query.limit > largest:
        raise UnsupportedQuery(
            backend.name, f"a limit of {query.limit}", f"its largest limit is {largest}"
        )
    config = backend.config
    seconds = timeout if timeout is not None else config.timeout
    if seconds is not None and seconds <= 0:
        raise InvalidQuery(f"the timeout must be positive; found {seconds} seconds")
    parts = backend.capabilities.explain
    notes = () if parts or not explain else (f"no score for each token: {parts.reason}",)
    extras = (*query.extra_or_tokens, *expand(backend.name, query.text))
    always_ranked = backend.capabilities.native_top_k.level == "native"
    own_budget = "budget" in config.model_fields_set or not always_ranked
    return SearchTask(
        backend=backend.name,
        analyzer=backend.analyzer,
        query=normalize(backend.analyzer, query.text, extras),
        filters=checked_filters(backend.schema, query.filters),
        limit=min(query.limit or DEFAULT_LIMIT, largest or _MAX_LIMIT, _MAX_LIMIT),
        largest=largest,
        policy=query.policy or config.policy,
        budget=config.budget if own_budget else None,
        audit=audit,
        collapse=query.collapse,
        explain=explain and bool(parts),
        snippet_width=config.snippet,
        deadline=None if seconds is None else monotonic() + seconds,
        begun=begun,
        notes=notes,
    )


def require(backend: SearchBackend, feature: str) -> None:
    """Raises `UnsupportedQuery` unless the backend declares the feature."""
    support = backend.capabilities.support(feature)
    if not support:
        from nuthatch.registry.backends import backends_with  # only on the way to an error

        others = backends_with(feature, besides=backend.name)
        raise UnsupportedQuery(backend.name, feature, support.reason, others)
