"""Lines of text from a file or standard input, plain or gzip, each with its place.

Whether a file is gzip is seen from its first bytes, never from its name.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import BinaryIO, NamedTuple, cast

from nuthatch import InvalidConfig

STDIN = "-"
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """Is one line without its end, and its place, `file:line`."""

    where: str
    text: str


def lines(path: str, kind: str) -> Iterator[Line]:
    """Yields the lines that are not blank; `kind` names the file in errors (a run, say).

    Raises `InvalidConfig` where the file cannot be read, is not UTF-8 or a damaged gzip stream.
    """
    name = "<stdin>" if path == STDIN else path
    number = 0
    try:
        with _opened(path) as stream:
            for number, raw in enumerate(stream, 1):
                line = raw.removeprefix(_BOM) if number == 1 else raw
                text = line.decode().rstrip("\r\n")
                if text.strip():
                    yield Line(f"{name}:{number}", text)
    except UnicodeDecodeError as error:
        raise InvalidConfig(
            f"{name}:{number}: byte 0x{error.object[error.start]:02x} is not UTF-8; "
            "convert the file to UTF-8"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidConfig(
            f"{name}:{number + 1}: the gzip stream is damaged ({error}); "
            "fetch or pack the file again"
        ) from error
    except OSError as error:
        raise InvalidConfig(
            f"the {kind} {name} cannot be read: {error.strerror or error}; "
            "name a file, plain or gzip, or - for standard input"
        ) from error


def json_object(line: Line, example: str) -> dict[str, object]:
    """Returns the JSON object on a line; `example` is shown in the `InvalidConfig` otherwise."""
    try:
        value = json.loads(line.text)
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(
            f"{line.where}: not a JSON object ({error}); write one on each line: {example}"
        ) from error
    if not isinstance(value, dict):
        raise InvalidConfig(
            f"{line.where}: a JSON {type(value).__name__} where an object is due: {example}"
        )
    return value


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Gives the unpacked bytes; standard input stays open."""
    with nullcontext(sys.stdin.buffer) if path == STDIN else open(path, "rb") as raw:
        buffered = cast(io.BufferedReader, raw)
        if buffered.peek(len(_GZIP)).startswith(_GZIP):
            with gzip.GzipFile(fileobj=buffered) as plain:
                yield cast(BinaryIO, plain)
        else:
            yield buffered
