"""`nuthatch add`: documents into an index, batch by batch."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.index import open_index
from nuthatch.cli.options import SchemaOptions, create_options, json_option
from nuthatch.cli.progress import write
from nuthatch.cli.screen import open_screen
from nuthatch.contract.writing import AddReport
from nuthatch.corpora import Corpus
from nuthatch.errors import InvalidDocument
from nuthatch.registry.url import redact


@click.command("add", short_help=COMMANDS["add"])
@click.argument("url")
@click.argument("corpora", metavar="CORPUS...", nargs=-1, required=True)
@click.option("--create", is_flag=True, help="Make the index if there is none, with:")
@create_options
@click.option("--batch", type=int, default=10_000, show_default=True, help="Documents per batch.")
@json_option
def command(
    url: str,
    corpora: tuple[str, ...],
    create: bool,
    schema: SchemaOptions,
    batch: int,
    as_json: bool,
) -> None:
    """Add the documents of each CORPUS to the index at URL.

    A corpus is a file of JSON Lines (uri, title, text, fields; or BEIR's _id, title, text,
    metadata), plain or gzip, a BEIR folder, or - for standard input. A document replaces the
    one with its uri; one that is unchanged is left alone. Each batch is safe once it is
    reported on standard error.
    """
    if schema.given and not create:
        raise click.UsageError("the options of a new index need --create")
    corpus = Corpus(corpora)  # before the index is made: a mistyped name must leave none behind
    wanted = schema.schema() if schema.given else None
    with open_index(url, create=create, schema=wanted) as index:
        add = partial(index.add, batch=batch)
        try:
            report = write(corpus, corpus.size, lambda rows, tell: add(rows, progress=tell))
        except InvalidDocument as error:
            raise corpus.located(error) from error
    if as_json:
        answer(report_json(report))
    else:
        open_screen().line(summary(report, url))


def report_json(report: AddReport) -> dict[str, object]:
    """Returns the report as JSON values; `documents` is the number read."""
    values = asdict(report)
    del values["first_skipped"]
    return {"documents": values.pop("read"), **values, "seconds": round(report.seconds, 3)}


def summary(report: AddReport, url: str) -> str:
    """Says in one line what an `add` did."""
    parts = [f"{report.added:,} added"]
    parts += [f"{report.replaced:,} replaced"] if report.replaced else []
    parts += [f"{report.unchanged:,} unchanged"] if report.unchanged else []
    parts += [f"{report.superseded:,} superseded by a later one"] if report.superseded else []
    return (
        f"{redact(url)}: {report.read:,} documents read, {', '.join(parts)}; "
        f"{report.chunks:,} chunks in {report.seconds:.1f} s"
    )
