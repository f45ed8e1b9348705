"""`Combination`: what every searcher made of searchers shares.

A kind writes one generator, `_steps`: it yields the calls to make, several at a time where they
may run side by side, is sent their results, or has their error raised at the `yield`, and
returns its own. Two short loops drive it, one for `search` and one for `search_async`, so no
kind is written twice.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import ClassVar

from nuthatch.combine.book import shared_book
from nuthatch.contract.asking import merged, refuse_undeclared
from nuthatch.contract.audit import AuditMode
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.document import Document
from nuthatch.contract.filters import Filter
from nuthatch.contract.hit import Hit, Origin
from nuthatch.contract.query import EntityQuery, Policy, Query, TextQuery
from nuthatch.contract.results import Results
from nuthatch.errors import InvalidConfig

#: Searches that run side by side in one combination, for each engine after its first.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """Holds one search: the query with its arguments, `explain`, and `timeout` in seconds."""

    query: TextQuery | EntityQuery
    explain: bool
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Call:
    """Names one search of one engine."""

    engine: SearchBackend
    asked: Asked

    def run(self) -> Results:
        """Searches, in the calling thread."""
        asked = self.asked
        return self.engine.search(asked.query, explain=asked.explain, timeout=asked.timeout)

    async def run_async(self) -> Results:
        """Searches without blocking."""
        asked = self.asked
        return await self.engine.search_async(
            asked.query, explain=asked.explain, timeout=asked.timeout
        )


Steps = Generator[Sequence[Call], list[Results], Results]


class Combination(SearchBackend):
    """Is a searcher made of named engines, which it closes with itself.

    `engines` maps a name to each; the names tell in `Hit.origin` whose hit it is. Raises
    `InvalidConfig` where two are missing or one is no `SearchBackend`.
    """

    #: The name of the kind, such as `shadow`; the name of the backend too.
    kind: ClassVar[str]

    def __init__(
        self, engines: Sequence[SearchBackend], names: Sequence[str] | None = None
    ) -> None:
        self.engines: Mapping[str, SearchBackend] = named(engines, names)
        self._pool: ThreadPoolExecutor | None = None
        self._one_pool = Lock()

    @abstractmethod
    def _steps(self, asked: Asked) -> Steps:
        """Yields calls and returns the answer."""

    @property
    def name(self) -> str:
        return self.kind

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.engines)})"

    @property
    def audit_mode(self) -> AuditMode:
        modes = {each.audit_mode for each in self.engines.values()}
        return AuditMode.GROUNDED if modes == {AuditMode.GROUNDED} else AuditMode.UNGROUNDED

    @property
    def capabilities(self) -> Capabilities:
        return self._own_book

    @cached_property
    def _own_book(self) -> Capabilities:
        return self._book({name: engine.capabilities for name, engine in self.engines.items()})

    def _book(self, books: Mapping[str, Capabilities]) -> Capabilities:
        """Returns what the kind can do with engines of these books."""
        return shared_book(books, self.kind)

    def search(
        self,
        query: Query,
        limit: int | None = None,
        *,
        extra_or_tokens: Sequence[str] | None = None,
        filters: Sequence[Filter] | None = None,
        audit: AuditMode | None = None,
        policy: Policy | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        asked = merged(query, limit, extra_or_tokens, filters, audit, policy)
        refuse_undeclared(self, asked)
        return self._drive(self._steps(Asked(asked, explain, timeout)))

    async def search_async(
        self,
        query: Query,
        limit: int | None = None,
        *,
        extra_or_tokens: Sequence[str] | None = None,
        filters: Sequence[Filter] | None = None,
        audit: AuditMode | None = None,
        policy: Policy | None = None,
        explain: bool = False,
        timeout: float | None = None,
    ) -> Results:
        asked = merged(query, limit, extra_or_tokens, filters, audit, policy)
        refuse_undeclared(self, asked)
        return await _drive_async(self._steps(Asked(asked, explain, timeout)))

    def get(self, uri: str) -> Document | None:
        return next(iter(self.engines.values())).get(uri)

    def close(self) -> None:
        with ExitStack() as closing:  # all of them, whatever one of them raises
            for engine in self.engines.values():
                closing.callback(engine.close)
            if self._pool is not None:
                closing.callback(self._pool.shutdown)

    def _drive(self, steps: Steps) -> Results:
        try:
            calls = next(steps)
            while True:
                try:
                    answers = self._run(calls)
                except Exception as error:  # noqa: BLE001  the kind decides what it means
                    calls = steps.throw(error)
                else:
                    calls = steps.send(answers)
        except StopIteration as done:
            results: Results = done.value
            return results

    def _run(self, calls: Sequence[Call]) -> list[Results]:
        """Runs calls side by side: the first in this thread, the others in the pool."""
        first, *others = calls
        if not others:
            return [first.run()]
        pool = self._threads()
        waiting = [pool.submit(copy_context().run, call.run) for call in others]
        return [first.run(), *(each.result() for each in waiting)]

    def _threads(self) -> ThreadPoolExecutor:
        with self._one_pool:
            if self._pool is None:
                workers = _AT_ONCE * (len(self.engines) - 1)
                self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"nuthatch-{self.kind}")
            return self._pool


async def _drive_async(steps: Steps) -> Results:
    from asyncio import gather  # a tenth of a second that synchronous callers need not wait

    try:
        calls = next(steps)
        while True:
            try:
                answers = list(await gather(*(call.run_async() for call in calls)))
            except Exception as error:  # noqa: BLE001  the kind decides what it means
                calls = steps.throw(error)
            else:
                calls = steps.send(answers)
    except StopIteration as done:
        results: Results = done.value
        return results


def named(
    engines: Sequence[SearchBackend], names: Sequence[str] | None
) -> dict[str, SearchBackend]:
    """Returns the engines by name; their own names where these differ, else a, b, c, …"""
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


def passed_on(results: Results, engine: str, *notes: str) -> Results:
    """Returns one engine's results with every hit's origin told, and notes added."""
    hits = tuple(
        hit.model_copy(update={"origin": Origin(backend=engine, score=hit.score)})
        for hit in results.hits
    )
    return replace(results, hits=hits, notes=(*results.notes, *notes))


#: Gives what is equal for two engines' hits that are one hit to the user.
HitKey = Callable[[Hit], Hashable]


def choose_key(query: TextQuery | EntityQuery) -> HitKey:
    """Return the key of hits: the document under `collapse`, where engines may show different
    chunks of it; else the chunk."""
    if isinstance(query, TextQuery) and query.collapse:
        return lambda hit: hit.document_uri
    return lambda hit: (hit.document_uri, hit.chunk_idx)
