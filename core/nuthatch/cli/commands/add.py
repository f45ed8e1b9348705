"""`nuthatch add`: documents into an index, batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import get_args

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.index import open_index
from nuthatch.cli.options import SchemaOptions, create_options, json_option
from nuthatch.cli.progress import write
from nuthatch.cli.screen import open_screen
from nuthatch.cli.skipping import skipping
from nuthatch.cli.span import printable
from nuthatch.contract.report import AddReport
from nuthatch.contract.schema import Schema
from nuthatch.corpora import Corpus
from nuthatch.corpora.format import Format
from nuthatch.errors import InvalidDocument
from nuthatch.registry.url import redact
from nuthatch.text.analyzer import builtin_names
from nuthatch.text.snowball import LANGUAGES

FORMATS = get_args(Format)


@click.command("add", short_help=COMMANDS["add"])
@click.argument("url")
@click.argument("corpora", metavar="CORPUS...", nargs=-1, required=True)
@click.option("--create", is_flag=True, help="Make the index if there is none, with:")
@create_options
@click.option("--batch", type=int, default=10_000, show_default=True, help="Documents per batch.")
@click.option("--format", type=click.Choice(FORMATS), help="If the name of a CORPUS does not tell.")
@click.option(
    "--on-error", type=click.Choice(["raise", "skip"]), help="What becomes of a bad document."
)
@click.option("--skipped", metavar="FILE", help="Skip, and write what is skipped as JSON Lines.")
@json_option
def command(
    url: str,
    corpora: tuple[str, ...],
    create: bool,
    schema: SchemaOptions,
    batch: int,
    format: Format | None,
    on_error: str | None,
    skipped: str | None,
    as_json: bool,
) -> None:
    """Add the documents of each CORPUS to the index at URL.

    A corpus is a file of JSON Lines, one JSON array, CSV or TSV with a header (plain or gzip), a
    BEIR folder, or - for standard input. A document has uri (or id), title, text and fields; in
    tables every other column is a field. It replaces the one with its uri; one that is unchanged
    is left alone. Each batch is safe once it is reported on standard error, and an index is
    created with its first.

    A document that cannot be indexed ends the command; what was reported stays, and nothing of its
    batch is written. With --on-error skip all others are added.
    """
    if schema.given and not create:
        raise click.UsageError("the options of a new index need --create")
    if skipped is not None and on_error == "raise":
        raise click.UsageError("--skipped skips; leave --on-error raise out")
    corpus = Corpus(corpora, format=format)
    wanted = schema.schema() if schema.given else None
    skips = on_error == "skip" or skipped is not None
    with open_index(url, create=create, schema=wanted) as index, skipping(corpus, skipped) as skip:
        corpus.schema = index.schema
        is_new = not index.exists
        if is_new:
            click.echo(printable(announcement(url, index.schema)), err=True)
        report = _load(corpus, partial(index.add, batch=batch, on_error=skip if skips else "raise"))
        created = is_new and index.exists
    if as_json:
        answer({**report_json(report), "created": created, "first_skipped": skip.to_json()})
        return
    screen = open_screen()
    screen.line(summary(report, url))
    if is_new and not created:
        screen.line("no index was made: there was no document to add", wrap=False)


def _load(corpus: Corpus, add: Callable[..., AddReport]) -> AddReport:
    try:
        return write(corpus, corpus.size, "bytes", lambda rows, tell: add(rows, progress=tell))
    except InvalidDocument as error:
        raise corpus.located(error) from error


def announcement(url: str, schema: Schema) -> str:
    """Say how a new index will treat words, before a long load."""
    if schema.analyzer in LANGUAGES:
        words = f"stems: other forms of a word are found too, as {schema.analyzer} has them"
    elif schema.analyzer in builtin_names():
        words = "keeps words as they are; --analyzer english also finds other forms, it stems"
    else:
        words = "comes from a plugin"
    return (
        f"new index {redact(url)}, made with its first batch: analyzer {schema.analyzer} "
        f"({words}), chunker {schema.chunker}"
    )


def report_json(report: AddReport) -> dict[str, object]:
    """Return the report as JSON values; `documents` is the number read."""
    values = asdict(report)
    del values["first_skipped"]
    return {"documents": values.pop("read"), **values, "seconds": round(report.seconds, 3)}


def summary(report: AddReport, url: str) -> str:
    """Say in one line what an `add` did."""
    parts = [f"{report.added:,} added"]
    parts += [f"{report.replaced:,} replaced"] if report.replaced else []
    parts += [f"{report.unchanged:,} unchanged"] if report.unchanged else []
    parts += [f"{report.superseded:,} superseded by a later one"] if report.superseded else []
    parts += [f"{report.skipped:,} skipped"] if report.skipped else []
    return (
        f"{redact(url)}: {report.read:,} documents read, {', '.join(parts)}; "
        f"{report.chunks:,} chunks in {report.seconds:.1f} s"
    )
