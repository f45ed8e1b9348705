"""`nuthatch copy`: every document of one index into another, of any engine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.commands.add import report_json, summary
from nuthatch.cli.exits import DONE, FAILED
from nuthatch.cli.index import open_index
from nuthatch.cli.options import SchemaOptions, create_options, json_option
from nuthatch.cli.progress import write
from nuthatch.cli.screen import open_screen
from nuthatch.contract.document import Document
from nuthatch.contract.index_info import IndexInfo
from nuthatch.errors import IndexNotFound, InvalidConfig
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.registry.config import resolve_name


class Export:
    """Streams the documents of an index and counts them."""

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


@click.command("copy", short_help=COMMANDS["copy"])
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@create_options
@click.option("--batch", type=int, default=10_000, show_default=True, help="Documents per batch.")
@json_option
def command(source: str, target: str, schema: SchemaOptions, batch: int, as_json: bool) -> int:
    """Copy every document of the index SRC into the index DST.

    Where there is no DST it is made with SRC's schema, changed by the options. SRC's analyzer
    need not be installed. At the end both corpus fingerprints are compared; ends with 1 if they
    differ.
    """
    if resolve_name(source) == resolve_name(target):
        raise InvalidConfig(f"{source!r} would be copied onto itself; name another DST")
    with open_index(source, export_only=True) as old:
        before = old.info()
        with _target(target, schema, before) as new:
            add = partial(new.add, batch=batch)
            report = write(
                Export(old),
                before.documents,
                "documents",
                lambda rows, tell: add(rows, progress=tell),
            )
            after = new.info()
    same, verdict = _compared(before, after)
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


def _compared(old: IndexInfo, new: IndexInfo) -> tuple[bool | None, str]:
    """Return whether both hold the same documents (None: not comparable), and in words."""
    if old.corpus_fingerprint == new.corpus_fingerprint:
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
