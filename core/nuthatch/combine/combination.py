"""`Combination`: what every searcher made of searchers shares.

A kind writes one coroutine, `_combine`: it awaits `call` with the searches to make, several at a
time where they may run side by side, and has their results, or their error. `call` makes them in
threads for `search` and by the event loop for `search_async`, so no kind is written twice.

A combination can do what all of its engines can, and never more. Scores of two engines cannot be
compared, so a mixed list has scores of its own (a reciprocal of ranks) and keeps each engine's own
in `Hit.origin`. Rungs can be compared where all engines tried the same ones: then a rung's hits
stay ahead of a later rung's. Where they did not (another policy, another state of the index), all
hits are said to come from one disjunction.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import fields, replace
from functools import cached_property, partial
from itertools import chain, pairwise
from operator import itemgetter
from queue import SimpleQueue
from typing import ClassVar, NamedTuple, NoReturn

from nuthatch.combine.workers import Workers
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import (
    EMULATED,
    NATIVE,
    Capabilities,
    FilterSupport,
    Support,
    unsupported,
)
from nuthatch.contract.document import Document
from nuthatch.contract.hit import AuditMode, Hit, Origin
from nuthatch.contract.query import (
    DEFAULT_LIMIT,
    AnyQuery,
    EntityQuery,
    MatchAll,
    SearchRequest,
    TextQuery,
)
from nuthatch.contract.results import Attempt, Results
from nuthatch.errors import InvalidConfig
from nuthatch.pipeline.lexical import Searcher
from nuthatch.pipeline.readers import run_blocking
from nuthatch.text.normalize import NormalizedQuery

#: Operations on an index. A combination has none of its own: they are done on its engines.
_INDEX_OPERATIONS = (
    "write",
    "delete",
    "export",
    "persistent",
    "check",
    "optimize",
    "drop",
    "atomic_batches",
    "many_processes",
)
_ARITHMETIC = unsupported("every engine gives the same answers to it; ask one of them")
_COUNTS = unsupported("its engines may hold other documents; ask one of them")
#: What a combination that mixes lists cannot do. The scores of entities are the same on every
#: engine, and would not be any more. Totals and facets are of one engine's documents.
MIXING: Mapping[str, Support] = {
    **dict.fromkeys(("entities", "fuzzy", "substring"), _ARITHMETIC),
    **dict.fromkeys(("facets", "count"), _COUNTS),
    "sort": unsupported("it orders by ranks; for the order of fields ask one of its engines"),
    "snapshot": unsupported("each engine is asked for its own state"),
}


def combine_capabilities(
    by_engine: Mapping[str, Capabilities], kind: str, **denied: Support | int
) -> Capabilities:
    """Return what a combination of this kind can do; `denied` are entries of its own."""
    first = next(iter(by_engine.values()))
    entries: dict[str, Support | FilterSupport | int | None] = {}
    for item in fields(first):
        value = getattr(first, item.name)
        if item.name in _INDEX_OPERATIONS:
            entries[item.name] = unsupported(f"{kind} only searches; do this on its engines")
        elif isinstance(value, Support):
            entries[item.name] = _weakest(by_engine, item.name)
        elif isinstance(value, FilterSupport):
            parts = (part.name for part in fields(value))
            entries[item.name] = FilterSupport(
                **{part: _weakest(by_engine, f"{item.name}.{part}") for part in parts}
            )
    limits = [some.max_limit for some in by_engine.values() if some.max_limit is not None]
    entries["max_limit"] = min(limits, default=None)
    return replace(first, **{**entries, **denied})  # type: ignore[arg-type]  # as declared


def _weakest(by_engine: Mapping[str, Capabilities], feature: str) -> Support:
    """Return the weakest entry; if it is `unsupported`, with the name of the engine to blame."""
    supports = {name: some.support(feature) for name, some in by_engine.items()}
    for name, support in supports.items():
        if not support:
            return unsupported(f"{name}: {support.reason}")
    natively = all(support.level == "native" for support in supports.values())
    return NATIVE if natively else EMULATED


#: Searches that run side by side in one combination, for each engine after its first.
_AT_ONCE = 8


class Call(NamedTuple):
    """One search of one searcher."""

    searcher: SearchBackend
    request: SearchRequest

    def run(self) -> Results:
        """Search, in the calling thread."""
        query, explain, timeout = self.request.query, self.request.explain, self.request.timeout
        return self.searcher.search(query, explain=explain, timeout=timeout)

    async def run_async(self) -> Results:
        """Search without blocking."""
        query, explain, timeout = self.request.query, self.request.explain, self.request.timeout
        return await self.searcher.search_async(query, explain=explain, timeout=timeout)


#: Makes searches side by side, and gives their results in the same order.
Caller = Callable[[Sequence[Call]], Awaitable[list[Results]]]


class Combination(Searcher):
    """A searcher made of named engines, which it closes with itself.

    `engines` maps a name to each; the names tell in `Hit.origin` whose hit it is. Raises
    `InvalidConfig` where two are missing or one is no `SearchBackend`.
    """

    #: The name of the kind, such as `shadow`; the name of the backend too.
    kind: ClassVar[str]

    def __init__(
        self, engines: Sequence[SearchBackend], names: Sequence[str] | None = None
    ) -> None:
        self.engines: Mapping[str, SearchBackend] = name_engines(engines, names)
        self._workers = Workers(_AT_ONCE * (len(self.engines) - 1))

    @abstractmethod
    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        """Return the results of the kind, from those of its engines."""

    @property
    def name(self) -> str:
        return self.kind

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.engines)})"

    @property
    def audit_mode(self) -> AuditMode:
        modes = {engine.audit_mode for engine in self.engines.values()}
        return AuditMode.GROUNDED if modes == {AuditMode.GROUNDED} else AuditMode.UNGROUNDED

    @property
    def capabilities(self) -> Capabilities:
        return self._own_capabilities

    @cached_property
    def _own_capabilities(self) -> Capabilities:
        return self._combine_capabilities(
            {name: engine.capabilities for name, engine in self.engines.items()}
        )

    def _combine_capabilities(self, by_engine: Mapping[str, Capabilities]) -> Capabilities:
        """Return what the kind can do with these engines."""
        return combine_capabilities(by_engine, self.kind)

    def execute(self, request: SearchRequest) -> Results:
        return run_blocking(self._combine(request, self._call))

    async def execute_async(self, request: SearchRequest) -> Results:
        return await self._combine(request, _call_async)

    def get(self, uri: str) -> Document | None:
        return next(iter(self.engines.values())).get(uri)

    def close(self) -> None:
        with ExitStack() as closing:  # all of them, whatever one of them raises
            for engine in self.engines.values():
                closing.callback(engine.close)
            closing.callback(self._workers.close)

    async def _call(self, calls: Sequence[Call]) -> list[Results]:
        """Run calls side by side: the first in this thread, the others by the workers."""
        first, *others = calls
        answers: SimpleQueue[_Answer] = SimpleQueue()
        for place, call in enumerate(others):
            search = partial(_answer, answers, place, partial(copy_context().run, call.run))
            if not self._workers.put(search):
                search()  # the engines say that they are closed
        own = first.run()
        found = sorted((answers.get() for _ in others), key=itemgetter(0))
        return [own, *(get_results() for _, get_results in found)]


#: The place of a call, and what returns its results or raises its error.
_Answer = tuple[int, Callable[[], Results]]


def _answer(answers: SimpleQueue[_Answer], place: int, search: Callable[[], Results]) -> None:
    try:
        results = search()
    except BaseException as error:  # noqa: BLE001  # raised where the answer is awaited
        answers.put((place, partial(_raise, error)))
    else:
        answers.put((place, lambda: results))


def _raise(error: BaseException) -> NoReturn:
    raise error


async def _call_async(calls: Sequence[Call]) -> list[Results]:
    """Run calls side by side in the event loop."""
    from asyncio import gather  # a tenth of a second that synchronous callers need not wait

    return list(await gather(*(call.run_async() for call in calls)))


def name_engines(
    engines: Sequence[SearchBackend], names: Sequence[str] | None
) -> dict[str, SearchBackend]:
    """Return the engines by name; their own names where these differ, else a, b, c, …"""
    if len(engines) < 2:
        raise InvalidConfig(f"a combination needs two engines at least; found {len(engines)}")
    for engine in engines:
        if not isinstance(engine, SearchBackend):
            raise InvalidConfig(f"a combination is made of SearchBackends; found {engine!r}")
    if names is None:
        own = [engine.name for engine in engines]
        letters = [chr(ord("a") + position) for position in range(len(engines))]
        names = own if len(set(own)) == len(own) else letters
    if len(names) != len(engines) or len(set(names)) != len(names) or not all(names):
        raise InvalidConfig(
            f"a combination of {len(engines)} engines needs as many different names; "
            f"found {list(names)!r}"
        )
    return dict(zip(names, engines, strict=True))


def credit_hits(results: Results, engine: str, *notes: str) -> Results:
    """Return one engine's results, each hit with its origin, and with these notes."""
    hits = tuple(
        hit.model_copy(update={"origin": Origin(backend=engine, score=hit.score)})
        for hit in results.hits
    )
    return replace(results, hits=hits, notes=(*results.notes, *notes))


