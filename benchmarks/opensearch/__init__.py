"""OpenSearch: `python -m benchmarks opensearch`.

Clusters of its own, from Maven's jars, on this machine: all nodes share its cores, so more nodes
do not answer faster here; they show what a search over three shards costs.

    added      a search, against opensearch-py's search that returns the same ten stored hits
    loading    batches that were analyzed before, against `helpers.streaming_bulk` of the same
    equality   the ordered ten best for titles of arXiv, against Tantivy's
    clients    latency with 1 and 3 nodes, 1 and 8 clients
    kills      one node of three after another is killed while clients search
    size       an index of `--large` documents on one node: making and searching it
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import corpus
from benchmarks.opensearch import added, clients, equality, kills, loading, size
from benchmarks.opensearch.stage import Stage
from benchmarks.report import Report, Row, cells
from nuthatch_opensearch.cluster import VERSION

__all__ = ["main"]
_PARTS = ("added", "loading", "equality", "clients", "kills")
_LARGE = 500_000
_SAME = """both sides must return ten hits of the same scores, with what is stored of them; times
are of the clock, by turns, as a server answers"""


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks opensearch", description=__doc__)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=15, help="per set")
    parser.add_argument("--heap", default="1g", help="memory of each node; default: 1g")
    parser.add_argument("--only", default=",".join(_PARTS), help=f"{', '.join(_PARTS)}, size")
    parser.add_argument("--large", type=int, default=_LARGE, help="documents of `size`")
    parser.add_argument("--folder", type=Path, help="where nodes keep their data")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    described = f"{options.documents:,} synthetic documents; OpenSearch {VERSION}"
    report = Report(f"python -m benchmarks opensearch {shlex.join(arguments)}", described)
    report.title, report.sameness = "Benchmarks: OpenSearch", _SAME
    for row in _rows(options, options.only.split(",")):
        report.rows.append(row)
        print(" | ".join(cell for cell in cells(row) if cell).replace("**", ""), flush=True)
    if options.out:
        options.out.write_text(report.markdown(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2), encoding="utf-8")
    return int(any("no" in row.verdict for row in report.rows))


def _rows(options: argparse.Namespace, wanted: Sequence[str]) -> Iterator[Row]:
    documents = list(corpus.Synthetic().documents(options.documents))
    stage = Stage(documents, options.rounds, options.queries, options.heap, options.folder)
    if {"added", "loading", "equality", "clients"} & {*wanted}:
        with stage.start(1) as cluster:
            if "loading" in wanted:
                yield from loading.measure(stage, cluster)
            if "added" in wanted:
                yield from added.measure(stage, cluster)
            if "clients" in wanted:
                yield from clients.measure(stage, cluster)
            if "equality" in wanted:
                yield from equality.measure(stage, cluster)
    if {"clients", "kills"} & {*wanted}:
        with stage.start(3) as cluster:
            if "clients" in wanted:
                yield from clients.measure(stage, cluster)
            if "kills" in wanted:
                yield from kills.measure(stage, cluster)
    if "size" in wanted:
        with stage.start(1) as cluster:
            large = list(corpus.Synthetic().documents(options.large))
            yield from size.measure(replace(stage, documents=large), cluster)
