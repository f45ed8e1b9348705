"""Throughput with several clients: threads over the pool, tasks in one loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks.postgres.stage import Stage
from benchmarks.report import Row
from nuthatch import LexicalBackend

_SECONDS = 4


def measure(stage: Stage) -> Iterator[Row]:
    """Yield searches per second by number of clients."""
    queries = [" ".join(tokens) for group in stage.sets().values() for tokens in group]
    with stage.open(connections=16) as index:
        for text in queries:
            index.search(text, 10)
        for number in (1, 2, 4, 8):
            told = f"{_threads(index, queries, number):,.0f} searches/s"
            yield Row("clients", f"{number} threads, search", value=told)
            told = f"{asyncio.run(_tasks(index, queries, number)):,.0f} searches/s"
            yield Row("clients", f"{number} tasks, search_async", value=told)


def _threads(index: LexicalBackend, queries: list[str], number: int) -> float:
    until = time.perf_counter() + _SECONDS

    def client(at: int) -> int:
        done = 0
        while time.perf_counter() < until:
            index.search(queries[(at + done) % len(queries)], 10)
            done += 1
        return done

    with ThreadPoolExecutor(number) as pool:
        return sum(pool.map(client, range(number))) / _SECONDS


async def _tasks(index: LexicalBackend, queries: list[str], number: int) -> float:
    until = time.perf_counter() + _SECONDS

    async def client(at: int) -> int:
        done = 0
        while time.perf_counter() < until:
            await index.search_async(queries[(at + done) % len(queries)], 10)
            done += 1
        return done

    return sum(await asyncio.gather(*map(client, range(number)))) / _SECONDS
