"""The catalog: what titles and declared fields hold, and which words there are, beside the chunks.

    rows.7.0, rows.7.1   of batch 7: a line for each document, a thousand lines a part
    gone.9.0             the documents that batch 9 replaced or removed, by place
    words.7.0            the surface words of batch 7 that its writer had not stored before

Parts belong to batches as chunks do, and are seen from the commit on. So what a process holds in
memory of one state, it brings to the next by the parts of the batches between. `optimize` writes
all parts anew as few large ones, and counts an epoch: who holds an older one reads all again.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from nuthatch import AnalyzedDocument, Columns, DocumentRow, FilterValue, PlainColumns, Schema
from nuthatch.entities import EntityTable
from nuthatch.postings import readable
from nuthatch_opensearch.marker import Marker

T = TypeVar("T")
ROWS: Final = "rows"
GONE: Final = "gone"
WORDS: Final = "words"
#: Documents, and words, of one part at most.
_ROWS: Final = 1_000
_WORDS: Final = 50_000
#: Words of which a writer remembers that it stored them, at most.
_MAX_KNOWN: Final = 2**18


class CatalogRow(NamedTuple):
    """One document: the place of its first chunk, its number of chunks, its title if titles are
    searched, its phrases as they were given, and what filters compare, by field."""

    seq: int
    chunks: int
    uri: str
    title: str
    phrases: Mapping[str, Any]
    values: Mapping[str, Sequence[FilterValue]]

    @classmethod
    def of(cls, schema: Schema, analyzed: AnalyzedDocument, seq: int) -> CatalogRow:
        """Return the row of a document whose first chunk has this place."""
        document = analyzed.document
        values: dict[str, list[FilterValue]] = {}
        for field, value in analyzed.values:
            values.setdefault(field, []).append(value)
        given = schema.field_values(document.fields)
        phrases = {field.name: value for field, value in given if field.type == "phrase"}
        title = document.title if schema.titles else ""
        return cls(seq, len(analyzed.chunks), document.uri, title, phrases, values)


class Catalog:
    """What the documents of a committed state have in their titles and fields, in memory."""

    def __init__(
        self,
        schema: Schema,
        marker: Marker,
        rows: Mapping[int, CatalogRow],
        entities: EntityTable | None = None,
    ) -> None:
        """Take the rows by place, ascending; and the table of entities where it is known."""
        self.marker = marker
        self.rows = rows
        self._schema = schema
        self._entities = entities
        self._columns: Columns | None = None

    @classmethod
    def of(
        cls, schema: Schema, marker: Marker, rows: Iterable[CatalogRow], gone: Collection[int]
    ) -> Catalog:
        """Return the catalog of a state, given all rows and the places of those that are gone."""
        live = {row.seq: row for row in rows}
        for seq in gone:
            live.pop(seq, None)
        return cls(schema, marker, dict(sorted(live.items())))

    def after(self, marker: Marker, rows: Sequence[CatalogRow], gone: Sequence[int]) -> Catalog:
        """Return the catalog of a later state, given what was added and what is gone since."""
        live = dict(self.rows)
        last = next(reversed(live), -1)
        added = [row for row in rows if row.seq not in live]
        live.update((row.seq, row) for row in added)
        for seq in gone:
            live.pop(seq, None)
        # What came and went since was never here.
        lost = [self.rows[seq] for seq in gone if seq in self.rows]
        if any(row.seq < last for row in added):  # of a batch that was slower than later ones
            return Catalog(self._schema, marker, dict(sorted(live.items())))
        table = self._entities
        if table is not None:
            kept = [_mentions(row) for row in added if row.seq in live]
            table = table.replace(map(_mentions, lost), kept)
        return Catalog(self._schema, marker, live, table)

    @property
    def entities(self) -> EntityTable:
        """What the documents mention."""
        if self._entities is None:
            self._entities = EntityTable(self._schema, map(_mentions, self.rows.values()))
        return self._entities

    @property
    def columns(self) -> Columns:
        """What the documents have in declared fields; chunks are named by their places."""
        if self._columns is None:
            self._columns = PlainColumns(
                DocumentRow(row.uri, range(row.seq, row.seq + row.chunks), row.values)
                for row in self.rows.values()
            )
        return self._columns


def _mentions(row: CatalogRow) -> tuple[int, str, Mapping[str, Any]]:
    return row.seq, row.title, row.phrases


class KnownWords:
    """The words that a writer knows to be stored, in one epoch of the catalog."""

    def __init__(self) -> None:
        self._epoch = -1
        self._words: set[str] = set()

    def select_new(self, words: Mapping[str, str], epoch: int) -> dict[str, str]:
        """Return the words that are not known to be stored."""
        if self._epoch != epoch:
            return dict(words)
        return {word: token for word, token in words.items() if word not in self._words}

    def add(self, words: Iterable[str], epoch: int) -> None:
        """Remember words that were committed in an epoch."""
        if self._epoch != epoch or len(self._words) > _MAX_KNOWN:
            self._epoch, self._words = epoch, set()
        self._words.update(words)


def pack_rows(rows: Iterable[CatalogRow]) -> Iterator[str]:
    """Yield the contents of the parts that hold these rows."""
    return (_pack(part) for part in _cut(rows, _ROWS))


def pack_words(words: Mapping[str, str]) -> Iterator[str]:
    """Yield the contents of the parts that hold these words."""
    return (_pack(dict(part)) for part in _cut(words.items(), _WORDS))


def pack_gone(places: Iterable[int]) -> str:
    """Return the content of the part that names documents by the places of their first chunks."""
    return _pack(sorted(places))


def unpack_rows(place: str, content: str) -> list[CatalogRow]:
    """Return the rows of a part. Raise `IndexCorrupt`."""
    with readable(f"{place}: a part of the catalog"):
        return [CatalogRow(*row) for row in _unpack(content)]


def unpack_words(place: str, content: str) -> dict[str, str]:
    """Return the words of a part, each with its token. Raise `IndexCorrupt`."""
    with readable(f"{place}: a part of the dictionary of words"):
        return dict(_unpack(content))


def unpack_gone(place: str, content: str) -> list[int]:
    """Return the places that a part names. Raise `IndexCorrupt`."""
    with readable(f"{place}: a part of the catalog"):
        return list(map(int, _unpack(content)))


def _pack(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return b64encode(zlib.compress(text.encode(), 1)).decode()


def _unpack(content: str) -> Any:
    try:
        return json.loads(zlib.decompress(b64decode(content)))
    except zlib.error as error:
        raise ValueError(str(error)) from error


def _cut(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    return iter(lambda: list(islice(rest, size)), [])
