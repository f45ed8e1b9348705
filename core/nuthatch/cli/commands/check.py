"""`nuthatch check`: is what is stored whole?"""

from __future__ import annotations

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DONE, FAILED
from nuthatch.cli.index import open_index
from nuthatch.cli.options import json_option
from nuthatch.cli.progress import waiting
from nuthatch.cli.screen import open_screen
from nuthatch.errors import IndexCorrupt
from nuthatch.registry.url import redact


@click.command("check", short_help=COMMANDS["check"])
@click.argument("url")
@json_option
def command(url: str, as_json: bool) -> int:
    """Check that the index at URL is whole; ends with 1 if it is not."""
    try:
        with waiting(f"checking {redact(url)}"), open_index(url) as index:
            problems = index.check()
    except IndexCorrupt as error:  # so damaged that it does not open: a finding, not a failure
        problems = [str(error)]
    if as_json:
        answer({"ok": not problems, "problems": problems})
    else:
        screen = open_screen()
        for problem in problems:
            screen.line(("damaged  ", "bad"), problem)
        if not problems:
            screen.line(("ok  ", "good"), f"{redact(url)} is whole")
    return FAILED if problems else DONE
