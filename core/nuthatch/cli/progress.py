"""How far a load is, and what is known to be safe.

On a terminal that is a progress bar, elsewhere one line for each batch, and one every ten seconds
within a long batch. Both go to standard error, so that after a kill it is known how far the index
got. What is not known is not guessed: a pipe has no total and so no time that is left.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from typing import Final, Literal, Protocol

import click

from nuthatch.cli.exits import Interrupted
from nuthatch.cli.output import printable
from nuthatch.contract.batch import AddReport
from nuthatch.contract.document import Document
from nuthatch.errors import InvalidDocument, NuthatchError

#: The bar moves every so many documents.
_STEP: Final = 64
#: Seconds between two lines within a batch, where there is no terminal.
_QUIET: Final = 10.0

_UNITS: Final = ("kB", "MB", "GB", "TB")

Unit = Literal["bytes", "documents"]
Addable = Document | InvalidDocument


class DocumentStream(Protocol):
    """A source of documents that knows how far it is."""

    @property
    def position(self) -> int:
        """How much was taken, in the unit of the total."""

    def entries(self) -> Iterator[Addable]: ...
    def acknowledge(self, read: int) -> str:
        """Take note that the first `read` documents are safe; return the last one's place."""


class Acknowledgements:
    """The last report of an `add`, and where in the input it ends."""

    def __init__(self) -> None:
        self.report: AddReport | None = None
        self.place = ""

    def safe(self) -> str:
        """Say in one sentence what is safe."""
        if self.report is None:
            return "nothing was written"
        place = f" (up to {self.place})" if self.place else ""
        return (
            f"the first {self.report.read:,} documents{place} are safe in the index; "
            "the same command again goes on, what is in already is left alone"
        )


class Meter:
    """How far a stream is: documents, rate, share of the total and time left."""

    def __init__(self, stream: DocumentStream, total: int | None, unit: Unit) -> None:
        self._stream = stream
        self._total = total
        self._unit = unit
        self._begun = perf_counter()
        self.read = 0

    @property
    def seconds(self) -> float:
        """The seconds that it has taken so far."""
        return perf_counter() - self._begun

    def measure(self) -> str:
        """Say what is known, in one line."""
        seconds, position = self.seconds, self._stream.position
        parts = [f"{seconds:.1f} s"]
        parts += [f"{self.read / seconds:,.0f}/s"] if seconds else []
        if self._total:
            share = min(position / self._total, 1.0)
            parts.append(f"{100 * share:.0f} % of {self._amount(self._total)}")
            parts += [f"{_duration(seconds * (1 - share) / share)} left"] if 0 < share < 1 else []
        elif self._unit == "bytes":
            parts.append(f"{self._amount(position)} read, of a total that is not known")
        return ", ".join(parts)

    def _amount(self, number: int) -> str:
        if self._unit == "documents":
            return f"{number:,} documents"
        if number < 1000:
            return f"{number} bytes"
        power = min((len(str(number)) - 1) // 3, len(_UNITS))
        return f"{number / 1000**power:.1f} {_UNITS[power - 1]}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def write(
    stream: DocumentStream,
    total: int | None,
    unit: Unit,
    add: Callable[[Iterable[Addable], Callable[[AddReport], None]], AddReport],
) -> AddReport:
    """Run `add(documents, progress)` and reports each batch; `total` is in the unit.

    When it fails or is interrupted, says what is safe: on standard error before the error goes
    on, or in the `Interrupted` that is raised for Ctrl-C.
    """
    state = Acknowledgements()
    meter = Meter(stream, total, unit)
    shown = _bar if sys.stderr.isatty() else _lines
    try:
        with shown(stream, total, state, meter) as (documents, progress):
            return add(documents, progress)
    except NuthatchError as error:
        hint = "; --on-error skip leaves it out" if isinstance(error, InvalidDocument) else ""
        # The note of an invalid document is what `safe` says.
        notes = () if isinstance(error, InvalidDocument) else getattr(error, "__notes__", ())
        if state.report is not None or not notes:
            click.echo(f"note: {printable(state.safe())}{hint}", err=True)
        for note in notes:
            click.echo(f"note: {printable(note)}", err=True)
        raise
    except KeyboardInterrupt as error:
        raise Interrupted(state.safe()) from error


Reporting = tuple[Iterable[Addable], Callable[[AddReport], None]]


@contextmanager
def _lines(
    stream: DocumentStream, total: int | None, state: Acknowledgements, meter: Meter
) -> Iterator[Reporting]:
    shown = 0.0

    def documents() -> Iterator[Addable]:
        nonlocal shown
        for entry in stream.entries():
            meter.read += 1
            yield entry
            if meter.seconds - shown > _QUIET:
                shown = meter.seconds
                click.echo(f"read: {meter.read:,} documents; {meter.measure()}", err=True)

    def line(report: AddReport) -> None:
        nonlocal shown
        state.report, state.place = report, stream.acknowledge(report.read)
        place = f", up to {printable(state.place)}" if state.place else ""
        click.echo(f"safe: {report.read:,} documents{place}; {meter.measure()}", err=True)
        shown = meter.seconds

    yield documents(), line


@contextmanager
def _bar(
    stream: DocumentStream, total: int | None, state: Acknowledgements, meter: Meter
) -> Iterator[Reporting]:
    from nuthatch.cli.terminal import bar  # imports rich

    with bar(total) as shown:

        def move() -> None:
            safe = 0 if state.report is None else state.report.read
            counts = f"{meter.read:,} read, {safe:,} safe"
            shown.move(stream.position, f"{counts}; {meter.measure()}")

        def documents() -> Iterator[Addable]:
            for entry in stream.entries():
                meter.read += 1
                if meter.read % _STEP == 0:
                    move()
                yield entry
            move()

        def show(report: AddReport) -> None:
            state.report, state.place = report, stream.acknowledge(report.read)
            move()

        yield documents(), show


def waiting(message: str) -> AbstractContextManager[None]:
    """Show, on a terminal, that something goes on for which no progress is known."""
    if not sys.stderr.isatty():
        return nullcontext()
    from nuthatch.cli.terminal import spinner  # imports rich

    return spinner(message)
