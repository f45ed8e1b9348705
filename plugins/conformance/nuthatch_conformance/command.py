"""`nuthatch conform`: the kit without a line of code."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import pytest

from nuthatch_conformance import plugin
from nuthatch_conformance.card import summarize, summarize_left, to_text
from nuthatch_conformance.profile import NAMES
from nuthatch_conformance.subject import Subject
from nuthatch_conformance.suite import BackendConformance

PASSED: Final = 0
FAILED: Final = 1
COULD_NOT_RUN: Final = 3
#: What the progress shows for each outcome.
_SIGNS: Final = {"passed": ".", "failed": "F", "deviation": "d", "not applicable": "-"}


@click.command("conform", short_help="Prove that a backend keeps the contract.")
@click.argument("url", required=False)
@click.option("--backend", metavar="NAME", help="Test NAME:{dir}/index.")
@click.option(
    "--json",
    "card_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    help="Write the report card; - is stdout.",
)
@click.option(
    "--deviations", metavar="FILE", type=click.Path(exists=True), help="Known deviations (TOML)."
)
@click.option("--profile", type=click.Choice(NAMES), default="default", help="How many examples.")
@click.option("--examples", type=click.IntRange(1), metavar="N", help="Examples a property.")
@click.option("--seed", type=int, metavar="N", help="Repeat a random run.")
@click.option("-k", "expression", metavar="EXPR", help="Run matching tests and topics only.")
@click.option("--list", "lists", is_flag=True, help="List the tests, for -k, and run none.")
def command(
    url: str | None,
    backend: str | None,
    card_file: str | None,
    deviations: str | None,
    profile: str,
    examples: int | None,
    seed: int | None,
    expression: str | None,
    lists: bool,
) -> int:
    """Run the conformance kit against the backend of URL.

    Every index is a new one: {dir} in the URL stands for an empty folder, {n} for a text that was
    never used before, such as 'mine:{dir}/index' or 'mine://host/db?index={n}'. Existing
    indexes are not touched.

    Exit codes: 0 all passed, 1 a test failed, 2 wrong use, 3 could not run.
    """
    if lists:
        return _list_tests()
    if (url is None) == (backend is None):
        raise click.UsageError("give a URL, or --backend NAME")
    if card_file not in (None, "-") and not Path(str(card_file)).absolute().parent.is_dir():
        raise click.UsageError(f"--json {card_file}: there is no such folder")
    template = url if url is not None else f"{backend}:{{dir}}/index"
    left = _check_backend(template)
    options = {
        "--conformance-url": template,
        "--conformance-deviations": deviations and os.path.abspath(deviations),
        "--conformance-profile": profile,
        "--conformance-examples": examples,
        "--conformance-seed": seed,
        "-k": expression,
    }
    progress = Progress(left)
    code = _run(options, progress)
    if code is pytest.ExitCode.NO_TESTS_COLLECTED:
        raise click.UsageError(f"-k {expression}: no test matches")
    if code is pytest.ExitCode.USAGE_ERROR:
        raise click.UsageError("the run could not begin; see above")
    if code is pytest.ExitCode.INTERRUPTED:
        for line in summarize_left(progress.left):
            click.echo(line, err=True)
        raise KeyboardInterrupt
    if progress.card is None or code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        click.echo("error: the tests could not be run; see above", err=True)
        return COULD_NOT_RUN
    _print_results(progress.card, card_file, progress.left)
    return FAILED if progress.card["counts"]["failed"] else PASSED


def _list_tests() -> int:
    """Print the id of each test, and what must hold."""
    for case in BackendConformance.cases().values():
        click.echo(f"{case.id}\n    {case.rule}")
    return PASSED


def _check_backend(template: str) -> list[str]:
    """Raise the error that keeps the backend from being tested.

    Return the URLs of indexes that could not be removed afterwards.
    """
    try:
        return Subject(template).left
    except pytest.UsageError as error:
        raise click.UsageError(str(error)) from error


def _run(options: Mapping[str, Any], progress: Progress) -> int:
    """Run the kit's class with no other plugins, configuration or cache than the kit's own."""
    arguments = [
        text for name, value in options.items() if value is not None for text in (name, str(value))
    ]
    with tempfile.TemporaryDirectory(prefix="conform-") as folder, _environment():
        config = Path(folder, "pytest.ini")
        config.write_text("[pytest]\n")
        own = [
            "-c",
            str(config),
            "--rootdir",
            folder,
            "-p",
            "no:cacheprovider",
            "-p",
            "no:terminal",
            "--pyargs",
            "nuthatch_conformance.suite",
        ]
        return pytest.main([*own, *arguments], plugins=[plugin, progress])


@contextmanager
def _environment() -> Iterator[None]:
    changes = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _print_results(card: Mapping[str, Any], card_file: str | None, left: Sequence[str]) -> None:
    """Print the failures, the summary and the indexes that stay, and write the card."""
    to_stdout = card_file == "-"
    for test in card["tests"]:
        if test["outcome"] == "failed":
            click.echo(f"\nFAILED {test['message']}", err=to_stdout)
    click.echo("", err=to_stdout)
    for line in (*summarize(card), *summarize_left(left)):
        click.echo(line, err=to_stdout)
    if to_stdout:
        sys.stdout.write(to_text(card))
    elif card_file is not None:
        Path(card_file).write_text(to_text(card), "utf-8")


class Progress:
    """A pytest plugin: prints a sign for each test on standard error, and keeps the card.

    `left` are the URLs of the indexes that could not be removed.
    """

    def __init__(self, left: Sequence[str]) -> None:
        self.left = list(left)
        self.card: dict[str, Any] | None = None
        self._topic = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        payload = getattr(report, "nuthatch_conformance", None)
        if payload is None:
            return
        test = payload["test"]
        if test["topic"] != self._topic:
            start = "\n" if self._topic else ""
            self._topic = test["topic"]
            click.echo(f"{start}{self._topic:<13} ", err=True, nl=False)
        click.echo(_SIGNS[test["outcome"]], err=True, nl=False)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        from nuthatch_conformance.session import KEY

        if self._topic:
            click.echo("", err=True)
        if KEY in session.config.stash:
            cards = dict(session.config.stash[KEY].cards())
            self.card = next(iter(cards.values()), None)
            self.left += session.config.stash[KEY].left()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            click.echo(str(report.longrepr), err=True)

    def pytest_internalerror(self, excrepr: object) -> None:
        click.echo(str(excrepr), err=True)
