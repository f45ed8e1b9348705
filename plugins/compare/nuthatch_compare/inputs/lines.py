"""Lines of text from a file or standard input, plain or gzip, each with its place.

The first bytes decide whether a file is gzip, never its name.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import BinaryIO, NamedTuple, cast

from nuthatch import InvalidConfig

STDIN = "-"
#: What separates columns, and stands around them; other blanks may be part of a name.
BLANKS = " \t\f\v"
_BLANKS = re.compile(r"[ \t\f\v]+")
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line without its end, and its place, `file:line`."""

    where: str
    text: str


def read_lines(path: str, kind: str) -> Iterator[Line]:
    """Yield the lines that are not blank; `kind` names the file in errors, such as "run".

    Raise `InvalidConfig` where the file cannot be read, is not UTF-8 or a damaged gzip stream.
    """
    name = "<stdin>" if path == STDIN else path
    number = 0
    try:
        with _open_binary(path) as stream:
            for number, raw in enumerate(stream, 1):
                line = raw.removeprefix(_BOM) if number == 1 else raw
                text = line.decode().rstrip("\r\n")
                if text.strip(BLANKS):
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


def split_ascii(text: str, most: int = 0) -> list[str]:
    """Split at ASCII blanks; str.split() also splits at those that may be part of a name."""
    return _BLANKS.split(text.strip(BLANKS), maxsplit=most)


def is_json(line: Line) -> bool:
    """Return whether a file that begins with this line is JSON, of one object or of one a line."""
    return line.text.lstrip(" \t").startswith("{")


def parse_json_tables(
    path: str, every: Iterator[Line], example: str
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the members of one JSON object over all lines, each of which is an object itself.

    Raise `InvalidConfig`; `example` is shown in its message.
    """
    text = "\n".join(line.text for line in every)
    try:
        value = json.loads(text, object_pairs_hook=_build_object)
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(f"{path}: not a JSON object ({error}); write {example}") from error
    for name, table in value.items():
        if not isinstance(table, dict):
            raise InvalidConfig(
                f"{path}: {name!r} holds a JSON {type(table).__name__} where an object by document "
                f"is due: {example}"
            )
        yield name, table


def _build_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the object. Raise `ValueError` for a repeated key: JSON's reader keeps the last."""
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} comes twice")
    return value


def parse_json_object(line: Line, example: str) -> dict[str, object]:
    """Return the JSON object on a line; `example` is shown in the `InvalidConfig` otherwise."""
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
def _open_binary(path: str) -> Iterator[BinaryIO]:
    """Give the unpacked bytes; standard input stays open."""
    with nullcontext(sys.stdin.buffer) if path == STDIN else open(path, "rb") as raw:
        buffered = cast(io.BufferedReader, raw)
        if buffered.peek(len(_GZIP)).startswith(_GZIP):
            with gzip.GzipFile(fileobj=buffered) as plain:
                yield cast(BinaryIO, plain)
        else:
            yield buffered
