"""`Shadow`: a second engine is asked the same, off the path of the request.

    search ── a ──► the caller
        └─ bounded queue ── worker ── b ──► observe(pair)      full: dropped, and counted

Whatever b does, the caller does not notice: not its errors, not its slowness.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from threading import Lock

from nuthatch.combine.combination import (
    Call,
    Caller,
    Combination,
    choose_key,
    combine_capabilities,
    credit_hits,
)
from nuthatch.combine.workers import Workers
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import AnyQuery, SearchRequest
from nuthatch.contract.results import Results
from nuthatch.errors import InvalidConfig, QueryTimeout

_log = logging.getLogger("nuthatch.combine")


@dataclass(frozen=True, slots=True)
class ShadowPair:
    """What both engines said to one query; `shadow` is None where `error` tells why."""

    query: AnyQuery
    served: Results
    shadow: Results | None
    error: Exception | None = None

    def overlap(self, k: int = 10) -> float | None:
        """Return the share of common hits among the first k of both, by the longer list.

        Under `collapse` hits are the same if their documents are. Two empty lists overlap
        wholly; None where the shadow gave no answer.
        """
        if self.shadow is None:
            return None
        key = choose_key(self.query)
        one, other = (
            {key(hit) for hit in hits[:k]} for hits in (self.served.hits, self.shadow.hits)
        )
        return len(one & other) / max(len(one), len(other)) if one or other else 1.0


@dataclass(frozen=True, slots=True)
class ShadowCounts:
    """What became of the searches, in counts: served = skipped + dropped + waiting + finished.

    `skipped` were not sampled, `dropped` found the queue full, `waiting` are queued or running.
    Of the finished ones `answered` were answered, `timed_out` and `failed` were not; `unseen`
    are pairs at which the observer itself failed.
    """

    served: int = 0
    skipped: int = 0
    dropped: int = 0
    answered: int = 0
    timed_out: int = 0
    failed: int = 0
    unseen: int = 0

    @property
    def waiting(self) -> int:
        """The searches that wait for the shadow, or that it runs now."""
        finished = self.answered + self.timed_out + self.failed
        return self.served - self.skipped - self.dropped - finished


class Shadow(Combination):
    """A searcher that gives `a`'s answers, and shows each with `b`'s to `observe` in a worker.

    A share of `sample` of the searches is asked again, chosen by `seed`; at most `queue` of them
    wait. `timeout` (seconds) bounds each search of b. What b declares that it cannot do is counted
    as failed. `close` lets the worker finish what it is at and drops what waits.
    Raises `InvalidConfig`.
    """

    kind = "shadow"

    def __init__(
        self,
        a: SearchBackend,
        b: SearchBackend,
        observe: Callable[[ShadowPair], None],
        *,
        sample: float = 1.0,
        queue: int = 100,
        timeout: float | None = 5.0,
        seed: int = 0,
        names: Sequence[str] | None = None,
    ) -> None:
        super().__init__((a, b), names)
        if not 0 <= sample <= 1 or queue < 1:
            raise InvalidConfig(
                f"sample is a share from 0 to 1 and queue at least 1; found {sample!r}, {queue!r}"
            )
        self._served, self._shadow = self.engines.values()
        self._observe = observe
        self._sample = sample
        self._size = queue
        self._timeout = timeout
        self._random = Random(seed)
        self._lock = Lock()
        self._counts = ShadowCounts()
        self._asking = Workers(1)
        self._closed = False

    @property
    def audit_mode(self) -> AuditMode:
        return self._served.audit_mode

    def _combine_capabilities(self, by_engine: Mapping[str, Capabilities]) -> Capabilities:
        name = next(iter(by_engine))
        return combine_capabilities(
            {name: by_engine[name]}, self.kind
        )  # b is asked whatever it can do

    @property
    def counts(self) -> ShadowCounts:
        """The counts so far."""
        return self._counts

    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        (results,) = await call([Call(self._served, request)])
        self._ask_too(request, results)
        return credit_hits(results, next(iter(self.engines)))

    def _ask_too(self, request: SearchRequest, served: Results) -> None:
        with self._lock:
            sampled = not self._closed and self._random.random() < self._sample
            if not sampled:
                self._count("served", "skipped")
                return
            self._count("served")
            asked = replace(request, timeout=self._timeout)
            is_full = self._asking.waiting >= self._size
            if is_full or not self._asking.put(partial(self._compare, asked, served)):
                self._count("dropped")

    def _compare(self, request: SearchRequest, served: Results) -> None:
        if self._closed:
            return
        try:
            answer = Call(self._shadow, request).run()
        except QueryTimeout as error:
            outcome, pair = "timed_out", ShadowPair(request.query, served, None, error)
        except Exception as error:  # noqa: BLE001  counted and shown; no user waits for it
            outcome, pair = "failed", ShadowPair(request.query, served, None, error)
        else:
            outcome, pair = "answered", ShadowPair(request.query, served, answer)
        try:
            self._observe(pair)
        except Exception:  # noqa: BLE001  logged and counted; no user waits for it
            _log.exception("the observer of %s failed", self.name)
            with self._lock:
                self._count("unseen")
        with self._lock:
            self._count(outcome)

    def _count(self, *names: str) -> None:
        self._counts = replace(
            self._counts, **{name: getattr(self._counts, name) + 1 for name in names}
        )

    def close(self) -> None:
        self._closed = True
        self._asking.close()
        with self._lock:
            self._counts = replace(
                self._counts, dropped=self._counts.dropped + self._counts.waiting
            )
        super().close()
