"""Several clients at a time: `python -m benchmarks clients`.

    each engine × 1, 2, 4, 8 × threads that call `search`
                             × tasks that await `search_async`

One table: searches a second; processor time of this process for one search, and how much more that
is than with one thread; how many cores this process keeps busy. About 1 core means that Python
limits: it runs one thread at a time, and only what the engine computes without it runs beside.
Fewer than that is waiting, for a server or for a place in a pool. More cores than 1 while the
searches a second do not grow is the price of passing the interpreter from thread to thread.

Cells are measured by turns, and the median is shown, as other work may run on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import nuthatch
from benchmarks import corpus, postgres
from benchmarks.queries import query_sets
from benchmarks.report import machine
from nuthatch import Document, LexicalBackend, Schema

ENGINES = ("memory", "sqlite", "tantivy", "postgresql")
NUMBERS = (1, 2, 4, 8)
#: Brute force is given no more documents than this.
_SMALL = 1_000


@dataclass(frozen=True)
class Cell:
    """What one engine does for so many clients of a kind.

    `cpu` is the processor time of a search in seconds, `more` how many times that of one thread;
    `cores` is the processor time of this process for each second that passed.
    """

    engine: str
    kind: str
    number: int
    rate: float
    cpu: float
    more: float
    cores: float


Timing = tuple[float, float]  # seconds that passed, seconds of processor time


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks clients", description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--searches", type=int, default=320, help="of each cell and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--out", type=Path, help="write the table as Markdown")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    documents = list(corpus.Synthetic().documents(options.documents))
    cells: list[Cell] = []
    for engine in options.engines.split(","):
        cells += _measure(engine, documents, options.searches, options.rounds)
    page = "\n".join(
        [
            f"`{shlex.join(['python', '-m', 'benchmarks', 'clients', *arguments])}`\n",
            f"{len(documents):,} synthetic documents (memory: {_SMALL:,}), ten hits. {machine()}\n",
            *_table(cells),
        ]
    )
    print(page)
    if options.out:
        options.out.write_text(page + "\n", encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps([asdict(cell) for cell in cells], indent=2), "utf-8")
    return 0


def _measure(
    engine: str, documents: Sequence[Document], searches: int, rounds: int
) -> Iterator[Cell]:
    """Yield the cells of one engine, measured by turns."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if engine == "postgresql":
            url = f"{stack.enter_context(postgres.run_server())}?index=clients"
        else:
            url = {"memory": "memory:", "sqlite": f"sqlite:{folder}/a.db"}.get(
                engine, f"{engine}:{folder}/a.idx"
            )
        given = documents[:_SMALL] if engine == "memory" else documents
        schema = Schema(analyzer="english")
        index = stack.enter_context(nuthatch.open(url, create=True, schema=schema))
        index.add(given)
        sets = query_sets(given[:5_000], index.analyzer, 10)
        queries = [text for texts in sets.values() for text in texts]
        for text in queries * 2:  # the second use of a word is what caches remember
            index.search(text, 10)
        sides: dict[tuple[str, int], Callable[[], Timing]] = {}
        for number in NUMBERS:
            clients = _Clients(index, queries, number, searches)
            sides["threads", number] = clients.run_threads
            sides["tasks", number] = clients.run_tasks
        timings: dict[tuple[str, int], list[Timing]] = {side: [] for side in sides}
        for turn in range(rounds):
            order = list(sides)
            for side in order[turn % len(order) :] + order[: turn % len(order)]:
                timings[side].append(sides[side]())
        one = median(cpu for _, cpu in timings["threads", 1]) / searches
        for (kind, number), found in timings.items():
            seconds = median(seconds for seconds, _ in found)
            cpu = median(cpu for _, cpu in found) / searches
            cores = median(cpu / seconds for seconds, cpu in found)
            yield Cell(engine, kind, number, searches / seconds, cpu, cpu / one, cores)


class _Clients:
    """So many clients, which share a number of searches."""

    def __init__(
        self, index: LexicalBackend, queries: Sequence[str], number: int, searches: int
    ) -> None:
        self._index = index
        texts = [queries[at % len(queries)] for at in range(searches)]
        self._shares = [texts[client::number] for client in range(number)]

    def run_threads(self) -> Timing:
        def client(texts: Sequence[str]) -> None:
            for text in texts:
                list(self._index.search(text, 10))

        with ThreadPoolExecutor(len(self._shares)) as pool:
            began, cpu = time.perf_counter(), time.process_time()
            list(pool.map(client, self._shares))
            return time.perf_counter() - began, time.process_time() - cpu

    def run_tasks(self) -> Timing:
        async def client(texts: Sequence[str]) -> None:
            for text in texts:
                list(await self._index.search_async(text, 10))

        async def run() -> Timing:
            began, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*map(client, self._shares))
            return time.perf_counter() - began, time.process_time() - cpu

        return asyncio.run(run())


def _table(cells: Sequence[Cell]) -> Iterator[str]:
    yield "| engine | clients | searches/s | CPU of a search | ÷ that of one thread | cores busy |"
    yield "|---|---|---|---|---|---|"
    for cell in cells:
        yield (
            f"| {cell.engine} | {cell.number} {cell.kind} | {cell.rate:,.0f} "
            f"| {1e6 * cell.cpu:,.0f} µs | {cell.more:.2f} | {cell.cores:.2f} |"
        )
