"""The interrupter: which exceptions count as the interrupt that it raised."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from threading import Lock
from time import perf_counter

import pytest

from nuthatch_conformance.interrupter import ApplicationInterrupt, Interrupter, _describe_loss

_SLOW = "conformance_slow"


def _encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
    ends = perf_counter() + 0.002
    while perf_counter() < ends:
        pass
    return text.encode(), len(text)


def _find_codec(name: str) -> codecs.CodecInfo | None:
    return codecs.CodecInfo(_encode, lambda data: (str(data), 0)) if name == _SLOW else None  # type: ignore[arg-type, return-value]


@pytest.fixture(autouse=True)
def slow_codec() -> Iterator[None]:
    codecs.register(_find_codec)
    yield
    codecs.unregister(_find_codec)


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Lock:
    """Return a lock that nobody releases, with a watch that waits longer than garbage takes."""
    monkeypatch.setattr("nuthatch_conformance.interrupter._PATIENCE", 3.0)
    lock = Lock()
    lock.acquire()
    return lock


def interrupt_often(call: Callable[[], object]) -> list[BaseException | None]:
    with Interrupter(0) as interrupter:
        return [interrupter.interrupt("encode", call) for _ in range(20)]


def test_an_interrupt_that_a_codec_raises_again_was_seen() -> None:
    seen = interrupt_often(lambda: "x".encode(_SLOW))
    assert sum(error is not None for error in seen) > 5


def test_an_error_in_place_of_the_interrupt_is_a_loss() -> None:
    def translate() -> None:
        try:
            "x".encode(_SLOW)
        except BaseException as error:  # the mistake that is to be found
            raise ValueError("translated") from error

    with pytest.raises(AssertionError, match="the caller saw ValueError: translated"):
        interrupt_often(translate)


def test_a_call_that_hangs_after_its_interrupt_fails(locked: Lock) -> None:
    def wait_when_interrupted() -> None:
        try:
            "x".encode(_SLOW)
        except (KeyboardInterrupt, ApplicationInterrupt):
            locked.acquire()

    with pytest.raises(AssertionError, match="the caller saw AssertionError: it hangs"):
        interrupt_often(wait_when_interrupted)


def test_what_hangs_between_interrupts_fails(locked: Lock) -> None:
    with Interrupter(0), pytest.raises(AssertionError, match="it hangs"):
        locked.acquire()


def test_an_interrupt_that_never_left_its_handler_is_a_loss_without_a_place() -> None:
    """A driver in C may call the handler itself, and raise an error of its own."""
    with pytest.raises(KeyboardInterrupt) as raised:
        raise KeyboardInterrupt
    loss = _describe_loss("write", raised.value, RuntimeError("interrupted"))
    assert "dropped what it raised" in loss
    assert "RuntimeError: interrupted" in loss
