"""`Client`: requests to the server, for threads and for event loops.

    threads       http.client: a pool of connections; whoever sends takes one out
    event loops   httpx: an asynchronous client for each loop, closed when the loop ends

Not httpx for both: its connections share a lock written in Python. An interrupt can leave such a
lock taken, and whoever needs it next waits for ever.

Every request may be sent twice: reading changes nothing, and the server knows a change that it has
made already by its key. So a request whose connection broke is sent once more. A change that failed
or was interrupted may still be under way: before the next request the server settles it, which is
to say that it was made, or that it is never made.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from math import ceil
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from nuthatch import BackendUnavailable

from nuthatch_tern.config import TernConfig
from nuthatch_tern.failure import (
    is_over,
    late,
    make_transport_error,
    raise_for_status,
)
from nuthatch_tern.timed import find_left, read_until

#: What breaks on the way to the server and back.
TRANSPORT_ERRORS = (OSError, HTTPException, httpx.TransportError)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; a change has a `key`, and is the same change however often it is sent."""

    method: str
    path: str
    body: Any = None
    deadline: float | None = None
    key: str | None = None

    @classmethod
    def change(cls, method: str, path: str, body: Any = None) -> Request:
        """Return a request that changes something."""
        return cls(method, path, body, key=uuid4().hex)


class Client:
    """Requests to one server. Threads and event loops may share it, and so may a forked child."""

    def __init__(self, config: TernConfig) -> None:
        self._config = config
        # Reading the certificates takes longer than a search: once for all connections.
        self._tls = ssl.create_default_context() if config.tls else None
        self._idle: deque[HTTPConnection] = deque()
        self._unsettled: list[str] = []
        self._process = os.getpid()
        self._loops: dict[AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None]]] = {}
        self._closed = False

    def send(self, request: Request) -> Any:
        """Return the JSON of the answer. Raise the errors of `failure`."""
        self._settle(request.deadline)
        return self._send(request)

    async def send_async(self, request: Request) -> Any:
        """Do the same without blocking the event loop."""
        if self._unsettled:
            await asyncio.to_thread(self._settle, request.deadline)
        for is_last in (False, True):
            ends = self._find_end(request)
            client = await self._client_of_loop()
            try:
                # Not httpx's own timeout, which bounds each read.
                async with asyncio.timeout(find_left(ends)):
                    response = await client.request(
                        request.method,
                        f"{self._config.server}{request.path}",
                        content=_encode(request),
                        headers=self._make_headers(request, ends),
                        timeout=None,
                    )
            except TRANSPORT_ERRORS as error:
                self._refuse(error, request, is_last)
            else:
                return self._read(request, response.status_code, response.content)
        raise AssertionError("the last attempt returns or raises")

    def _settle(self, deadline: float | None) -> None:
        """Have the server settle the changes of which nobody knows whether they were made."""
        for key in self._unsettled.copy():
            self._send(Request("POST", "/settle", key, deadline))
            with suppress(ValueError):  # another thread was faster
                self._unsettled.remove(key)

    def _send(self, request: Request) -> Any:
        for is_last in (False, True):
            ends = self._find_end(request)
            try:
                status, text = self._exchange(request, ends)
            except TRANSPORT_ERRORS as error:
                self._refuse(error, request, is_last)
            else:
                return self._read(request, status, text)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(self, request: Request, ends: float) -> tuple[int, bytes]:
        """Send a request over a connection of its own.

        The connection returns to the pool after a whole answer only. One that an interrupt went
        through is in no known state; it is dropped, and not called again.
        """
        connection = self._take_connection()
        try:
            connection.timeout = find_left(ends)
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(find_left(ends))
            connection.response_class = partial(read_until, ends)  # type: ignore[assignment]
            headers = self._make_headers(request, ends)
            connection.request(request.method, request.path, _encode(request), headers)
            # Closed here: its finalizer would run Python code, and drop an interrupt of it.
            with connection.getresponse() as response:
                answer = response.status, response.read()
        except BaseException as error:
            if request.key is not None:
                self._unsettled.append(request.key)
            if isinstance(error, TRANSPORT_ERRORS):
                connection.close()
            raise
        self._idle.append(connection)
        if self._closed:
            self._close_idle()
        return answer

    def _take_connection(self) -> HTTPConnection:
        if self._process != os.getpid():  # the connections belong to the parent process
            self._idle, self._process = deque(), os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            host = urlsplit(self._config.server).netloc
            if self._tls is None:
                return HTTPConnection(host)
            return HTTPSConnection(host, context=self._tls)

    def _find_end(self, request: Request) -> float:
        """Return when an attempt ends. Raise `QueryTimeout`, or for a closed index."""
        if self._closed:
            raise BackendUnavailable(f"{self._config.shown} was closed; open it again")
        if is_over(request.deadline):
            raise late(self._config.shown)
        ends = monotonic() + self._config.patience
        return ends if request.deadline is None else min(ends, request.deadline)

    def _make_headers(self, request: Request, ends: float) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if request.key is not None:
            headers["Idempotency-Key"] = request.key
        if request.deadline is not None:
            headers["Timeout-Ms"] = str(ceil(find_left(ends) * 1000))  # the server stops itself
        if self._config.token is not None:
            headers["Authorization"] = f"Bearer {self._config.token.get_secret_value()}"
        return headers

    def _read(self, request: Request, status: int, text: bytes) -> Any:
        raise_for_status(status, text, self._config.shown, request.deadline)
        try:
            return json.loads(text)
        except ValueError as error:
            raise BackendUnavailable(
                f"{self._config.shown} answered what is no JSON; is another server there?"
            ) from error

    def _refuse(self, error: Exception, request: Request, is_last: bool) -> None:
        """Raise what a broken exchange means, unless the request can be sent once more."""
        if is_last or isinstance(error, TimeoutError | httpx.TimeoutException):
            raise make_transport_error(error, self._config.shown, request.deadline) from error

    async def _client_of_loop(self) -> httpx.AsyncClient:
        """Return the client of the running loop: its connections belong to that loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            client = httpx.AsyncClient(verify=False if self._tls is None else self._tls)
            end = self._close_with(loop, client)
            await anext(end)  # waits for nothing, so no other task comes in between
            self._loops[loop] = client, end
        return self._loops[loop][0]

    async def _close_with(
        self, loop: AbstractEventLoop, client: httpx.AsyncClient
    ) -> AsyncGenerator[None]:
        """Close a client when its loop ends: a loop ends its asynchronous generators first."""
        try:
            yield
        finally:
            self._loops.pop(loop, None)
            await client.aclose()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close the idle connections; those in use are closed by whoever uses them."""
        self._closed = True
        self._close_idle()
        for loop, (_, end) in list(self._loops.items()):
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(end.aclose(), loop)


def _encode(request: Request) -> bytes | None:
    return None if request.body is None else json.dumps(request.body).encode()
