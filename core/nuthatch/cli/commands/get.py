"""`nuthatch get`: one document, as it was added."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DocumentNotFound
from nuthatch.cli.index import open_index
from nuthatch.cli.options import json_option
from nuthatch.cli.screen import open_screen
from nuthatch.registry.url import redact


@click.command("get", short_help=COMMANDS["get"])
@click.argument("url")
@click.argument("uri")
@json_option
def command(url: str, uri: str, as_json: bool) -> None:
    """Show the document URI of the index at URL, as it was added.

    With --json it is one line that `nuthatch add URL -` takes. End with 1 if there is none.
    """
    with open_index(url) as index:
        document = index.get(uri)
    if document is None:
        raise DocumentNotFound(f"{redact(url)} holds no document with the uri {uri!r}")
    if as_json:
        answer(asdict(document))
        return
    screen = open_screen()
    screen.line((document.title or "(no title)", "strong"))
    screen.line((document.uri, "dim"))
    for name, value in document.fields.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        screen.line((f"{name}: ", "dim"), text)
    if document.text:
        screen.line("")
    for line in document.text.splitlines():
        screen.line(line)