def widen(request: SearchRequest, largest: int | None = None) -> SearchRequest:
    """Return the request for all hits up to the last that is shown: what lists are mixed from."""
    query = request.query
    last = query.offset + (query.limit or DEFAULT_LIMIT)
    wider = replace(query, offset=0, limit=last if largest is None else min(last, largest))
    return replace(request, query=wider, explain=False)


def cut_page(request: SearchRequest, hits: Sequence[Hit]) -> Sequence[Hit]:
    """Return the hits that are shown of a mixed list."""
    query = request.query
    return hits[query.offset : query.offset + (query.limit or DEFAULT_LIMIT)]


#: Gives what is equal for two engines' hits that are one hit to the user.
HitKey = Callable[[Hit], Hashable]


def choose_key(query: AnyQuery) -> HitKey:
    """Return the key of hits: the document under `collapse`, where engines may show different
    chunks of it; else the chunk."""
    if isinstance(query, TextQuery) and query.collapse:
        return lambda hit: hit.document_uri
    return lambda hit: (hit.document_uri, hit.chunk_idx)


def same_rungs(answers: Sequence[Results]) -> bool:
    """Return whether all engines tried the same rungs in the same order."""
    tried = [[(attempt.operator, attempt.tokens) for attempt in one.attempts] for one in answers]
    return all(one == other for one, other in pairwise(tried))


