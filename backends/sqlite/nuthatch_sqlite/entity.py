"""Entities: the dictionary of phrases and title tokens, and which documents mention them.

    entity    id  field  text                     phrases by the place of their field; titles' < 0
    mention   entity  first  documents  lengths   a row for each batch that mentions it
    gone      document                            deleted documents that rows still name

Of a title there are its tokens, those that it repeats (`the 2`: a second `the`), and all of it;
each kind has a field of its own. Phrases have the place of their field in the schema. A row holds a
batch's documents (4 bytes each, ascending), and for titles their numbers of tokens: a ninth of the
rows that one for each mention would take, which is what loading costs. Ids are never given again,
so a deleted document need only be named in `gone`, until `optimize` forgets both.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import AnalyzedDocument, PhraseField, Schema
from nuthatch.postings import Entry, EntryScheme, readable
from nuthatch.scoring import EntityPostings
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.phrases import Phrases
from nuthatch_sqlite.title_dictionary import TitleDictionary, newest

Ids = npt.NDArray[np.uint32]
NO_POSTINGS: Final = EntityPostings(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint32))

ADD: Final = "INSERT INTO entity VALUES (?, ?, ?)"
KNOWN: Final = """
SELECT given.key, entity.id
FROM json_each(?) AS given
CROSS JOIN entity
    ON entity.field = given.value ->> 0 AND entity.text = given.value ->> 1
"""
ADD_MENTIONS: Final = "INSERT INTO mention VALUES (?, ?, ?, ?)"
ADD_GONE: Final = "INSERT INTO gone VALUES (?)"
EVERY_MENTION: Final = "SELECT entity, documents, lengths FROM mention ORDER BY entity, first"
EVERY_ENTITY: Final = "SELECT id, field, text FROM entity"
GONE: Final = "SELECT document FROM gone"
_CLEAR: Final = ("DELETE FROM mention", "DELETE FROM gone")


class Entities:
    """Knows what documents mention, by one schema; shared by all users of an index."""

    def __init__(self, declared: Schema) -> None:
        self.declared = declared
        self.scheme = EntryScheme(declared)
        #: Whether documents have anything that can be mentioned.
        self._has_entries = declared.titles or any(
            isinstance(field, PhraseField) for field in declared.fields
        )
        self.titles = TitleDictionary()
        self.phrases = {
            place: Phrases(place)
            for place, field in enumerate(declared.fields)
            if isinstance(field, PhraseField) and field.match == "substring"
        }

    def add(
        self, connection: apsw.Connection, documents: Iterable[tuple[int, AnalyzedDocument]]
    ) -> None:
        """Store what documents mention, given with ascending ids; within a transaction."""
        if not self._has_entries:
            return
        titles, phrases = _Mentions(), _Mentions()
        for first, document in documents:
            found, title, length = self.scheme.split(
                document.document.title, document.document.fields
            )
            titles.add(first, title, length)
            if found:
                phrases.add(first, found, 0)
        entries = [*titles.places, *phrases.places]
        if entries:
            known = _find_or_add(connection, entries)
            count = len(titles.places)
            table = np.concatenate([titles.table(known[:count]), phrases.table(known[count:])])
            connection.executemany(ADD_MENTIONS, _pack_rows(table))

    def remove(self, connection: apsw.Connection, document: int) -> None:
        """Take a document's mentions away; within a transaction."""
        if self._has_entries:
            connection.execute(ADD_GONE, (document,))


class _Mentions:
    """Gathers the mentions of a batch. Each name has a place: when it came first."""

    def __init__(self) -> None:
        self.places: dict[Entry, int] = {}
        self._entity_places: list[int] = []
        self._documents: list[int] = []
        self._counts: list[int] = []
        self._lengths: list[int] = []

    def add(self, document: int, names: Collection[Entry], length: int) -> None:
        """Add what one document mentions, each name once."""
        places = self.places
        self._entity_places += [places.setdefault(name, len(places)) for name in names]
        self._documents.append(document)
        self._counts.append(len(names))
        self._lengths.append(length)

    def table(self, numbers: Sequence[int]) -> Any:
        """Return rows of (entity, document, length), given the number of each place."""
        places = np.array(self._entity_places, dtype=np.intp)
        with readable("the numbers of entities and documents"):
            entities = np.array(numbers, dtype=np.uint32)[places]
            others = np.array([self._documents, self._lengths], dtype=np.uint32)
        return np.column_stack([entities, np.repeat(others, self._counts, axis=1).T])


