"""Engines that run a search by themselves, more than once: for everybody else it is one search."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import sleep
from typing import Any

import pytest

from nuthatch import (
    Document,
    EntityQuery,
    LexicalConfig,
    PlannedSearch,
    QueryTimeout,
    Results,
    TextQuery,
    hookimpl,
    run_blocking,
)
from nuthatch.memory import MemoryReader
from nuthatch.pipeline.readers import LiftedReader
from nuthatch.registry.plugins import register_plugin, unregister_plugin

from .test_async import AsyncBackend, AsyncMemoryReader


class Twice(AsyncBackend):
    """Believes that there is no document, finds out at the end, and searches once more."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.searches: list[PlannedSearch] = []
        self.delay = 0.0

    def run(self, search: PlannedSearch) -> Results:
        self.searches.append(search)
        run_blocking(search.over(LiftedReader(MemoryReader({}, self.schema))))
        sleep(self.delay)
        return super().run(search)

    async def run_async(self, search: PlannedSearch) -> Results:
        self.searches.append(search)
        await search.over(AsyncMemoryReader(MemoryReader({}, self.schema)))
        sleep(self.delay)
        return await super().run_async(search)


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
def index() -> Twice:
    made = Twice.open(LexicalConfig(), create=True, schema=None)
    made.add([Document("a", "Wolf", "a wolf"), Document("b", "", "wolf and fox")])
    return made


@pytest.fixture(params=["search", "search_async"])
def search(request: pytest.FixtureRequest, index: Twice) -> Any:
    def asynchronous(*query: Any, **arguments: Any) -> Results:
        return asyncio.run(index.search_async(*query, **arguments))

    return index.search if request.param == "search" else asynchronous


def test_plugins_hear_of_one_search(search: Any, listener: Listener) -> None:
    assert [hit.document_uri for hit in search("wolf fox", policy="ranked")] == ["b", "a"]
    assert (listener.asked, listener.seen) == (["wolf fox"], [2])
    assert [hit.document_uri for hit in search(EntityQuery(titles=["wolf"]))] == ["a"]


def test_an_engine_sees_what_was_asked(search: Any, index: Twice) -> None:
    search("wolf", collapse=True)
    search(EntityQuery(titles=["wolf"]), 3)
    search("wolf", explain=True)
    search("!")  # asks for nothing
    text, entities, explained = (item.request for item in index.searches)
    assert text.query == TextQuery("wolf", collapse=True)
    assert entities.query == EntityQuery(titles=["wolf"], limit=3)
    assert explained.explain


def test_both_runs_share_one_timeout(search: Any, index: Twice) -> None:
    index.delay = 0.3
    with pytest.raises(QueryTimeout):
        search("wolf", timeout=0.2)
    assert [item.deadline is None for item in index.searches] == [False]
    assert search("wolf").took_ms >= 300
