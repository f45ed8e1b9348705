"""From what a caller asks to a search that an engine can do, or to a typed refusal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from sys import float_info
from time import monotonic, perf_counter
from typing import ClassVar, Protocol

from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.filter_validation import check_filters
from nuthatch.contract.filters import (
    All,
    Any,
    AnyOf,
    Exists,
    Filter,
    Mentions,
    Not,
    Range,
    StartsWith,
    leaves,
)
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import DEFAULT_LIMIT, EntityQuery, Query, SearchRequest, TextQuery
from nuthatch.contract.schema import Schema
from nuthatch.contract.spec import BackendSpec, LexicalConfig
from nuthatch.errors import BackendUnavailable, InvalidQuery, UnsupportedQuery
from nuthatch.pipeline.hits import HitOptions
from nuthatch.pipeline.index import EXPORT_ONLY
from nuthatch.pipeline.search import EntityTask, PlannedSearch, SearchTask
from nuthatch.registry.plugins import expand
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.normalize import normalize


class OpenIndex(Protocol):
    """What the plan of a search is made with."""

    spec: ClassVar[BackendSpec]
    config: LexicalConfig
    schema: Schema
    analyzer: Analyzer

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...


#: No index is larger, and engines overflow beyond it.
_MAX_LIMIT = 2**31 - 1


def search_request(
    searcher: SearchBackend,
    query: Query,
    options: Mapping[str, object],
    explain: bool,
    timeout: float | None,
) -> SearchRequest:
    """Return the validated request; `options` are fields of queries, None where not given.

    Raise `InvalidQuery` and `UnsupportedQuery`.
    """
    asked = with_overrides(query, options)
    check_capabilities(searcher, asked)
    return SearchRequest(asked, explain, check_timeout(timeout))


def with_overrides(query: Query, options: Mapping[str, object]) -> TextQuery | EntityQuery:
    """Return the query object with the options that were given in place of its own."""
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(query, str):
        return TextQuery(query, **given)  # type: ignore[arg-type]  # checked by TextQuery
    if isinstance(query, EntityQuery):
        textual = sorted(given.keys() & {"extra_or_tokens", "policy", "collapse"})
        if textual:
            raise InvalidQuery(f"{textual[0]} belongs to text queries; this is an entity query")
    elif not isinstance(query, TextQuery):
        raise InvalidQuery(f"a query is a str, a TextQuery or an EntityQuery; found {query!r}")
    return replace(query, **given) if given else query  # type: ignore[arg-type]


def plan_search(backend: OpenIndex, request: SearchRequest) -> PlannedSearch:
    """Return the search for one index. Raise `InvalidQuery` and `UnsupportedQuery`."""
    begun = perf_counter()
    refuse_if_export_only(backend)
    timeout = backend.config.timeout if request.timeout is None else request.timeout
    deadline = None if timeout is None else monotonic() + timeout
    if isinstance(request.query, EntityQuery):
        return PlannedSearch(_entity_task(backend, request, request.query, deadline, begun))
    return PlannedSearch(_text_task(backend, request, request.query, deadline, begun))


def _entity_task(
    backend: OpenIndex,
    request: SearchRequest,
    query: EntityQuery,
    deadline: float | None,
    begun: float,
) -> EntityTask:
    from nuthatch.entities.plan import plan_of  # no text search needs it

    filters = _filters(backend, query)
    plan = plan_of(query, backend.schema, filters, backend.config.entities)
    plan = replace(plan, deadline=deadline)
    if any(lookup.match == "substring" for lookup in (*plan.include, *plan.exclude)):
        require_support(backend.name, backend.capabilities, "substring")
    return EntityTask(
        backend=backend.name,
        request=request,
        asked=query,
        plan=plan,
        limit=_limit(backend, query),
        hit_options=_hit_options(backend, query),
        deadline=deadline,
        begun=begun,
        notes=plan.notes,
    )


def _text_task(
    backend: OpenIndex,
    request: SearchRequest,
    query: TextQuery,
    deadline: float | None,
    begun: float,
) -> SearchTask:
    config = backend.config
    extras = (*query.extra_or_tokens, *expand(backend.name, query.text))
    normalized = normalize(backend.analyzer, query.text, extras, deadline)
    notes = list(normalized.notes)
    parts = backend.capabilities.explain
    if request.explain and not parts:
        notes.append(f"no score for each token: {parts.reason}")
    always_ranked = backend.capabilities.native_top_k.level == "native"
    own_budget = "budget" in config.model_fields_set or not always_ranked
    return SearchTask(
        backend=backend.name,
        request=request,
        query=normalized,
        filters=_filters(backend, query),
        limit=_limit(backend, query),
        largest=backend.capabilities.max_limit,
        policy=query.policy or config.policy,
        budget=config.budget if own_budget else None,
        hit_options=_hit_options(backend, query),
        collapse=query.collapse,
        explain=request.explain and bool(parts),
        score=backend.spec.score,
        deadline=deadline,
        begun=begun,
        notes=tuple(notes),
        is_stable=bool(backend.capabilities.stable_scores),
    )


def _limit(backend: OpenIndex, query: TextQuery | EntityQuery) -> int:
    largest = backend.capabilities.max_limit or _MAX_LIMIT
    return min(query.limit or DEFAULT_LIMIT, largest, _MAX_LIMIT)


def _hit_options(backend: OpenIndex, query: TextQuery | EntityQuery) -> HitOptions:
    audit = query.audit or AuditMode.UNGROUNDED
    snapshot = bool(backend.capabilities.snapshot)
    return HitOptions(backend.name, snapshot, backend.analyzer, audit, backend.config.snippet)


def check_capabilities(backend: SearchBackend, query: TextQuery | EntityQuery) -> None:
    """Raise `UnsupportedQuery` where a query needs what the backend declares that it cannot do."""
    require(backend, "entities" if isinstance(query, EntityQuery) else "text")
    if isinstance(query, EntityQuery) and query.titles:
        require(backend, "fuzzy")
    if query.audit is AuditMode.GROUNDED:
        require(backend, "grounding")
    for feature in filter_features(query.filters):
        require(backend, feature)
    largest = backend.capabilities.max_limit
    if query.limit is not None and largest is not None and query.limit > largest:
        raise _limit_refused(backend.name, query.limit, largest)


def filter_features(filters: Iterable[Filter]) -> Iterator[str]:
    """Yield the names of the capabilities that filters need."""
    for condition in filters:
        match condition:
            case All():
                yield from filter_features(condition.parts)
            case Any():
                yield "filters.tree"
                yield from filter_features(condition.parts)
            case Not():
                yield "filters.tree"
                yield from filter_features([condition.part])
            case AnyOf():
                yield "filters.any_of"
            case Mentions():
                yield "filters.mentions"
            case Range() | StartsWith():
                yield "filters.range"


def _filters(backend: OpenIndex, query: TextQuery | EntityQuery) -> tuple[Filter, ...]:
    """Return a query's filters as engines read them.

    What becomes of a condition depends on its field, so the capabilities are looked up once more:
    `AnyOf` of days is a tree of ranges of instants.
    """
    filters = check_filters(backend.schema, query.filters)
    for feature in filter_features(filters):
        require_support(backend.name, backend.capabilities, feature)
    if any(isinstance(leaf, Exists) for leaf in leaves(filters)):
        require_support(backend.name, backend.capabilities, "filters.mentions")
    return filters


def check_timeout(timeout: float | None) -> float | None:
    """Return the timeout, which is None, or positive and finite. Raise `InvalidQuery`."""
    if timeout is None:
        return None
    number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not number or not 0 < timeout <= float_info.max:
        raise InvalidQuery(
            f"the timeout must be positive and finite, in seconds; found {timeout!r}"
        )
    return timeout


def _limit_refused(backend: str, limit: int, largest: int) -> UnsupportedQuery:
    from nuthatch.registry.backends import backends_up_to  # only on the way to an error

    others = backends_up_to(limit, besides=backend)
    reason = f"its largest limit is {largest}"
    return UnsupportedQuery(backend, f"a limit of {limit}", reason, others)


def refuse_if_export_only(backend: OpenIndex) -> None:
    """Raise `BackendUnavailable` where an index was opened without its analyzer."""
    if backend.config.export_only:
        raise BackendUnavailable(EXPORT_ONLY)


def require(backend: SearchBackend, feature: str) -> None:
    """Raise `UnsupportedQuery` unless the backend declares the feature."""
    require_support(backend.name, backend.capabilities, feature)


def require_support(name: str, capabilities: Capabilities, feature: str) -> None:
    """Do what `require` does, for a backend that is not open."""
    support = capabilities.support(feature)
    if not support:
        from nuthatch.registry.backends import backends_with  # only on the way to an error

        others = backends_with(feature, besides=name)
        raise UnsupportedQuery(name, feature, support.reason, others)
