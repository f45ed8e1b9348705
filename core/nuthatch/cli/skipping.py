"""Documents that are skipped: the first are shown, or all are written down."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Final, TextIO

import click

from nuthatch.cli.span import printable
from nuthatch.contract.skipped_document import SkippedDocument
from nuthatch.corpora import Corpus
from nuthatch.errors import InvalidConfig

#: Skipped documents that are shown where no file takes them.
_SHOWN: Final = 10
#: Skipped documents that the answer in JSON tells of.
_KEPT: Final = 100


class Skipped:
    """Is called with each document that is skipped."""

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
        return [asdict(each) for each in self._first]


@contextmanager
def skipping(corpus: Corpus, path: str | None) -> Iterator[Skipped]:
    """Give what takes skipped documents; a path (- is standard error) takes all, a line each."""
    if path is None or path == "-":
        skipped = Skipped(corpus, None if path is None else sys.stderr)
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
        yield Skipped(corpus, log)
