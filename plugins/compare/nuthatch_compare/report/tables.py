"""Tables of what this package measures: latency and cost."""

from __future__ import annotations

from collections.abc import Sequence

from nuthatch_compare.cost import MEMORY, Cost
from nuthatch_compare.latency import Latency, SystemLatency
from nuthatch_compare.percentiles import Percentile
from nuthatch_compare.report.page import Cell, Table


def latency_table(latency: Latency) -> Table:
    """Return percentiles by system, with what is needed to read them."""
    ratios = {each.system: each for each in latency.ratios}
    rows: list[tuple[Cell, ...]] = []
    for system in latency.systems:
        found = ratios.get(system.system)
        rows.append(
            (
                Cell(system.system, f"{system.samples:,} requests"),
                *_percentiles(system),
                Cell("") if found is None else _ratio(found.ratio, found.low, found.high),
                Cell("") if found is None else _ratio(found.p95, found.p95_low, found.p95_high),
                Cell(f"{system.failed:,}"),
            )
        )
    sizes = [each.percent for each in next(iter(latency.systems)).percentiles] or [50, 90, 95, 99]
    falling = "" if latency.settled else " (still falling)"
    told = [
        f"{latency.measures.capitalize()}, {latency.load}, {latency.depth} hits, "
        f"{latency.passes} passes after {latency.warmup} of warm-up{falling}, milliseconds of all "
        f"requests that were answered; the driver itself takes {latency.driver_ms * 1000:.2g} µs. "
        "Intervals are over blocks of time. × baseline: the mean ratio of the queries that both "
        "answered, and the ratio of both p95.",
    ]
    if latency.ended:
        told.append(f"Ended early: {latency.ended}.")
    if latency.unequal_hits:
        told.append(f"{latency.unequal_hits} queries had different numbers of hits: unequal work.")
    headings = ("system", *(f"p{size:g}" for size in sizes), "× baseline", "p95 ×", "failed")
    return Table("Latency", " ".join(told), headings, tuple(rows))


def _percentiles(system: SystemLatency) -> tuple[Cell, ...]:
    if system.saturated:
        return (Cell("saturated at this rate"), *(Cell("") for _ in range(3)))
    return tuple(_percentile(each, system.samples - system.failed) for each in system.percentiles)


def _percentile(each: Percentile, answered: int) -> Cell:
    if not answered:
        return Cell("no answer")
    if each.ms is None or each.low is None or each.high is None:
        return Cell("n too small", f"{answered:,} of {each.needs:,} requests")
    return Cell(f"{each.ms:.3g}", f"{each.low:.3g} – {each.high:.3g}")


def _ratio(ratio: float | None, low: float | None, high: float | None) -> Cell:
    if ratio is None or low is None or high is None:
        return Cell("n too small")
    return Cell(f"{ratio:.2f}", f"{low:.2f} – {high:.2f}", strong=high < 1)


def cost_table(costs: Sequence[Cost]) -> Table:
    """Return what indexing took, by system."""
    rows = tuple(
        (
            Cell(each.system),
            Cell(f"{each.documents:,}"),
            Cell(f"{each.wall:.2f} s", f"{each.cpu:.2f} s CPU"),
            Cell(f"{each.rate:,.0f}"),
            Cell(f"{each.searchable:.2f} s"),
            Cell("–" if each.settle is None else f"{each.settle:.2f} s"),
            Cell(_size(each.bytes)),
            Cell("unknown" if each.peak is None else _size(each.peak)),
        )
        for each in costs
    )
    headings = (
        *("system", "documents", "adding", "documents/s"),
        *("searchable after", "settling", "size", "peak memory"),
    )
    caption = f"Size after settling. Peak memory: {MEMORY}; a database server's is not in it."
    return Table("Cost", caption, headings, rows)


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count else "in memory"
