"""The short form: what a terminal shows of a comparison."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nuthatch_compare.comparison import Comparison, Listed, QueryAnswers
from nuthatch_compare.formatting import format_interval, format_number, p_value
from nuthatch_compare.performance.latency import SystemLatency
from nuthatch_compare.statistics.intervals import Mean
from nuthatch_compare.statistics.significance import Difference

#: Queries that differ most, and are named.
_MOST = 5


def show(comparison: Comparison, console: Console) -> None:
    """Print the verdict, the tables, the queries that differ most, and the warnings."""
    for number, sentence in enumerate(comparison.verdict):
        console.print(Text(_plain(sentence), style="" if number else "bold"))
    for table in _tables(comparison):
        console.print()
        console.print(table)
    if comparison.differences:
        told = f"* decides. ▲ ▼ differs from {comparison.baseline}, established."
        console.print()
        console.print(Text(_plain(told), style="dim"))
    _show_queries(comparison, console)
    for each in comparison.validity:
        if not each.good:
            console.print(Text(_plain(f"not {each.what}: {each.found}"), style="yellow"))
    for warning in comparison.warnings:
        console.print(Text(_plain(f"note: {warning}"), style="dim"))
    for result in comparison.gate:
        word = {True: "passed", False: "FAILED", None: "not measured"}[result.passed]
        style = {True: "green", False: "red", None: "yellow"}[result.passed]
        told = f"gate {word}: {result.system}: {result.rule}; found {result.found}"
        console.print(Text(_plain(told), style=style))


def _tables(comparison: Comparison) -> Iterator[Table]:
    names = [each.name for each in comparison.systems]
    if comparison.means:
        table = _table("", *names)
        for measure in comparison.settings.measures:
            cells = [
                _cell(comparison.means[name].get(measure), comparison.difference(name, measure))
                for name in names
            ]
            mark = " *" if measure in comparison.settings.primary else ""
            table.add_row(measure + mark, *cells)
        yield table
    if comparison.agreement:
        table = _table("", "overlap", "Jaccard", "RBO", "same first", "only one answered")
        for each in comparison.agreement:
            empty = each.only_a_empty + each.only_b_empty
            shares = (each.overlap, each.jaccard, each.rbo, each.same_top)
            table.add_row(
                _plain(f"{each.a}, {each.b}"), *(f"{share:.2f}" for share in shares), str(empty)
            )
        yield table
    if comparison.slices:
        yield _slices(comparison, names)
    yield from _measured(comparison)


def _slices(comparison: Comparison, names: list[str]) -> Table:
    table = _table(comparison.primary, "queries", *names)
    for part in comparison.slices:
        differences = {one.system: one for one in part.differences}
        cells = [
            f"{part.means[name]:.3f}"
            + (f" {_gain(differences[name])}" if name in differences else "")
            for name in names
        ]
        table.add_row(_plain(f"{part.by}: {part.label}"), str(part.queries), *cells)
    return table


def _gain(found: Difference) -> str:
    delta, low, high = format_interval(found.delta, found.low, found.high)
    return f"{delta} ({low} to {high}; {p_value(found.p_shown)})"


def _measured(comparison: Comparison) -> Iterator[Table]:
    if comparison.latency is not None:
        table = _table(
            f"ms, {comparison.latency.load}", "p50", "p95", "p99", "× baseline", "failed"
        )
        ratios = {each.system: each for each in comparison.latency.ratios}
        for system in comparison.latency.systems:
            times = [_percentile(system, percent) for percent in (50, 95, 99)]
            ratio = ratios.get(system.system)
            shown = "" if ratio is None else f"{ratio.ratio:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
            table.add_row(_plain(system.system), *times, shown, str(system.failed))
        yield table
    if comparison.costs:
        table = _table("indexing", "documents/s", "seconds", "MB", "peak MB")
        for cost in comparison.costs:
            peak = "" if cost.peak is None else f"{cost.peak / 2**20:.0f}"
            table.add_row(
                _plain(cost.system),
                f"{cost.rate:,.0f}",
                f"{cost.wall:.2f}",
                f"{cost.bytes / 2**20:.1f}",
                peak,
            )
        yield table


def _percentile(system: SystemLatency, percent: float) -> str:
    if system.saturated:
        return "saturated"
    if not system.queries:
        return "no answer"
    found = next((each.ms for each in system.percentiles if each.percent == percent), None)
    return "n too small" if found is None else f"{found:.2f}"


def _show_queries(comparison: Comparison, console: Console) -> None:
    primary, base = comparison.primary, comparison.baseline
    rows = [
        (found[name] - found[base], name, query)
        for query in comparison.queries
        if (found := query.values.get(primary, {}))
        for name in found
        if name != base and found[name] != found[base]
    ]
    if not rows:
        return
    rows.sort(key=lambda row: -abs(row[0]))
    console.print()
    console.print(Text(f"queries that differ most in {primary}", style="bold"))
    for delta, name, query in rows[:_MOST]:
        told = _plain(f"  {format_number(delta, sign=True)}  {name}  {query.name}: {query.text}")
        console.print(Text(told), overflow="ellipsis", no_wrap=True)


def show_query(comparison: Comparison, query: QueryAnswers, console: Console) -> None:
    """Print one query's lists side by side; common documents carry their rank elsewhere."""
    console.print(Text(_plain(f"{query.name}: {query.text}"), style="bold"))
    names = [each.name for each in comparison.systems]
    value = query.values.get(comparison.primary, {})
    table = Table(expand=True, caption="[grade], ? where nobody judged; then the rank elsewhere")
    table.add_column("")
    for name in names:
        told = f" {comparison.primary} {value[name]:.3f}" if name in value else ""
        table.add_column(Text(_plain(name + told)), ratio=1)
    ranks = {
        name: {each.uri: rank for rank, each in enumerate(query.lists[name], 1)} for name in names
    }
    for rank in range(max(map(len, query.lists.values()), default=0)):
        cells = []
        for name in names:
            found = query.lists[name]
            cells.append(_listed(found[rank], name, ranks) if rank < len(found) else Text(""))
        table.add_row(str(rank + 1), *cells)
    console.print(table)


def _listed(found: Listed, name: str, ranks: dict[str, dict[str, int]]) -> Text:
    elsewhere = [
        f"{other} {known[found.uri]}"
        for other, known in ranks.items()
        if other != name and found.uri in known
    ]
    grade = "?" if found.grade is None else str(found.grade)
    text = Text(f"[{grade}] ", style="green" if (found.grade or 0) > 0 else "dim")
    text.append(_plain(found.title or found.uri), style="")
    text.append(f"  {', '.join(elsewhere) or 'only here'}", style="dim")
    return text


def _cell(mean: Mean | None, difference: Difference | None) -> Text:
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


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(_plain(first))
    for name in others:
        table.add_column(_plain(name), justify="right")
    return table


def _plain(text: str) -> str:
    """Return a text without what a terminal would obey."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
