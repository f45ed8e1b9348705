"""Asynchronous searches give what synchronous ones do, by a thread or by a reader of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    NATIVE,
    Document,
    EntityQuery,
    IntegerField,
    InvalidQuery,
    LexicalConfig,
    QueryTimeout,
    Range,
    Results,
    Schema,
    SearchRequest,
    TextQuery,
)
from nuthatch.memory import SPEC, MemoryBackend, MemoryReader
from support.few_words import corpora, queries

SCHEMA = Schema(chunker="words:3:0", fields=(IntegerField("year"),))
#: The threads that answered.
threads: set[int] = set()


class AsyncMemoryReader:
    """Awaits a little before every answer of the memory reader."""

    def __init__(self, reader: MemoryReader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        if name in ("first_match", "documents"):
            raise AttributeError(name)
        answer = getattr(self._reader, name)

        async def awaited(*arguments: Any) -> Any:
            threads.add(threading.get_ident())
            await asyncio.sleep(0)
            return answer(*arguments)

        return awaited


class AsyncBackend(MemoryBackend):
    """The memory backend as an engine that talks to its server without a thread."""

    spec = replace(SPEC, capabilities=replace(SPEC.capabilities, async_native=NATIVE))
    delay = 0.0
    open_readers = 0

    @asynccontextmanager
    async def async_reader(self, deadline: float | None = None) -> AsyncIterator[Any]:
        self.open_readers += 1
        await asyncio.sleep(self.delay)
        try:
            yield AsyncMemoryReader(MemoryReader(self._documents))
        finally:
            self.open_readers -= 1


def opened(backend: type[MemoryBackend], documents: Sequence[Document], **options: Any) -> Any:
    index = backend.open(LexicalConfig(**options), create=True, schema=SCHEMA)
    index.add(documents)
    return index


def told(results: Results) -> dict[str, Any]:
    """Return everything but the times."""
    values = results.to_json()
    del values["took_ms"]
    for attempt in values["attempts"]:
        del attempt["ms"]
    return values


@pytest.mark.parametrize("backend", [MemoryBackend, AsyncBackend])
@given(
    corpora(),
    queries,
    st.sampled_from(["auto", "ladder", "ranked"]),
    st.integers(1, 5),
    st.integers(0, 10),
    st.booleans(),
    st.booleans(),
)
def test_an_asynchronous_search_answers_as_the_synchronous_one(
    backend: type[MemoryBackend],
    documents: list[Document],
    text: str,
    policy: Any,
    limit: int,
    budget: int,
    collapse: bool,
    explain: bool,
) -> None:
    index = opened(backend, documents, budget=budget)
    query = TextQuery(text, collapse=collapse, policy=policy, filters=[Range("year", gte=2)])
    arguments: dict[str, Any] = {"audit": "grounded", "explain": explain}
    found = asyncio.run(index.search_async(query, limit, **arguments))
    assert told(found) == told(index.search(query, limit, **arguments))


def test_without_an_asynchronous_reader_a_thread_does_it() -> None:
    here = threading.get_ident()
    seen: list[int] = []

    class Watched(MemoryBackend):
        def execute(self, request: SearchRequest) -> Results:
            seen.append(threading.get_ident())
            return super().execute(request)

    index = opened(Watched, [Document("a", text="heat")])
    assert len(asyncio.run(index.search_async("heat"))) == 1
    assert len(seen) == 1
    assert seen[0] != here


def test_a_native_reader_is_asked_in_the_callers_thread() -> None:
    threads.clear()
    index = opened(AsyncBackend, [Document("a", text="heat")])
    assert len(asyncio.run(index.search_async("heat"))) == 1
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("backend", [MemoryBackend, AsyncBackend])
def test_refusals_are_the_same(backend: type[MemoryBackend]) -> None:
    index = opened(backend, [])
    with pytest.raises(InvalidQuery, match="at least 1"):
        asyncio.run(index.search_async("heat", 0))
    with pytest.raises(InvalidQuery, match="timeout must be positive"):
        asyncio.run(index.search_async("heat", timeout=0))
    with pytest.raises(InvalidQuery, match="no such phrase field"):
        asyncio.run(index.search_async(EntityQuery(include={"people": ["heat"]})))


def test_a_query_without_words_asks_no_reader() -> None:
    index = opened(AsyncBackend, [Document("a", text="heat")])
    index.async_reader = None
    results = asyncio.run(index.search_async("?!"))
    assert told(results) == told(index.search("?!"))


def test_the_time_is_up_between_awaited_requests_and_the_reader_is_closed() -> None:
    index = opened(AsyncBackend, [Document("a", text="heat")])
    index.delay = 0.02
    with pytest.raises(QueryTimeout):
        asyncio.run(index.search_async("heat", timeout=0.001))
    assert index.open_readers == 0
    assert len(asyncio.run(index.search_async("heat", timeout=60))) == 1
