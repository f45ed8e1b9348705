"""The tables of a report: one for each part of a comparison that was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nuthatch_compare.comparison import Comparison, SystemFacts
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
            Cell(each.rule),
            Cell(each.system),
            Cell(words[each.passed], strong=each.passed is not True),
            Cell(each.found),
        )
        for each in comparison.gate
    )
    headings = ("rule", "system", "result", "found")
    return Table("Gate", "Rules of this comparison.", headings, rows, words=4)


def _systems_table(systems: Sequence[SystemFacts]) -> Table:
    rows = tuple(
        (
            Cell(each.name, each.source),
            Cell(each.engine),
            Cell(each.policy or "–"),
            Cell("–" if each.documents is None else f"{each.documents:,}"),
            Cell(f"{each.answered:,}"),
            Cell(f"{each.empty:,}", f"{each.missing:,} not in the run" if each.missing else ""),
            Cell(f"{each.failed:,}"),
            Cell(f"{each.timed_out:,}"),
        )
        for each in systems
    )
    caption = "Queries answered, without a hit, failed and out of time are different things."
    headings = ("system", "engine", "policy", "documents", "answered", "no hit", "failed", "late")
    return Table("Systems", caption, headings, rows, words=3)


def _relevance_table(comparison: Comparison) -> Table:
    names = [each.name for each in comparison.systems]
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
            Cell(one.measure, f"{one.system} − {one.baseline}"),
            _delta_cell(one),
            Cell(format_p(one.p_shown), _format_test(one)),
            Cell("–" if one.p_t is None else format_p(one.p_t)),
            Cell("–" if one.effect is None else f"{one.effect:+.2f}"),
            Cell("nothing" if one.detectable is None else format_number(one.detectable)),
            *([_equivalence_cell(one)] if comparison.settings.min_effect else []),
            Cell(f"{one.wins} / {one.ties} / {one.losses}"),
        )
        for one in comparison.differences
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


def _format_test(found: Difference) -> str:
    kind = "exact" if found.exact else f"{found.permutations:,} permutations"
    return f"{'exploratory' if found.adjusted is None else 'Holm'}, {kind}"


def _equivalence_cell(found: Difference) -> Cell:
    test = found.equivalence
    if test is None:
        return Cell("–")
    p = test.p if test.adjusted is None else test.adjusted
    return Cell(format_p(p), "exploratory" if test.adjusted is None else "Holm", test.established)


def _coverage_table(comparison: Comparison) -> Table:
    primary = comparison.primary
    rows = tuple(
        (
            Cell(each.system),
            Cell(
                "–" if each.judged is None else f"{each.judged:.0%}", f"{each.answered:,} queries"
            ),
            Cell(f"{each.unjudged:,}"),
            *(
                (Cell(f"{found.low:.3f} – {found.high:.3f}"), Cell(f"{found.condensed:.3f}"))
                if (found := each.bounds.get(primary)) is not None
                else (Cell("–"), Cell("–"))
            ),
        )
        for each in comparison.coverage
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
            Cell(f"{each.a}, {each.b}"),
            Cell(f"{each.overlap:.0%}"),
            Cell(f"{each.jaccard:.0%}"),
            Cell(f"{each.rbo:.3f}", f"{each.rbo_low:.3f} – {each.rbo_high:.3f}"),
            Cell("–" if each.tau_ap is None else f"{each.tau_ap:.2f}"),
            Cell(f"{each.same_top:.0%}"),
            Cell("–" if each.rank_shift is None else f"{each.rank_shift:.1f}"),
            Cell(f"{each.only_a_empty} / {each.only_b_empty}"),
            Cell(
                " / ".join("–" if share is None else f"{share:.0%}" for share in each.ties_at_cut)
            ),
        )
        for each in comparison.agreement
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
    base, *others = [facts.name for facts in comparison.systems]
    rows = []
    for part in comparison.slices:
        gains = {one.system: one for one in part.differences}
        cells = [Cell(f"{part.by}: {part.label}"), Cell(f"{part.queries:,}")]
        cells.append(Cell(format_number(part.means[base])))
        for name in others:
            found = gains[name]
            cells += [_delta_cell(found), Cell(format_p(found.p_shown))]
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


def _delta_cell(found: Difference) -> Cell:
    delta, low, high = format_interval(found.delta, found.low, found.high)
    return Cell(delta, f"{low} to {high}", strong=found.significant)


def _history_table(comparison: Comparison) -> Table:
    names = [each.name for each in comparison.systems]
    rows = tuple(
        (
            Cell(each.created),
            Cell(each.measure),
            Cell(f"{each.queries:,}"),
            *(Cell(f"{each.means[name]:.3f}" if name in each.means else "–") for name in names),
        )
        for each in comparison.history
    )
    caption = "Earlier comparisons in this folder; their systems may have been other ones."
    return Table("History", caption, ("when", "metric", "queries", *names), rows)


def latency_table(latency: Latency) -> Table:
    """Return percentiles by system, with what is needed to read them."""
    ratios = {each.system: each for each in latency.ratios}
    rows: list[tuple[Cell, ...]] = []
    for system in latency.systems:
        found = ratios.get(system.system)
        rows.append(
            (
                Cell(system.system, f"{system.samples:,} requests"),
                *_percentile_cells(system),
                Cell("") if found is None else _ratio_cell(found.ratio, found.low, found.high),
                Cell("")
                if found is None
                else _ratio_cell(found.p95, found.p95_low, found.p95_high),
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


def _percentile_cells(system: SystemLatency) -> tuple[Cell, ...]:
    if system.saturated:
        return (Cell("saturated at this rate"), *(Cell("") for _ in range(3)))
    return tuple(
        _percentile_cell(each, system.samples - system.failed) for each in system.percentiles
    )


def _percentile_cell(each: Percentile, answered: int) -> Cell:
    if not answered:
        return Cell("no answer")
    if each.ms is None or each.low is None or each.high is None:
        return Cell("n too small", f"{answered:,} of {each.needs:,} requests")
    return Cell(f"{each.ms:.3g}", f"{each.low:.3g} – {each.high:.3g}")


def _ratio_cell(ratio: float | None, low: float | None, high: float | None) -> Cell:
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
            Cell(_format_size(each.bytes)),
            Cell("unknown" if each.peak is None else _format_size(each.peak)),
        )
        for each in costs
    )
    headings = (
        *("system", "documents", "adding", "documents/s"),
        *("searchable after", "settling", "size", "peak memory"),
    )
    caption = f"Size after settling. Peak memory: {MEMORY}; a database server's is not in it."
    return Table("Cost", caption, headings, rows)


def _format_size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count else "in memory"
