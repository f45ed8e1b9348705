"""The sections of a report: the tables of what a comparison found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nuthatch_compare.bootstrap import Mean
from nuthatch_compare.comparison import Comparison, SystemFacts
from nuthatch_compare.report.page import Cell, Table
from nuthatch_compare.report.tables import cost_table, latency_table
from nuthatch_compare.significance import Difference


def sections(comparison: Comparison) -> Iterator[Table]:
    """Yields a table for each part of a comparison that there is."""
    if comparison.gate:
        yield _gate(comparison)
    yield _systems(comparison.systems)
    if comparison.means:
        yield _metrics(comparison)
        yield _tests(comparison)
        yield _coverage(comparison)
    if comparison.agreement:
        yield _agreement(comparison)
    if comparison.slices:
        yield _slices(comparison)
    if comparison.latency is not None:
        yield latency_table(comparison.latency)
    if comparison.costs:
        yield cost_table(comparison.costs)
    if comparison.history:
        yield _history(comparison)


def _gate(comparison: Comparison) -> Table:
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


def _systems(systems: Sequence[SystemFacts]) -> Table:
    rows = tuple(
        (
            Cell(each.name, each.source),
            Cell(each.engine),
            Cell(each.policy or "–"),
            Cell("–" if each.documents is None else f"{each.documents:,}"),
            Cell(f"{each.answered:,}"),
            Cell(f"{each.empty:,}"),
            Cell(f"{each.failed:,}"),
            Cell(f"{each.timed_out:,}"),
        )
        for each in systems
    )
    caption = "Queries answered, without a hit, failed and out of time are different things."
    headings = ("system", "engine", "policy", "documents", "answered", "no hit", "failed", "late")
    return Table("Systems", caption, headings, rows, words=3)


def _metrics(comparison: Comparison) -> Table:
    names = [each.name for each in comparison.systems]
    rows = tuple(
        (
            Cell(measure),
            *(
                _mean(comparison.means[name][measure], comparison.difference(name, measure))
                for name in names
            ),
        )
        for measure in comparison.settings.measures
    )
    primary = ", ".join(comparison.settings.primary)
    caption = (
        f"Means over {comparison.judged:,} judged queries with bootstrap intervals. {primary} "
        f"decides; the rest is exploratory. Bold where better than {comparison.baseline}, "
        "established."
    )
    return Table("Relevance", caption, ("metric", *names), rows)


def _mean(mean: Mean, difference: Difference | None) -> Cell:
    strong = difference is not None and difference.significant and difference.delta > 0
    return Cell(f"{mean.mean:.3f}", f"{mean.low:.3f} – {mean.high:.3f}", strong)


def _tests(comparison: Comparison) -> Table:
    rows = tuple(
        (
            Cell(each.measure, f"{each.system} − {each.baseline}"),
            Cell(f"{each.delta:+.3f}", f"{each.low:+.3f} – {each.high:+.3f}", each.significant),
            Cell(_p(each.p), "exact" if each.exact else f"{each.permutations:,} permutations"),
            Cell("" if each.adjusted is None else _p(each.adjusted)),
            Cell("" if each.p_t is None else _p(each.p_t)),
            Cell("" if each.effect is None else f"{each.effect:+.2f}"),
            Cell("" if each.detectable is None else f"{each.detectable:.3f}"),
            Cell(f"{each.wins} / {each.ties} / {each.losses}"),
        )
        for each in comparison.differences
    )
    caption = (
        "Paired permutation test, Holm's adjustment over the metrics that decide, Student's t "
        "beside it. Detectable: the true difference that four of five such comparisons would find."
    )
    headings = ("difference", "Δ", "p", "p, Holm", "p, t", "effect", "detectable", "w / t / l")
    return Table("Is the difference real?", caption, headings, rows)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _coverage(comparison: Comparison) -> Table:
    primary = comparison.primary
    rows = tuple(
        (
            Cell(each.system),
            Cell(f"{each.judged:.0%}"),
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
        f"How many of the first {depth} documents somebody judged; {primary} if no unjudged "
        "document is relevant, and at best; and with unjudged documents left out."
    )
    headings = ("system", "judged", "unjudged", f"{primary}, bounds", "condensed")
    return Table("How much is judged?", caption, headings, rows)


def _agreement(comparison: Comparison) -> Table:
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


def _slices(comparison: Comparison) -> Table:
    names = [each.name for each in comparison.systems]
    rows = tuple(
        (
            Cell(f"{each.by}: {each.label}"),
            Cell(f"{each.queries:,}", "" if each.large_enough else "too few"),
            *(
                Cell(
                    f"{each.means[name]:.3f}",
                    f"{each.deltas[name]:+.3f}" if name in each.deltas else "",
                )
                for name in names
            ),
        )
        for each in comparison.slices
    )
    caption = f"Means of {comparison.primary}; below them the difference to {names[0]}."
    return Table("Slices", caption, ("slice", "queries", *names), rows)


def _history(comparison: Comparison) -> Table:
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
