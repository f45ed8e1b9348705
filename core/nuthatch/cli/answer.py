"""The answer of `--json`: exactly one JSON object on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from nuthatch.cli.span import CONTROLS

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
