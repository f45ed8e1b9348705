"""`nuthatch compare`: is B better than A?"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from nuthatch import InvalidConfig, Schema
from nuthatch_compare.compare import compare
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.cost import Cost
from nuthatch_compare.export import WRITERS, read_comparison, write_json
from nuthatch_compare.gate import check_gate, read_gate
from nuthatch_compare.gated import GateResult
from nuthatch_compare.history import read_history, remember
from nuthatch_compare.indexing import indexed
from nuthatch_compare.judgments import read_judgments
from nuthatch_compare.measures import DEFAULT
from nuthatch_compare.online import online_command
from nuthatch_compare.queries import NamedQuery, read_queries
from nuthatch_compare.runs import read_run
from nuthatch_compare.saved import check_saved
from nuthatch_compare.system import System, named_systems, opened
from nuthatch_compare.terminal import show, show_query
from nuthatch_compare.workload import Bounds, Load

PASSED: Final = 0
FAILED: Final = 1
COULD_NOT_MEASURE: Final = 3


class _Compare(click.Group):
    """Takes systems where a subcommand could stand: `nuthatch compare A B` is `compare run A B`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("compare", cls=_Compare, short_help="Tell whether one engine is better than another.")
def command() -> None:
    """Compare systems."""


command.add_command(online_command)


@command.command("run")
@click.argument("systems", nargs=-1, metavar="[NAME=]URL...")
@click.option("--run", "runs", multiple=True, metavar="[NAME=]FILE", help="A run in TREC's format.")
@click.option("--corpus", multiple=True, metavar="CORPUS", help="Index this first, at each URL.")
@click.option("--analyzer", metavar="NAME", help="Of indexes that are made.")
@click.option("--schema", "schema_file", metavar="FILE", help="Of indexes that are made; JSON.")
@click.option("--queries", metavar="FILE", help="JSON Lines, tab-separated, or one text a line.")
@click.option("--qrels", metavar="FILE", help="Judgments: BEIR, TREC, JSON Lines, tab-separated.")
@click.option(
    "--metrics", default=" ".join(DEFAULT), show_default=True, help="Separated by blanks."
)
@click.option("--primary", multiple=True, metavar="METRIC", help="What decides; the first metric.")
@click.option("--baseline", metavar="NAME", help="The system to hold others against; the first.")
@click.option("--depth", type=click.IntRange(1), default=100, show_default=True, help="Documents.")
@click.option("--alpha", type=float, default=0.05, show_default=True, help="Level of the tests.")
@click.option("--seed", type=int, default=0, show_default=True, help="Repeats a comparison.")
@click.option("--latency", metavar="LOAD", help="closed:N clients, or open:R/s requests.")
@click.option("--passes", type=click.IntRange(1), default=5, show_default=True, help="Of latency.")
@click.option("--timeout", type=float, metavar="SECONDS", help="For each query.")
@click.option(
    "--slice", "slices", multiple=True, metavar="FIELD", help="length, or a query's field."
)
@click.option("--gate", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="Rules.")
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Files."
)
@click.option("--emit", default="table", show_default=True, help="table,json,csv,trec,html,junit")
@click.option("--title", default="", help="Of the report.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON.")
def run_command(**options: Any) -> int:
    """Compare systems on queries: relevance, agreement, latency, cost.

    A system is the URL of an index, with a name before it if you like:
    ladder=sqlite:x.db?policy=ladder. The first one is the baseline. With --qrels the metrics are
    tested; without, the answers are compared with each other. With --emit html and --out there
    is a report for a browser.

    Also: compare show DIR --query NAME, compare baseline save|check, compare online EVENTS.

    Exit codes: 0 done or passed, 1 a gate failed, 2 wrong use, 3 could not measure.
    """
    emitted = _emitted(options["emit"], options["out"])
    rules = read_gate(options["gate"]) if options["gate"] else []
    history = read_history(options["out"]) if options["out"] else ()
    with ExitStack() as stack:
        systems, costs, notes = _systems(stack, options)
        comparison = compare(
            systems,
            _queries(options["queries"], systems),
            read_judgments(options["qrels"]).grades if options["qrels"] else None,
            measures=options["metrics"].replace(",", " ").split(),
            primary=options["primary"],
            baseline=options["baseline"],
            depth=options["depth"],
            alpha=options["alpha"],
            seed=options["seed"],
            latency=Load.parse(options["latency"]) if options["latency"] else None,
            bounds=Bounds(passes=options["passes"]),
            slices=options["slices"],
            costs=costs,
            timeout=options["timeout"],
            title=options["title"],
        )
    comparison = comparison.model_copy(update={"warnings": (*comparison.warnings, *notes)})
    gate = tuple(check_gate(comparison, rules))
    comparison = comparison.model_copy(update={"gate": gate, "history": history})
    _emit(comparison, emitted, options["out"], options["as_json"])
    return _code(gate)


