"""JSON Lines, read strictly: what is broken is named by file, line and column, never skipped."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn

from nuthatch.errors import InvalidDocument

#: A longer line is not a document but a file of another kind (one JSON array, say).
LONGEST_LINE = 256 * 2**20
_BOM = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """Is one JSON value and its place, `file:line`."""

    where: str
    value: object


def rows(stream: BinaryIO, name: str) -> Iterator[Row]:
    """Yields the JSON value of every line that is not blank. Raises `InvalidDocument`.

    A byte order mark before the first line is passed over.
    """
    number = 0
    while True:
        number += 1
        where = f"{name}:{number}"
        line = _line(stream, where)
        if not line:
            return
        if number == 1:
            line = line.removeprefix(_BOM)
        if not line.isspace() and line:
            yield Row(where, _value(line, where))


def _line(stream: BinaryIO, where: str) -> bytes:
    try:
        line = stream.readline(LONGEST_LINE + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidDocument(
            f"the gzip stream is damaged ({error}); fetch or pack the file again", where=where
        ) from error
    if len(line) > LONGEST_LINE:
        raise InvalidDocument(
            f"the line is longer than {LONGEST_LINE >> 20} MiB; a corpus has one JSON object "
            "on each line",
            where=where,
        )
    return line


def _value(line: bytes, where: str) -> object:
    try:
        return _decode(line.decode())
    except UnicodeDecodeError as error:
        raise InvalidDocument(
            f"byte 0x{line[error.start]:02x} is not UTF-8; convert the file to UTF-8",
            where=f"{where}:{error.start + 1}",
        ) from error
    except json.JSONDecodeError as error:
        raise InvalidDocument(
            f"not a JSON object on one line: {error.msg}", where=f"{where}:{error.pos + 1}"
        ) from error
    except RecursionError as error:
        raise InvalidDocument("the JSON is nested too deeply", where=where) from error
    except ValueError as error:
        raise InvalidDocument(f"not JSON: {error}", where=where) from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r} stands twice in one object; keep one of them")
            seen.add(key)
    return row


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number; leave the value out or write null")


_decode = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_refuse).decode
