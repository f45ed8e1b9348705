"""Writes between the round trips of a search: its answer still comes from one state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, ClassVar

import pytest

import nuthatch
from nuthatch import (
    BackendUnavailable,
    Document,
    EntityQuery,
    LexicalBackend,
    Query,
    QueryTimeout,
    Range,
    Results,
    TextQuery,
    hookimpl,
)
from nuthatch_postgres.client import pipeline
from support.entity_strategies import FILMS
from support.server import Server

#: More round trips than any search below takes.
TRIPS = 9
BEFORE = [
    Document("a", "Endgame", "wolf wolf fox", {"people": ["Tom"], "year": 1}),
    Document("b", "Avengers", "wolf", {"people": ["Tom", "Ann"], "year": 2}),
    Document("c", "Endgames", "a fox and a hen", {"people": ["Ann"], "year": 3}),
]
#: Every document is another one, and there is one more; scores differ with their number.
AFTER = [
    Document("a", "Ends", "fox", {"people": ["Ann"], "year": 3}),
    Document("b", "Endgame", "hen wolf fox", {"people": ["Tom"], "year": 2}),
    Document("c", "Avengers", "wolf", {"people": ["Tom", "Bob"], "year": 1}),
    Document("d", "Endgame II", "wolf and wolf and hen and lynx", {"people": ["Tom"], "year": 2}),
]
PEOPLE = {"people": ["tom"]}
QUERIES: dict[str, tuple[Query, dict[str, Any]]] = {
    "ladder": ("wolf fox hen", {"policy": "ladder"}),
    "ranked": ("wolf fox hen", {"policy": "ranked", "filters": [Range("year", gte=2)]}),
    "in time": ("wolf fox hen", {"timeout": 60}),
    "explained": ("wolf hen", {"explain": True}),
    "collapsed": (TextQuery("wolf fox", collapse=True, limit=1), {}),
    "nothing": ("unicorn", {}),
    "entities": (EntityQuery(PEOPLE, titles=["endgmae"]), {}),
    "filtered": (EntityQuery(PEOPLE, filters=[Range("year", gte=2)]), {"limit": 1}),
    "new word": ("lynx", {}),
    "new person": (EntityQuery({"people": ["bob"]}), {}),
    "nobody": (EntityQuery({"people": ["nobody"]}), {}),
}


class Plan:
    """An action that runs once, before a round trip of the next search or after its answer."""

    def __init__(self) -> None:
        self._left = 0
        self._after = False
        self._todo: Callable[[], object] | None = None

    def at(self, trip: int, todo: Callable[[], object], *, after: bool = False) -> None:
        self._left, self._todo, self._after = trip, todo, after

    def cancel(self) -> bool:
        """Cancel the action; return whether it had not run."""
        todo, self._todo = self._todo, None
        return todo is not None

    def passed(self, *, after: bool) -> None:
        todo = self._todo
        if todo is None or after is not self._after:
            return
        self._left -= 1
        if not self._left:
            self._todo = None  # its own statements are no trip of the search
            todo()


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A plan that every round trip passes."""
    made = Plan()

    def spied(session: Any, statements: Any) -> Any:
        made.passed(after=False)
        rows = execute(session, statements)
        made.passed(after=True)
        return rows

    async def async_spied(session: Any, statements: Any) -> Any:
        await asyncio.to_thread(made.passed, after=False)
        rows = await execute_async(session, statements)
        await asyncio.to_thread(made.passed, after=True)
        return rows

    execute, execute_async = pipeline.execute, pipeline.execute_async
    monkeypatch.setattr(pipeline, "execute", spied)
    monkeypatch.setattr(pipeline, "execute_async", async_spied)
    return made


@pytest.fixture
def stable(open_index: Callable[..., LexicalBackend]) -> LexicalBackend:
    """An index whose state is cached, with a wolf and no unicorn."""
    index = open_index(schema=FILMS)
    index.add(BEFORE)
    for _ in range(3):
        assert len(index.search("wolf")) == 2
        assert len(index.search("unicorn")) == 0
    return index


