"""What a terminal sees: colour, wrapping, progress bars. The only module that imports rich."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from nuthatch.cli.output import Cell, Style, style_text

_STYLES: dict[Style, str] = {
    "": "",
    "strong": "bold",
    "dim": "dim",
    "mark": "bold yellow",
    "good": "green",
    "bad": "bold red",
    "name": "cyan",
}

#: Text is not wrapped into less than this, however narrow the terminal.
_NARROWEST = 20


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: no markup, no emoji codes, no guessing."""
    file = sys.stderr if stderr else sys.stdout
    return Console(file=file, markup=False, emoji=False, highlight=False)


def text(*cells: Cell) -> Text:
    """Return the spans as rich's text."""
    return Text.assemble(*((words, _STYLES[style]) for words, style in map(style_text, cells)))


class TerminalScreen:
    """A screen of coloured text, wrapped to the terminal's width."""

    def __init__(self) -> None:
        self._console = console()

    def line(self, *cells: Cell, indent: int = 0, wrap: bool = True) -> None:
        paragraph = text(*cells)
        width = max(self._console.width - indent, _NARROWEST)
        rows = list(paragraph.wrap(self._console, width)) if wrap else [paragraph]
        for row in rows or [paragraph]:
            row.rstrip()
            self._console.print(Text(" " * indent).append_text(row), soft_wrap=True)

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        right: Collection[int] = (),
        indent: int = 0,
    ) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for number, heading in enumerate(headings):
            table.add_column(
                text(heading),
                justify="right" if number in right else "left",
                no_wrap=number in right,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(text(cell) for cell in row))
        self._console.print(Padding(table, (0, 0, 0, indent), expand=False))


class Bar:
    """A progress bar on standard error, with a line that says how far it is."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total, state="")

    def move(self, position: int, state: str) -> None:
        """Move the bar to `position` of the total, and show `state` beside it."""
        self._progress.update(self._task, completed=position, state=state)


@contextmanager
def bar(total: int | None) -> Iterator[Bar]:
    """Show a bar while the block runs; what is not known yet moves to and fro."""
    # The spinner goes on while a batch is being written, and nothing is read.
    columns = (SpinnerColumn(), BarColumn(bar_width=20), TextColumn("{task.fields[state]}"))
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        yield Bar(progress, total)


@contextmanager
def spinner(message: str) -> Iterator[None]:
    """Show that something goes on for which no progress is known."""
    with console(stderr=True).status(text(message)):
        yield
