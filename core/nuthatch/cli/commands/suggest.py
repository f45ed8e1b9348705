"""`nuthatch suggest`: what a text that is being typed may become."""

from __future__ import annotations

import click

from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.options import json_option, open_index
from nuthatch.cli.output import answer
from nuthatch.cli.screen import open_screen


@click.command("suggest", short_help=COMMANDS["suggest"].help)
@click.argument("url")
@click.argument("text", nargs=-1, required=True)
@click.option(
    "-n", "--limit", type=int, default=10, show_default=True, metavar="N", help="Of each."
)
@click.option(
    "--field", "fields", multiple=True, metavar="FIELD", help="Values of a keyword field."
)
@click.option("--titles", is_flag=True, help="Titles that hold all words.")
@json_option
def suggest(
    url: str,
    text: tuple[str, ...],
    limit: int,
    fields: tuple[str, ...],
    titles: bool,
    as_json: bool,
) -> None:
    """Suggest what TEXT, whose last word is being typed, may become.

    Words come from the index at URL, also where the beginning has one error.
    """
    with open_index(url) as index:
        found = index.suggest(" ".join(text), limit, fields=fields, titles=titles)
    if as_json:
        answer({"suggestions": [suggestion._asdict() for suggestion in found]})
        return
    screen = open_screen()
    rows = [(one.text, one.source, f"{one.frequency:,}") for one in found]
    if rows:
        screen.table(("text", "source", "frequency"), rows, right=(2,))
    else:
        screen.line("nothing begins so")
