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
_ARXIV = "arxiv-50k"
_SHELL = "from nuthatch.cli.main import main; main()"


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks before", description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--engine", default="sqlite", help="memory, sqlite, tantivy, postgresql")
    parser.add_argument("--corpus", default=_ARXIV, help="arxiv-50k, or another set of --data")
    parser.add_argument("--data", type=Path, default=DATA, help="where judged corpora lie")
    parser.add_argument("--relevance", choices=("bm25", "auto"), help="of the code that is here")
    parser.add_argument("--documents", type=int, default=50_000, help="of arXiv")
    parser.add_argument("--queries", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where indexes are made and deleted again")
    options = parser.parse_args(arguments)
    chosen = _read_corpus(options.corpus, options.data, options.documents)
    documents, texts = chosen.documents, chosen.queries
    titles = texts[:: max(1, len(texts) // options.queries)][: options.queries]
    with tempfile.TemporaryDirectory(dir=options.folder) as name, ExitStack() as stack:
        folder = Path(name)
        rows = ({"uri": one.uri, "title": one.title, "text": one.text} for one in documents)
        lines = (json.dumps(row) + "\n" for row in rows)
        (folder / "corpus.jsonl").write_text("".join(lines), encoding="utf-8")
        before = folder / "before"
        before.mkdir()
        archive = ["git", "-C", str(ROOT), "archive", options.commit, "core", "backends"]
        tar = subprocess.run(archive, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", str(before)], input=tar.stdout, check=True)
        workers = {
            side: stack.enter_context(
                Worker(source, options.engine, folder, side, chosen.analyzer, relevance)
            )
            for side, source, relevance in (
                ("before", before, None),
                ("now", ROOT, options.relevance),
            )
        }
        print(f"`{shlex.join(['python', '-m', 'benchmarks', 'before', *arguments])}`\n")
        what = f"{len(documents):,} documents of {options.corpus}, ten hits, everything cached."
        print(f"{what} {machine()}\n")
        print("\n".join(_table(workers, titles, options.rounds)), flush=True)
    return 0


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
        self._env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
        suffix = "?index=a" if engine == "postgresql" else ""
        self.url = "memory:" if engine == "memory" else f"{engine}:{folder / side}.index{suffix}"
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
        seconds: dict[str, Seconds] = {}
        for side, worker in workers.items():
            seconds[side] = np.array([[worker.search_from_shell(titles[0])] for _ in range(rounds)])
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
