"""What documents have in fields: `python -m benchmarks queries`.

    documents with five fields ─┬─▶ each engine's index ─┬─ facets    over 100,000 given matches
                                │                        └─ filters   trees of conditions
                                └─▶ values in SQLite tables, in DuckDB: what SQL does with them

`cached` is an open index that has read its columns, `cold` one that was just opened, `after a
write` one that has read its columns before a document was added. The clock is the processor time of
this process, DuckDB has one thread. An engine is a URL, so all are measured alike.
"""

from __future__ import annotations

import argparse
import json
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fields import facets, filters
from benchmarks.fields.stage import FieldStage
from benchmarks.report import Report, cells

PARTS = {"facets": facets.measure, "filters": filters.measure}
#: Where the index of an engine lies, within a folder.
ENGINES = {"sqlite": "sqlite:{folder}/index.db"}
_SAME = "both sides must give the same values with the same counts, and the same documents"


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks queries", description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000, help="default: 200,000")
    parser.add_argument("--matches", type=int, default=100_000, help="default: 100,000")
    parser.add_argument("--queries", type=int, default=20, help="filters; default: 20")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each; default: 5")
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="NAME,…")
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
            with stage.index(engine, ENGINES[engine]) as index:
                for part in options.only.split(","):
                    for row in PARTS[part](index):
                        report.rows.append(row)
                        shown = " | ".join(cell for cell in cells(row) if cell)
                        print(shown.replace("**", ""), flush=True)
    if options.out:
        options.out.write_text(report.markdown(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2), encoding="utf-8")
    return int(any("no" in row.verdict for row in report.rows))
