"""What a comparison costs beyond its searches: measures, statistics, agreement, the driver.

made-up rankings of two systems ─▶ each part, several rounds ─▶ the median ─▶ page
"""

from __future__ import annotations

import argparse
import json
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.report import machine
from nuthatch_compare.measures.agreement import RankedAnswers, compare_answers
from nuthatch_compare.measures.computation import compute_measures, describe_library
from nuthatch_compare.measures.coverage import measure_coverage
from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.measures.measure import Measure
from nuthatch_compare.performance.latency import measure_driver
from nuthatch_compare.performance.workload import Load
from nuthatch_compare.statistics.intervals import compute_means
from nuthatch_compare.statistics.permutation import PERMUTATIONS
from nuthatch_compare.statistics.significance import compare_systems

MEASURES = [Measure.parse(name) for name in ("nDCG@10", "AP", "RR@10", "R@100")]
DEPTH = 100
#: Documents that could be found, and how many of them are judged, for each query.
_COLLECTION, _JUDGED = 200, 60
_TARGET_SECONDS, _TARGET_DRIVER = 10.0, 50.0


@dataclass(frozen=True)
class Row:
    """What one part took: the median of the rounds, in `unit`."""

    part: str
    value: float
    unit: str
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Return whether it is within the target; None without one."""
        return None if self.target is None else self.value <= self.target


class Task:
    """Made-up judgments, and rankings of two systems that share half of their documents."""

    def __init__(self, queries: int, seed: int = 7) -> None:
        random = Random(seed)
        uris = [f"document-{number}" for number in range(_COLLECTION)]
        self.queries = [f"q{number}" for number in range(queries)]
        self.grades = {
            name: {uri: random.choice((0, 0, 1, 2)) for uri in random.sample(uris, _JUDGED)}
            for name in self.queries
        }
        self.rankings = {
            system: {name: random.sample(uris, DEPTH) for name in self.queries} for system in "ab"
        }
        self.values: dict[str, dict[str, Values]] = {}

    def evaluate(self, own: bool | None = None) -> None:
        for system, rankings in self.rankings.items():
            self.values[system] = compute_measures(
                MEASURES, self.grades, rankings, self.queries, own=own
            )

    def test(self) -> None:
        compare_systems(self.values, "a", ["nDCG@10"])
        compute_means(self.values)

    def agree(self) -> None:
        one, other = (RankedAnswers(name, rankings) for name, rankings in self.rankings.items())
        compare_answers(one, other, self.queries)

    def cover(self) -> None:
        for system, rankings in self.rankings.items():
            measure_coverage(system, MEASURES, self.grades, rankings, self.queries)


def measure(queries: int, rounds: int) -> Iterator[Row]:
    """Yield a row for each part, the total of what has a target last."""
    task = Task(queries)
    measured = _seconds(task.evaluate, rounds)
    tested = _seconds(task.test, rounds)
    yield Row("measures, by ir-measures", measured, "s")
    yield Row("measures, by our own", _seconds(lambda: task.evaluate(own=True), rounds), "s")
    yield Row("tests and intervals", tested, "s")
    yield Row("measures, tests and intervals", measured + tested, "s", _TARGET_SECONDS)
    yield Row("agreement (overlap, RBO, τ_AP, …)", _seconds(task.agree, rounds), "s")
    yield Row("coverage and bounds", _seconds(task.cover, rounds), "s")
    for load in (Load("closed"), Load("closed", clients=4)):
        cost = median(1000 * measure_driver(task.queries, load) for _ in range(rounds))
        target = _TARGET_DRIVER if load.clients == 1 else None
        yield Row(f"driver's own, a query, {load}", cost, "µs", target)


def _seconds(part: Callable[[], None], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begun = time.process_time()  # the machine is shared: a wall clock counts its other work
        part()
        times.append(time.process_time() - begun)
    return median(times)


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compare", description=__doc__)
    parser.add_argument("--queries", type=int, default=5_000, help="default: 5,000")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each part; default: 3")
    parser.add_argument("--out", type=Path, help="write the page, docs/benchmarks-compare.md")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    print(*_HEADINGS, sep=" | ")
    for row in measure(options.queries, options.rounds):
        rows.append(row)
        print(*_cells(row), sep=" | ", flush=True)
    command = f"python -m benchmarks compare {shlex.join(arguments)}".strip()
    if options.out:
        options.out.write_text(_page(command, options.queries, rows), encoding="utf-8")
    if options.json:
        values = {"command": command, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(values, indent=2), encoding="utf-8")
    return int(any(row.met is False for row in rows))


_HEADINGS = ("part", "target", "measured", "met")


def _cells(row: Row) -> tuple[str, ...]:
    target = "" if row.target is None else f"≤ {row.target:g} {row.unit}"
    verdict = {None: "", True: "yes", False: "**no**"}[row.met]
    return (row.part, target, f"{row.value:.3g} {row.unit}", verdict)


def _page(command: str, queries: int, rows: Sequence[Row]) -> str:
    head = _HEAD.format(
        command=command,
        date=datetime.now(UTC).date().isoformat(),
        machine=machine(),
        version=version("nuthatch-compare"),
        engine=describe_library(),
        numpy=version("numpy"),
        queries=queries,
        depth=DEPTH,
        measures=", ".join(map(str, MEASURES)),
        permutations=PERMUTATIONS,
    )
    table = [f"| {' | '.join(_HEADINGS)} |", "|---" * len(_HEADINGS) + "|"]
    table += [f"| {' | '.join(_cells(row))} |" for row in rows]
    return head + "\n" + "\n".join(table) + "\n"


_HEAD = """\
# Benchmarks: compare

<!-- Written by the command below; change benchmarks/, not this page. -->

    {command}

- date: {date}
- machine: {machine}
- versions: nuthatch-compare {version}, {engine}, numpy {numpy}
- task: {queries:,} queries × {depth} documents × 2 systems, made up; {measures}; {permutations:,}
  permutations and as many bootstrap resamples

This page shows the cost of a comparison without its searches. Each figure in seconds is the
median CPU time of the rounds. The driver's own cost is measured with a backend that does nothing.
It takes the same path as every other backend. So each reported latency includes this cost.
"""
