"""Output: pieces of text with a style, safe to show on a terminal, and the answer of `--json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal

import click

Style = Literal["", "strong", "dim", "mark", "good", "bad", "name"]
StyledText = tuple[str, Style]
Cell = str | StyledText

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


def style_text(cell: Cell) -> StyledText:
    """Return the cell as a printable span."""
    return (printable(cell), "") if isinstance(cell, str) else (printable(cell[0]), cell[1])


# json itself escapes those of C0; a raw line feed in its text is indentation.
_ESCAPES: Final = {code: f"\\u{code:04x}" for code in CONTROLS if 0x7F <= code < 0xD800}


def answer(value: Mapping[str, Any]) -> None:
    """Print one JSON object: on one line when piped, indented on a terminal.

    Controls that a terminal would obey are escaped, and so is what the encoding of standard
    output cannot hold (lone surrogates, say).
    """
    indent = 2 if sys.stdout.isatty() else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False, default=str)
    text = text.translate(_ESCAPES)  # they stand within strings only
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent, allow_nan=False, default=str)
    click.echo(text)
