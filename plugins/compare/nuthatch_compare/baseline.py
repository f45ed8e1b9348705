"""`nuthatch compare baseline`: save a comparison, and check later ones against it."""

from __future__ import annotations

from pathlib import Path

import click

from nuthatch_compare.export import made, read_comparison, write_json
from nuthatch_compare.gated import PASSED, exit_code
from nuthatch_compare.margin_tests import MIN_QUERIES
from nuthatch_compare.saved import check_saved


@click.group("baseline")
def baseline_command() -> None:
    """Save a comparison, and check later ones against it."""


@baseline_command.command("save")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def save_command(folder: Path, target: Path) -> int:
    """Save the comparison of FOLDER in TARGET."""
    comparison = read_comparison(folder)
    click.echo(f"saved: {write_json(comparison, made(target))}")
    return PASSED


@baseline_command.command("check")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("saved", type=click.Path(exists=True, path_type=Path))
@click.option("--max-drop", type=float, default=0.01, show_default=True, help="What is no loss.")
@click.option(
    "--min-queries",
    type=click.IntRange(1),
    default=MIN_QUERIES,
    show_default=True,
    help="Fewer judged queries tell nothing.",
)
def check_command(folder: Path, saved: Path, max_drop: float, min_queries: int) -> int:
    """Check that no system of FOLDER is worse than it was in SAVED.

    Exit codes: 0 none is, 1 one is, 3 could not be told.
    """
    if not max_drop > 0:
        raise click.UsageError(
            f"--max-drop is above 0, for no loss is exactly 0; found {max_drop:g}"
        )
    now, before = read_comparison(folder), read_comparison(saved)
    results = tuple(check_saved(now, before, max_drop, min_queries))
    for result in results:
        word = {True: "passed", False: "FAILED", None: "not measured"}[result.passed]
        click.echo(f"{word}: {result.system}: {result.rule}; found {result.found}")
    return exit_code(results)
