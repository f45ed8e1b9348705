"""What documents have in fields: `python -m benchmarks queries`.

    documents with five fields ─┬─▶ each engine's index ─┬─ facets    over 100,000 given matches
                                │                        ├─ filters   trees of conditions
                                │                        ├─ searches  whole ones, sorted, counted
                                │                        └─ chunks    the same, several a document
                                └─▶ values in SQLite tables, in DuckDB: what SQL does with them

`cached` is an open index that has read its columns, `cold` one that was just opened, `after a
write` one that has read its columns before a document was added. The clock is the processor time
of this process, DuckDB has one thread; for PostgreSQL it is wall time, for the server works too.
An engine is a URL, so all are measured alike.
"""

from __future__ import annotations

import argparse
import json
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.fields import facets, filters, searches
from benchmarks.fields.documents import SCHEMA
from benchmarks.fields.stage import FieldIndex, FieldStage
from benchmarks.report import Report, Row, cells
from nuthatch import Schema

PARTS: dict[str, Callable[[FieldIndex], Iterable[Row]]] = {
    "facets": facets.measure,
    "filters": filters.measure,
    "searches": searches.measure,
    "chunks": searches.measure,
}
#: The parts for which documents are cut: about five chunks each.
_CHUNKED = {"chunks"}
#: Where the index of an engine lies, within a folder or a server.
ENGINES = {
    "sqlite": "sqlite:{folder}/index.db",
    "tantivy": "tantivy:{folder}/index",
    "postgresql": "{server}?index=fields",
}
_SAME = "both sides must give the same values with the same counts, and the same documents"


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks queries", description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000, help="default: 200,000")
    parser.add_argument("--matches", type=int, default=100_000, help="default: 100,000")
    parser.add_argument("--queries", type=int, default=20, help="filters; default: 20")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each; default: 5")
    parser.add_argument("--engines", default="sqlite", metavar="NAME,…")
    parser.add_argument("--only", default=",".join(PARTS), metavar="NAME,…")
    parser.add_argument("--folder", type=Path, help="where indexes are made and deleted again")
    parser.add_argument("--out", type=Path, help="write the page")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    report = Report(
        f"python -m benchmarks queries {shlex.join(arguments)}",
        f"{options.documents:,} synthetic documents with five fields",
        title="Benchmarks: fields",
        sameness=_SAME,
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        stage = FieldStage(Path(folder), options)
        for engine in options.engines.split(","):
            with _place(ENGINES[engine], folder) as place:
                for row in _measure(stage, engine, place, options.only.split(",")):
                    report.rows.append(row)
                    shown = " | ".join(cell for cell in cells(row) if cell)
                    print(shown.replace("**", ""), flush=True)
    if options.out:
        options.out.write_text(report.markdown(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2), encoding="utf-8")
    return int(any("no" in row.verdict for row in report.rows))


@contextmanager
def _place(template: str, folder: str) -> Iterator[str]:
    """Give the URL of an index to make; a server runs as long as it is needed."""
    if "{server}" not in template:
        yield template.format(folder=folder)
        return
    from benchmarks.postgres import run_server  # needs the server's programs

    with run_server() as server:
        yield template.format(server=server)


def _measure(stage: FieldStage, engine: str, place: str, parts: Sequence[str]) -> Iterator[Row]:
    chunked = Schema.model_validate({**SCHEMA.model_dump(), "chunker": "words:30:5"})
    for schema, names in (
        (SCHEMA, [name for name in parts if name not in _CHUNKED]),
        (chunked, [name for name in parts if name in _CHUNKED]),
    ):
        if names:
            with stage.index(engine, place, schema) as index:
                for name in names:
                    for row in PARTS[name](index):
                        is_chunked = {"what": f"{row.what}, in chunks"} if schema is chunked else {}
                        yield replace(row, **is_chunked)
