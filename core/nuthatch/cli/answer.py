"""The answer of `--json`: exactly one JSON object on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import click


def answer(value: Mapping[str, Any]) -> None:
    """Prints one JSON object: on one line when piped, indented on a terminal.

    What the encoding of standard output cannot hold (lone surrogates, say) is escaped.
    """
    indent = 2 if sys.stdout.isatty() else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False, default=str)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent, allow_nan=False, default=str)
    click.echo(text)
