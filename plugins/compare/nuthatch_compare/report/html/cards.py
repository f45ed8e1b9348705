"""Cards and the forest plot: what a reader sees first, and the same for all metrics and slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from nuthatch_compare.comparison import Comparison
from nuthatch_compare.formatting import counted, format_interval, format_number, p_value
from nuthatch_compare.report.html.charts import choose_class, draw_interval_bar, fit_scale
from nuthatch_compare.report.html.page import Card, Forest, ForestRow
from nuthatch_compare.report.verdict import found_in_four_of_five
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
    deciding = [one for one in comparison.differences if one.adjusted is not None]
    scale = fit_scale(deciding)
    level = 100 * (1 - comparison.settings.alpha)
    for found in deciding:
        means = (format_number(mean) for mean in (found.baseline_mean, found.system_mean))
        yield Card(
            kind=choose_class(found),
            outcome=_OUTCOMES[found.outcome],
            systems=f"{found.system} against {found.baseline}",
            answer=_format_answer(found),
            bar=draw_interval_bar(found, scale),
            scale=format_number(scale),
            means=f"{found.measure} {' → '.join(means)}",
            figures=_format_figures(found, level),
            queries=(
                f"{found.wins:,} better, {found.ties:,} equal, {found.losses:,} worse of "
                f"{counted(found.queries, 'query', 'queries')}"
            ),
        )


def _format_answer(found: Difference) -> str:
    if found.outcome == "same":
        few = found.queries < found.least_differing
        more = f" {found_in_four_of_five(found)}" if few else ""
        judged = counted(found.queries, "judged query", "judged queries")
        return f"The same {found.measure} on all {judged}.{more}"
    if found.outcome == "equivalent" and found.equivalence is not None:
        test = found.equivalence
        p = test.p if test.adjusted is None else test.adjusted
        real = " There is a difference, too small to matter." if found.significant else ""
        return (
            f"The difference in {found.measure} is within ±{test.margin:g}, established "
            f"({p_value(p)}).{real}"
        )
    if found.significant:
        return f"{found.measure} is {'higher' if found.delta > 0 else 'lower'}, established."
    return f"Which is better cannot be told. {found_in_four_of_five(found)}"


def _format_figures(found: Difference, level: float) -> str:
    delta, low, high = format_interval(found.delta, found.low, found.high)
    of = " of any difference" if found.outcome == "equivalent" else ""
    return f"{delta}, {level:.4g} % interval {low} to {high}, {p_value(found.p_shown)}{of}"


def forests(comparison: Comparison) -> Iterator[Forest]:
    """Yield a plot for each system: its metrics, then its slices, on one scale."""
    for facts in comparison.systems:
        metrics = [one for one in comparison.differences if one.system == facts.name]
        slices = [
            (part, one)
            for part in comparison.slices
            for one in part.differences
            if one.system == facts.name
        ]
        if not metrics:
            continue
        large = [one for _, one in slices if one.queries >= _SETS_SCALE]
        scale = fit_scale([*metrics, *large])
        rows = [_row(one.measure, one, scale, _kind(one)) for one in metrics]
        for part, one in slices:
            rows.append(_row(f"{part.by}: {part.label}", one, scale, one.measure))
        yield Forest(facts.name, comparison.baseline, format_number(scale), tuple(rows))


def _kind(found: Difference) -> str:
    return "exploratory" if found.adjusted is None else "decides"


def _row(label: str, found: Difference, scale: float, note: str) -> ForestRow:
    delta, low, high = format_interval(found.delta, found.low, found.high)
    return ForestRow(
        label=label,
        note=f"{note}, {counted(found.queries, 'query', 'queries')}",
        bar=draw_interval_bar(found, scale),
        delta=delta,
        interval=f"{low} to {high}",
        p=p_value(found.p_shown),
        strong=found.significant,
    )
