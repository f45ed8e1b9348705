"""How well titles are found as somebody types them, and what that costs.

    titles ─▶ drawn queries ─▶ today's index   ─▶ the title's place
                           └─▶ another's index ─▶ CPU time, in turns

The other is another checkout of nuthatch, or the reference's arithmetic. The corpora lie outside
the repository, for not all of them may be passed on; those that are not there are left out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median
from types import TracebackType
from typing import Any, Final, Self

from benchmarks.relevance import DATA
from benchmarks.titles.draw import FIVE, Kind, Tokens, drawn, kinds
from nuthatch.entities import title_tokens

CORPORA: Final = ("tmdb5000", "movies")
ENGINES: Final = {
    "memory": "memory:",
    "sqlite": "sqlite:{folder}/titles.db",
    "tantivy": "tantivy:{folder}/titles",
}
#: The most that today's median CPU may be of the other's.
DEAREST: Final = {"tmdb5000": 1.3, "movies": 2.0}
_WORKER: Final = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Row:
    """What was found of one kind of queries: the shares first, and within 3 and 10."""

    corpus: str
    kind: str
    queries: int
    first: float
    within_3: float
    within_10: float
    least: float
    reached: float

    @property
    def met(self) -> bool:
        """Return whether as many are found as must be."""
        return self.reached >= self.least


class Worker:
    """Answers title searches in a process of its own, over an index that it has filled."""

    def __init__(self, python: str, url: str, corpus: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [python, str(_WORKER), url, str(corpus), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closes the pipes, which ends the worker, and waits for it.
        self._process.__exit__(kind, error, trace)

    def search(self, *titles: str) -> tuple[list[Tokens], float]:
        """Return the titles of the first ten hits, and the CPU time in seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(titles) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._answer())
        return [title_tokens(title) for title, _ in answer["hits"]], answer["cpu"]

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the worker ended with exit code {self._process.wait()}")
        return line


class Race:
    """Put queries to two workers in turns, and keep the CPU time of each."""

    def __init__(self, today: Worker, other: Worker | None) -> None:
        self._today = today
        self._other = other
        self.today: list[float] = []
        self.others: list[float] = []

    def search(self, *titles: str) -> list[Tokens]:
        """Return today's hits."""
        hits, used = self._today.search(*titles)
        self.today.append(used)
        if self._other is not None:
            self.others.append(self._other.search(*titles)[1])
        return hits

    def ratio(self) -> float | None:
        """Return the ratio of the medians, None without another."""
        return median(self.today) / median(self.others) if self.others else None


def measure(
    corpus: str, titles: Sequence[Tokens], race: Race, random: Random, most: int
) -> Iterator[Row]:
    """Yield a row for each kind of queries."""
    for kind in kinds(titles):
        places = [
            _place(race.search(" ".join(typed)), wanted)
            for wanted, typed in drawn(random, kind, titles, most)
        ]
        if places:
            yield _row(corpus, kind, places)
    distinct = sorted(set(filter(None, titles)))
    places = [
        _place_of_all(race.search(*map(" ".join, five)), five)
        for five in (random.sample(distinct, FIVE) for _ in range(most // FIVE))
    ]
    yield _row(corpus, Kind("five titles exactly", bool, lambda _, each: each, 1, 1.0), places)


def _place(hits: Sequence[Tokens], wanted: Tokens) -> int:
    """Return the place of a title, beyond all where it is not there."""
    return hits.index(wanted) + 1 if wanted in hits else 1000


def _place_of_all(hits: Sequence[Tokens], wanted: Sequence[Tokens]) -> int:
    """Return 1 if all titles come before anything else."""
    before: set[Tokens] = set()
    for hit in hits:
        if hit not in wanted:
            break
        before.add(hit)
    return 1 if before == set(wanted) else 1000


def _row(corpus: str, kind: Kind, places: Sequence[int]) -> Row:
    def share(within: int) -> float:
        return sum(place <= within for place in places) / len(places)

    shares = share(1), share(3), share(10)
    return Row(corpus, kind.name, len(places), *shares, kind.least, share(kind.within))


def read(path: Path) -> list[Tokens]:
    """Return the titles of a corpus."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [title_tokens(json.loads(line)["title"]) for line in lines]


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a target is missed."""
    options = _parser().parse_args(arguments)
    rows: list[Row] = []
    ratios: dict[str, float | None] = {}
    print(*_HEADINGS, sep=" | ")
    for corpus in options.only:
        path = options.data / corpus / "corpus.jsonl.gz"
        if not path.is_file():
            print(f"{corpus}: left out, for {options.data} does not hold it")
            continue
        with tempfile.TemporaryDirectory() as folder:
            for row in _measured(corpus, path, Path(folder), options, ratios):
                rows.append(row)
                print(*_cells(row), sep=" | ", flush=True)
        if ratios.get(corpus) is not None:
            print(f"{corpus}: median CPU {ratios[corpus]:.2f} times that of {options.against}")
    if options.json:
        values: dict[str, Any] = {"rows": [asdict(row) for row in rows], "cpu": ratios}
        options.json.write_text(json.dumps(values, indent=2), encoding="utf-8")
    dear = any(ratio and ratio > DEAREST[corpus] for corpus, ratio in ratios.items())
    return int(dear or not all(row.met for row in rows))


def _measured(
    corpus: str,
    path: Path,
    folder: Path,
    options: argparse.Namespace,
    ratios: dict[str, float | None],
) -> Iterator[Row]:
    for name in ("today", "other"):
        (folder / name).mkdir()
    template = ENGINES[options.engine]
    with ExitStack() as workers:
        url = template.format(folder=folder / "today")
        today = workers.enter_context(Worker(sys.executable, url, path))
        other = _other(options.against, template.format(folder=folder / "other"), path)
        if other is not None:
            workers.enter_context(other)
        race = Race(today, other)
        yield from measure(corpus, read(path), race, Random(options.seed), options.queries)
        ratios[corpus] = race.ratio()


def _other(against: str | None, url: str, path: Path) -> Worker | None:
    if against is None:
        return None
    if against == "reference":
        return Worker(sys.executable, url, path, "entities=reference")
    return Worker(str(Path(against) / ".venv" / "bin" / "python"), url, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks titles", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="where the corpora lie")
    parser.add_argument("--only", nargs="+", choices=CORPORA, default=CORPORA, metavar="CORPUS")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    parser.add_argument("--queries", type=int, default=1000, help="at most so many of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--against", metavar="CHECKOUT", help="compare CPU time: a folder, or `reference`"
    )
    parser.add_argument("--json", type=Path, help="write the figures")
    return parser


_HEADINGS: Final = ("corpus", "typed", "n", "first", "≤ 3", "≤ 10", "target", "met")


def _cells(row: Row) -> tuple[str, ...]:
    shares = (row.first, row.within_3, row.within_10, row.least)
    met = "yes" if row.met else "**no**"
    return (row.corpus, row.kind, str(row.queries), *(f"{share:.1%}" for share in shares), met)
