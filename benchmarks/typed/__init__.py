"""What people type: `python -m benchmarks typed`.

    judged queries, mistyped ─▶ corrections   nDCG@10 beside the right query's
    judged queries, cut off  ─▶ completions   nDCG@10 beside the whole query's
    letters of words         ─▶ suggestions   processor time beside a search
    half a word, quotes, …   ─▶ features      processor time beside the words alone

Relevance is measured on corpora that lie outside the repository; those that are not there are left
out. Times are of abstracts of arXiv, or of synthetic documents where these are not there.
"""

from __future__ import annotations

import argparse
import json
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import corpus
from benchmarks.relevance import DATA
from benchmarks.report import Report, Row, cells
from benchmarks.sqlite.stage import Stage
from benchmarks.typed import completions, corrections, features, suggestions
from benchmarks.typed.place import ENGINES, Place, place_of
from nuthatch import Document

PARTS = ("corrections", "completions", "suggestions", "features")
_SAME = """\
the queries are drawn, each for all sides. Relevance is not timed: `total` is there the share of
nDCG@10 that corrections bring back or half a word keeps, or the number of queries that they change.
The features of PostgreSQL are on [its own page](benchmarks-postgres.md), and its times here are
wall time"""


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a target is missed."""
    options = _parse(arguments)
    documents, described = _documents(options.data, options.documents)
    report = Report(
        f"python -m benchmarks typed {shlex.join(arguments)}".strip(),
        described,
        title="Benchmarks: what people type",
        sameness=_SAME,
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for engine in options.engines.split(","):
            with place_of(engine, Path(folder)) as place:
                for row in _measure(place, documents, options):
                    report.rows.append(row)
                    shown = " | ".join(cell for cell in cells(row) if cell)
                    print(shown.replace("**", ""), flush=True)
    if options.out:
        options.out.write_text(report.markdown(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2), encoding="utf-8")
    return int(any("no" in row.verdict for row in report.rows))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks typed", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="where the corpora lie")
    parser.add_argument("--documents", type=int, default=50_000, help="default: 50,000")
    parser.add_argument("--queries", type=int, default=1000, help="mistyped ones; default: 1,000")
    parser.add_argument("--words", type=int, default=100, help="typed ones; default: 100")
    parser.add_argument("--each", type=int, default=40, help="queries per feature; default: 40")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each; default: 3")
    parser.add_argument("--engines", default="sqlite", metavar="NAME,…", help=", ".join(ENGINES))
    parser.add_argument("--only", default=",".join(PARTS), metavar="NAME,…")
    parser.add_argument("--folder", type=Path, help="where indexes are made and deleted again")
    parser.add_argument("--out", type=Path, help="write the page")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    for names, known in ((options.engines, ENGINES), (options.only, PARTS)):
        for name in names.split(","):
            if name not in known:
                parser.error(f"{name!r} is none of {', '.join(known)}")
    return options


def _documents(data: Path, number: int) -> tuple[list[Document], str]:
    path = data / corpus.ARXIV.parent.name / corpus.ARXIV.name
    kind = "titles and abstracts of arXiv" if path.exists() else "synthetic documents"
    read = corpus.read(path, number) if path.exists() else corpus.Synthetic().documents(number)
    documents = [*read]
    return documents, f"times: {len(documents):,} {kind}"


def _measure(
    place: Place, documents: Sequence[Document], options: argparse.Namespace
) -> Iterator[Row]:
    only = options.only.split(",")
    if "corrections" in only:
        yield from corrections.measure(place, options.data, options.queries)
    if "completions" in only:
        yield from completions.measure(place, options.data, options.queries)
    if "suggestions" in only:
        yield from suggestions.measure(place, documents, options.words, options.rounds)
    if "features" in only and place.engine != "postgresql":
        stage = Stage(documents, Path(place.base), options.rounds, options.each)
        yield from features.measure(place.engine, stage)
