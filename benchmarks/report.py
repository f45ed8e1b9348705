"""What was measured, as a table on the screen, a page of Markdown and JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import entry_points, version
from typing import Any

import apsw

from benchmarks.timing import Ratio

_PACKAGES = (
    *sorted({point.dist.name for point in entry_points(group="nuthatch.backends") if point.dist}),
    *("apsw", "tantivy", "numpy", "zstandard", "pydantic", "bm25s"),
)
#: What is held before anything is timed.
SAME_SCORES = "both sides must give the same documents with the same scores (to 1e-7)"


@dataclass(frozen=True)
class Row:
    """One comparison, or one figure (`value`) where nothing is compared.

    `target` is the least ratio promised, None where none is. `met` is given where it does not
    follow from the total.
    """

    section: str
    what: str
    against: str = ""
    ratio: Ratio | None = None
    target: float | None = None
    value: str = ""
    goal: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """Whether the target is met: `yes`, `**no**` or empty."""
        met = self.met
        if met is None and self.target is not None and self.ratio is not None:
            met = self.ratio.total >= self.target
        return "" if met is None else ("yes" if met else "**no**")

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return asdict(self) | {"verdict": self.verdict.strip("*")}


@dataclass
class Report:
    """Collects rows, and knows the machine they come from."""

    command: str
    corpus: str
    title: str = "Benchmarks"
    sameness: str = SAME_SCORES
    rows: list[Row] = field(default_factory=list)
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "command": self.command,
            "corpus": self.corpus,
            "machine": machine(),
            "versions": versions(),
            "date": self.begun.isoformat(timespec="seconds"),
            "rows": [row.to_json() for row in self.rows],
        }

    def markdown(self) -> str:
        """Return the page."""
        with_target = [row for row in self.rows if row.verdict]
        lost = [row for row in self.rows if row.ratio and row.ratio.total < 1]
        parts = [
            _HEAD.format(
                title=self.title,
                sameness=self.sameness,
                command=self.command,
                corpus=self.corpus,
                machine=machine(),
                versions=", ".join(f"{name} {number}" for name, number in versions().items()),
                date=self.begun.date().isoformat(),
            ),
            "## Targets\n",
            *table(with_target),
            "\n## Where nuthatch loses\n",
            *(table(lost) if lost else ["No total is below 1 in this run."]),
        ]
        for section in dict.fromkeys(row.section for row in self.rows):
            parts += [f"\n## {section}\n"]
            parts += table([row for row in self.rows if row.section == section])
        return "\n".join(parts) + "\n"


_HEAD = """\
# {title}

<!-- Written by the command below; change benchmarks/, not this page. -->

    {command}

- date: {date}
- machine: {machine}
- versions: {versions}
- corpus: {corpus}

A ratio is the baseline's time ÷ nuthatch's time. Above 1 nuthatch is faster. Both sides take
turns, query by query. The time of a query is the median of its rounds.

- `total` compares the sums over all queries.
- `p5`, `p50` and `p95` are ratios of single queries.
- `slower` is the share of queries where nuthatch is slower.
- `rounds` is the lowest and the highest total of a single round. It shows the noise.
- `ms` is the median query time in milliseconds, of the baseline and of nuthatch.

Before anything is timed, {sameness}.
Times are processor time, of the process where an index is built, else of the thread; those beside
a server are wall time. They hold for this machine only.
"""


def table(rows: Iterable[Row]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        "| what | against | target | total | met | p5 / p50 / p95 | slower | rounds | ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [f"| {' | '.join(cells(row))} |" for row in rows]


def cells(row: Row) -> Sequence[str]:
    """Return what a row shows."""
    goal = row.goal or (f"≥ {row.target:g}" if row.target is not None else "")
    if row.ratio is None:
        return row.what, row.against, goal, row.value, row.verdict, "", "", "", ""
    ratio = row.ratio
    return (
        row.what,
        row.against,
        goal,
        row.value or f"**{ratio.total:.2f}**",
        row.verdict,
        f"{ratio.p5:.2f} / {ratio.p50:.2f} / {ratio.p95:.2f}",
        f"{ratio.slower:.0%}",
        f"{ratio.lowest:.2f} – {ratio.highest:.2f}",
        f"{ratio.baseline_ms:.3g} / {ratio.ms:.3g}",
    )


def machine() -> str:
    """Describe the machine and how busy it is."""
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores, "
        f"load average {load:.1f}, Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = (line.split(":", 1)[1] for line in lines if line.startswith("model name"))
            return next(names, "").strip() or "unknown processor"
    except OSError:
        return platform.processor() or "unknown processor"


def versions() -> dict[str, str]:
    """Return the versions that the figures depend on."""
    return {"SQLite": apsw.sqlite_lib_version()} | {name: version(name) for name in _PACKAGES}