def _emitted(text: str, out: Path | None) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in ("table", *WRITERS):
            raise click.UsageError(f"--emit {name}: it is one of table, {', '.join(WRITERS)}")
        if name != "table" and out is None:
            raise click.UsageError(f"--emit {name} writes a file; say where with --out DIR")
    return names


def _systems(
    stack: ExitStack, options: dict[str, Any]
) -> tuple[list[System], list[Cost], list[str]]:
    named = named_systems(options["systems"])
    systems: list[System] = []
    costs: list[Cost] = []
    notes: list[str] = []
    if options["corpus"]:
        queries = _queries(options["queries"], ())
        with _patience("indexing"):
            for each in indexed(named, options["corpus"], _schema(options), queries[0].text):
                _closed_later(stack, each.system)
                systems.append(each.system)
                costs += [each.cost] if each.cost else []
                notes += [each.note] if each.note else []
    else:
        systems += [_closed_later(stack, opened(one)) for one in named]
    for text in options["runs"]:
        name, found, path = text.partition("=")
        run = read_run(path, name) if found else read_run(text)
        systems.append(System(run.name, run.source, run=run))
    if len(systems) < 2:
        raise click.UsageError("give two systems or more: [NAME=]URL, or --run FILE")
    return systems, costs, notes


def _closed_later(stack: ExitStack, system: System) -> System:
    if system.searcher is not None:
        stack.callback(system.searcher.close)
    return system


def _schema(options: dict[str, Any]) -> Schema | None:
    schema: Schema | None = None
    if options["schema_file"]:
        try:
            schema = Schema.from_json(Path(options["schema_file"]).read_bytes())
        except OSError as error:
            raise InvalidConfig(f"the schema cannot be read: {error}") from error
    if options["analyzer"]:
        own = schema.model_dump() if schema else {}
        schema = Schema.model_validate({**own, "analyzer": options["analyzer"]})
    return schema


def _queries(path: str | None, systems: Sequence[System]) -> list[NamedQuery]:
    if path:
        return read_queries(path)
    runs = [each.run for each in systems if each.run is not None]
    if not runs or len(runs) < len(systems):
        raise click.UsageError("give the queries: --queries FILE")
    names = dict.fromkeys(name for run in runs for name in run.rankings)
    return [NamedQuery(name, name) for name in names]


def _emit(comparison: Comparison, names: list[str], out: Path | None, as_json: bool) -> None:
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        remember(comparison, out)
        written = [WRITERS[name](comparison, out) for name in names if name != "table"]
        for path in written:
            click.echo(f"written: {path}", err=True)
    if as_json:
        click.echo(comparison.model_dump_json())
    elif "table" in names:
        show(comparison, Console(highlight=False))


def _code(gate: Sequence[GateResult]) -> int:
    if any(each.passed is False for each in gate):
        return FAILED
    return COULD_NOT_MEASURE if any(each.passed is None for each in gate) else PASSED


@contextmanager
def _patience(what: str) -> Iterator[None]:
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
        show(comparison, console)
        return PASSED
    for each in comparison.queries:
        if each.name == query:
            show_query(comparison, each, console)
            return PASSED
    raise InvalidConfig(f"{folder} holds no query {query!r}")


@command.group("baseline")
def baseline_command() -> None:
    """Save a comparison, and check later ones against it."""


@baseline_command.command("save")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def save_command(folder: Path, target: Path) -> int:
    """Save the comparison of FOLDER in TARGET."""
    comparison = read_comparison(folder)
    target.mkdir(parents=True, exist_ok=True)
    click.echo(f"saved: {write_json(comparison, target)}")
    return PASSED


@baseline_command.command("check")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("saved", type=click.Path(exists=True, path_type=Path))
@click.option("--max-drop", type=float, default=0.01, show_default=True, help="What is no loss.")
def check_command(folder: Path, saved: Path, max_drop: float) -> int:
    """Check that no system of FOLDER is worse than it was in SAVED.

    Exit codes: 0 none is, 1 one is, 3 could not be told.
    """
    if not max_drop >= 0:
        raise click.UsageError(f"--max-drop is 0 or more; found {max_drop:g}")
    results = tuple(check_saved(read_comparison(folder), read_comparison(saved), max_drop))
    for each in results:
        word = {True: "passed", False: "FAILED", None: "not measured"}[each.passed]
        click.echo(f"{word}: {each.system}: {each.rule}; found {each.found}")
    return _code(results)
