"""The driver: it puts the load on the systems and keeps every raw sample.

A sample is NaN where the search failed; it is counted, never averaged. The garbage collector
stays on, because the garbage of an engine is part of its cost; objects from before the run are
frozen, so that it does not visit them.
"""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from statistics import median
from time import perf_counter_ns

from nuthatch import NuthatchError
from nuthatch_compare.performance.workload import Limits, Load, draw_arrivals, shuffle_blocks

#: A call that answers one query, reads every hit, and returns their number.
SearchCall = Callable[[str], int]
_NAN = float("nan")
#: Warm-up ends when no system's median fell by more over three blocks.
_SETTLED, _WINDOW = 0.02, 3
#: An open loop is saturated when more requests are unanswered at its end than at its beginning, by
#: this share of all requests, and by more than a few, which may be chance. It does not matter where
#: they wait, unsent or within the engine, nor which of them is served first.
_BACKLOG, _FEW = 0.05, 4


@dataclass
class Samples:
    """The times of one system in milliseconds and its hits, pass after pass.

    `ms[p * queries + q]` is query q in pass p. `errors` counts failures by message. `waits` is
    how long each request of an open loop stayed unsent.
    """

    ms: array[float] = field(default_factory=lambda: array("d"))
    hits: array[int] = field(default_factory=lambda: array("q"))
    waits: array[float] = field(default_factory=lambda: array("d"))
    errors: dict[str, int] = field(default_factory=dict)
    saturated: bool = False

    def passes(self, queries: int) -> list[array[float]]:
        """Return the times pass by pass."""
        return [self.ms[at : at + queries] for at in range(0, len(self.ms), queries)]


@dataclass
class DriverResult:
    """The result of a run: samples by system, passes of warm-up, the reason for an early end."""

    load: Load
    queries: int
    samples: dict[str, Samples]
    passes: int = 0
    warmup: int = 0
    settled: bool = True
    ended: str = ""
    seconds: float = 0.0


@contextmanager
def _freeze_heap() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def drive(
    systems: Mapping[str, SearchCall],
    queries: Sequence[str],
    load: Load,
    limits: Limits | None = None,
    seed: int = 0,
) -> DriverResult:
    """Return the samples of all systems under one load, after warming them up."""
    limits, random = limits or Limits(), Random(seed)
    result = DriverResult(load, len(queries), {name: Samples() for name in systems})
    if not queries or not systems:
        result.ended = "there was nothing to ask"
        return result
    start = time.monotonic()
    pass_requests = len(queries) * len(systems)
    with _freeze_heap(), ThreadPoolExecutor(load.clients) as pool:
        run = _Driver(systems, queries, pool, random)
        spent, result.settled = run.warm_up(limits, start + limits.seconds / 4)
        result.warmup = spent
        left = limits.requests - spent * pass_requests
        for number in range(limits.passes):
            elapsed = time.monotonic() - start
            pass_seconds = elapsed / (spent + number) if spent + number else 0.0
            if left < pass_requests:
                result.ended = f"{limits.requests:,} requests were allowed"
            elif elapsed + pass_seconds > limits.seconds and number:
                result.ended = f"{limits.seconds:g} seconds were allowed"
            if result.ended:
                break
            run.run_pass(load, result.samples)
            left -= pass_requests
            result.passes += 1
    result.seconds = time.monotonic() - start
    return result


