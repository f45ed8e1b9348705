"""Commands on an index as a whole: `nuthatch create`, `info`, `check`, `optimize`, `drop`."""

from __future__ import annotations

import sys
from time import perf_counter

import click

from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DONE, FAILED
from nuthatch.cli.options import SchemaOptions, create_options, drop_index, json_option, open_index
from nuthatch.cli.output import Cell, answer, printable
from nuthatch.cli.progress import waiting
from nuthatch.cli.screen import open_screen
from nuthatch.contract.schema import IndexInfo, PhraseField, Schema
from nuthatch.errors import IndexCorrupt
from nuthatch.registry.url import redact


@click.command("create", short_help=COMMANDS["create"].help)
@click.argument("url")
@create_options
@json_option
def create(url: str, schema: SchemaOptions, as_json: bool) -> None:
    """Make a new, empty index at URL; it must not exist yet.

    The schema is fixed from then on. FILE holds it as JSON:
    {"analyzer": "english", "fields": [{"name": "year", "type": "integer"}]};
    field types are phrase, keyword, integer, number, boolean, date and datetime. Options
    override the file.
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


@click.command("info", short_help=COMMANDS["info"].help)
@click.argument("url")
@click.option(
    "--fingerprint", is_flag=True, help="Read the corpus fingerprint, over all documents."
)
@json_option
def info(url: str, fingerprint: bool, as_json: bool) -> None:
    """Describe the index at URL: size, schema, format.

    Two indexes with the same corpus fingerprint hold the same documents.
    """
    with open_index(url) as index:
        info = index.info(fingerprint=fingerprint)
    if as_json:
        answer(info.to_json())
        return
    screen = open_screen()
    lines = _describe(info)
    width = 2 + max(len(name) for name, _ in lines)
    for name, value in lines:
        screen.line((name.ljust(width), "dim"), value)


def _describe(info: IndexInfo) -> list[tuple[str, Cell]]:
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
        ("without", _without(schema)),
        ("format", str(info.format)),
        ("fingerprint", info.corpus_fingerprint or "not read; --fingerprint reads it"),
        *((name, str(value)) for name, value in info.details.items()),
    ]


def _without(schema: Schema) -> str:
    """Return what the schema does without."""
    kept = {"title searches": schema.titles, "positions": schema.positions}
    return ", ".join(name for name, there in kept.items() if not there) or "nothing"


def _match(field: object) -> str:
    return f" {field.match}" if isinstance(field, PhraseField) else ""


@click.command("check", short_help=COMMANDS["check"].help)
@click.argument("url")
@json_option
def check(url: str, as_json: bool) -> int:
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


@click.command("optimize", short_help=COMMANDS["optimize"].help)
@click.argument("url")
@json_option
def optimize(url: str, as_json: bool) -> None:
    """Bring the index at URL into its fastest form; no answer changes."""
    shown = redact(url)
    begun = perf_counter()
    with waiting(f"optimizing {shown}"), open_index(url) as index:
        before = index.info().bytes
        index.optimize()
        after = index.info().bytes
    seconds = perf_counter() - begun
    if as_json:
        answer({"bytes_before": before, "bytes": after, "seconds": round(seconds, 3)})
        return
    sizes = f"{before:,} bytes before, {after:,} now"
    open_screen().line(f"{shown}: settled in {seconds:.1f} s, {sizes}")


@click.command("drop", short_help=COMMANDS["drop"].help)
@click.argument("url")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def drop(url: str, yes: bool, as_json: bool) -> None:
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
