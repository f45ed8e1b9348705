"""Engines that answer a search from what they believe, and take it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import sleep
from typing import Any

import pytest

from nuthatch import (
    Document,
    EntityQuery,
    LexicalConfig,
    Overtaken,
    QueryTimeout,
    Results,
    TextQuery,
    hookimpl,
)
from nuthatch.memory import MemoryReader
from nuthatch.registry.hooks import register_plugin, unregister_plugin

from .test_async import AsyncBackend, AsyncMemoryReader


class Believing(AsyncBackend):
    """Believes that there is no document, finds out at the end, and tells what it was told."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.told: list[tuple[float | None, bool]] = []
        self.delay = 0.0

    @contextmanager
    def search_reader(self, deadline: float | None, *, fetch_last: bool) -> Iterator[MemoryReader]:
        self.told.append((deadline, fetch_last))
        yield MemoryReader({}, self.schema)
        sleep(self.delay)
        raise Overtaken("this index in memory")

    @asynccontextmanager
    async def async_search_reader(
        self, deadline: float | None, *, fetch_last: bool
    ) -> AsyncIterator[AsyncMemoryReader]:
        with self.search_reader(deadline, fetch_last=fetch_last) as reader:
            yield AsyncMemoryReader(reader)


class Listener:
    """Counts the searches that plugins hear of."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seen: list[int] = []

    @hookimpl
    def nuthatch_expand_query(self, text: str) -> list[str]:
        self.asked.append(text)
        return []

    @hookimpl
    def nuthatch_after_search(self, results: Results) -> None:
        self.seen.append(len(results))


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    name = register_plugin(made)
    yield made
    unregister_plugin(name)


@pytest.fixture
def index() -> Believing:
    made = Believing.open(LexicalConfig(), create=True, schema=None)
    made.add([Document("a", "Wolf", "a wolf"), Document("b", "", "wolf and fox")])
    return made


@pytest.fixture(params=["search", "search_async"])
def search(request: pytest.FixtureRequest, index: Believing) -> Any:
    def asynchronous(*query: Any, **arguments: Any) -> Results:
        return asyncio.run(index.search_async(*query, **arguments))

    return index.search if request.param == "search" else asynchronous


def test_the_search_is_made_again_over_a_reader_that_knows(search: Any, listener: Listener) -> None:
    """Once more and no oftener, and for plugins it is one search."""
    assert [hit.document_uri for hit in search("wolf fox", policy="ranked")] == ["b", "a"]
    assert (listener.asked, listener.seen) == (["wolf fox"], [2])
    assert [hit.document_uri for hit in search(EntityQuery(titles=["wolf"]))] == ["a"]


def test_an_engine_is_told_whether_texts_are_the_last_that_is_asked(
    search: Any, index: Believing
) -> None:
    search("wolf")
    search(EntityQuery(titles=["wolf"]))
    search("wolf", explain=True)
    search(TextQuery("wolf", collapse=True))
    search("!")  # asks for nothing
    assert [last for _, last in index.told] == [True, True, False, False]


def test_both_searches_share_one_timeout(search: Any, index: Believing) -> None:
    index.delay = 0.3
    with pytest.raises(QueryTimeout):
        search("wolf", timeout=0.2)
    assert [deadline is None for deadline, _ in index.told] == [False]
    assert search("wolf").took_ms >= 300
