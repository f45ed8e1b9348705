"""What `nuthatch conform` shows while it runs, and where it finds the card at the end."""

from __future__ import annotations

from typing import Any

import click
import pytest

_SIGNS = {"passed": ".", "failed": "F", "deviation": "d", "not applicable": "-"}


class Progress:
    """Prints a sign for each test on standard error, topic by topic; is a pytest plugin."""

    def __init__(self) -> None:
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

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            click.echo(str(report.longrepr), err=True)

    def pytest_internalerror(self, excrepr: object) -> None:
        click.echo(str(excrepr), err=True)