def _seen(results: Results) -> list[Any]:
    return [
        (hit.document_uri, hit.score, hit.snippet, hit.score_parts, hit.document_root)
        for hit in results
    ]


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_a_search_answers_from_one_state_whenever_somebody_writes(
    open_index: Callable[..., LexicalBackend],
    plan: Plan,
    name: str,
    cache_bytes: int,
    asynchronous: bool,
    after: bool,
) -> None:
    """From that before or that after the writing, and from the latter ever after.

    Another thread of the same process may have seen the new state before an answer is looked at.
    """
    query, options = QUERIES[name]
    index = open_index(schema=FILMS, cache_bytes=cache_bytes)
    other = open_index()

    def search() -> list[Any]:
        if asynchronous:
            return _seen(asyncio.run(index.search_async(query, **options)))
        return _seen(index.search(query, **options))

    def write(documents: list[Document]) -> None:
        other.add(documents)
        if documents is BEFORE:
            other.delete("d")
            other.optimize()
        index.search("hen lynx")

    write(BEFORE)
    then = first = search()
    for trip in range(1, TRIPS):
        now, target = then, AFTER if trip % 2 else BEFORE
        # What the last writing left is seen often enough to be cached, the state too.
        assert [search() for _ in range(3)] == [now] * 3
        plan.at(trip, partial(write, target), after=after)
        found = search()
        if plan.cancel():  # it took fewer trips
            write(target)
            assert found == now
        then = search()
        assert found in (now, then)
        assert (now == then) == (name in ("nothing", "nobody"))
    assert then == first


def test_what_a_search_knows_of_words_stays_though_another_thread_saw_a_newer_state(
    stable: LexicalBackend, plan: Plan
) -> None:
    def seen() -> None:
        stable.add(AFTER)
        assert len(stable.search("lynx")) == 1

    plan.at(1, seen, after=True)  # it was asked for "fox" alone
    found = stable.search("wolf fox", policy="ranked")
    assert [hit.document_uri for hit in found] == ["a", "b", "c"]


def test_a_search_begun_anew_has_what_is_left_of_its_timeout(
    stable: LexicalBackend,
    open_index: Callable[..., LexicalBackend],
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = open_index()

    def late() -> None:
        other.add(AFTER)
        then = monotonic() + 60
        monkeypatch.setattr("nuthatch_postgres.search.snapshot.monotonic", lambda: then)

    plan.at(1, late)
    with pytest.raises(QueryTimeout):
        stable.search("wolf", timeout=60)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_plugins_hear_of_one_search_however_often_it_is_made(
    running: Server,
    stable: LexicalBackend,
    open_index: Callable[..., LexicalBackend],
    plan: Plan,
    asynchronous: bool,
) -> None:
    """Once more because somebody wrote, and because the session was ended."""

    class Listener:
        asked: ClassVar[list[str]] = []
        seen: ClassVar[list[int]] = []

        @hookimpl
        def nuthatch_expand_query(self, text: str) -> list[str]:
            self.asked.append(text)
            return []

        @hookimpl
        def nuthatch_after_search(self, results: Results) -> None:
            self.seen.append(len(results))

    async def twice() -> None:
        for todo in (partial(other.add, AFTER), running.end_sessions):
            await stable.search_async("wolf")  # over a session of this loop
            plan.at(1, todo)
            await stable.search_async("wolf")

    other = open_index()
    name = nuthatch.register_plugin(Listener())
    try:
        if asynchronous:
            asyncio.run(twice())
        else:
            for todo in (partial(other.add, AFTER), running.end_sessions):
                stable.search("wolf")
                plan.at(1, todo)
                stable.search("wolf")
    finally:
        nuthatch.unregister_plugin(name)
    assert not plan.cancel()
    assert Listener.asked == ["wolf"] * 4
    assert Listener.seen == [2, 3, 3, 3]


def test_an_index_made_anew_meanwhile_is_refused(
    stable: LexicalBackend, url: str, plan: Plan
) -> None:
    """Also where it holds the same documents and all that is asked for is cached."""

    def anew() -> None:
        nuthatch.drop(url)
        with nuthatch.open(url, create="new", schema=FILMS) as made:
            made.add(BEFORE)

    plan.at(1, anew)
    with pytest.raises(BackendUnavailable, match="made anew"):
        stable.search("wolf")


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(("word", "found"), [("wolf", 2), ("unicorn", 0)])
def test_a_search_with_a_cached_state_is_repeated_where_the_session_was_ended(
    running: Server,
    stable: LexicalBackend,
    plan: Plan,
    asynchronous: bool,
    word: str,
    found: int,
) -> None:
    """By another session, with hits and without."""

    async def searched() -> None:
        assert len(await stable.search_async(word)) == found  # over a session of this loop
        plan.at(1, running.end_sessions)
        assert len(await stable.search_async(word)) == found

    if asynchronous:
        asyncio.run(searched())
    else:
        plan.at(1, running.end_sessions)
        assert len(stable.search(word)) == found
    assert not plan.cancel()
