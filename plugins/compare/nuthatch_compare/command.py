"""`nuthatch compare`: is B better than A?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from nuthatch import InvalidConfig
from nuthatch_compare.compare import compare
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.gates.baseline_check import baseline_command
from nuthatch_compare.gates.gate import PASSED, check_gate, exit_code, read_gate, resolve_gate
from nuthatch_compare.inputs.judgments import Judgments, read_judgments
from nuthatch_compare.inputs.queries import NamedQuery, read_queries
from nuthatch_compare.inputs.reconciliation import reconcile
from nuthatch_compare.inputs.runs import Run, read_run
from nuthatch_compare.inputs.systems import (
    NamedURL,
    System,
    is_run,
    open_system,
    parse_systems,
    split_run_name,
)
from nuthatch_compare.measures.counts import Counts
from nuthatch_compare.measures.measure import DEFAULT_MEASURES
from nuthatch_compare.online.command import online_command
from nuthatch_compare.performance.indexing import index_systems, read_schema
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.workload import Limits, Load
from nuthatch_compare.report.export import WRITERS, make_folder, read_comparison
from nuthatch_compare.report.history import append_history, read_history
from nuthatch_compare.report.terminal import show_comparison, show_query
from nuthatch_compare.settings import Settings


class _Compare(click.Group):
    """A group whose default command is `run`: `nuthatch compare A B` is `compare run A B`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("compare", cls=_Compare, short_help="Tell whether one engine is better than another.")
def command() -> None:
    """Compare systems."""


command.add_command(online_command)
command.add_command(baseline_command)


@command.command("run")
@click.argument("systems", nargs=-1, metavar="[NAME=]URL|FILE...")
@click.option("--run", "runs", multiple=True, metavar="[NAME=]FILE", help="A run, as FILE is.")
@click.option("--corpus", multiple=True, metavar="CORPUS", help="Index this first, at each URL.")
@click.option("--analyzer", metavar="NAME", help="Of indexes that are made.")
@click.option("--schema", "schema_file", metavar="FILE", help="Of indexes that are made; JSON.")
@click.option("--queries", metavar="FILE", help="JSON Lines, tab-separated, or one text a line.")
@click.option("--qrels", metavar="FILE", help="Judgments: BEIR, TREC, JSON, CSV.")
@click.option(
    "--metrics",
    multiple=True,
    metavar="METRIC",
    help=f"{' '.join(DEFAULT_MEASURES)}; also P@5, P(rel=2)@5, Success@1, Bpref, RBP@20.",
)
@click.option("--primary", multiple=True, metavar="METRIC", help="What decides; several with Holm.")
@click.option("--baseline", metavar="NAME", help="The system to hold others against; the first.")
@click.option(
    "--depth", type=click.IntRange(1), default=100, show_default=True, help="Documents of each."
)
@click.option("--alpha", type=float, default=0.05, show_default=True, help="Level of the tests.")
@click.option("--min-effect", type=float, metavar="X", help="Differences below X do not matter.")
@click.option("--seed", type=int, default=0, show_default=True, help="Repeats a comparison.")
@click.option("--latency", metavar="LOAD", help="closed:N clients, or open:R/s requests.")
@click.option("--passes", type=click.IntRange(1), default=5, show_default=True, help="Of latency.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds a query.")
@click.option("--count", is_flag=True, help="Compare how many documents match, too.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD", help="And counts by value.")
@click.option(
    "--slice", "slices", multiple=True, metavar="FIELD", help="length, or a query's field."
)
@click.option(
    "--gate", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="Rules, TOML."
)
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Files."
)
@click.option("--emit", default="table", show_default=True, help="table,json,csv,trec,html,junit")
@click.option("--title", default="", help="Of the report.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON.")
def run_command(**options: Any) -> int:
    """Compare systems on queries: relevance, agreement, latency, cost.

    A system is the URL of an index or the file of a run (TREC, MS MARCO, JSON), with a name before
    it if you like: ladder=sqlite:x.db?policy=ladder. The first one is the baseline. With --qrels
    the metrics are tested; without, the answers are compared with each other. With --emit html and
    --out there is a report for a browser.

    Also: compare show DIR --query NAME, compare baseline save|check, compare online EVENTS.

    Exit codes: 0 done or passed, 1 a gate failed, 2 wrong use, 3 could not measure.
    """
    emitted = _parse_emit(options["emit"], options["out"])
    texts = [*options["systems"], *options["runs"]]
    of_runs = [text for text in texts if text in options["runs"] or is_run(text)]
    named = parse_systems([text for text in texts if text not in of_runs])
    runs = _read_runs(of_runs)
    if len(named) + len(runs) < 2:
        raise click.UsageError("give two systems or more: [NAME=]URL or the FILE of a run")
    urls, files = iter(named), iter(runs)
    names = [next(files).name if text in of_runs else next(urls).name for text in texts]
    settings = Settings(
        measures=_split_metrics(options["metrics"]) or DEFAULT_MEASURES,
        primary=options["primary"],
        baseline=options["baseline"] or "",
        depth=options["depth"],
        alpha=options["alpha"],
        min_effect=options["min_effect"],
        seed=options["seed"],
    ).for_systems(names)
    rules = read_gate(options["gate"]) if options["gate"] else []
    rules = resolve_gate(rules, names, settings.measures)
    load = Load.parse(options["latency"]) if options["latency"] else None
    history = read_history(make_folder(options["out"])) if options["out"] else ()
    judgments = read_judgments(options["qrels"]) if options["qrels"] else None
    queries = _choose_queries(options["queries"], () if named else runs, judgments)
    judgments = judgments and judgments.for_queries(queries)
    if judgments:  # before a corpus is indexed for nothing
        reconcile(judgments.grades, [query.name for query in queries])
    with ExitStack() as stack:
        systems, costs, notes = _open_systems(stack, named, options, queries[0].text)
        if sys.stderr.isatty():  # a moving line would disturb the latencies
            click.echo(f"asking {len(queries):,} queries of {len(names)} systems …", err=True)
        comparison = compare(
            [*systems, *(System(run.name, run.source, run=run) for run in runs)],
            queries,
            judgments.grades if judgments else None,
            settings=settings,
            latency=load,
            limits=Limits(passes=options["passes"]),
            slices=options["slices"],
            costs=costs,
            timeout=options["timeout"],
            counts=Counts(options["count"], options["facets"]),
            title=options["title"],
        )
    notes += judgments.notes if judgments else ()
    comparison = comparison.model_copy(update={"warnings": (*comparison.warnings, *notes)})
    gate = tuple(check_gate(comparison, rules))
    comparison = comparison.model_copy(update={"gate": gate, "history": history})
    _write_outputs(comparison, emitted, options["out"], options["as_json"])
    return exit_code(gate)


