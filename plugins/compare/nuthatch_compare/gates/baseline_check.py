"""The baseline check: is a comparison as good as the one that was saved before?

It comes with its commands, `nuthatch compare baseline save` and `baseline check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Comparison, GateResult
from nuthatch_compare.formatting import format_names
from nuthatch_compare.gates.gate import PASSED, exit_code
from nuthatch_compare.gates.margin_tests import (
    MIN_QUERIES,
    MarginTest,
    decide,
    explain_distrust,
    explain_failures,
    explain_few,
    read_values,
)
from nuthatch_compare.report.export import make_folder, read_comparison, write_json


def check_baseline(
    now: Comparison, saved: Comparison, max_drop: float, min_queries: int = MIN_QUERIES
) -> Iterator[GateResult]:
    """Yield for each system that both hold whether it is as good as it was, query by query.

    It is where the difference lies above −`max_drop` (`margin_tests.py`), over all queries that
    the saved comparison judged. Raise `InvalidConfig` where the two have no system, measure or
    query in common.
    """
    names = [system.name for system in now.systems if system.name in saved.means]
    measures = [name for name in now.settings.primary if name in saved.settings.measures]
    if not names or not measures:
        what = "system" if not names else "primary measure"
        raise InvalidConfig(f"the saved comparison and this one have no {what} in common")
    tests = [
        _test_drop(now, saved, name, measure, max_drop, min_queries)
        for name in names
        for measure in measures
    ]
    return decide(tests, now.settings.alpha, now.settings.seed)


def _test_drop(
    now: Comparison, saved: Comparison, system: str, measure: str, max_drop: float, least: int
) -> MarginTest:
    before, after = (read_values(one, system, measure) for one in (saved, now))
    common = [query for query in after if query in before]
    changed = now.inputs.get("judgments") != saved.inputs.get("judgments")
    return MarginTest(
        rule=f"{measure}: max_drop {max_drop:g} against the saved comparison",
        system=system,
        values=np.array([after[query] - before[query] for query in common]),
        margin=-max_drop,
        untrusted_reason=_explain_lost([query for query in before if query not in after])
        or explain_few(len(common), least)
        or explain_distrust(now, system, saved.system(system).missing)
        or explain_failures(saved, system),
        note="; the judgments have changed since" if changed else "",
    )


def _explain_lost(queries: list[str]) -> str:
    if not queries:
        return ""
    return f"{len(queries):,} of the saved queries were not judged now: {format_names(queries)}"


@click.group("baseline")
def baseline_command() -> None:
    """Save a comparison, and check later ones against it."""


@baseline_command.command("save")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def save_command(folder: Path, target: Path) -> int:
    """Save the comparison of FOLDER in TARGET."""
    comparison = read_comparison(folder)
    click.echo(f"saved: {write_json(comparison, make_folder(target))}")
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
    help="With fewer judged queries the result is 'not measured'.",
)
def check_command(folder: Path, saved: Path, max_drop: float, min_queries: int) -> int:
    """Check that no system of FOLDER is worse than it was in SAVED.

    Exit codes: 0 none is, 1 one is, 3 could not measure.
    """
    if not max_drop > 0:
        raise click.UsageError(
            f"--max-drop is above 0, for no loss is exactly 0; found {max_drop:g}"
        )
    now, before = read_comparison(folder), read_comparison(saved)
    results = tuple(check_baseline(now, before, max_drop, min_queries))
    for result in results:
        word = {True: "passed", False: "FAILED", None: "not measured"}[result.passed]
        click.echo(f"{word}: {result.system}: {result.rule}; found {result.found}")
    return exit_code(results)
