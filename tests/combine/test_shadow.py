"""The shadow is never noticed by who is served, whatever it does; what it did is counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Queue
from threading import Event

import pytest

from combine.conftest import Faulty, Search
from nuthatch import (
    BackendUnavailable,
    InvalidConfig,
    LexicalBackend,
    QueryTimeout,
    Results,
    SearchRequest,
    Shadow,
    ShadowCounts,
    ShadowPair,
)

SOON = 20.0  # seconds that a loaded machine may take to run a thread


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def uris(results: Results | None) -> list[str]:
    return [] if results is None else [hit.document_uri for hit in results]


def test_the_observer_sees_what_both_said(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    pairs: Queue[ShadowPair] = Queue()
    with Shadow(one, other, pairs.put) as shadow:
        results = search(shadow, "alpha beta", 6)
        pair = pairs.get(timeout=SOON)
        assert uris(results) == uris(one.search("alpha beta", 6)) == uris(pair.served)
        assert uris(pair.shadow) == uris(other.search("alpha beta", 6))
        assert {hit.origin.backend for hit in results if hit.origin} == {"a"}
        common = set(uris(pair.served)) & set(uris(pair.shadow))
        assert pair.overlap(6) == len(common) / 6
        eventually(lambda: shadow.counts == ShadowCounts(served=1, answered=1))


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (BackendUnavailable("down"), "failed"),
        (ZeroDivisionError("a bug"), "failed"),
        (QueryTimeout("slow"), "timed_out"),
    ],
)
def test_its_failures_are_counted_and_shown_to_the_observer_alone(
    error: Exception, counted: str, one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    pairs: Queue[ShadowPair] = Queue()
    with Shadow(one, Faulty(other, error), pairs.put) as shadow:
        assert len(search(shadow, "alpha", 3)) == 3
        pair = pairs.get(timeout=SOON)
        assert (pair.shadow, pair.error, pair.overlap()) == (None, error, None)
        eventually(lambda: shadow.counts.waiting == 0)
        assert getattr(shadow.counts, counted) == 1


class Slow(Faulty):
    """Answers only when it is let go."""

    def __init__(self, engine: LexicalBackend) -> None:
        super().__init__(engine)
        self.go = Event()
        self.timeouts: list[float | None] = []

    def execute(self, request: SearchRequest) -> Results:
        self.timeouts.append(request.timeout)
        assert self.go.wait(SOON)
        return super().execute(request)


def test_its_slowness_holds_nobody_up_and_a_full_queue_drops(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    slow = Slow(other)
    with Shadow(one, slow, lambda pair: None, queue=2, timeout=3.5) as shadow:
        search(shadow, "alpha", 1)
        eventually(lambda: len(slow.timeouts) == 1)
        for _ in range(5):  # one is being asked, two wait, three are dropped
            assert len(search(shadow, "alpha", 1, timeout=60)) == 1
        assert shadow.counts == ShadowCounts(served=6, dropped=3)
        assert shadow.counts.waiting == 3
        slow.go.set()
        eventually(lambda: shadow.counts.answered == 3)
        assert set(slow.timeouts) == {3.5}


def test_closing_waits_for_what_runs_and_drops_what_waits(
    one: LexicalBackend, other: LexicalBackend
) -> None:
    slow = Slow(other)
    shadow = Shadow(one, slow, lambda pair: None)
    for _ in range(4):
        shadow.search("alpha")
    eventually(lambda: len(slow.timeouts) == 1)
    slow.go.set()
    shadow.close()
    assert shadow.counts.waiting == 0
    assert shadow.counts.answered + shadow.counts.dropped == 4


def test_an_observer_that_fails_is_logged_and_counted(
    one: LexicalBackend, other: LexicalBackend, caplog: pytest.LogCaptureFixture
) -> None:
    def observe(pair: ShadowPair) -> None:
        raise ValueError("the disk is full")

    with Shadow(one, other, observe) as shadow:
        shadow.search("alpha")
        eventually(lambda: shadow.counts.waiting == 0)
        assert shadow.counts.unseen == 1
        assert shadow.counts.answered == 1
    assert "the disk is full" in caplog.text


def test_a_share_of_the_searches_is_sampled(one: LexicalBackend, other: LexicalBackend) -> None:
    with Shadow(one, other, lambda pair: None, sample=0.25, queue=1000) as shadow:
        for _ in range(400):
            shadow.search("delta", 1)
        eventually(lambda: shadow.counts.waiting == 0)
        assert shadow.counts.served == 400
        assert 60 < shadow.counts.answered < 140
        assert shadow.counts.skipped == 400 - shadow.counts.answered
    with Shadow(one, other, lambda pair: None, sample=0) as shadow:
        assert len(shadow.engines) == 2


def test_two_empty_answers_overlap_wholly(one: LexicalBackend, other: LexicalBackend) -> None:
    nothing = one.search("zzz")
    assert ShadowPair(nothing.query, nothing, nothing).overlap() == 1.0  # type: ignore[arg-type]
    some = one.search("alpha")
    assert ShadowPair(nothing.query, nothing, some).overlap() == 0.0  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"sample": 1.1}, {"sample": -1}, {"queue": 0}])
def test_wrong_settings_are_refused(
    wrong: dict[str, float], one: LexicalBackend, other: LexicalBackend
) -> None:
    with pytest.raises(InvalidConfig, match="found"):
        Shadow(one, other, lambda pair: None, **wrong)  # type: ignore[arg-type]
