"""`nuthatch delete`: documents out of an index."""

from __future__ import annotations

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.index import open_index
from nuthatch.cli.options import json_option
from nuthatch.cli.screen import open_screen
from nuthatch.registry.url import redact


@click.command("delete", short_help=COMMANDS["delete"])
@click.argument("url")
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@json_option
def command(url: str, uris: tuple[str, ...], as_json: bool) -> None:
    """Delete the documents URI... from the index at URL, all or none.

    What is not there counts as deleted already.
    """
    with open_index(url) as index:
        deleted = index.delete(uris)
    asked = len(set(uris))
    if as_json:
        answer({"asked": asked, "deleted": deleted})
        return
    absent = f"; {asked - deleted:,} were not there" if deleted < asked else ""
    open_screen().line(f"{redact(url)}: {deleted:,} deleted{absent}")
