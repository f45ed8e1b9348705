"""Indexing: put a corpus into every system before they are compared, and measure the cost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import nuthatch
from nuthatch import Corpus, InvalidConfig, Schema
from nuthatch_compare.inputs.systems import NamedURL, System, open_system
from nuthatch_compare.performance.indexing_cost import Cost, measure_cost, write_documents


class IndexedSystem(NamedTuple):
    """A system with the corpus in it and the cost, or a `note` on why the cost is not known."""

    system: System
    cost: Cost | None = None
    note: str = ""


def index_systems(
    systems: Sequence[NamedURL], corpus: Sequence[str], schema: Schema | None, search: str
) -> Iterator[IndexedSystem]:
    """Yield each system with the corpus in it.

    An index is made where there is none, and filled in a process of its own, which measures the
    cost. Systems that differ only in how they search share one index. An engine that keeps
    nothing is filled in this process. `search` is the first search after indexing.
    """
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        documents = Path(folder, "documents.jsonl")
        write_documents(Corpus(list(corpus)), documents)
        costs: dict[str, Cost | None] = {}
        for named in systems:
            if named.index not in costs:
                index = nuthatch.open(named.unfiltered, create=True, schema=schema)
                before = index.info().documents
                if not index.capabilities.persistent or before:
                    index.add(Corpus(list(corpus)))
                    why = f"held {before:,} documents before" if before else "keeps nothing"
                    note = f"{named.name} {why}; its indexing was not measured"
                    if before:
                        costs[named.index] = None
                    system = System(named.name, named.shown, searcher=named.narrow(index))
                    yield IndexedSystem(system, None, note)
                    continue
                index.close()
                costs[named.index] = measure_cost(
                    named.name, named.unfiltered, documents, schema=schema, search=search
                )
            cost = costs[named.index]
            mine = None if cost is None else cost.model_copy(update={"system": named.name})
            yield IndexedSystem(open_system(named), mine)


def read_schema(path: str | None, analyzer: str | None) -> Schema | None:
    """Return the schema in the JSON file at `path`, with `analyzer` in place of its own.

    Without a path it is the default schema with the analyzer; None if neither is given.

    Raise `InvalidConfig` where the file cannot be read or holds no schema.
    """
    schema: Schema | None = None
    if path:
        try:
            schema = Schema.from_json(Path(path).read_bytes())
        except OSError as error:
            raise InvalidConfig(f"the schema cannot be read: {error}") from error
    if analyzer:
        own = schema.model_dump() if schema else {}
        schema = Schema.model_validate({**own, "analyzer": analyzer})
    return schema
