"""`nuthatch create`: a new, empty index."""

from __future__ import annotations

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.index import open_index
from nuthatch.cli.options import SchemaOptions, create_options, json_option
from nuthatch.cli.screen import open_screen
from nuthatch.registry.url import redact


@click.command("create", short_help=COMMANDS["create"])
@click.argument("url")
@create_options
@json_option
def command(url: str, schema: SchemaOptions, as_json: bool) -> None:
    """Make a new, empty index at URL; it must not exist yet.

    The schema is fixed from then on. FILE holds it as JSON:
    {"analyzer": "english", "fields": [{"name": "year", "type": "integer"}]};
    field types are phrase, keyword, integer, number and date. Options override the file.
    """
    with open_index(url, create="new", schema=schema.schema()) as index:
        info = index.info()
    if as_json:
        answer(info.to_json())
        return
    fields = ", ".join(f"{field.name} ({field.type})" for field in info.schema.fields)
    open_screen().line(
        f"made {redact(url)}: analyzer {info.analyzer}, chunker {info.schema.chunker}, "
        f"fields {fields or 'none declared'}"
    )
