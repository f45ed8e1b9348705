"""`nuthatch demo`: a first look, on a corpus that comes along."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.listing import show_footer, show_hits
from nuthatch.cli.options import json_option
from nuthatch.cli.output import Cell, answer
from nuthatch.cli.progress import waiting
from nuthatch.cli.screen import Screen, open_screen
from nuthatch.contract.query import EntityQuery
from nuthatch.demo.judged import films
from nuthatch.demo.tour import SHOWN, SMALL_BUDGET, Question, Tour, take_tour
from nuthatch.errors import NuthatchError
from nuthatch.registry.commands import list_commands

NAME = "nuthatch"


def program() -> str:
    """Return `nuthatch` where the shell finds this very program by it, else the path it ran by.

    What was not started as a script of this name (a test, say) is called `nuthatch` too.
    """
    invoked = Path(sys.argv[0])
    if invoked.stem != NAME or not invoked.is_file():
        return NAME
    found = shutil.which(NAME)
    return NAME if found and invoked.samefile(found) else shlex.quote(str(invoked))


@click.command("demo", short_help=COMMANDS["demo"].help)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("nuthatch-demo"),
    show_default=True,
    help="Where the indexes are made.",
)
@click.option(
    "--cluster", is_flag=True, help="Start servers for the demo, where an engine needs one."
)
@json_option
def demo(directory: Path, cluster: bool, as_json: bool) -> None:
    """Index a small film corpus and show what search can do.

    Every installed engine that needs no server is tried; with --cluster also those that can start
    one on this machine, which is stopped in the end. Running it again uses the indexes that are
    there.
    """
    with waiting("indexing, searching and measuring"):
        tour = take_tour(directory, films(), servers=cluster)
    if as_json:
        answer(tour.to_json())
        return
    screen = open_screen()
    _show_engines(screen, tour)
    for question, results in tour.answers:
        screen.line("")
        screen.line((_command_line(tour, question), "strong"), wrap=False)
        show_hits(screen, results, explain=question.explain)
        show_footer(screen, results)
        if isinstance(question.query, EntityQuery) and tour.alike:
            same = ", ".join(tour.alike)
            screen.line((f"the same documents with the same scores from {same}", "dim"))
    _show_policies(screen, tour)
    _show_proof(screen, tour)
    _show_comparison(screen, tour)
    _show_next(screen, tour)


def _title(screen: Screen, text: str) -> None:
    screen.line("")
    screen.line((text, "strong"))


def _show_engines(screen: Screen, tour: Tour) -> None:
    read = max(engine.report.read for engine in tour.engines)
    screen.line((f"{read:,} films, indexed by each engine in {tour.directory}", "strong"))
    screen.table(
        ("engine", "documents", "seconds", "where"),
        [
            (
                (engine.name, "name"),
                f"{engine.report.read:,}",
                f"{engine.report.seconds:.2f}",
                "gone afterwards" if engine.path is None else str(engine.path),
            )
            for engine in tour.engines
            if not engine.skipped
        ],
        right=(1, 2),
    )
    if any(engine.report.unchanged for engine in tour.engines):
        screen.line(("what an earlier demo had added was left as it is", "dim"))
    for engine in tour.engines:
        if engine.skipped:
            screen.line((f"left out {engine.name}: {engine.skipped}", "dim"))


def _show_policies(screen: Screen, tour: Tour) -> None:
    queries = max(row.quality.queries for row in tour.qualities)
    _title(screen, f"How each policy answers {queries} judged queries")
    rows: list[Sequence[Cell]] = [
        (
            (row.engine, "name"),
            row.policy if row.budget is None else f"{row.policy}, budget {row.budget}",
            (f"{row.quality.ndcg10:.3f}", "strong"),
            str(row.quality.zero_results),
            f"{row.quality.median_ms:.2f}",
        )
        for row in tour.qualities
    ]
    screen.table(("engine", "policy", "nDCG@10", "no hits", "median ms"), rows, right=(2, 3, 4))
    for line in (
        "ladder: all words, then fewer. ranked: any of them, best first by BM25.",
        "auto, the default: ranked while that is cheap, else the ladder, filled up.",
        "In so few films all is cheap, so auto ranks; within a budget of "
        f"{SMALL_BUDGET} postings it must climb.",
        "nDCG@10: 1 is the best order there is.",
    ):
        screen.line((line, "dim"))


def _show_proof(screen: Screen, tour: Tour) -> None:
    if tour.proof is None:
        return
    _title(screen, "Evidence")
    hit = tour.proof.hit
    screen.line(("verified ", "good"), f"{hit.document_uri}, root {hit.document_root[:16]}…")
    screen.line(("refused  ", "bad"), f"with another title: {tour.proof.refused}")


def _show_comparison(screen: Screen, tour: Tour) -> None:
    """Compare the engines, where a plugin brings the command for it."""
    urls = [engine.url for engine in tour.engines if engine.path is not None]
    found = list_commands().get("compare")
    if found is None or len(urls) < 2:
        return
    folder = films().corpus
    files = ("--queries", str(folder / "queries.jsonl"), "--qrels", str(folder / "qrels.tsv"))
    report = tour.directory / "comparison"
    load = ("--latency", "closed:1", "--passes", "2")
    emit = ("--out", str(report), "--emit", "table,json,html")
    _title(screen, "Is another engine better?")
    try:
        command = found.load()
        with waiting("comparing the engines"):
            code = command.main(
                [*urls, *files, *load, *emit],
                prog_name=f"{program()} compare",
                standalone_mode=False,
            )
    except NuthatchError as error:
        screen.line((f"the comparison could not be made: {error}", "dim"))
        return
    if not code:
        screen.line("the whole report, for a browser: ", (str(report / "report.html"), "strong"))


def _show_next(screen: Screen, tour: Tour) -> None:
    _title(screen, "Try next")
    for line in _next(tour):
        screen.line(line, indent=2, wrap=False)


def _next(tour: Tour) -> Iterator[str]:
    engine = tour.engine
    if engine.path is not None:
        yield _line("search", engine.url, "your own words", "--explain")
        yield _line("info", engine.url)
        yield _line(
            "add", f"{engine.name}:mine.db", "CORPUS.jsonl", "--create", "--analyzer", "english"
        )
    if tour.proof is not None:
        yield _line("verify", str(tour.proof.file))
    yield _line("backends", "--capabilities")


def _command_line(tour: Tour, question: Question) -> str:
    """Return the command that gives the same answer again, if the index is still there."""
    words = [] if isinstance(question.query, EntityQuery) else [question.query]
    words += question.options
    if tour.engine.path is None:
        return shlex.join(words)
    return f"$ {_line('search', tour.engine.url, *words, '-n', str(SHOWN))}"


def _line(*words: str) -> str:
    return f"{program()} {shlex.join(words)}"
