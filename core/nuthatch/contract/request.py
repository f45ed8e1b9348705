"""`Request`: what a search that does no I/O asks of a reader."""

from __future__ import annotations

from typing import Any, NamedTuple


class Request(NamedTuple):
    """Names a method of the reader and its arguments."""

    method: str
    arguments: tuple[Any, ...]
