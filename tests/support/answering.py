"""The memory backend as an engine behind a network: each call is a request that is counted.

Requests and replies cross as pickles, so that nothing but values does.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

from nuthatch import (
    NATIVE,
    Answer,
    AnswerRequest,
    LexicalConfig,
    Schema,
    answer_by_calls,
)
from nuthatch.memory import SPEC, MemoryBackend, MemoryReader

METHODS = ("document_frequencies", "match", "fetch", "get", "statistics", "explain")


class AnsweringReader(MemoryReader):
    """A memory reader that answers whole searches, as the server beside the data does."""

    def answer(self, request: AnswerRequest) -> Answer:
        return answer_by_calls(self, request)


class Server:
    """One reader on the other side of a network; `requests` are the calls that came."""

    def __init__(self, reader: Any, requests: list[str]) -> None:
        self._reader = reader
        self._requests = requests

    def handle(self, method: str, body: bytes) -> bytes:
        self._requests.append(method)
        return pickle.dumps(getattr(self._reader, method)(*pickle.loads(body)))


class Client:
    """The reader on this side: it has `answer` where the server's has it."""

    def __init__(self, server: Server, reader: Any, wrap: Callable[..., Any]) -> None:
        for method in (*METHODS, "answer"):
            if hasattr(reader, method):
                setattr(self, method, wrap(server, method))


def call(server: Server, method: str) -> Callable[..., Any]:
    return lambda *arguments: pickle.loads(server.handle(method, pickle.dumps(arguments)))


def call_async(server: Server, method: str) -> Callable[..., Any]:
    async def awaited(*arguments: Any) -> Any:
        await asyncio.sleep(0)
        return call(server, method)(*arguments)

    return awaited


class RemoteBackend(MemoryBackend):
    """The memory backend with a network between core and the reader."""

    spec = replace(
        SPEC, name="remote", capabilities=replace(SPEC.capabilities, async_native=NATIVE)
    )
    reader_type: Any = AnsweringReader

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.requests: list[str] = []

    def _connect(self, wrap: Callable[..., Any]) -> Any:
        reader = self.reader_type(self._documents, self.schema)
        return Client(Server(reader, self.requests), reader, wrap)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Any]:
        yield self._connect(call)

    @asynccontextmanager
    async def async_reader(self, deadline: float | None = None) -> AsyncIterator[Any]:
        yield self._connect(call_async)


def open_remote(
    schema: Schema, reader: Any = AnsweringReader, *, book: Any = (), **options: Any
) -> RemoteBackend:
    """Return an empty index with another reader, other capabilities or options."""
    capabilities = replace(RemoteBackend.spec.capabilities, **dict(book))

    class Opened(RemoteBackend):
        spec = replace(RemoteBackend.spec, capabilities=capabilities)
        reader_type = reader

    return Opened.open(LexicalConfig(**options), create=True, schema=schema)
