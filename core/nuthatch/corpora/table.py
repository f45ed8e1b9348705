"""Tables with a header: CSV and TSV.

    id,title,year,genres,text
    1,Heat,1995,"[""crime"", ""drama""]",A thief and a detective.

The columns `uri` (or `id`, or `_id`), `title` and `text` are the document's, every other one is a
field. An empty cell is no value. A cell of a declared field is read as its type, and may be a list
in JSON; a field that is not declared is text. CSV is quoted as in RFC 4180. In TSV nothing is
quoted, so a cell holds neither a tab nor a line end.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nuthatch.contract.document import URI_KEYS
from nuthatch.contract.schema import Schema
from nuthatch.corpora.jsonrows import LONGEST_LINE, SourceRow, next_line, not_utf8
from nuthatch.corpora.source import Stream
from nuthatch.errors import InvalidDocument

_OWN: Final = (*URI_KEYS, "title", "text")


def table_rows(stream: Stream, delimiter: str, schema: Schema) -> Iterator[SourceRow]:
    """Yield a document, as JSON, for each row. Raise `InvalidDocument` for a header that names
    no document, and where what follows cannot be read either."""
    lines = _Lines(stream)
    # Of the whole process, alas: a text is often longer than the 128 KiB of a fresh one.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    reader = _reader(lines, delimiter)
    header: _Header | None = None
    while True:
        where = f"{stream.name}:{lines.number + 1}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if header is None or lines.ended:
                raise _not_a_row(error, where) from error
            yield SourceRow(where, _not_a_row(error, where))
            continue
        except UnicodeDecodeError as error:
            place = f"{stream.name}:{lines.number}:{error.start + 1}"
            if header is None:
                raise not_utf8(error, place) from error
            yield SourceRow(place, not_utf8(error, place))
            # A new one, for what it held of the row is not the next row's.
            reader = _reader(lines, delimiter)
            continue
        if cells is None:
            return
        if header is None:
            header = _Header(cells, where, schema)
        elif cells:
            yield SourceRow(where, header.document(cells, where))


def _reader(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    if delimiter == "\t":
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    return csv.reader(lines, delimiter=delimiter, strict=True)


class _Lines:
    """Decoded lines, counted."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.number = 0
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next_line(self._stream, f"{self._stream.name}:{self.number + 1}")
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        return line.decode("utf-8-sig" if self.number == 1 else "utf-8")


def _not_a_row(error: csv.Error, where: str) -> InvalidDocument:
    problem = str(error)
    if "expected after" in problem:
        problem = "text follows a closing quote; write a quote within quotes twice"
    elif "end of data" in problem:
        problem = "a quote is opened here and never closed"
    elif "new-line" in problem:
        problem = "a carriage return stands alone; end lines with a line feed"
    elif "field limit" in problem:
        problem = f"a cell is longer than {LONGEST_LINE >> 20} MiB; is a quote never closed?"
    return InvalidDocument(f"not a row of CSV: {problem}", where=where, reason="unreadable")


class _Header:
    """Knows what each column is."""

    def __init__(self, names: Sequence[str], where: str, schema: Schema) -> None:
        self._names = names
        self._schema = schema
        keys = [name for name in URI_KEYS if name in names]
        twice = [name for name, times in Counter(names).items() if times > 1]
        problem = ""
        if twice:
            problem = f"the column {twice[0]!r} stands twice; rename one of them"
        elif "" in names:
            problem = f"column {names.index('') + 1} has no name; name it or take it out"
        elif len(keys) != 1:
            found = f"both {' and '.join(keys)}" if keys else "none of them"
            problem = f"one column must be uri, id or _id; found {found}"
        elif not {"title", "text"} & set(names):
            problem = "there is neither a column title nor a column text"
        if problem:
            shown = ", ".join(name[:40] for name in names[:12])
            raise InvalidDocument(
                f"the first row must name the columns: {problem} (columns: {shown})",
                where=where,
                reason="unreadable",
            )
        self._uri = keys[0]

    def document(self, cells: Sequence[str], where: str) -> Mapping[str, Any] | InvalidDocument:
        """Return the document of a row, or what is wrong with it."""
        if len(cells) != len(self._names):
            return InvalidDocument(
                f"the row has {len(cells)} cells and the header {len(self._names)}; quote cells "
                "that hold the separator, and write empty cells out",
                where=where,
                reason="unreadable",
            )
        row = dict(zip(self._names, cells, strict=True))
        fields: dict[str, Any] = {}
        for name, cell in row.items():
            if name in _OWN or not cell:
                continue
            try:
                fields[name] = self._value(name, cell)
            except ValueError as error:
                declared = self._schema.field(name)
                kind = "text" if declared is None else declared.type
                problem = InvalidDocument(
                    f"column {name!r} is declared as {kind}, and {cell[:80]!r} is none; mend the "
                    "cell, or leave it empty",
                    uri=row[self._uri] or None,
                    where=where,
                    field=name,
                    reason="field",
                )
                problem.__cause__ = error
                return problem
        texts = {name: row.get(name, "") for name in ("title", "text")}
        return {"uri": row[self._uri], **texts, "fields": fields}

    def _value(self, name: str, cell: str) -> object:
        """Return what a cell means. Raise `ValueError`."""
        declared = self._schema.field(name)
        if declared is None:
            return cell
        if cell.startswith("["):
            try:
                return json.loads(cell)
            except json.JSONDecodeError:
                pass  # text that begins with a bracket
        return declared.parse(cell)
