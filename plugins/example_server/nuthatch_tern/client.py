"""`Client`: requests to the server, for threads and for event loops.

    threads       a pool of clients with one connection each; whoever sends takes one out
    event loops   an asynchronous client for each, which the loop closes when it ends

Every request may be sent twice: reading changes nothing, and the server knows a change that it has
made already by its key. So a request whose connection broke is sent once more.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
from nuthatch import BackendUnavailable

from nuthatch_tern.config import TernConfig
from nuthatch_tern.failure import (
    late,
    make_transport_error,
    raise_for_status,
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: the same object is the same change, however often it is sent."""

    method: str
    path: str
    body: Any = None
    deadline: float | None = None
    key: str = field(default_factory=lambda: uuid4().hex)


class Client:
    """Requests to one server. Threads and event loops may share it, and so may a forked child."""

    def __init__(self, config: TernConfig) -> None:
        self._config = config
        token = config.token
        self._options: dict[str, Any] = {
            "base_url": config.server,
            "headers": {} if token is None else {"Authorization": token.get_secret_value()},
            # Reading the certificates takes longer than a search: once for all clients.
            "verify": httpx.create_ssl_context() if config.tls else False,
        }
        self._idle: deque[httpx.Client] = deque()
        self._process = os.getpid()
        self._loops: dict[AbstractEventLoop, tuple[httpx.AsyncClient, AsyncGenerator[None]]] = {}
        self._closed = False

    def send(self, request: Request) -> Any:
        """Return the JSON of the answer. Raise the errors of `failure`."""
        for is_last in (False, True):
            options = self._make_options(request)
            try:
                return self._read(self._exchange(options))
            except httpx.TransportError as error:
                self._refuse(error, request, is_last)
        raise AssertionError("the last attempt returns or raises")

    async def send_async(self, request: Request) -> Any:
        """Do the same without blocking the event loop."""
        for is_last in (False, True):
            options = self._make_options(request)
            client = await self._client_of_loop()
            try:
                return self._read(await client.request(**options))
            except httpx.TransportError as error:
                self._refuse(error, request, is_last)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(self, options: dict[str, Any]) -> httpx.Response:
        """Send a request over a connection of its own.

        The client returns to the pool after a whole answer only. One that an interrupt went
        through is left alone: it may hold its own locks, and closing it would wait for them.
        """
        if self._process != os.getpid():  # the connections belong to the parent process
            self._idle, self._process = deque(), os.getpid()
        try:
            client = self._idle.pop()
        except IndexError:
            client = httpx.Client(**self._options)
        try:
            response = client.request(**options)
        except httpx.HTTPError:
            client.close()
            raise
        self._idle.append(client)
        if self._closed:
            self._close_idle()
        return response

    def _make_options(self, request: Request) -> dict[str, Any]:
        if self._closed:
            raise BackendUnavailable(f"{self._config.shown} was closed; open it again")
        left, deadline = self._config.patience, request.deadline
        headers = {"Idempotency-Key": request.key}
        if deadline is not None:
            left = min(left, deadline - monotonic())
            if left <= 0:
                raise late(self._config.shown)
            headers["Timeout-Ms"] = f"{left * 1000:.0f}"  # the server stops by itself
        return {
            "method": request.method,
            "url": request.path,
            "json": request.body,
            "headers": headers,
            "timeout": left,
        }

    def _read(self, response: httpx.Response) -> Any:
        raise_for_status(response, self._config.shown)
        try:
            return response.json()
        except ValueError as error:
            raise BackendUnavailable(
                f"{self._config.shown} answered what is no JSON; is another server there?"
            ) from error

    def _refuse(self, error: httpx.TransportError, request: Request, is_last: bool) -> None:
        """Raise what a broken exchange means, unless the request can be sent once more."""
        if is_last or isinstance(error, httpx.TimeoutException):
            raise make_transport_error(error, self._config.shown, request.deadline) from error

    async def _client_of_loop(self) -> httpx.AsyncClient:
        """Return the client of the running loop: its connections belong to that loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            client = httpx.AsyncClient(**self._options)
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
