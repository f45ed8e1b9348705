"""A corpus: the documents of one or more sources, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nuthatch.contract.document import Document, document_from_json
from nuthatch.corpora.jsonlines import rows
from nuthatch.corpora.source import STDIN, Tally, locate, reading
from nuthatch.errors import InvalidConfig, InvalidDocument


class Corpus:
    """Yields the documents of its sources and knows where each of the latest came from.

    All sources are looked for at once, so that a mistyped name is told before anything is
    indexed. Raises `InvalidConfig`; reading it raises `InvalidDocument` that names file, line
    and, where there is one, column.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        if paths.count(STDIN) > 1:
            raise InvalidConfig("standard input can be read once; give - once")
        self._sources = [locate(path) for path in paths]
        self._places: dict[str, tuple[int, str]] = {}
        self._finished = 0
        self._tally: Tally | None = None
        #: The number of documents read so far.
        self.read = 0

    @property
    def size(self) -> int | None:
        """Is the number of bytes in all sources, None if one of them is a pipe."""
        sizes = [source.size for source in self._sources]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def position(self) -> int:
        """Is the number of bytes taken from the sources so far, packed as they are."""
        return self._finished + (0 if self._tally is None else self._tally.count)

    def __iter__(self) -> Iterator[Document]:
        for source in self._sources:
            with reading(source) as (stream, tally):
                self._tally = tally
                for row in rows(stream, source.name):
                    document = document_from_json(row.value, row.where)
                    self.read += 1
                    self._places.pop(document.uri, None)
                    self._places[document.uri] = (self.read, row.where)
                    yield document
                self._finished += tally.count
                self._tally = None

    def acknowledge(self, read: int) -> str:
        """Forgets the places of the first `read` documents; returns the place of the last."""
        last = ""
        for uri, (number, where) in list(self._places.items()):
            if number > read:
                break
            last = where
            del self._places[uri]
        return last

    def located(self, error: InvalidDocument) -> InvalidDocument:
        """Returns the error with the place of its document, if it names one not yet forgotten."""
        place = None if error.uri is None else self._places.get(error.uri)
        if error.where is not None or place is None:
            return error
        located = InvalidDocument(str(error), uri=error.uri, where=place[1])
        located.__cause__ = error
        return located
