"""Bulk load and single upserts of both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import process_time

from benchmarks.report import Row
from benchmarks.tantivy.stage import ENGINES, Pair
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Document, LexicalBackend

SECTION = "Writing"


def measure(pair: Pair) -> Iterator[Row]:
    """Yield the load of the whole corpus, and documents replaced one at a time."""
    documents, loads = pair.stage.documents, pair.loads
    megabytes = sum(len(document.text) + len(document.title) for document in documents) / 1e6
    yield Row(SECTION, "`add`, Tantivy", "SQLite", Ratio.of(loads["sqlite"], loads["tantivy"]))
    for engine in ENGINES:
        seconds = float(loads[engine].sum())
        value = f"{seconds:.1f} s, {megabytes / seconds:.1f} MB/s"
        yield Row(SECTION, f"`add`, {engine}", value=value)
    step = max(1, len(documents) // pair.stage.each)
    with pair.open("sqlite") as sqlite, pair.open("tantivy") as tantivy:
        for durability in ("process", "power"):
            sides = {
                "sqlite": Side(_upsert(sqlite, durability)),
                "tantivy": Side(_upsert(tantivy, durability)),
            }
            seconds = by_turns(sides, documents[::step], pair.stage.rounds, process_time)
            what = f"upsert of one document, durability {durability}, Tantivy"
            ratio = Ratio.of(seconds["sqlite"], seconds["tantivy"])
            yield Row(SECTION, what, "SQLite", ratio)


def _upsert(index: LexicalBackend, durability: str) -> Callable[[Document], None]:
    """Return what replaces a document by one with another last word."""
    turn = iter(range(1_000_000))

    def run(document: Document) -> None:
        text = f"{document.text} turn{next(turn)}"
        index.add([Document(document.uri, document.title, text)], durability=durability)

    return run
