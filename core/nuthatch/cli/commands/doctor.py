"""`nuthatch doctor`: what is wrong with the installation, or with one index."""

from __future__ import annotations

from dataclasses import asdict

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DONE, FAILED
from nuthatch.cli.options import json_option
from nuthatch.cli.progress import waiting
from nuthatch.cli.screen import open_screen
from nuthatch.cli.span import Cell
from nuthatch.pipeline.doctor import Check, examine
from nuthatch.registry.commands import command_failures
from nuthatch.registry.config import resolve_name


@click.command("doctor", short_help=COMMANDS["doctor"])
@click.argument("url", required=False)
@json_option
def command(url: str | None, as_json: bool) -> int:
    """Check the installation and, if URL is given, the index there.

    Every engine's driver is imported, every plugin loaded. End with 1 if something is wrong.
    """
    location, options = (None, {}) if url is None else resolve_name(url)
    with waiting("examining"):
        checks = [*examine(location, **options), *_shadowed()]
    healthy = all(check.ok for check in checks)
    if as_json:
        answer({"ok": healthy, "checks": [asdict(check) for check in checks]})
    else:
        _show(checks)
    return DONE if healthy else FAILED


def _shadowed() -> list[Check]:
    """Return the plugins' commands that are never run, since nuthatch's own have their names."""
    told = len(command_failures())
    return [
        Check(f"command {failure.entry_point}", False, str(failure), failure.hint)
        for failure in command_failures(tuple(COMMANDS))[told:]
    ]


def _show(checks: list[Check]) -> None:
    screen = open_screen()
    for check in checks:
        mark: Cell = ("ok    ", "good") if check.ok else ("wrong ", "bad")
        screen.line(mark, (check.name, "strong"), f"  {check.detail}")
        if check.hint:
            screen.line((f"→ {check.hint}", "dim"), indent=6)