@dataclass
class _Driver:
    systems: Mapping[str, SearchCall]
    queries: Sequence[str]
    pool: ThreadPoolExecutor
    random: Random

    def warm_up(self, limits: Limits, until: float) -> tuple[int, bool]:
        """Ask everything until the medians stop falling; return the passes and if they did.

        It takes a quarter of the requests and of the time at most.
        """
        medians: list[dict[str, float]] = []
        while len(medians) < limits.warmup:
            samples = {name: Samples() for name in self.systems}
            self._run_closed(1, samples)
            medians.append({name: _median_time(times.ms) for name, times in samples.items()})
            if _is_settled(medians):
                return len(medians), True
            requests = len(medians) * len(self.queries) * len(self.systems)
            if time.monotonic() > until or requests >= limits.requests // 4:
                break
        return len(medians), False

    def run_pass(self, load: Load, samples: Mapping[str, Samples]) -> None:
        """Ask every query once of every system."""
        if load.kind == "closed":
            self._run_closed(load.clients, samples)
            return
        due = draw_arrivals(len(self.queries), load.rate, self.random)
        for name in self.random.sample(list(self.systems), len(self.systems)):
            self._run_open(self.systems[name], due, samples[name])

    def _run_closed(self, clients: int, samples: Mapping[str, Samples]) -> None:
        names = list(self.systems)
        order = list(shuffle_blocks(len(self.queries), len(names), self.random))
        for times in samples.values():
            times.ms.extend([_NAN] * len(self.queries))
            times.hits.extend([-1] * len(self.queries))
        todo = iter(order)  # one iterator for all clients: next() on it is atomic
        first = {name: len(times.ms) - len(self.queries) for name, times in samples.items()}

        def client() -> None:
            for query, system in todo:
                name = names[system]
                into, at = samples[name], first[name] + query
                begun = perf_counter_ns()
                hits = _search(self.systems[name], self.queries[query], into)
                ended = perf_counter_ns()
                into.hits[at] = hits
                if hits >= 0:
                    into.ms[at] = (ended - begun) / 1e6

        if clients == 1:
            client()
        else:
            for done in [self.pool.submit(client) for _ in range(clients)]:
                done.result()

    def _run_open(self, ask: SearchCall, due: Sequence[float], into: Samples) -> None:
        start = perf_counter_ns()

        def request(query: str, planned: float) -> tuple[float, int, float]:
            sent = perf_counter_ns()
            hits = _search(ask, query, into)
            ended = perf_counter_ns()
            due_ms = planned * 1e3
            return (ended - start) / 1e6 - due_ms, hits, (sent - start) / 1e6 - due_ms

        sent = []
        for query, planned in zip(self.queries, due, strict=True):
            ahead = planned - (perf_counter_ns() - start) / 1e9
            if ahead > 0:
                time.sleep(ahead)
            sent.append(self.pool.submit(request, query, planned))
        answered = [future.result() for future in sent]
        into.ms.extend(took if hits >= 0 else _NAN for took, hits, _ in answered)
        into.hits.extend(hits for _, hits, _ in answered)
        into.waits.extend(waited for _, _, waited in answered)
        into.saturated |= _has_backlog([at * 1e3 for at in due], [took for took, _, _ in answered])


def _has_backlog(due: Sequence[float], took: Sequence[float]) -> bool:
    """Return whether unanswered requests pile up: in the last fifth of the schedule against the
    second, the first being when the engine fills. Times are in milliseconds."""
    fifth = due[-1] / 5

    def count_unanswered(begin: float) -> float:
        spans = (
            min(at + ms, begin + fifth) - max(at, begin) for at, ms in zip(due, took, strict=True)
        )
        return sum(span for span in spans if span > 0) / fifth

    return count_unanswered(4 * fifth) - count_unanswered(fifth) > max(_FEW, _BACKLOG * len(due))


def _search(ask: SearchCall, query: str, into: Samples) -> int:
    """Return the number of hits, -1 after counting an error."""
    try:
        return ask(query)
    except NuthatchError as error:
        message = f"{type(error).__name__}: {error}"
        into.errors[message] = into.errors.get(message, 0) + 1
        return -1


def _median_time(values: Sequence[float]) -> float:
    known = [value for value in values if value == value]  # NaN differs from itself
    return median(known) if known else 0.0


def _is_settled(medians: Sequence[Mapping[str, float]]) -> bool:
    if len(medians) < _WINDOW:
        return False
    before, *_, now = medians[-_WINDOW:]
    return all(now[name] >= before[name] * (1 - _SETTLED) for name in now)
