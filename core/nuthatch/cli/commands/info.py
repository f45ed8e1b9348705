"""`nuthatch info`: what an index is and holds."""

from __future__ import annotations

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.index import open_index
from nuthatch.cli.options import json_option
from nuthatch.cli.screen import open_screen
from nuthatch.cli.span import Cell
from nuthatch.contract.index_info import IndexInfo
from nuthatch.contract.schema import PhraseField


@click.command("info", short_help=COMMANDS["info"])
@click.argument("url")
@json_option
def command(url: str, as_json: bool) -> None:
    """Describe the index at URL: size, schema, format, fingerprint.

    Two indexes with the same corpus fingerprint hold the same documents.
    """
    with open_index(url) as index:
        info = index.info()
    if as_json:
        answer(info.to_json())
        return
    screen = open_screen()
    lines = _lines(info)
    width = 2 + max(len(name) for name, _ in lines)
    for name, value in lines:
        screen.line((name.ljust(width), "dim"), value)


def _lines(info: IndexInfo) -> list[tuple[str, Cell]]:
    schema = info.schema
    fields = [f"{field.name} ({field.type}{_match(field)})" for field in schema.fields]
    return [
        ("backend", (info.backend, "strong")),
        ("documents", f"{info.documents:,}"),
        ("chunks", f"{info.chunks:,}"),
        ("bytes", f"{info.bytes:,}"),
        ("analyzer", info.analyzer),
        ("chunker", schema.chunker),
        ("fields", (", ".join(fields) or "none declared") + (", strict" if schema.strict else "")),
        ("format", str(info.format)),
        ("fingerprint", info.corpus_fingerprint),
        *((name, str(value)) for name, value in info.details.items()),
    ]


def _match(field: object) -> str:
    return f" {field.match}" if isinstance(field, PhraseField) else ""
