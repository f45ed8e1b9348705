"""JSON Lines, read strictly: what is broken is named by file, line and column."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from nuthatch.corpora.source import Stream
from nuthatch.errors import InvalidDocument

#: A longer line is not a document but a file of another kind.
LONGEST_LINE = 256 * 2**20
_BOM = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """Is one value and its place, `file:line`; an error where it cannot be read."""

    where: str
    value: object


def rows(stream: Stream) -> Iterator[Row]:
    """Yield the JSON value of every line that is not blank.

    A byte order mark before the first line is passed over. Raise `InvalidDocument` where what
    follows cannot be read either.
    """
    number = 0
    while True:
        number += 1
        where = f"{stream.name}:{number}"
        line = next_line(stream, where)
        if not line:
            return
        if number == 1:
            line = line.removeprefix(_BOM)
        if not line.isspace() and line:
            yield Row(where, _value(line, where))


def next_line(stream: Stream, where: str) -> bytes:
    """Return the next line, empty at the end."""
    line = stream.line(LONGEST_LINE + 1, where)
    if len(line) > LONGEST_LINE:
        raise InvalidDocument(
            f"the line is longer than {LONGEST_LINE >> 20} MiB; a corpus has one document on each "
            "line, or is one JSON array",
            where=where,
            reason="unreadable",
        )
    return line


def not_utf8(error: UnicodeDecodeError, where: str) -> InvalidDocument:
    """Return what is wrong with bytes of another encoding."""
    return InvalidDocument(
        f"byte 0x{error.object[error.start]:02x} is not UTF-8; convert the file to UTF-8",
        where=where,
        reason="unreadable",
    )


def _value(line: bytes, where: str) -> object:
    column, problem = "", ""
    try:
        return decoder.decode(line.decode())
    except UnicodeDecodeError as error:
        return not_utf8(error, f"{where}:{error.start + 1}")
    except json.JSONDecodeError as error:
        column, problem = f":{error.pos + 1}", f"not a JSON object on one line: {error.msg}"
    except RecursionError:
        problem = "the JSON is nested too deeply"
    except ValueError as error:
        problem = f"not JSON: {error}"
    return InvalidDocument(problem, where=where + column, reason="unreadable")


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


#: Refuses what would be lost without a word: a key that stands twice, a number that is none.
decoder = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_refuse)
