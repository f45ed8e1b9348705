"""A corpus: the documents of one or more sources, one after the other, in one of four formats.

    jsonl    JSON Lines: one document a line
    json     one array of documents
    csv tsv  a table with a header

The name of a file tells tables (`.csv`, `.tsv`, `.tab`, also before `.gz`); anything else is JSON,
and its first character tells an array from lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from nuthatch.contract.document import Document, document_from_json
from nuthatch.contract.schema import Schema
from nuthatch.corpora.jsonrows import SourceRow, array_rows, line_rows
from nuthatch.corpora.source import STDIN, Stream, Tally, locate, open_source
from nuthatch.corpora.table import table_rows
from nuthatch.errors import InvalidConfig, InvalidDocument

#: How the documents of a corpus are written down.
Format = Literal["jsonl", "json", "csv", "tsv"]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv"}


def read_rows(stream: Stream, format: Format | None, schema: Schema) -> Iterator[SourceRow]:
    """Yield the rows of a source; without a format, in the one that it seems to be in."""
    match format or _format_of(stream):
        case "csv":
            return table_rows(stream, ",", schema)
        case "tsv":
            return table_rows(stream, "\t", schema)
        case "json":
            return array_rows(stream)
        case _:
            return line_rows(stream)


def _format_of(stream: Stream) -> Format:
    name = stream.name.lower().removesuffix(".gz")
    for suffix, format in _SUFFIXES.items():
        if name.endswith(suffix):
            return format
    return "json" if stream.peek_first_byte() == b"[" else "jsonl"


class Corpus:
    """The documents of some sources, and where each of the latest came from.

    `format` is that of all sources; without it names and first characters tell. `schema` gives the
    cells of tables their types. All sources are looked for at once, so that a mistyped name is
    an error before anything is indexed. Raises `InvalidConfig`; reading it raises `InvalidDocument`
    that names file, line and, where there is one, column. `entries()` gives such errors in place
    of their documents and goes on: `index.add(corpus.entries(), on_error="skip")`.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        format: Format | None = None,
        schema: Schema | None = None,
    ) -> None:
        if paths.count(STDIN) > 1:
            raise InvalidConfig("standard input can be read once; give - once")
        if format is not None and format not in get_args(Format):
            known = ", ".join(get_args(Format))
            raise InvalidConfig(f"the format {format!r} of a corpus is not known; use {known}")
        self._sources = [locate(path) for path in paths]
        self._format = format
        self._places: list[str] = []
        self._acknowledged = 0
        self._finished = 0
        self._tally: Tally | None = None
        #: What the cells of tables are typed by.
        self.schema = schema or Schema()
        #: The number of documents read so far, broken ones counted.
        self.read = 0

    @property
    def size(self) -> int | None:
        """The number of bytes in all sources, None if one of them is a pipe."""
        sizes = [source.size for source in self._sources]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def position(self) -> int:
        """The number of bytes taken from the sources so far, packed as they are."""
        return self._finished + (0 if self._tally is None else self._tally.count)

    def __iter__(self) -> Iterator[Document]:
        for entry in self.entries():
            if isinstance(entry, InvalidDocument):
                raise entry
            yield entry

    def entries(self) -> Iterator[Document | InvalidDocument]:
        """Yield documents, and errors for those that cannot be read.

        Raise `InvalidDocument` where a source is so broken that nothing after it can be read.
        """
        for source in self._sources:
            with open_source(source) as (stream, tally):
                self._tally = tally
                for row in read_rows(stream, self._format, self.schema):
                    self.read += 1
                    self._places.append(row.where)
                    yield _document(row)
                self._finished += tally.count
                self._tally = None

    def acknowledge(self, read: int) -> str:
        """Forget the places of the first `read` documents; return the place of the last."""
        gone = self._places[: read - self._acknowledged]
        del self._places[: len(gone)]
        self._acknowledged += len(gone)
        return gone[-1] if gone else ""

    def place(self, position: int) -> str | None:
        """Return the place of the document at this position, from 0, unless it is forgotten."""
        at = position - self._acknowledged
        return self._places[at] if 0 <= at < len(self._places) else None

    def locate_error(self, error: InvalidDocument) -> InvalidDocument:
        """Return the error with the place of its document, if that is known."""
        place = None if error.position is None else self.place(error.position)
        return error if place is None else error.at(place)


def _document(row: SourceRow) -> Document | InvalidDocument:
    if isinstance(row.value, InvalidDocument):
        return row.value
    try:
        return document_from_json(row.value, row.where)
    except InvalidDocument as error:
        return error
