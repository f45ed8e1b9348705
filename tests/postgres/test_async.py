"""`search_async` over asynchronous connections: the same answers, and a cancelled search ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

import nuthatch
from nuthatch import AuditMode, BackendUnavailable, Document, Filter, LexicalBackend, QueryTimeout
from support.corpora import seeded_documents, vocabulary
from support.server import Server
from support.strategies import FILTERS, QUERY

from .conftest import SCHEMA

RUNNING = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'nuthatch' AND pid <> pg_backend_pid() AND state = 'active'
"""


@pytest.fixture(scope="module")
def seeded(running: Server) -> Any:
    url = f"{running.dsn()}?index=seeded"
    with nuthatch.open(url, create="new", schema=SCHEMA) as index:
        index.add(seeded_documents()[:600])
        yield index


@given(QUERY, FILTERS)
def test_the_answers_are_those_of_search(
    twins: Callable[..., Any], query: str, filters: list[Filter]
) -> None:
    from support.strategies import FIELDS

    documents = [
        Document(f"d{n}", "ox ant", f"bee cat wolf {n}", {"tags": ["a"], "year": n % 5 + 1})
        for n in range(9)
    ]
    schema = nuthatch.Schema(analyzer="ascii", fields=FIELDS)
    with twins(schema, documents) as (index, _):
        for policy in ("ranked", "ladder"):
            asked: dict[str, Any] = {"filters": filters, "policy": policy, "explain": True}
            ours = asyncio.run(index.search_async(query, audit=AuditMode.GROUNDED, **asked))
            assert ours.hits == index.search(query, audit=AuditMode.GROUNDED, **asked).hits


def test_many_searches_run_at_once_in_one_loop_and_in_one_after_another(
    seeded: LexicalBackend,
) -> None:
    words = vocabulary()

    async def all_of_them() -> list[Any]:
        asked = [seeded.search_async(f"{words[n]} {words[n // 2]}") for n in range(60)]
        return await asyncio.gather(*asked)

    first, second = asyncio.run(all_of_them()), asyncio.run(all_of_them())
    assert [results.hits for results in first] == [results.hits for results in second]
    assert any(results.hits for results in first)


@pytest.mark.parametrize("searches", [1, 3])  # in a transaction; in one statement
def test_a_cancelled_search_ends_on_the_server_and_leaves_its_connection_usable(
    running: Server, searches: int
) -> None:
    url = f"{running.dsn()}?index=cancelled"
    with nuthatch.open(url, create="new", connections=1) as index, running.connect() as admin:
        index.add(Document("d", "", "wolf"))

        async def cancelled() -> int:
            for _ in range(searches):
                assert len(await index.search_async("wolf")) == 1
            with admin.transaction():
                admin.execute('LOCK TABLE "nuthatch_cancelled".state')
                search = asyncio.create_task(index.search_async("wolf"))
                with running.connect() as other:
                    while other.execute(RUNNING).fetchone() == (0,):
                        await asyncio.sleep(0.01)
                    search.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await search
                    until = time.monotonic() + 5
                    while other.execute(RUNNING).fetchone() != (0,) and time.monotonic() < until:
                        await asyncio.sleep(0.01)
                    assert other.execute(RUNNING).fetchone() == (0,)
            return len(await index.search_async("wolf"))

        assert asyncio.run(cancelled()) == 1
    nuthatch.drop(url)


def test_timeouts_and_ended_sessions_are_as_with_search(running: Server) -> None:
    url = f"{running.dsn()}?index=late"
    with nuthatch.open(url, create="new", connections=2) as index, running.connect() as admin:
        index.add(Document("d", "", "wolf"))

        async def trouble() -> None:
            assert len(await index.search_async("wolf")) == 1
            await asyncio.to_thread(running.end_sessions)
            assert len(await index.search_async("wolf")) == 1
            with admin.transaction():
                admin.execute('LOCK TABLE "nuthatch_late".state')
                with pytest.raises(QueryTimeout):
                    await index.search_async("wolf", timeout=0.2)
            assert len(await index.search_async("wolf")) == 1
            index.close()
            with pytest.raises(BackendUnavailable, match="was closed"):
                await index.search_async("wolf")

        asyncio.run(trouble())
    nuthatch.drop(url)
