"""The short form: what a terminal shows of a comparison."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nuthatch_compare.comparison import Comparison, ListedDocument, QueryAnswers
from nuthatch_compare.formatting import format_interval, format_number, format_p_value
from nuthatch_compare.performance.latency import SystemLatency
from nuthatch_compare.statistics.intervals import Mean
from nuthatch_compare.statistics.significance import Difference

#: Queries that differ most, and are named.
_MOST = 5


def show_comparison(comparison: Comparison, console: Console) -> None:
    """Print the verdict, the tables, the queries that differ most, and the warnings."""
    for number, sentence in enumerate(comparison.verdict):
        console.print(Text(_replace_controls(sentence), style="" if number else "bold"))
    for table in _list_tables(comparison):
        console.print()
        console.print(table)
    if comparison.differences:
        line = f"* decides. ▲ ▼ differs from {comparison.baseline}, established."
        console.print()
        console.print(Text(_replace_controls(line), style="dim"))
    _show_queries(comparison, console)
    for condition in comparison.validity:
        if not condition.good:
            console.print(
                Text(_replace_controls(f"not {condition.what}: {condition.found}"), style="yellow")
            )
    for warning in comparison.warnings:
        console.print(Text(_replace_controls(f"note: {warning}"), style="dim"))
    for result in comparison.gate:
        word = {True: "passed", False: "FAILED", None: "not measured"}[result.passed]
        style = {True: "green", False: "red", None: "yellow"}[result.passed]
        line = f"gate {word}: {result.system}: {result.rule}; found {result.found}"
        console.print(Text(_replace_controls(line), style=style))


def _list_tables(comparison: Comparison) -> Iterator[Table]:
    names = [system.name for system in comparison.systems]
    if comparison.means:
        table = _new_table("", *names)
        for measure in comparison.settings.measures:
            cells = [
                _format_mean(
                    comparison.means[name].get(measure), comparison.difference(name, measure)
                )
                for name in names
            ]
            mark = " *" if measure in comparison.settings.primary else ""
            table.add_row(measure + mark, *cells)
        yield table
    if comparison.agreement:
        table = _new_table("", "overlap", "Jaccard", "RBO", "same first", "only one answered")
        for agreement in comparison.agreement:
            empty = agreement.only_a_empty + agreement.only_b_empty
            shares = (agreement.overlap, agreement.jaccard, agreement.rbo, agreement.same_top)
            table.add_row(
                _replace_controls(f"{agreement.a}, {agreement.b}"),
                *(f"{share:.2f}" for share in shares),
                str(empty),
            )
        yield table
    if comparison.slices:
        yield _slices_table(comparison, names)
    yield from _performance_tables(comparison)


def _slices_table(comparison: Comparison, names: list[str]) -> Table:
    table = _new_table(comparison.primary, "queries", *names)
    for part in comparison.slices:
        differences = {difference.system: difference for difference in part.differences}
        cells = [
            f"{part.means[name]:.3f}"
            + (f" {_format_gain(differences[name])}" if name in differences else "")
            for name in names
        ]
        table.add_row(_replace_controls(f"{part.by}: {part.label}"), str(part.queries), *cells)
    return table


def _format_gain(difference: Difference) -> str:
    delta, low, high = format_interval(difference.delta, difference.low, difference.high)
    return f"{delta} ({low} to {high}; {format_p_value(difference.p_shown)})"


def _performance_tables(comparison: Comparison) -> Iterator[Table]:
    if comparison.latency is not None:
        table = _new_table(
            f"ms, {comparison.latency.load}", "p50", "p95", "p99", "× baseline", "failed"
        )
        ratios = {ratio.system: ratio for ratio in comparison.latency.ratios}
        for system in comparison.latency.systems:
            times = [_format_percentile(system, percent) for percent in (50, 95, 99)]
            ratio = ratios.get(system.system)
            shown = "" if ratio is None else f"{ratio.ratio:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
            table.add_row(_replace_controls(system.system), *times, shown, str(system.failed))
        yield table
    if comparison.costs:
        table = _new_table("indexing", "documents/s", "seconds", "MB", "peak MB")
        for cost in comparison.costs:
            peak = "" if cost.peak is None else f"{cost.peak / 2**20:.0f}"
            table.add_row(
                _replace_controls(cost.system),
                f"{cost.rate:,.0f}",
                f"{cost.wall:.2f}",
                f"{cost.bytes / 2**20:.1f}",
                peak,
            )
        yield table


def _format_percentile(system: SystemLatency, percent: float) -> str:
    if system.saturated:
        return "saturated"
    if not system.queries:
        return "no answer"
    ms = next(
        (percentile.ms for percentile in system.percentiles if percentile.percent == percent), None
    )
    return "n too small" if ms is None else f"{ms:.2f}"


def _show_queries(comparison: Comparison, console: Console) -> None:
    primary, base = comparison.primary, comparison.baseline
    rows = [
        (values[name] - values[base], name, query)
        for query in comparison.queries
        if (values := query.values.get(primary, {}))
        for name in values
        if name != base and values[name] != values[base]
    ]
    if not rows:
        return
    rows.sort(key=lambda row: -abs(row[0]))
    console.print()
    console.print(Text(f"queries that differ most in {primary}", style="bold"))
    for delta, name, query in rows[:_MOST]:
        line = _replace_controls(
            f"  {format_number(delta, sign=True)}  {name}  {query.name}: {query.text}"
        )
        console.print(Text(line), overflow="ellipsis", no_wrap=True)


def show_query(comparison: Comparison, query: QueryAnswers, console: Console) -> None:
    """Print one query's lists side by side; common documents carry their rank elsewhere."""
    console.print(Text(_replace_controls(f"{query.name}: {query.text}"), style="bold"))
    names = [system.name for system in comparison.systems]
    value = query.values.get(comparison.primary, {})
    table = Table(expand=True, caption="[grade], ? where nobody judged; then the rank elsewhere")
    table.add_column("")
    for name in names:
        heading = f" {comparison.primary} {value[name]:.3f}" if name in value else ""
        table.add_column(Text(_replace_controls(name + heading)), ratio=1)
    ranks = {
        name: {document.uri: rank for rank, document in enumerate(query.lists[name], 1)}
        for name in names
    }
    for rank in range(max(map(len, query.lists.values()), default=0)):
        cells = []
        for name in names:
            documents = query.lists[name]
            cells.append(
                _format_document(documents[rank], name, ranks)
                if rank < len(documents)
                else Text("")
            )
        table.add_row(str(rank + 1), *cells)
    console.print(table)


def _format_document(document: ListedDocument, name: str, ranks: dict[str, dict[str, int]]) -> Text:
    elsewhere = [
        f"{other} {known[document.uri]}"
        for other, known in ranks.items()
        if other != name and document.uri in known
    ]
    grade = "?" if document.grade is None else str(document.grade)
    text = Text(f"[{grade}] ", style="green" if (document.grade or 0) > 0 else "dim")
    text.append(_replace_controls(document.title or document.uri), style="")
    text.append(f"  {', '.join(elsewhere) or 'only here'}", style="dim")
    return text


def _format_mean(mean: Mean | None, difference: Difference | None) -> Text:
    if mean is None:
        return Text("–")
    text = Text(f"{mean.mean:.3f}")
    if difference is not None:
        sign = " ▲" if difference.delta > 0 else " ▼"
        strong = difference.significant
        delta = format_number(difference.delta, sign=True)
        text.append(f" {delta}", style="bold" if strong else "dim")
        text.append(sign if strong else "", style="green" if difference.delta > 0 else "red")
    return text


def _new_table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(_replace_controls(first))
    for name in others:
        table.add_column(_replace_controls(name), justify="right")
    return table


def _replace_controls(text: str) -> str:
    """Return a text without what a terminal would obey."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
