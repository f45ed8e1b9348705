"""Spans: pieces of text with a style, safe to show on a terminal."""

from __future__ import annotations

from typing import Final, Literal

Style = Literal["", "strong", "dim", "mark", "good", "bad", "name"]
Span = tuple[str, Style]
Cell = str | Span

#: C0, DEL, C1, surrogates and the bidirectional controls that reorder what stands around them.
CONTROLS: Final = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
]
_VISIBLE = dict.fromkeys(CONTROLS, "\ufffd") | {ord(space): " " for space in "\t\n\r\v\f\x85"}


def printable(text: str) -> str:
    """Return one line of text that is safe to show: white space as spaces, no controls."""
    return text.translate(_VISIBLE)


def span(cell: Cell) -> Span:
    """Return the cell as a printable span."""
    return (printable(cell), "") if isinstance(cell, str) else (printable(cell[0]), cell[1])
