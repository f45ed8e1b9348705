"""The round trips of a search, which are its cost over a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from psycopg.pq import TransactionStatus

from nuthatch import (
    Document,
    EntityQuery,
    Facet,
    IntegerField,
    KeywordField,
    MatchAll,
    Range,
    Schema,
)
from nuthatch_postgres.client import connection, pipeline, pool
from support.entity_strategies import FILMS


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[list[bytes]]:
    """The statements of each round trip."""
    made: list[list[bytes]] = []

    def spied(session: Any, statements: Any) -> Any:
        made.append([statement.sql for statement in statements])
        return execute(session, statements)

    def left(session: Any) -> None:
        if session.info.transaction_status is not TransactionStatus.IDLE:
            made.append([b"ROLLBACK"])
        leave(session)

    execute, leave = pipeline.execute, connection.end_transaction
    monkeypatch.setattr(pipeline, "execute", spied)
    monkeypatch.setattr(pool, "end_transaction", left)
    return made


def test_an_entity_search_takes_three_and_one_where_all_is_cached(
    open_index: Callable[..., Any], trips: list[list[bytes]]
) -> None:
    index = open_index(schema=FILMS)
    index.add(
        Document("d", "Endgame", "", {"people": ["Tom"], "characters": ["Spider-Man"], "year": 2})
    )
    include = {"people": ["tom"], "characters": ["spider"]}
    query = EntityQuery(include, {"people": ["x"]}, ["endgmae"], [Range("year", gte=1)])
    # The second time the column of the filter is read, for the next times.
    for expected in (3, 3, 1, 1):
        trips.clear()
        assert len(index.search(query)) == 1
        assert len(trips) == expected
    other = open_index()
    other.add(Document("e", "Endgame", "", {"people": ["Tom"], "year": 3}))
    # What is cached is of the state before, which one trip tells; then it is asked for again, and
    # the transaction ended by a trip of its own. The column is brought to the new state at once.
    for expected, number in ((5, 2), (2, 2), (1, 2)):
        trips.clear()
        assert len(index.search(query)) == number
        assert len(trips) == expected
    other.delete("d")
    assert [hit.document_uri for hit in index.search(query)] == ["e"]


def test_what_is_cached_is_not_read_with_what_is_not(
    open_index: Callable[..., Any], trips: list[list[bytes]]
) -> None:
    index = open_index(schema=FILMS)
    index.add(Document("d", "Endgame", "", {"people": ["Tom"], "characters": ["Spider-Man"]}))
    index.search(EntityQuery({"characters": ["spider"]}, titles=["endgame"]))
    trips.clear()
    assert len(index.search(EntityQuery({"people": ["tom"], "characters": ["spider"]}))) == 1
    assert [len(statements) for statements in trips] == [3, 2]  # BEGIN, the state, the person


def test_a_text_search_takes_three_and_one_where_all_is_cached(
    open_index: Callable[..., Any], trips: list[list[bytes]]
) -> None:
    index = open_index()
    index.add(Document("d", "", "wolf"))

    def searched(number: int, **options: float) -> list[int]:
        trips.clear()
        assert len(index.search("wolf", **options)) == number
        return [len(statements) for statements in trips]

    assert searched(1) == [3, 3, 2]  # BEGIN, state, word; postings; text, ROLLBACK
    assert searched(1) == [2, 2]  # a state that was seen once is not taken from the cache
    assert searched(1) == [1]  # the text, if the state is what it was
    open_index().add(Document("e", "", "a wolf"))
    assert searched(2) == [1, 3, 2, 1, 1]  # the stale state; all; ROLLBACK
    assert searched(2) == [2, 2]
    assert searched(2) == [1]
    assert searched(2, timeout=60) == [5]  # which is set in a transaction, in the same trip


def test_an_asynchronous_search_takes_as_many(
    open_index: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    async def spied(session: Any, statements: Any) -> Any:
        made.append(len(statements))
        return await execute(session, statements)

    execute = pipeline.execute_async
    monkeypatch.setattr(pipeline, "execute_async", spied)
    index = open_index()
    index.add(Document("d", "", "wolf"))

    async def searched() -> None:
        for _ in range(3):
            assert len(await index.search_async("wolf")) == 1

    asyncio.run(searched())
    assert made == [3, 3, 2, 2, 2, 1]


def test_totals_facets_and_orders_of_what_is_cached_are_one_trip(
    open_index: Callable[..., Any], trips: list[list[bytes]]
) -> None:
    fields = (KeywordField("tags"), IntegerField("year"))
    index = open_index(schema=Schema(fields=fields))
    index.add(Document(f"d{n}", "", "wolf", {"tags": [f"t{n % 3}"], "year": n}) for n in range(9))
    wanted: dict[str, Any] = {
        "filters": [Range("year", gte=2)],
        "facets": ["tags", Facet("year", without_own_filter=True)],
        "sort": ["-year"],
        "count": True,
    }
    for query in ("wolf", MatchAll()):
        first = index.search(query, 3, **wanted)
        assert (first.total, [hit.document_uri for hit in first]) == (7, ["d8", "d7", "d6"])
        assert list(first.facets["tags"]) == [("t2", 3), ("t0", 2), ("t1", 2)]
        assert len(first.facets["year"]) == 9
        index.search(query, 3, **wanted)
        trips.clear()
        assert index.search(query, 3, **wanted).facets == first.facets
        assert [len(statements) for statements in trips] == [1]
