"""Answers that end in time, however slowly they come: a socket's own timeout bounds each read."""

from __future__ import annotations

from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from socket import socket
from time import monotonic
from typing import Any


def find_left(ends: float) -> float:
    """Return the seconds that are left. Raise `TimeoutError` if there are none."""
    left = ends - monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return left


class TimedReads(RawIOBase):
    """What a socket receives until the time is over."""

    def __init__(self, sock: socket, ends: float) -> None:
        self._sock, self._ends = sock, ends
        # It keeps the socket open until the answer is read, also if the connection is closed.
        self._received = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(find_left(self._ends))
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


def read_until(ends: float, sock: socket, *options: Any, **named: Any) -> HTTPResponse:
    """Return the response of a connection: its head and its body must come in time."""
    response = HTTPResponse(sock, *options, **named)
    response.fp.close()
    response.fp = BufferedReader(TimedReads(sock, ends))
    return response