def _parse_emit(text: str, out: Path | None) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in ("table", *WRITERS):
            raise click.UsageError(f"--emit {name}: it is one of table, {', '.join(WRITERS)}")
        if name != "table" and out is None:
            raise click.UsageError(f"--emit {name} writes a file; say where with --out DIR")
    return names


def _read_runs(texts: Sequence[str]) -> list[Run]:
    """Return the runs; where tags are alike, the names of the files stand in for them."""
    given = [split_run_name(text) for text in texts]
    runs = [read_run(path, name) for name, path in given]
    tags = [run.name for run in runs]
    return [
        replace(run, name=Path(path).name.partition(".")[0])
        if name is None and tags.count(run.name) > 1
        else run
        for run, (name, path) in zip(runs, given, strict=True)
    ]


def _open_systems(
    stack: ExitStack, named: Sequence[NamedURL], options: dict[str, Any], search: str
) -> tuple[list[System], list[Cost], list[str]]:
    if not options["corpus"]:
        return [_close_on_exit(stack, open_system(one)) for one in named], [], []
    systems: list[System] = []
    costs: list[Cost] = []
    notes: list[str] = []
    with _show_status("indexing"):
        schema = read_schema(options["schema_file"], options["analyzer"])
        for filled in index_systems(named, options["corpus"], schema, search):
            systems.append(_close_on_exit(stack, filled.system))
            costs += [filled.cost] if filled.cost else []
            notes += [filled.note] if filled.note else []
    return systems, costs, notes


def _close_on_exit(stack: ExitStack, system: System) -> System:
    if system.searcher is not None:
        stack.callback(system.searcher.close)
    return system


def _split_metrics(texts: Sequence[str]) -> list[str]:
    """Return the names of measures, separated by blanks or by commas that stand in no brackets."""
    return [name for text in texts for name in re.split(r"[\s,]+(?![^()]*\))", text) if name]


def _choose_queries(
    path: str | None, runs: Sequence[Run], judgments: Judgments | None
) -> list[NamedQuery]:
    """Return the queries of a file; without one those of the runs, and what was judged besides.

    A judged query that no run holds counts 0, as any query without an answer: most likely the runs
    were cut off.
    """
    if path:
        return read_queries(path)
    if not runs:
        raise click.UsageError("give the queries: --queries FILE")
    names = dict.fromkeys(name for run in runs for name in run.rankings)
    if judgments and any(name in judgments.grades for name in names):
        names |= dict.fromkeys(judgments.grades)
    return [NamedQuery(name, name) for name in names]


def _write_outputs(
    comparison: Comparison, names: list[str], out: Path | None, as_json: bool
) -> None:
    """Write the files and print. Raise the first error after all other outputs."""
    failed: InvalidConfig | None = None
    if out is not None:
        append_history(comparison, out)
        for name in names:
            if name == "table":
                continue
            try:
                click.echo(f"written: {WRITERS[name](comparison, out)}", err=True)
            except InvalidConfig as error:
                failed = failed or error
    if as_json:
        click.echo(comparison.model_dump_json())
    elif "table" in names:
        show_comparison(comparison, Console(highlight=False))
    if failed is not None:
        raise failed


@contextmanager
def _show_status(what: str) -> Iterator[None]:
    if sys.stderr.isatty():
        with Console(stderr=True).status(f"{what} …"):
            yield
    else:
        yield


@command.command("show")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--query", metavar="NAME", help="One query's lists, side by side.")
def show_command(folder: Path, query: str | None) -> int:
    """Show a comparison that was written with --emit json, or one of its queries."""
    comparison = read_comparison(folder)
    console = Console(highlight=False)
    if query is None:
        show_comparison(comparison, console)
        return PASSED
    for answers in comparison.queries:
        if answers.name == query:
            show_query(comparison, answers, console)
            return PASSED
    raise InvalidConfig(f"{folder} holds no query {query!r}")
