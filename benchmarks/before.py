"""What a search costs beside an earlier commit: `python -m benchmarks before COMMIT`.

    this process ── "read all hits of query 7" ──▶ a worker with the code of the commit
                 └────────────────────────────────▶ a worker with the code that is here

Each worker has an index of its own, with the same documents, and answers with the processor time
of its thread. Both take turns, query by query; a query's time is the least of its rounds, so what
else runs on the machine does not count. A search from the shell is measured as a process.

With `--relevance auto` only the code that is here judges candidates by their text, which says what
that costs. Nothing of a text is kept from one search to the next, so each finds them unread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import corpus
from benchmarks.relevance import DATA, SETS
from benchmarks.report import machine
from benchmarks.timing import Seconds, Side, by_turns
from nuthatch import Corpus, Document, Schema
from nuthatch.demo.judged import load

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("before_worker.py")
#: What is read of the ten hits.
READ = {"none": "nothing read", "first": "first hit read", "all": "all hits read"}
#: How many documents an engine gets at most: one ranks every document, one is a server.
MOST = {"sqlite": 50_000, "tantivy": 50_000, "postgresql": 20_000, "memory": 1_000}
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_SHELL = "from nuthatch.cli.entry import main; main()"
_ARXIV = "arxiv-50k"


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write."""
    options = _parser().parse_args(arguments)
    command = shlex.join(["python", "-m", "benchmarks", "before", *arguments])
    head = _HEAD.format(
        command=command,
        commit=options.commit,
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
    )
    lines = [*head.splitlines()]
    print(head)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        before = folder / "before"
        before.mkdir()
        archive = ["git", "-C", str(ROOT), "archive", options.commit, "core", "backends"]
        tar = subprocess.run(archive, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(before)], input=tar.stdout, check=True)
        for engine in options.engines.split(","):
            for line in _measure(engine, before, folder, options):
                lines.append(line)
                print(line, flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks before", description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--engines", default="sqlite", metavar="NAME,…", help=", ".join(MOST))
    parser.add_argument("--corpus", default=_ARXIV, help="arxiv-50k, or another set of --data")
    parser.add_argument("--data", type=Path, default=DATA, help="where judged corpora lie")
    parser.add_argument("--relevance", choices=("bm25", "auto"), help="of the code that is here")
    parser.add_argument("--documents", type=int, default=50_000, help="at most")
    parser.add_argument("--queries", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where indexes are made and deleted again")
    parser.add_argument("--out", type=Path, help="write the page, docs/benchmarks-search.md")
    return parser


def _measure(engine: str, before: Path, folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """Yield the lines about one engine."""
    chosen = _read_corpus(options.corpus, options.data, min(options.documents, MOST[engine]))
    documents, texts = chosen.documents, chosen.queries
    titles = texts[:: max(1, len(texts) // options.queries)][: options.queries]
    rows = ({"uri": one.uri, "title": one.title, "text": one.text} for one in documents)
    lines = (json.dumps(row) + "\n" for row in rows)
    (folder / "corpus.jsonl").write_text("".join(lines), encoding="utf-8")
    yield f"\n## {engine}, {len(documents):,} documents of {options.corpus}\n"
    with ExitStack() as stack:
        workers = {
            side: stack.enter_context(
                Worker(source, engine, folder, side, chosen.analyzer, relevance)
            )
            for side, source, relevance in (
                ("before", before, None),
                ("now", ROOT, options.relevance),
            )
        }
        yield from _table(workers, titles, options.rounds)


class _Chosen(NamedTuple):
    documents: Sequence[Document]
    queries: Sequence[str]
    analyzer: str


def _read_corpus(name: str, data: Path, documents: int) -> _Chosen:
    """Return the first documents of a corpus, and its queries: the titles of arXiv."""
    if name == _ARXIV:
        found = list(corpus.arxiv(documents))
        return _Chosen(found, [document.title for document in found], "english")
    analyzer = next((one.analyzer for one in SETS if one.name == name), "english")
    judged = load(data / name, Schema(analyzer=analyzer))
    read = list(islice(Corpus([str(judged.corpus)]), documents))
    return _Chosen(read, list(judged.queries.values()), analyzer)


class Worker:
    """A process that searches with the code of one source tree."""

    def __init__(
        self,
        source: Path,
        engine: str,
        folder: Path,
        side: str,
        analyzer: str,
        relevance: str | None,
    ) -> None:
        places = [source / "core", *sorted((source / "backends").iterdir())]
        self._options = [] if relevance is None else ["--relevance", relevance]
        # A process that may not write what it has compiled compiles all of it at each start.
        kept = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
        bytecode = {"PYTHONPYCACHEPREFIX": str(folder / f"bytecode-{side}")}
        self._env = {**kept, **bytecode, "PYTHONPATH": os.pathsep.join(map(str, places))}
        suffix = "?index=a" if engine == "postgresql" else ""
        self.url = "memory:" if engine == "memory" else f"{engine}:{folder / engine}-{side}{suffix}"
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                str(WORKER),
                str(source),
                self.url,
                str(folder / "corpus.jsonl"),
                analyzer,
                *(["relevance", relevance] if relevance else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._env,
        )
        self.ask("")  # answered once the documents are there

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, line: str) -> float:
        """Return the seconds that a search took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def search_from_shell(self, text: str) -> float:
        """Return the processor time of a whole process that searches once."""
        command = [sys.executable, "-c", _SHELL, "search", *self._options, self.url, "--", text]
        begun = _children_seconds()
        subprocess.run(command, env=self._env, stdout=subprocess.DEVNULL, check=True)
        return _children_seconds() - begun


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _table(workers: Mapping[str, Worker], titles: Sequence[str], rounds: int) -> Iterator[str]:
    yield "| search | before | now | now ÷ before |"
    yield "|---|---|---|---|"
    _time(workers, "all", titles, 1)  # twice each: a posting list is cached at its second touch
    for mode, what in READ.items():
        yield _row(what, _time(workers, mode, titles, rounds))
    if workers["now"].url != "memory:":
        times: dict[str, list[float]] = {side: [] for side in workers}
        for _ in range(4 * rounds + 1):  # the first compiles
            for side, worker in workers.items():
                times[side].append(worker.search_from_shell(titles[0]))
        seconds = {side: np.array(found[1:]).reshape(-1, 1) for side, found in times.items()}
        yield _row("from the shell", seconds)


def _time(
    workers: Mapping[str, Worker], mode: str, titles: Sequence[str], rounds: int
) -> dict[str, Seconds]:
    """Return the seconds by side, of shape (rounds, queries), as the workers give them."""
    found: dict[str, list[float]] = {side: [] for side in workers}

    def ask(side: str) -> Side:
        def run(text: object) -> None:
            found[side].append(workers[side].ask(json.dumps([mode, text])))

        return Side(run)

    by_turns({side: ask(side) for side in workers}, titles, rounds)
    return {side: np.array(times).reshape(rounds, -1) for side, times in found.items()}


def _row(what: str, seconds: Mapping[str, Seconds]) -> str:
    before, now = (float(seconds[side].min(axis=0).mean()) for side in ("before", "now"))
    return f"| {what} | {1e6 * before:,.0f} µs | {1e6 * now:,.0f} µs | **{now / before:.2f}** |"


_HEAD = """\
# Benchmarks: what a search costs

<!-- Written by the command below; change benchmarks/, not this page. -->

    {command}

- date: {date}
- machine: {machine}
- corpus: titles and abstracts of arXiv, analyzer `english`; the queries are titles; ten hits

Until the commit 469af99 a search made all of its hits at once. Since then a hit is made when it is
read. The tables compare the commit {commit} (before) with this one (now). Each side has an index of
its own with the same documents, and everything is cached. Both sides take turns, query by query,
and a query's time is the least of its rounds. Read means title, snippet and fields.

Times are processor time: of the thread, and for a search from the shell of the whole process, whose
modules are compiled already. `now ÷ before` below 1 is faster.

Where nothing is read, the engine takes about half: SQLite's ranks in arrays and reads ten rows,
Tantivy's ranks and unpacks ten rows. A sixth is the plan: the words of the query, its stop words,
and what it asks for. Where ten hits are read, two thirds of that go into snippets, half of a
snippet into the places where the words of the query stand. The rest is unpacking and hashing ten
texts, and parsing ten headers, each held to its root. A search from the shell is imports, nearly
all of it; Tantivy's reads the index once, too, to compare checksums."""
