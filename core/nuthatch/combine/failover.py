"""`Failover`: a second engine answers while the first cannot.

                  ┌─ failures in a row ─┐                ┌─ after `retry_after` s, one search ─┐
    closed: ask a ┘                     └► open: ask b   ┘                 closed again if a answers

A circuit breaker as in Nygard, "Release It!" (2007): an engine that is down is not asked by
every search, which would wait for it each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from time import monotonic

from nuthatch.combine.combination import Call, Caller, Combination, credit_hits
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.document import Document
from nuthatch.contract.query import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.errors import BackendUnavailable, InvalidConfig, NuthatchError, QueryTimeout


class Breaker:
    """A circuit breaker before the first engine; safe for many threads."""

    def __init__(self, failures: int, retry_after: float, clock: Callable[[], float]) -> None:
        self._failures = failures
        self._retry_after = retry_after
        self._clock = clock
        self._lock = Lock()
        self._in_a_row = 0
        self._open = False
        self._try_again = 0.0

    def allows_call(self) -> bool:
        """Return whether to ask; while open one search is let through each `retry_after`."""
        with self._lock:
            if not self._open:
                return True
            if self._clock() < self._try_again:
                return False
            self._try_again = self._clock() + self._retry_after
            return True

    def record_success(self) -> None:
        """Close the circuit."""
        with self._lock:
            self._in_a_row, self._open = 0, False

    def record_failure(self) -> None:
        """Count a failure, and open the circuit once there are too many in a row."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= self._failures:
                self._open = True
                self._try_again = self._clock() + self._retry_after

    @property
    def is_open(self) -> bool:
        """Return whether searches go past the first engine."""
        return self._open


class Failover(Combination):
    """A searcher that uses `primary`, and `secondary` where that fails for a time or times out.

    Transient is `BackendUnavailable(transient=True)`. After `failures` in a row searches go
    straight to the secondary for `retry_after` seconds, then one tries the primary again. A
    timeout bounds each engine's part. Hits name their engine in `Hit.origin`; a note tells why
    the primary did not answer. If both fail, the secondary's error is raised from the primary's.
    Raises `InvalidConfig`.
    """

    kind = "failover"

    def __init__(
        self,
        primary: SearchBackend,
        secondary: SearchBackend,
        *,
        failures: int = 3,
        retry_after: float = 30.0,
        clock: Callable[[], float] = monotonic,
        names: Sequence[str] | None = None,
    ) -> None:
        super().__init__((primary, secondary), names)
        if failures < 1 or not retry_after >= 0:
            raise InvalidConfig(
                f"failures must be at least 1 and retry_after not negative; "
                f"found {failures!r} and {retry_after!r}"
            )
        self.breaker = Breaker(failures, retry_after, clock)

    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        first, second = self.engines
        failure: NuthatchError | None = None
        note = f"failover: {first} is not asked for now, it failed too often"
        if self.breaker.allows_call():
            try:
                (results,) = await call([Call(self.engines[first], request)])
            except (BackendUnavailable, QueryTimeout) as error:
                if not _is_transient(error):
                    raise
                self.breaker.record_failure()
                failure, note = error, f"failover: {first} failed: {error}"
            else:
                self.breaker.record_success()
                return credit_hits(results, first)
        try:
            (results,) = await call([Call(self.engines[second], request)])
        except NuthatchError as error:
            if failure is not None:
                raise error from failure
            raise
        return credit_hits(results, second, note)

    def get(self, uri: str) -> Document | None:
        first, second = self.engines.values()
        if self.breaker.allows_call():
            try:
                found = first.get(uri)
            except BackendUnavailable as error:
                if not error.transient:
                    raise
                self.breaker.record_failure()
            else:
                self.breaker.record_success()
                return found
        return second.get(uri)


def _is_transient(error: BackendUnavailable | QueryTimeout) -> bool:
    return isinstance(error, QueryTimeout) or error.transient
