"""How a reader talks to the cluster: one way for threads, one for event loops.

A reader is written once, as coroutines over a `Channel`. Over a `BlockingChannel` they never wait,
so that they run without an event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from nuthatch_opensearch.client import Client, Request

T = TypeVar("T")


class Channel(Protocol):
    """Sends requests, and does what takes long."""

    async def send(self, request: Request) -> Any:
        """Return the JSON of the answer."""
        ...

    async def do(self, work: Callable[[], T]) -> T:
        """Return what a function returns that takes long."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait so long."""
        ...


class BlockingChannel:
    """A channel whose coroutines never wait."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, request: Request) -> Any:
        return self._client.send(request)

    async def do(self, work: Callable[[], T]) -> T:
        return work()

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)


class AwaitedChannel:
    """A channel that never blocks the event loop."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, request: Request) -> Any:
        return await self._client.send_async(request)

    async def do(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
