"""Acknowledgements: what is known to be safe while documents are being written.

On a terminal they are a progress bar, elsewhere one line for each batch. Both go to standard
error, so that after a kill it is known how far the index got.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import click

from nuthatch.cli.exits import Interrupted
from nuthatch.cli.span import printable
from nuthatch.contract.document import Document
from nuthatch.contract.report import AddReport
from nuthatch.errors import NuthatchError

#: The bar moves every so many documents.
_STEP = 64


class Stream(Protocol):
    """Is what documents are taken from: it knows how far it is."""

    @property
    def position(self) -> int:
        """Is how much was taken, in the unit of the total."""

    def __iter__(self) -> Iterator[Document]: ...
    def acknowledge(self, read: int) -> str:
        """Is told that the first `read` documents are safe; returns the last one's place."""


class Acknowledgements:
    """Holds the last report of an `add`, and where in the input it ends."""

    def __init__(self) -> None:
        self.report: AddReport | None = None
        self.place = ""

    def safe(self) -> str:
        """Says in one sentence what is safe."""
        if self.report is None:
            return "nothing was written"
        place = f" (up to {self.place})" if self.place else ""
        return (
            f"the first {self.report.read:,} documents{place} are safe in the index; "
            "the same command again goes on, what is in already is left alone"
        )


def write(
    stream: Stream,
    total: int | None,
    add: Callable[[Iterable[Document], Callable[[AddReport], None]], AddReport],
) -> AddReport:
    """Runs `add(documents, progress)` and reports each batch.

    When it fails or is interrupted, says what is safe: on standard error before the error goes
    on, or in the `Interrupted` that is raised for Ctrl-C.
    """
    state = Acknowledgements()
    try:
        with _reporting(stream, total, state) as (documents, progress):
            return add(documents, progress)
    except NuthatchError:
        click.echo(f"note: {printable(state.safe())}", err=True)
        raise
    except KeyboardInterrupt as error:
        raise Interrupted(state.safe()) from error


@contextmanager
def _reporting(
    stream: Stream, total: int | None, state: Acknowledgements
) -> Iterator[tuple[Iterable[Document], Callable[[AddReport], None]]]:
    def remember(report: AddReport) -> None:
        state.report, state.place = report, stream.acknowledge(report.read)

    if not sys.stderr.isatty():

        def line(report: AddReport) -> None:
            remember(report)
            click.echo(_batch_line(report, state.place), err=True)

        yield stream, line
        return

    from nuthatch.cli.terminal import bar  # imports rich

    with bar(total) as shown:

        def moving() -> Iterator[Document]:
            for number, document in enumerate(stream):
                if number % _STEP == 0:
                    shown.move(stream.position)
                yield document
            shown.move(stream.position)

        def show(report: AddReport) -> None:
            remember(report)
            shown.acknowledge(report.read, report.seconds)

        yield moving(), show


def _batch_line(report: AddReport, place: str) -> str:
    parts = [f"safe: {report.read:,} documents"]
    parts += [f"up to {printable(place)}"] if place else []
    parts.append(f"{report.seconds:.1f} s")
    return ", ".join(parts)


def waiting(message: str) -> AbstractContextManager[None]:
    """Shows, on a terminal, that something goes on for which no progress is known."""
    if not sys.stderr.isatty():
        return nullcontext()
    from nuthatch.cli.terminal import spinner  # imports rich

    return spinner(message)
