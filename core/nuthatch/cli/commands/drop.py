"""`nuthatch drop`: an index, and everything that belongs to it, is removed."""

from __future__ import annotations

import sys

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.index import drop_index
from nuthatch.cli.options import json_option
from nuthatch.cli.screen import open_screen
from nuthatch.cli.span import printable
from nuthatch.registry.url import redact


@click.command("drop", short_help=COMMANDS["drop"])
@click.argument("url")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def command(url: str, yes: bool, as_json: bool) -> None:
    """Remove the index at URL and all its documents; nothing brings them back.

    Ask first; where nobody can answer, --yes is needed.
    """
    shown = redact(url)
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("nobody is there to be asked; add --yes to remove the index")
    if not yes:
        question = f"Remove the index {printable(shown)} and all its documents?"
        click.confirm(question, abort=True, err=True)
    drop_index(url)
    if as_json:
        answer({"dropped": shown})
        return
    open_screen().line(f"{shown}: dropped")
