"""From what a caller asks to a search that an engine can do, or to a typed refusal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from sys import float_info
from time import monotonic, perf_counter
from typing import ClassVar, NamedTuple, Protocol

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
from nuthatch.contract.query import (
    DEFAULT_LIMIT,
    AnyQuery,
    EntityQuery,
    MatchAll,
    Query,
    SearchRequest,
    TextQuery,
)
from nuthatch.contract.schema import Schema
from nuthatch.contract.spec import BackendSpec, LexicalConfig
from nuthatch.errors import BackendUnavailable, InvalidQuery, UnsupportedQuery
from nuthatch.pipeline.aggregation import Aggregation, plan_aggregation
from nuthatch.pipeline.browsing import BrowseTask
from nuthatch.pipeline.entity_search import EntityTask
from nuthatch.pipeline.hits import HitOptions
from nuthatch.pipeline.index import EXPORT_ONLY
from nuthatch.pipeline.matching_source import EngineFacts
from nuthatch.pipeline.search import PlannedSearch
from nuthatch.pipeline.text_search import SearchTask
from nuthatch.registry.plugins import expand
from nuthatch.relevance import SETTINGS
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.normalize import NormalizedQuery, normalize
from nuthatch.text.syntax import read_plain, read_web


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


def with_overrides(query: Query, options: Mapping[str, object]) -> AnyQuery:
    """Return the query object with the options that were given in place of its own."""
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(query, str):
        return TextQuery(query, **given)  # type: ignore[arg-type]  # checked by TextQuery
    if isinstance(query, EntityQuery | MatchAll):
        own = {item.name for item in fields(TextQuery)} - {item.name for item in fields(MatchAll)}
        textual = sorted(given.keys() & own)
        if textual:
            kind = "an entity query" if isinstance(query, EntityQuery) else "MatchAll"
            raise InvalidQuery(f"{textual[0]} belongs to text queries; this is {kind}")
    elif not isinstance(query, TextQuery):
        raise InvalidQuery(
            f"a query is a str, a TextQuery, an EntityQuery or MatchAll; found {query!r}"
        )
    return replace(query, **given) if given else query  # type: ignore[arg-type]


def plan_search(backend: OpenIndex, request: SearchRequest) -> PlannedSearch:
    """Return the search for one index. Raise `InvalidQuery` and `UnsupportedQuery`."""
    begun = perf_counter()
    refuse_if_export_only(backend)
    timeout = backend.config.timeout if request.timeout is None else request.timeout
    facts = EngineFacts(
        backend=backend.name,
        schema=backend.schema,
        analyzer=backend.analyzer,
        largest=backend.capabilities.max_limit,
        deadline=None if timeout is None else monotonic() + timeout,
        snapshot=bool(backend.capabilities.snapshot),
    )
    query = request.query
    filters = _filters(backend, query)
    emulated = _emulated_filters(backend.capabilities, filters)
    wanted = _aggregation(backend, request, filters, emulated)
    plan = _Plan(backend, request, facts, filters, emulated, wanted)
    task: SearchTask | EntityTask | BrowseTask
    match query:
        case TextQuery():
            task = _text_task(plan, query, begun)
        case EntityQuery():
            task = _entity_task(plan, query, begun)
        case MatchAll():
            task = _browse_task(plan, query, begun)
    features = aggregation_features(query)
    levels = {backend.capabilities.support(feature).level for feature in features}
    reads_texts = isinstance(task, SearchTask) and task.verifies
    return PlannedSearch(task, bool(emulated) or reads_texts or "emulated" in levels)


class _Plan(NamedTuple):
    """What the tasks of all kinds of queries are made from."""

    backend: OpenIndex
    request: SearchRequest
    facts: EngineFacts
    filters: tuple[Filter, ...]
    emulated: tuple[Filter, ...]
    wanted: Aggregation | None


def _aggregation(
    backend: OpenIndex,
    request: SearchRequest,
    filters: tuple[Filter, ...],
    emulated: tuple[Filter, ...],
) -> Aggregation | None:
    """Return what a query wants to know of all that match; None where that is nothing."""
    query = request.query
    if not next(aggregation_features(query), None):
        return None
    return plan_aggregation(
        backend.schema,
        filters,
        query.facets,
        query.sort,
        emulated=emulated,
        fixed=check_filters(backend.schema, request.fixed),
        counts=query.count,
    )


def aggregation_features(query: AnyQuery) -> Iterator[str]:
    """Yield the names of the capabilities with which all that match is read."""
    if query.sort or isinstance(query, MatchAll):
        yield "sort"
    if query.facets:
        yield "facets"
    if query.count:
        yield "count"


def _emulated_filters(capabilities: Capabilities, filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """Return the conditions that core looks up for the engine."""
    return tuple(
        condition
        for condition in filters
        if any(
            capabilities.support(feature).level == "emulated"
            for feature in filter_features([condition])
        )
    )


def _entity_task(plan: _Plan, query: EntityQuery, begun: float) -> EntityTask:
    from nuthatch.entities.plan import plan_of  # no text search needs it

    backend, wanted = plan.backend, plan.wanted
    if plan.emulated:
        feature = next(filter_features(plan.emulated))
        reason = "entity searches take the filters that its engine knows itself"
        raise UnsupportedQuery(backend.name, f"{feature} with entities", reason)
    entities = plan_of(query, backend.schema, plan.filters, backend.config.entities)
    entities = replace(entities, deadline=plan.facts.deadline)
    if any(lookup.match == "substring" for lookup in (*entities.include, *entities.exclude)):
        require_support(backend.name, backend.capabilities, "substring")
    has_own = wanted is not None and wanted.shared != plan.filters
    return EntityTask(
        facts=plan.facts,
        request=plan.request,
        query=query,
        plan=entities,
        shared=replace(entities, filters=wanted.shared) if wanted and has_own else None,
        wanted=wanted,
        limit=_limit(plan.facts, query),
        offset=query.offset,
        hit_options=_hit_options(backend, query),
        begun=begun,
        notes=entities.notes,
    )


def _browse_task(plan: _Plan, query: MatchAll, begun: float) -> BrowseTask:
    assert plan.wanted is not None  # as it wants all documents
    return BrowseTask(
        facts=plan.facts,
        request=plan.request,
        query=query,
        wanted=plan.wanted,
        limit=_limit(plan.facts, query),
        offset=query.offset,
        hit_options=_hit_options(plan.backend, query),
        begun=begun,
    )


def _text_task(plan: _Plan, query: TextQuery, begun: float) -> SearchTask:
    backend, request = plan.backend, plan.request
    config = backend.config
    normalized, more = _normalize(backend, query, plan.facts.deadline)
    notes = [*normalized.notes, *more]
    parts = backend.capabilities.explain
    if request.explain and not parts:
        notes.append(f"no score for each token: {parts.reason}")
    always_ranked = backend.capabilities.native_top_k.level == "native"
    own_budget = "budget" in config.model_fields_set or not always_ranked
    return SearchTask(
        facts=plan.facts,
        request=request,
        query=normalized,
        filters=tuple(item for item in plan.filters if item not in plan.emulated),
        emulated=plan.emulated,
        wanted=plan.wanted,
        limit=_limit(plan.facts, query),
        offset=query.offset,
        policy=query.policy or config.policy,
        budget=config.budget if own_budget else None,
        hit_options=_hit_options(backend, query),
        collapse=query.collapse,
        depth=_depth(backend, query),
        explain=request.explain and bool(parts),
        score=backend.spec.score,
        begun=begun,
        notes=tuple(notes),
        is_stable=bool(backend.capabilities.stable_scores),
        corrections=query.corrections,
        fixed=check_filters(backend.schema, request.fixed),
        verifies=needs_texts(backend.capabilities, backend.schema, normalized),
    )


def _normalize(
    backend: OpenIndex, query: TextQuery, deadline: float | None
) -> tuple[NormalizedQuery, list[str]]:
    """Return a query's words and conditions, and notes of what the engine cannot do of it.

    A star that a user typed, or what a plugin adds, is done as far as the engine goes; phrases and
    exclusions are refused, for without them the answer would be another. What the caller asks for
    by name was refused before.
    """
    capabilities = backend.capabilities
    typed = read_web(query.text) if query.syntax == "web" else read_plain(query.text)
    if query.phrases or query.exclude or query.prefix:
        typed = typed.extended(query.phrases, query.exclude, completes=query.prefix)
    notes = []
    if typed.completes and not (capabilities.dictionary and capabilities.alternatives):
        lack = capabilities.dictionary.reason or capabilities.alternatives.reason
        notes.append(f"* completes no word: {lack}")
        typed = typed._replace(completes=False)
    extras, alternatives = expand(backend.name, backend.config.place, query.text)
    if alternatives and not capabilities.alternatives:
        extras += tuple(word for words in alternatives.values() for word in words)
        notes.append(f"synonyms only add hits: {capabilities.alternatives.reason}")
        alternatives = {}
    normalized = normalize(
        backend.analyzer,
        typed,
        (*query.extra_or_tokens, *extras),
        deadline,
        alternatives=_merge(query.alternatives, alternatives),
    )
    for feature in condition_features(normalized):
        require_support(backend.name, capabilities, feature)
    return normalized, notes


def _merge(
    one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[str]]:
    if not (one and other):
        return one or other
    return {word: (*one.get(word, ()), *other.get(word, ())) for word in {**one, **other}}


def condition_features(query: NormalizedQuery) -> Iterator[str]:
    """Yield the names of the capabilities that phrases and exclusions need."""
    if query.phrases:
        yield "phrases"
    if query.excluded:
        yield "exclusions"


def needs_texts(capabilities: Capabilities, schema: Schema, query: NormalizedQuery) -> bool:
    """Return whether core must read texts to see where phrases stand.

    An engine does without where it has positions, and for single words.
    """
    if not (query.phrases or query.excluded):
        return False
    levels = {capabilities.support(feature).level for feature in condition_features(query)}
    longest = max(map(len, (*query.phrases, *query.excluded)), default=0)
    return "emulated" in levels or (longest > 1 and not schema.positions)


def _depth(backend: OpenIndex, query: TextQuery) -> int:
    """Return how many of the best candidates are judged by their text, if they are ranked."""
    config = backend.config
    is_ranked = not query.sort and (query.policy or config.policy) in ("auto", "ranked")
    if not is_ranked or (query.relevance or config.relevance) == "bm25":
        return 0
    return min(SETTINGS.depth, backend.capabilities.max_limit or SETTINGS.depth)


def _limit(facts: EngineFacts, query: AnyQuery) -> int:
    """Return how many hits are shown after the offset."""
    return min(query.limit or DEFAULT_LIMIT, max(facts.deepest - query.offset, 1))


def _hit_options(backend: OpenIndex, query: AnyQuery) -> HitOptions:
    audit = query.audit or AuditMode.UNGROUNDED
    snapshot = bool(backend.capabilities.snapshot)
    return HitOptions(backend.name, snapshot, backend.analyzer, audit, backend.config.snippet)


def check_capabilities(backend: SearchBackend, query: AnyQuery) -> None:
    """Raise `UnsupportedQuery` where a query needs what the backend declares that it cannot do."""
    if not isinstance(query, MatchAll):
        require(backend, "entities" if isinstance(query, EntityQuery) else "text")
    if isinstance(query, EntityQuery) and query.titles:
        require(backend, "fuzzy")
    if isinstance(query, TextQuery):
        for feature in word_features(query):
            require(backend, feature)
    if query.audit is AuditMode.GROUNDED:
        require(backend, "grounding")
    for feature in (*aggregation_features(query), *filter_features(query.filters)):
        require(backend, feature)
    largest = backend.capabilities.max_limit
    if largest is None:
        return
    if query.offset + (query.limit or 1) > largest:
        raise _limit_refused(backend.name, query, largest)


def word_features(query: TextQuery) -> Iterator[str]:
    """Yield the names of the capabilities that a query's words need, as far as it asks by name."""
    if query.phrases:
        yield "phrases"
    if query.exclude:
        yield "exclusions"
    if query.prefix or query.corrections != "off":
        yield "dictionary"
    if query.prefix or query.alternatives or query.corrections == "use":
        yield "alternatives"


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


def _filters(backend: OpenIndex, query: AnyQuery) -> tuple[Filter, ...]:
    """Return a query's filters as engines read them.

    What becomes of a condition depends on its field, so the capabilities are looked up once more:
    `AnyOf` of days is a tree of ranges of instants.
    """
    filters = check_filters(backend.schema, query.filters)
    if not filters:
        return ()
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


def _limit_refused(backend: str, query: AnyQuery, largest: int) -> UnsupportedQuery:
    from nuthatch.registry.backends import backends_up_to  # only on the way to an error

    limit = query.limit or 1
    parts = [f"a limit of {query.limit}"] if query.limit else []
    parts += [f"an offset of {query.offset}"] if query.offset else []
    what = " after ".join(parts)
    reason = f"its largest limit is {largest}, offset and limit together"
    others = backends_up_to(query.offset + limit, besides=backend)
    return UnsupportedQuery(backend, what, reason, others)


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
