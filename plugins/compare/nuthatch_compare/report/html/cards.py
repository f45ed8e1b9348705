"""Cards and the forest plot: what a reader sees first, and the same for all metrics and slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nuthatch_compare.comparison import Comparison
from nuthatch_compare.formatting import format_count, format_interval, format_number, format_p_value
from nuthatch_compare.report.html.charts import choose_class, draw_interval_bar, fit_scale
from nuthatch_compare.report.html.page import Card, Forest, ForestRow
from nuthatch_compare.report.verdict import describe_power
from nuthatch_compare.statistics.significance import Difference, Outcome

_OUTCOMES: Final[dict[Outcome, str]] = {
    "better": "Better",
    "worse": "Worse",
    "equivalent": "Equivalent",
    "same": "The same",
    "too few": "Too few queries",
}
#: Of fewer queries an interval is too wide to set the scale of the others.
_SETS_SCALE: Final = 6


def cards(comparison: Comparison) -> Iterator[Card]:
    """Yield a card for each system and metric that decides."""
    deciding = [
        difference for difference in comparison.differences if difference.adjusted is not None
    ]
    scale = fit_scale(deciding)
    level = 100 * (1 - comparison.settings.alpha)
    for difference in deciding:
        means = (format_number(mean) for mean in (difference.baseline_mean, difference.system_mean))
        yield Card(
            kind=choose_class(difference),
            outcome=_OUTCOMES[difference.outcome],
            systems=f"{difference.system} against {difference.baseline}",
            answer=_format_answer(difference),
            bar=draw_interval_bar(difference, scale),
            scale=format_number(scale),
            means=f"{difference.measure} {' → '.join(means)}",
            figures=_format_figures(difference, level),
            queries=(
                f"{difference.wins:,} better, {difference.ties:,} equal, {difference.losses:,} "
                "worse of "
                f"{format_count(difference.queries, 'query', 'queries')}"
            ),
        )


def _format_answer(difference: Difference) -> str:
    if difference.outcome == "same":
        few = difference.queries < difference.least_differing
        more = f" {describe_power(difference)}" if few else ""
        judged = format_count(difference.queries, "judged query", "judged queries")
        return f"The same {difference.measure} on all {judged}.{more}"
    if difference.outcome == "equivalent" and difference.equivalence is not None:
        test = difference.equivalence
        p = test.p if test.adjusted is None else test.adjusted
        real = " There is a difference, too small to matter." if difference.significant else ""
        return (
            f"The difference in {difference.measure} is within ±{test.margin:g}, established "
            f"({format_p_value(p)}).{real}"
        )
    if difference.significant:
        return (
            f"{difference.measure} is {'higher' if difference.delta > 0 else 'lower'}, established."
        )
    return f"Which is better cannot be told. {describe_power(difference)}"


def _format_figures(difference: Difference, level: float) -> str:
    delta, low, high = format_interval(difference.delta, difference.low, difference.high)
    of = " of any difference" if difference.outcome == "equivalent" else ""
    return (
        f"{delta}, {level:.4g} % interval {low} to {high}, {format_p_value(difference.p_shown)}{of}"
    )


def forests(comparison: Comparison) -> Iterator[Forest]:
    """Yield a plot for each system: its metrics, then its slices, on one scale."""
    for system in comparison.systems:
        metrics = [
            difference for difference in comparison.differences if difference.system == system.name
        ]
        slices = [
            (part, difference)
            for part in comparison.slices
            for difference in part.differences
            if difference.system == system.name
        ]
        if not metrics:
            continue
        large = [difference for _, difference in slices if difference.queries >= _SETS_SCALE]
        scale = fit_scale([*metrics, *large])
        rows = [
            _row(difference.measure, difference, scale, _kind(difference)) for difference in metrics
        ]
        for part, difference in slices:
            rows.append(_row(f"{part.by}: {part.label}", difference, scale, difference.measure))
        yield Forest(system.name, comparison.baseline, format_number(scale), tuple(rows))


def _kind(difference: Difference) -> str:
    return "exploratory" if difference.adjusted is None else "decides"


def _row(label: str, difference: Difference, scale: float, note: str) -> ForestRow:
    delta, low, high = format_interval(difference.delta, difference.low, difference.high)
    return ForestRow(
        label=label,
        note=f"{note}, {format_count(difference.queries, 'query', 'queries')}",
        bar=draw_interval_bar(difference, scale),
        delta=delta,
        interval=f"{low} to {high}",
        p=format_p_value(difference.p_shown),
        strong=difference.significant,
    )
