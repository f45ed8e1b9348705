"""The command: `python -m benchmarks sqlite`, `tantivy`, `postgres`, `opensearch`, `clients`,
`before`, `relevance`, `titles`, `queries`, `typed` or `compare`; `all` writes every page anew.

The exit code is 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import (
    before,
    clients,
    comparison,
    corpus,
    fields,
    hits,
    opensearch,
    pages,
    postgres,
    relevance,
    titles,
    typed,
)
from benchmarks.report import Report, Row, cells
from benchmarks.sqlite import growth, ladder, loading, overhead, ranked, snippets
from benchmarks.sqlite.stage import Stage
from benchmarks.tantivy import added
from benchmarks.tantivy import loading as writing
from benchmarks.tantivy import ranked as ranking
from benchmarks.tantivy.stage import Pair
from nuthatch import Document

_PARTS: dict[str, Callable[[Stage], Iterable[Row]]] = {
    "ladder": ladder.measure,
    "ranked": ranked.measure,
    "loading": loading.measure,
    "snippets": snippets.measure,
    "overhead": overhead.measure,
    "hits": partial(hits.measure, "sqlite"),
}
_TANTIVY: dict[str, Callable[[Pair], Iterable[Row]]] = {
    "ranked": ranking.measure,
    "overhead": added.measure,
    "loading": writing.measure,
    "hits": lambda pair: hits.measure("tantivy", pair.stage),
}
#: What reads its own arguments.
_OTHERS: dict[str, Callable[[Sequence[str]], int]] = {
    "all": pages.main,
    "before": before.main,
    "clients": clients.main,
    "compare": comparison.main,
    "opensearch": opensearch.main,
    "postgres": postgres.main,
    "queries": fields.main,
    "relevance": relevance.main,
    "titles": titles.main,
    "typed": typed.main,
}
_SAME_COUNT = (
    "all sides must find equally many documents: Tantivy keeps lengths in one byte, so its\n"
    "scores, and the order of near ties, differ from FTS5's"
)
_SIZES = (10_000, 100_000, 1_000_000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in _OTHERS:
        return _OTHERS[given[0]](given[1:])
    options = _parser().parse_args(given)
    documents, described = _corpus(options)
    report = Report(f"python -m benchmarks {shlex.join(given)}", described)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        stage = Stage(documents, Path(folder), options.rounds, options.queries)
        if options.engine == "tantivy":
            report.title, report.sameness = "Benchmarks: Tantivy", _SAME_COUNT
            pair = Pair(stage)
            for name, part in _TANTIVY.items():
                if name in options.only:
                    _collect(report, part(pair))
        else:
            _sqlite(report, stage, options)
    if options.out:
        options.out.write_text(report.markdown(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2), encoding="utf-8")
    return int(any("no" in row.verdict for row in report.rows))


def _sqlite(report: Report, stage: Stage, options: argparse.Namespace) -> None:
    for name, part in _PARTS.items():
        if name in options.only:
            _collect(report, part(stage))
    if "growth" in options.only:
        sizes = _SIZES if options.growth else _SIZES[:2]
        _collect(report, growth.measure(sizes, stage.folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("engine", choices=["sqlite", "tantivy", *_OTHERS])
    parser.add_argument("--documents", type=int, default=200_000, help="default: 200,000")
    parser.add_argument("--corpus", choices=["synthetic", "arxiv", "movies"], default="synthetic")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each query; default: 5")
    parser.add_argument("--queries", type=int, default=60, help="queries per set; default: 60")
    parser.add_argument("--only", type=_names, default=[*_PARTS, "growth"], metavar="NAME,…")
    parser.add_argument("--growth", action="store_true", help="grow to 1,000,000 documents")
    parser.add_argument("--folder", type=Path, help="where indexes are made and deleted again")
    parser.add_argument("--out", type=Path, help="write the page, such as docs/benchmarks.md")
    parser.add_argument("--json", type=Path, help="write the figures")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    known = [*_PARTS, "growth"]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join(known)}")
    return names


def _corpus(options: argparse.Namespace) -> tuple[list[Document], str]:
    if options.corpus == "arxiv":
        documents = list(corpus.arxiv(options.documents))
        kind = "titles and abstracts of arXiv"
    elif options.corpus == "movies":
        documents = list(corpus.movies(options.documents))
        kind = "titles and plots of films"
    else:
        documents = list(corpus.Synthetic().documents(options.documents))
        kind = "synthetic (Zipf-Mandelbrot, topics, bursts, lognormal lengths; seed 7)"
    size = sum(len(document.title) + len(document.text) for document in documents) / 1e6
    return documents, f"{len(documents):,} documents, {size:.0f} MB, {kind}"


def _collect(report: Report, rows: Iterable[Row]) -> None:
    for row in rows:
        report.rows.append(row)
        print(" | ".join(cell for cell in cells(row) if cell).replace("**", ""), flush=True)


if __name__ == "__main__":
    sys.exit(main())