def merge_results(answers: Mapping[str, Results], hits: Sequence[Hit], took_ms: float) -> Results:
    """Return the results of a mixed list; put all hits on one rung unless theirs are in order.

    The `ms` of an attempt is the time of all engines. They run side by side, so that the sum may
    be more than `took_ms`.
    """
    first = next(iter(answers.values()))
    tried = [results.attempts for results in answers.values()]
    in_order = all(better.rung <= worse.rung for better, worse in pairwise(hits))
    if same_rungs(list(answers.values())) and in_order:
        attempts = tuple(
            replace(same_rung[0], ms=_sum_times(same_rung))
            for same_rung in zip(*tried, strict=True)
        )
    else:
        hits = [hit.model_copy(update={"rung": 0}) for hit in hits]
        attempts = _join_attempts(first.query, list(chain.from_iterable(tried)))
    has_climbed = any(results.ran == "ladder" for results in answers.values())
    has_judged = all(results.relevance == "auto" for results in answers.values())
    # A word that one engine knows is not wrong.
    wrong = frozenset(first.corrections).intersection(
        *(one.corrections for one in answers.values())
    )
    notes = [f"{name}: {note}" for name, results in answers.items() for note in results.notes]
    return replace(
        first,
        hits=tuple(hits),
        attempts=attempts,
        ran="ladder" if has_climbed else first.ran,
        exact=False,
        relevance="auto" if has_judged else "bm25",
        corrections={word: first.corrections[word] for word in first.corrections if word in wrong},
        notes=tuple(notes),
        total=None,
        took_ms=took_ms,
    )


def _join_attempts(
    query: NormalizedQuery | EntityQuery | MatchAll, attempts: Sequence[Attempt]
) -> tuple[Attempt, ...]:
    """Return one attempt in place of those of several engines: OR over all tokens of the query.

    Every hit of every engine satisfies it. Only a text query has one.
    """
    if not isinstance(query, NormalizedQuery):
        return ()
    return (Attempt("OR", (*query.tokens, *query.extras), ms=_sum_times(attempts)),)


def _sum_times(attempts: Sequence[Attempt]) -> float:
    return sum(attempt.ms for attempt in attempts)
