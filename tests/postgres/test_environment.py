"""Variables of the environment are hidden while a connection to an embedded server is made."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from linecache import getline
from types import FrameType
from typing import Any

import pytest

from nuthatch_postgres.client import embedded_client
from nuthatch_postgres.client.embedded_client import _Environment

GIVEN = {"PGSERVICE": "films", "PGTZ": "UTC"}


class Interrupt(Exception):
    """What a signal handler raises."""


def interrupt(call: Callable[[], object], at: int) -> bool:
    """Make a call, and interrupt it at a line of the module; return whether it has so many.

    Not at a line of `with`: no signal is handled between a lock of C and its block.
    """
    left = at

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename != embedded_client.__file__:
            return None
        if event == "line" and not getline(
            embedded_client.__file__, frame.f_lineno
        ).strip().startswith("with "):
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise Interrupt
        return trace

    sys.settrace(trace)
    try:
        call()
    except Interrupt:
        return True
    finally:
        sys.settrace(None)
    return False


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> _Environment:
    for name in embedded_client._STRONGER:
        monkeypatch.delenv(name, raising=False)
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    return _Environment()


def seen() -> dict[str, str]:
    return {name: os.environ[name] for name in embedded_client._STRONGER if name in os.environ}


def test_they_are_back_once_no_connection_is_made(environment: _Environment) -> None:
    with environment.hide_stronger():
        assert seen() == {}
        with environment.hide_stronger():
            assert seen() == {}
        assert seen() == {}
    assert seen() == GIVEN


def test_no_interrupt_loses_them(environment: _Environment) -> None:
    def connect() -> None:
        with environment.hide_stronger():
            assert seen() == {}

    lines = 0
    while interrupt(connect, lines):
        lines += 1
        connect()
        assert seen() == GIVEN, f"interrupted at line {lines}"
    assert lines > 10
