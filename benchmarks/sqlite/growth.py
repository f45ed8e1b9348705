"""How latency, size, memory and opening grow with the corpus; each size in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.corpus import Synthetic
from benchmarks.queries import query_sets
from benchmarks.report import Row
from benchmarks.sqlite.stage import LIMIT, forget, open_index
from nuthatch import get_analyzer

SECTION = "Growth"
_QUERIES = 40


def measure(sizes: Sequence[int], folder: Path) -> Iterator[Row]:
    """Yield what one process per size found."""
    for size in sizes:
        command = [sys.executable, "-m", __name__, str(size), str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        for what, value in json.loads(done.stdout).items():
            yield Row(SECTION, f"{size:,} documents: {what}", value=value)


def grow(size: int, folder: Path) -> dict[str, str]:
    """Build an index of that size and returns its figures."""
    path = folder / f"growth-{size}.db"
    corpus = Synthetic()
    sample = list(corpus.documents(2_000))
    before = _peak()
    with open_index(path, create=True) as index:
        report = index.add(corpus.documents(size))
    peak = _peak()
    begun = perf_counter()
    index = open_index(path)
    opened = perf_counter() - begun
    sets = query_sets(sample, get_analyzer("ascii"), _QUERIES)
    questions = [*sets["and_hit"], *sets["drop"]]

    def conjunction(text: str) -> None:
        index.search(text, LIMIT, policy="ladder")

    def disjunction(text: str) -> None:
        index.search(text, LIMIT, policy="ranked")

    def forgetting() -> None:
        forget(index, keep_lengths=True)

    with index:
        figures = {
            "`add`, with the time to make the documents": f"{report.seconds:.1f} s",
            "memory at its peak while adding": f"{peak:.0f} MB ({before:.0f} MB before)",
            "size": f"{index.info().bytes / size:.0f} bytes a document",
            "opening": f"{1000 * opened:.2f} ms",
            "AND, first touch": _latency(conjunction, questions, forgetting),
            "AND, warm": _latency(conjunction, questions),
            "OR, first touch": _latency(disjunction, questions, forgetting),
            "OR, warm": _latency(disjunction, questions),
        }
    path.unlink()
    return figures


def _peak() -> float:
    """Return the most memory this program has held so far, in MB.

    Linux counts for itself what `getrusage` takes over from the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    except (OSError, StopIteration):
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _latency(
    search: Callable[[str], None],
    texts: Sequence[str],
    before: Callable[[], None] = lambda: None,
) -> str:
    """Return p50 and p95 of the searches, each after one that is not counted."""
    seconds = []
    for text in texts:
        for _ in range(3):
            before()
            begun = perf_counter()
            search(text)
            last = perf_counter() - begun
        seconds.append(last)
    p50, p95 = (1000 * np.percentile(seconds, (50, 95))).tolist()
    return f"p50 {p50:.2f} ms, p95 {p95:.2f} ms"


if __name__ == "__main__":
    print(json.dumps(grow(int(sys.argv[1]), Path(sys.argv[2]))))
