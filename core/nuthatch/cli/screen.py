"""Readable output: lines and tables of styled spans.

A terminal gets colour from `nuthatch.cli.terminal`, which imports rich; a pipe gets plain text,
where a marked word is `[word]`. Nothing is ever parsed as markup, and control characters of
documents and queries do not reach the reader's terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Protocol

import click

from nuthatch.cli.output import Cell, style_text


class Screen(Protocol):
    """The place where a command shows its answer."""

    def line(self, *cells: Cell, indent: int = 0, wrap: bool = True) -> None:
        """Show spans one after the other, as one paragraph; commands to copy are not wrapped."""

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        right: Collection[int] = (),
        indent: int = 0,
    ) -> None:
        """Show rows under headings; `right` are the columns of numbers."""


class PlainScreen:
    """A screen of plain text, for pipes and files: no colour, no wrapping."""

    def line(self, *cells: Cell, indent: int = 0, wrap: bool = True) -> None:
        spans = [style_text(cell) for cell in cells]
        text = "".join(f"[{text}]" if style == "mark" else text for text, style in spans)
        click.echo((" " * indent + text).rstrip())

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        right: Collection[int] = (),
        indent: int = 0,
    ) -> None:
        texts = [list(headings), *([style_text(cell)[0] for cell in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        for row in texts:
            padded = [
                text.rjust(width) if number in right else text.ljust(width)
                for number, (text, width) in enumerate(zip(row, widths, strict=True))
            ]
            click.echo((" " * indent + "  ".join(padded)).rstrip())


def open_screen() -> Screen:
    """Return the screen for standard output."""
    if not sys.stdout.isatty():
        return PlainScreen()
    from nuthatch.cli.terminal import TerminalScreen  # imports rich

    return TerminalScreen()
