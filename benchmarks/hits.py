"""What a whole search costs beside its engine's match: hits that nobody reads, and hits read.

    match                 one snapshot, document frequencies, the best ten
    search, nothing read  the same, and ten hits that could be read
    first hit read        title, snippet and fields of the first
    all hits read         of all ten

CPU time of the thread, for other programs may run meanwhile. Titles of the corpus are the queries,
and every cache is warm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import nuthatch
from benchmarks.report import Row
from benchmarks.sqlite.stage import BATCH, LIMIT, Stage
from benchmarks.tantivy.stage import ranking
from benchmarks.timing import Side, by_turns
from nuthatch import Hit, LexicalBackend, Results
from nuthatch.text.normalize import normalize

SECTION = "Hits"
_READ: dict[str, Callable[[Results], object]] = {
    "nothing read": lambda results: None,
    "first hit read": lambda results: _read(results[0]) if results else None,
    "all hits read": lambda results: [_read(hit) for hit in results],
}


def measure(engine: str, stage: Stage) -> Iterator[Row]:
    """Yield how many times a search takes the CPU time of its match."""
    url = f"{engine}:{stage.folder / f'hits.{engine}'}"
    schema = nuthatch.Schema(analyzer="english")
    with nuthatch.open(url, create="new", schema=schema) as index:
        index.add(stage.documents, batch=BATCH)
    step = max(1, len(stage.documents) // stage.each)
    titles = [document.title for document in stage.documents[::step]]
    with nuthatch.open(url) as index:
        ranked = ranking(index)
        sides = {"match": Side(lambda text: ranked(normalize(index.analyzer, text)))}
        for what, read in _READ.items():
            sides[what] = Side(_search(index, read))
        sides["normalize"] = Side(lambda text: normalize(index.analyzer, text))
        by_turns(sides, titles, 2)  # a posting list is cached when it is touched again
        seconds = by_turns(sides, titles, stage.rounds)
    # Of the rounds the quickest: what others do on the machine only adds.
    least = {name: float(values.min(axis=0).mean()) for name, values in seconds.items()}
    match = least["match"] - least["normalize"]
    yield Row(SECTION, f"{engine}, match", value=f"{1e6 * match:.0f} µs")
    for what in _READ:
        value = f"**{least[what] / match:.2f} times**, {1e6 * least[what]:.0f} µs"
        yield Row(SECTION, f"{engine}, search, {what}", "its match", value=value)


def _search(index: LexicalBackend, read: Callable[[Results], object]) -> Callable[[str], object]:
    return lambda text: read(index.search(text, LIMIT))


def _read(hit: Hit) -> object:
    return hit.title, hit.snippet, hit.fields
