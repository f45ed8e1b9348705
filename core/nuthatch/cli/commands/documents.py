"""Commands on documents: `nuthatch add`, `copy`, `get`, `delete`.

Documents go into an index batch by batch; those that are skipped are shown, or written to a file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final, TextIO, get_args

import click

from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DONE, FAILED, DocumentNotFound
from nuthatch.cli.options import SchemaOptions, create_options, json_option, open_index
from nuthatch.cli.output import answer, printable
from nuthatch.cli.progress import write
from nuthatch.cli.screen import open_screen
from nuthatch.contract.batch import AddReport, SkippedDocument
from nuthatch.contract.document import Document
from nuthatch.contract.schema import IndexInfo, Schema
from nuthatch.corpora import Corpus
from nuthatch.corpora.corpus import Format
from nuthatch.errors import IndexNotFound, InvalidConfig, InvalidDocument
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.registry.config import resolve_name
from nuthatch.registry.url import redact
from nuthatch.text.analyzer import builtin_names
from nuthatch.text.snowball import LANGUAGES

#: Skipped documents that are shown where no file takes them.
_SHOWN: Final = 10
#: Skipped documents that the answer in JSON tells of.
_KEPT: Final = 100


class SkipLog:
    """A function of each document that is skipped."""

    def __init__(self, corpus: Corpus, log: TextIO | None) -> None:
        self._corpus = corpus
        self._log = log
        self._count = 0
        self._first: list[SkippedDocument] = []

    def __call__(self, skipped: SkippedDocument) -> None:
        if skipped.where is None:
            place = self._corpus.place(skipped.position)
            skipped = replace(skipped, where=place, message=f"{place}: {skipped.message}")
        self._count += 1
        if self._count <= _KEPT:
            self._first.append(skipped)
        if self._log is not None:
            self._log.write(json.dumps(asdict(skipped), ensure_ascii=False) + "\n")
        elif self._count <= _SHOWN:
            click.echo(f"skipped: {printable(skipped.message)}", err=True)

    def finish(self) -> None:
        """Say how many were not shown."""
        rest = self._count - _SHOWN
        if self._log is None and rest > 0:
            click.echo(f"skipped: {rest:,} more; --skipped FILE writes all of them down", err=True)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the first of them as JSON values."""
        return [asdict(skipped) for skipped in self._first]


@contextmanager
def skipping(corpus: Corpus, path: str | None) -> Iterator[SkipLog]:
    """Give what takes skipped documents; a path (- is standard error) takes all, a line each."""
    if path is None or path == "-":
        skipped = SkipLog(corpus, None if path is None else sys.stderr)
        yield skipped
        skipped.finish()
        return
    try:
        log = open(path, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    except OSError as error:
        raise InvalidConfig(
            f"{path} cannot be written ({error.strerror}); name another file for --skipped"
        ) from error
    with log:
        yield SkipLog(corpus, log)


FORMATS = get_args(Format)


@click.command("add", short_help=COMMANDS["add"].help)
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
def add(
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
        raise corpus.locate_error(error) from error


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


class Export:
    """The documents of an index as a stream that is counted."""

    def __init__(self, index: LexicalBackend) -> None:
        self._index = index
        self.position = 0

    def entries(self) -> Iterator[Document]:
        for document in self._index.documents():
            self.position += 1
            yield document

    def acknowledge(self, read: int) -> str:
        """Know no places: an index has none."""
        return ""


@click.command("copy", short_help=COMMANDS["copy"].help)
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@create_options
@click.option("--batch", type=int, default=10_000, show_default=True, help="Documents per batch.")
@json_option
def copy(source: str, target: str, schema: SchemaOptions, batch: int, as_json: bool) -> int:
    """Copy every document of the index SRC into the index DST.

    Where there is no DST it is made with SRC's schema, changed by the options. SRC's analyzer
    need not be installed. At the end both corpus fingerprints are compared; ends with 1 if they
    differ.
    """
    if resolve_name(source) == resolve_name(target):
        raise InvalidConfig(f"{source!r} would be copied onto itself; name another DST")
    with open_index(source, export_only=True) as old:
        before = old.info(fingerprint=True)
        with _target(target, schema, before) as new:
            add = partial(new.add, batch=batch)
            report = write(
                Export(old),
                before.documents,
                "documents",
                lambda rows, tell: add(rows, progress=tell),
            )
            if not new.capabilities.immediate_visibility:
                new.optimize()
            after = new.info(fingerprint=True)
    same, verdict = _compare(before, after)
    if as_json:
        fingerprints = {"source": before.corpus_fingerprint, "target": after.corpus_fingerprint}
        answer({**report_json(report), "same": same, "verdict": verdict, **fingerprints})
    else:
        screen = open_screen()
        screen.line(summary(report, target))
        screen.line(("differs  ", "bad") if same is False else ("ok  ", "good"), verdict)
    return FAILED if same is False else DONE


def _target(url: str, wanted: SchemaOptions, source: IndexInfo) -> LexicalBackend:
    """Open the target, or make it with the source's schema; the copy of an empty one at once."""
    schema = wanted.schema(source.schema)
    try:
        return open_index(url, schema=schema if wanted.given else None)
    except IndexNotFound:
        return open_index(url, create=True if source.documents else "new", schema=schema)


def _compare(old: IndexInfo, new: IndexInfo) -> tuple[bool | None, str]:
    """Return whether both hold the same documents (None: not comparable), and in words."""
    if old.corpus_fingerprint is not None and old.corpus_fingerprint == new.corpus_fingerprint:
        return True, f"both hold the same documents, fingerprint {old.corpus_fingerprint}"
    if old.schema.chunker != new.schema.chunker and old.documents == new.documents:
        return None, (
            f"both hold {old.documents:,} documents; they are cut differently "
            f"({old.schema.chunker}, {new.schema.chunker}), so fingerprints do not compare"
        )
    return False, (
        f"the copy has {new.documents:,} documents, the source had {old.documents:,}, and their "
        "fingerprints differ: there were other documents in the copy before, or one of the two "
        "was changed meanwhile; copy into a new index to have the same"
    )


@click.command("get", short_help=COMMANDS["get"].help)
@click.argument("url")
@click.argument("uri")
@json_option
def get(url: str, uri: str, as_json: bool) -> None:
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


@click.command("delete", short_help=COMMANDS["delete"].help)
@click.argument("url")
@click.argument("uris", metavar="URI...", nargs=-1, required=True)
@json_option
def delete(url: str, uris: tuple[str, ...], as_json: bool) -> None:
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
