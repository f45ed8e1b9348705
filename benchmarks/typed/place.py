"""Where the indexes of an engine are made, and which clock tells what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import nuthatch
from nuthatch import Document, Schema

ENGINES = ("sqlite", "tantivy", "postgresql")
_SERVER = "postgresql"
_BATCH = 10_000


@dataclass(frozen=True)
class Place:
    """An engine, and the folder or the server for its indexes."""

    engine: str
    base: str

    @property
    def clock(self) -> Callable[[], float]:
        """Processor time of this process; of a server's work nothing but wall time is known."""
        return perf_counter if self.engine == _SERVER else process_time

    @contextmanager
    def index(self, name: str, documents: Iterable[Document]) -> Iterator[str]:
        """Make an index of English documents and give its URL; drop it at the end."""
        is_served = self.engine == _SERVER
        url = f"{self.base}?index={name}" if is_served else f"{self.engine}:{self.base}/{name}"
        with nuthatch.open(url, create="new", schema=Schema(analyzer="english")) as index:
            index.add(documents, batch=_BATCH)
            index.optimize()
        try:
            yield url
        finally:
            nuthatch.drop(url)


@contextmanager
def place_of(engine: str, folder: Path) -> Iterator[Place]:
    """Give the place of an engine; a server runs as long as it is needed."""
    with ExitStack() as servers:
        base = str(folder)
        if engine == _SERVER:
            from benchmarks.postgres import run_server  # needs the server's programs

            base = servers.enter_context(run_server())
        yield Place(engine, base)