def _find_or_add(connection: apsw.Connection, entries: Sequence[Entry]) -> list[int]:
    """Return the numbers of distinct entries, in their order; those that are new get one."""
    given = json.dumps(entries)
    numbers = [0] * len(entries)
    for place, number in rows(connection, KNOWN, (given,)):
        numbers[place] = number
    missing = [place for place, number in enumerate(numbers) if not number]
    if missing:
        first = newest(connection) + 1
        for at, place in enumerate(missing):
            numbers[place] = first + at
        connection.executemany(ADD, ((numbers[place], *entries[place]) for place in missing))
    return numbers


def _pack_rows(table: Any) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yield the rows of `mention` for (entity, document, length), documents ascending."""
    entities, documents, lengths = table[np.argsort(table[:, 0], kind="stable")].T
    starts = np.flatnonzero(np.diff(entities, prepend=entities[0] + 1)).tolist()
    firsts, names = documents[starts].tolist(), entities[starts].tolist()
    documents, lengths = documents.astype("<u4").tobytes(), lengths.astype("<u4").tobytes()
    any_length = table[:, 2].any()
    for at, (start, end) in enumerate(zip(starts, [*starts[1:], len(table)], strict=True)):
        span = slice(4 * start, 4 * end)
        packed = lengths[span] if any_length else b""
        yield names[at], firsts[at], documents[span], packed if any(packed) else b""


def compact_mentions(connection: apsw.Connection) -> None:
    """Write the mentions again, a row for each entity, without deleted documents."""
    with readable("the mentions of the entities"):
        gone = np.array([number for (number,) in rows(connection, GONE)], dtype=np.uint32)
        table = [
            (entity, document, length)
            for entity, documents, lengths in rows(connection, EVERY_MENTION)
            for document, length in _pairs(documents, lengths, gone)
        ]
    for statement in _CLEAR:
        connection.execute(statement)
    if table:
        connection.executemany(ADD_MENTIONS, _pack_rows(np.array(table, dtype=np.uint32)))


def live(stored: Iterable[tuple[bytes, bytes]], gone: Any) -> EntityPostings:
    """Return the postings in all rows of an entity, but for documents that are gone.

    Raise `ValueError` for a row of another shape.
    """
    lists, lengths = [NO_POSTINGS.ids], [NO_POSTINGS.lengths]
    for packed, titles in stored:
        ids = np.frombuffer(packed, "<u4")
        lists.append(ids)
        lengths.append(np.frombuffer(titles, "<u4") if titles else np.zeros_like(ids))
        if len(lengths[-1]) != len(ids):
            raise ValueError(f"{len(ids)} documents have {len(lengths[-1])} lengths")
    documents: Ids = np.concatenate(lists)
    counts: Ids = np.concatenate(lengths)
    if gone.size:
        kept = ~np.isin(documents, gone)
        documents, counts = documents[kept], counts[kept]
    return EntityPostings(documents, counts)


def _pairs(documents: bytes, lengths: bytes, gone: Any) -> Iterator[tuple[int, int]]:
    found = live([(documents, lengths)], gone)
    return zip(found.ids.tolist(), found.lengths.tolist(), strict=True)


def differences(
    connection: apsw.Connection, entities: Entities, documents: Sequence[tuple[int, str, Any]]
) -> Iterator[str]:
    """Yield where stored mentions are not those of the documents: (id, title, fields)."""
    gone = np.array([number for (number,) in rows(connection, GONE)], dtype=np.uint32)
    known = {number: (field, text) for number, field, text in rows(connection, EVERY_ENTITY)}
    stored: dict[int, dict[Entry, int]] = {}
    for entity, mentioned, lengths in rows(connection, EVERY_MENTION):
        for document, length in _pairs(mentioned, lengths, gone):
            stored.setdefault(document, {})[known[entity]] = length
    for first, title, fields in documents:
        if stored.pop(first, {}) != entities.scheme.entries(title, fields):
            yield f"the mentions of the document at chunk {first} are not those of its header"
    for first in stored:
        yield f"mentions name a document at chunk {first}, which is not there"
