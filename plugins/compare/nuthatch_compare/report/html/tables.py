"""The tables of a report: one for each part of a comparison that was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nuthatch_compare.comparison import Comparison, SystemSummary
from nuthatch_compare.formatting import format_interval, format_number, format_p
from nuthatch_compare.performance.indexing_cost import MEMORY, Cost
from nuthatch_compare.performance.latency import Latency, SystemLatency
from nuthatch_compare.performance.percentiles import Percentile
from nuthatch_compare.report.html.page import Cell, Table
from nuthatch_compare.statistics.intervals import Mean
from nuthatch_compare.statistics.significance import Difference


def list_tables(comparison: Comparison) -> Iterator[Table]:
    """Yield a table for each part of a comparison that there is."""
    if comparison.gate:
        yield _gate_table(comparison)
    yield _systems_table(comparison.systems)
    if comparison.means:
        yield _relevance_table(comparison)
        yield _tests_table(comparison)
        yield _coverage_table(comparison)
    if comparison.agreement:
        yield _agreement_table(comparison)
    if comparison.slices:
        yield _slices_table(comparison)
    if comparison.latency is not None:
        yield latency_table(comparison.latency)
    if comparison.costs:
        yield cost_table(comparison.costs)
    if comparison.history:
        yield _history_table(comparison)


def _gate_table(comparison: Comparison) -> Table:
    words = {True: "passed", False: "failed", None: "not measured"}
    rows = tuple(
        (
            Cell(result.rule),
            Cell(result.system),
            Cell(words[result.passed], strong=result.passed is not True),
            Cell(result.found),
        )
        for result in comparison.gate
    )
    headings = ("rule", "system", "result", "found")
    return Table("Gate", "Rules of this comparison.", headings, rows, words=4)


def _systems_table(systems: Sequence[SystemSummary]) -> Table:
    rows = tuple(
        (
            Cell(system.name, system.source),
            Cell(system.engine),
            Cell(system.policy or "–"),
            Cell("–" if system.documents is None else f"{system.documents:,}"),
            Cell(f"{system.answered:,}"),
            Cell(
                f"{system.empty:,}", f"{system.missing:,} not in the run" if system.missing else ""
            ),
            Cell(f"{system.failed:,}"),
            Cell(f"{system.timed_out:,}"),
        )
        for system in systems
    )
    caption = "Queries answered, without a hit, failed and out of time are different things."
    headings = ("system", "engine", "policy", "documents", "answered", "no hit", "failed", "late")
    return Table("Systems", caption, headings, rows, words=3)


def _relevance_table(comparison: Comparison) -> Table:
    names = [system.name for system in comparison.systems]
    rows = tuple(
        (
            Cell(measure),
            *(
                _mean_cell(
                    comparison.means[name].get(measure), comparison.difference(name, measure)
                )
                for name in names
            ),
        )
        for measure in comparison.settings.measures
    )
    primary = ", ".join(comparison.settings.primary)
    caption = (
        f"Means over {comparison.judged:,} judged queries, with intervals. {primary} "
        f"decides; the rest is exploratory. Bold where better than {comparison.baseline}, "
        "established."
    )
    return Table("Relevance", caption, ("metric", *names), rows)


def _mean_cell(mean: Mean | None, difference: Difference | None) -> Cell:
    if mean is None:
        return Cell("–", "nothing found")
    strong = difference is not None and difference.significant and difference.delta > 0
    return Cell(f"{mean.mean:.3f}", f"{mean.low:.3f} – {mean.high:.3f}", strong)


def _tests_table(comparison: Comparison) -> Table:
    rows = tuple(
        (
            Cell(difference.measure, f"{difference.system} − {difference.baseline}"),
            _delta_cell(difference),
            Cell(format_p(difference.p_shown), _format_test(difference)),
            Cell("–" if difference.p_t is None else format_p(difference.p_t)),
            Cell("–" if difference.effect is None else f"{difference.effect:+.2f}"),
            Cell(
                "nothing" if difference.detectable is None else format_number(difference.detectable)
            ),
            *([_equivalence_cell(difference)] if comparison.settings.min_effect else []),
            Cell(f"{difference.wins} / {difference.ties} / {difference.losses}"),
        )
        for difference in comparison.differences
    )
    least = comparison.settings.min_effect
    headings = (
        *("difference", "Δ", "p", "p by t", "effect", "detectable"),
        *([f"p within ±{least:g}"] if least else []),
        "better / equal / worse",
    )
    caption = (
        "Paired permutation test: where a metric decides, p is Holm's over all that decide; the "
        "others are exploratory. Student's t beside it, unadjusted. Detectable: the true "
        "difference that four of five such comparisons would find."
    )
    return Table("Is the difference real?", caption, headings, rows)


def _format_test(difference: Difference) -> str:
    kind = "exact" if difference.exact else f"{difference.permutations:,} permutations"
    return f"{'exploratory' if difference.adjusted is None else 'Holm'}, {kind}"


def _equivalence_cell(difference: Difference) -> Cell:
    test = difference.equivalence
    if test is None:
        return Cell("–")
    p = test.p if test.adjusted is None else test.adjusted
    return Cell(format_p(p), "exploratory" if test.adjusted is None else "Holm", test.established)


def _coverage_table(comparison: Comparison) -> Table:
    primary = comparison.primary
    rows = tuple(
        (
            Cell(coverage.system),
            Cell(
                "–" if coverage.judged is None else f"{coverage.judged:.0%}",
                f"{coverage.answered:,} queries",
            ),
            Cell(f"{coverage.unjudged:,}"),
            *(
                (Cell(f"{bounds.low:.3f} – {bounds.high:.3f}"), Cell(f"{bounds.condensed:.3f}"))
                if (bounds := coverage.bounds.get(primary)) is not None
                else (Cell("–"), Cell("–"))
            ),
        )
        for coverage in comparison.coverage
    )
    depth = comparison.coverage[0].depth if comparison.coverage else 10
    caption = (
        f"How many of the first {depth} documents somebody judged, over the queries answered; the "
        f"least and the most that {primary} could be, whatever the unjudged documents of the lists "
        "are; and with these left out."
    )
    headings = ("system", "judged", "unjudged", f"{primary}, bounds", "condensed")
    return Table("How much is judged?", caption, headings, rows)


def _agreement_table(comparison: Comparison) -> Table:
    k = comparison.agreement[0].k
    rows = tuple(
        (
            Cell(f"{agreement.a}, {agreement.b}"),
            Cell(f"{agreement.overlap:.0%}"),
            Cell(f"{agreement.jaccard:.0%}"),
            Cell(f"{agreement.rbo:.3f}", f"{agreement.rbo_low:.3f} – {agreement.rbo_high:.3f}"),
            Cell("–" if agreement.tau_ap is None else f"{agreement.tau_ap:.2f}"),
            Cell(f"{agreement.same_top:.0%}"),
            Cell("–" if agreement.rank_shift is None else f"{agreement.rank_shift:.1f}"),
            Cell(f"{agreement.only_a_empty} / {agreement.only_b_empty}"),
            Cell(
                " / ".join(
                    "–" if share is None else f"{share:.0%}" for share in agreement.ties_at_cut
                )
            ),
        )
        for agreement in comparison.agreement
    )
    headings = (
        *("systems", f"overlap@{k}", f"Jaccard@{k}", "RBO", "τ AP", "same first"),
        *("rank shift", "only one empty", "ties at cut"),
    )
    caption = (
        "How alike the answers are, whether anybody judged them or not. RBO takes the order of "
        "equal scores for unknown, so even a list with ties and itself stay below 1. Ties at "
        f"cut: the queries of each for which it is an accident what is within the first {k}."
    )
    return Table("Agreement", caption, headings, rows)


def _slices_table(comparison: Comparison) -> Table:
    base, *others = [system.name for system in comparison.systems]
    rows = []
    for part in comparison.slices:
        gains = {difference.system: difference for difference in part.differences}
        cells = [Cell(f"{part.by}: {part.label}"), Cell(f"{part.queries:,}")]
        cells.append(Cell(format_number(part.means[base])))
        for name in others:
            gain = gains[name]
            cells += [_delta_cell(gain), Cell(format_p(gain.p_shown))]
        rows.append(tuple(cells))
    caption = (
        f"{comparison.primary} of {base}, what the others gain over it, and p by Holm's adjustment "
        "over all slices: with many of them some look better by chance. Bold where established."
    )
    headings = (
        "slice",
        "queries",
        base,
        *(heading for name in others for heading in (f"Δ {name}", "p, Holm")),
    )
    return Table("Slices", caption, headings, tuple(rows))


def _delta_cell(difference: Difference) -> Cell:
    delta, low, high = format_interval(difference.delta, difference.low, difference.high)
    return Cell(delta, f"{low} to {high}", strong=difference.significant)


def _history_table(comparison: Comparison) -> Table:
    names = [system.name for system in comparison.systems]
    rows = tuple(
        (
            Cell(past.created),
            Cell(past.measure),
            Cell(f"{past.queries:,}"),
            *(Cell(f"{past.means[name]:.3f}" if name in past.means else "–") for name in names),
        )
        for past in comparison.history
    )
    caption = "Earlier comparisons in this folder; their systems may have been other ones."
    return Table("History", caption, ("when", "metric", "queries", *names), rows)


def latency_table(latency: Latency) -> Table:
    """Return percentiles by system, with what is needed to read them."""
    ratios = {ratio.system: ratio for ratio in latency.ratios}
    rows: list[tuple[Cell, ...]] = []
    for system in latency.systems:
        own_ratio = ratios.get(system.system)
        rows.append(
            (
                Cell(system.system, f"{system.samples:,} requests"),
                *_percentile_cells(system),
                Cell("")
                if own_ratio is None
                else _ratio_cell(own_ratio.ratio, own_ratio.low, own_ratio.high),
                Cell("")
                if own_ratio is None
                else _ratio_cell(own_ratio.p95, own_ratio.p95_low, own_ratio.p95_high),
                Cell(f"{system.failed:,}"),
            )
        )
    sizes = [percentile.percent for percentile in next(iter(latency.systems)).percentiles] or [
        50,
        90,
        95,
        99,
    ]
    falling = "" if latency.settled else " (still falling)"
    caption = [
        f"{latency.measures.capitalize()}, {latency.load}, {latency.depth} hits, "
        f"{latency.passes} passes after {latency.warmup} of warm-up{falling}, milliseconds of all "
        f"requests that were answered; the driver itself takes {latency.driver_ms * 1000:.2g} µs. "
        "Intervals are over blocks of time. × baseline: the mean ratio of the queries that both "
        "answered, and the ratio of both p95.",
    ]
    if latency.ended:
        caption.append(f"Ended early: {latency.ended}.")
    if latency.unequal_hits:
        caption.append(
            f"{latency.unequal_hits} queries had different numbers of hits: unequal work."
        )
    headings = ("system", *(f"p{size:g}" for size in sizes), "× baseline", "p95 ×", "failed")
    return Table("Latency", " ".join(caption), headings, tuple(rows))


def _percentile_cells(system: SystemLatency) -> tuple[Cell, ...]:
    if system.saturated:
        return (Cell("saturated at this rate"), *(Cell("") for _ in range(3)))
    return tuple(
        _percentile_cell(percentile, system.samples - system.failed)
        for percentile in system.percentiles
    )


def _percentile_cell(percentile: Percentile, answered: int) -> Cell:
    if not answered:
        return Cell("no answer")
    if percentile.ms is None or percentile.low is None or percentile.high is None:
        return Cell("n too small", f"{answered:,} of {percentile.needs:,} requests")
    return Cell(f"{percentile.ms:.3g}", f"{percentile.low:.3g} – {percentile.high:.3g}")


def _ratio_cell(ratio: float | None, low: float | None, high: float | None) -> Cell:
    if ratio is None or low is None or high is None:
        return Cell("n too small")
    return Cell(f"{ratio:.2f}", f"{low:.2f} – {high:.2f}", strong=high < 1)


def cost_table(costs: Sequence[Cost]) -> Table:
    """Return what indexing took, by system."""
    rows = tuple(
        (
            Cell(cost.system),
            Cell(f"{cost.documents:,}"),
            Cell(f"{cost.wall:.2f} s", f"{cost.cpu:.2f} s CPU"),
            Cell(f"{cost.rate:,.0f}"),
            Cell(f"{cost.searchable:.2f} s"),
            Cell("–" if cost.settle is None else f"{cost.settle:.2f} s"),
            Cell(_format_size(cost.bytes)),
            Cell("unknown" if cost.peak is None else _format_size(cost.peak)),
        )
        for cost in costs
    )
    headings = (
        *("system", "documents", "adding", "documents/s"),
        *("searchable after", "settling", "size", "peak memory"),
    )
    caption = f"Size after settling. Peak memory: {MEMORY}; a database server's is not in it."
    return Table("Cost", caption, headings, rows)


def _format_size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count else "in memory"
