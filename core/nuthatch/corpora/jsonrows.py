"""JSON Lines, and a JSON array of documents, read strictly: what is broken is named by its place.

Both are read piece by piece: memory holds one document, not the file.
"""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

from nuthatch.corpora.source import Stream
from nuthatch.errors import InvalidDocument

#: A longer line is not a document but a file of another kind.
LONGEST_LINE = 256 * 2**20
_BOM = b"\xef\xbb\xbf"


class SourceRow(NamedTuple):
    """One value and its place, `file:line`; an error where it cannot be read."""

    where: str
    value: object


def line_rows(stream: Stream) -> Iterator[SourceRow]:
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
            yield SourceRow(where, _value(line, where))


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


#: Refuses what would be dropped silently: a key that stands twice, a number that is none.
decoder = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_refuse)


_PIECE: Final = 256 * 1024
#: An error so near to the end of what was read may be for want of the rest.
_MARGIN: Final = 16
_SPACE: Final = re.compile(r"[ \t\n\r]*")


def array_rows(stream: Stream) -> Iterator[SourceRow]:
    """Yield the elements of the array. Raise `InvalidDocument` where it is broken: what follows
    cannot be read either."""
    text = _Text(stream)
    text.take("[")
    if text.ahead() == "]":
        text.take("]")
    else:
        while True:
            yield text.element()
            if text.ahead() != ",":
                text.take("]")
                break
            text.take(",")
    if text.ahead():
        raise text.broken(0, "something follows the array; a corpus is one array")


class _Text:
    """The text from where the reading is, with its line and column."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decode = getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._line = 1
        self._column = 1
        self._ended = False

    def ahead(self) -> str:
        """Return the next character that is no white space, empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._move(match.end() if match else self._at)
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, wanted: str) -> None:
        """Take one character. Raise `InvalidDocument` where another one stands."""
        found = self.ahead()
        if found != wanted:
            what = repr(found) if found else "the end"
            raise self.broken(0, f"expected {wanted!r} here, found {what}")
        self._move(self._at + 1)

    def element(self) -> SourceRow:
        """Take the next element."""
        self.ahead()
        where = f"{self._stream.name}:{self._line}"
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._may_go_on(error) and self._more():
                    continue
                raise self.broken(error.pos - self._at, error.msg) from error
            except RecursionError as error:
                raise self.broken(0, "the JSON is nested too deeply") from error
            except ValueError as error:
                raise self.broken(0, str(error)) from error
            if end == len(self._text) and self._more():  # 12 may be the beginning of 123
                continue
            self._move(end)
            return SourceRow(where, value)

    def broken(self, ahead: int, problem: str) -> InvalidDocument:
        """Return what is wrong so many characters ahead."""
        self._move(self._at + ahead)
        return InvalidDocument(
            f"the JSON array is broken: {problem}; what follows it cannot be read",
            where=f"{self._stream.name}:{self._line}:{self._column}",
            reason="unreadable",
        )

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _MARGIN

    def _move(self, to: int) -> None:
        lines = self._text.count("\n", self._at, to)
        if lines:
            self._line += lines
            self._column = to - self._text.rindex("\n", self._at, to)
        else:
            self._column += to - self._at
        self._at = to

    def _more(self) -> bool:
        """Double what is buffered by reading on; return False at the end."""
        if self._ended:
            return False
        self._text, self._at = self._text[self._at :], 0
        if len(self._text) > LONGEST_LINE:
            raise self.broken(0, f"an element is longer than {LONGEST_LINE >> 20} MiB")
        where = f"{self._stream.name}:{self._line}"
        piece = self._stream.piece(max(_PIECE, len(self._text)), where)
        self._ended = not piece
        try:
            self._text += self._decode(piece, self._ended)
        except UnicodeDecodeError as error:
            line = self._line + self._text.count("\n") + error.object.count(b"\n", 0, error.start)
            raise not_utf8(error, f"{self._stream.name}:{line}") from error
        return not self._ended or self._at < len(self._text)
