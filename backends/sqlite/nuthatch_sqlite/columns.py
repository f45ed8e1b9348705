"""Columns: what documents have in declared fields, in blocks of 1,024 chunk ids.

    column_block   id  generation  data    a field's place + 1 and the block's number in one id; of
                                           place -1, how many chunks each document has
    keyword        id  text                a field's place and the number of its text in one id

A batch writes anew the blocks that its documents fall into, and `generation` says which of them a
cached column lacks. Of a deleted document only the number of chunks goes, and its values stay until
`optimize`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import AnalyzedDocument, FilterValue, Schema
from nuthatch.postings import (
    BLOCK_IDS,
    DOCUMENTS_PLACE,
    EMPTY_BLOCK,
    NOTHING_LOGGED,
    ArrayColumns,
    ColumnStore,
    FieldValues,
    LoggedColumns,
    StoredDocument,
    pack_blocks,
    readable,
    stored_fields,
    unpack_blocks,
)
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.state import State

#: A place or a field's number stands above so many bits.
_SHIFT: Final = 32

BLOCKS: Final = """
SELECT id - :first, data
FROM column_block
WHERE id BETWEEN :first AND :last
ORDER BY id
"""
NEW_BLOCKS: Final = """
SELECT id - :first, data
FROM column_block
WHERE generation > :since AND id BETWEEN :first AND :last
ORDER BY id
"""
SET_BLOCK: Final = "INSERT OR REPLACE INTO column_block VALUES (?, ?, ?)"
SOME_BLOCKS: Final = """
SELECT id, data
FROM column_block
WHERE id IN (SELECT value FROM json_each(?))
"""
KEYWORDS: Final = """
SELECT json_group_object(id - :first, text)
FROM keyword
WHERE id BETWEEN :first AND :last
"""
SOME_KEYWORDS: Final = """
SELECT json_group_object(id - :first, text)
FROM keyword
WHERE id IN (SELECT value + :first FROM json_each(:codes))
"""
# The index on uri has the ids: neither the table nor a uri is read.
URI_ORDER: Final = "SELECT group_concat(id, ' ') FROM (SELECT id FROM document ORDER BY uri)"
KNOWN_KEYWORDS: Final = """
SELECT given.value, keyword.id - :first
FROM json_each(:texts) AS given
CROSS JOIN keyword ON keyword.id >> 32 = :place AND keyword.text = given.value
"""
LAST_KEYWORD: Final = "SELECT max(id) - :first FROM keyword WHERE id BETWEEN :first AND :last"
UPDATE_BLOCK: Final = "UPDATE column_block SET data = ? WHERE id = ?"
DELETE_KEYWORDS: Final = """
DELETE FROM keyword
WHERE id BETWEEN :first AND :last
    AND id - :first NOT IN (SELECT value FROM json_each(:used))
"""
FIELD_VALUES: Final = "SELECT document, value FROM value WHERE field = ?"
ADD_KEYWORD: Final = "INSERT INTO keyword VALUES (?, ?)"


Ids = npt.NDArray[np.uint32]
_NONE: Final[Ids] = np.zeros(0, dtype=np.uint32)


def _span(number: int) -> dict[str, int]:
    """Return the first and the last id of what belongs to a field."""
    return {"first": number << _SHIFT, "last": ((number + 1) << _SHIFT) - 1}


class StoredColumns:
    """Reads the stored columns of one state, for a `ColumnStore`."""

    def __init__(self, connection: apsw.Connection, state: State) -> None:
        self._connection = connection
        self.state = state.generation

    def follows(self, since: int) -> bool:
        return since < self.state

    def read_log(self, since: int | None) -> LoggedColumns:
        return NOTHING_LOGGED

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        if since is None:
            return rows(self._connection, BLOCKS, _span(place + 1))
        return rows(self._connection, NEW_BLOCKS, {**_span(place + 1), "since": since})

    def read_texts(self, place: int, codes: Sequence[int] | None) -> dict[int, str]:
        return read_texts(self._connection, place, codes)

    def read_uri_order(self) -> Any:
        row = one(self._connection, URI_ORDER)
        text = "" if row is None or row[0] is None else row[0]
        return np.fromstring(text, dtype=np.int64, sep=" ").astype(np.uint32)


def read_texts(
    connection: apsw.Connection, place: int, codes: Sequence[int] | None
) -> dict[int, str]:
    """Return the texts of these numbers of a field, of all where None is given."""
    if codes is None:
        row = one(connection, KEYWORDS, _span(place))
    else:
        row = one(connection, SOME_KEYWORDS, {"first": place << _SHIFT, "codes": json.dumps(codes)})
    texts = {} if row is None else json.loads(row[0])
    return {int(code): text for code, text in texts.items()}


def read_columns(
    connection: apsw.Connection, state: State, store: ColumnStore, fields: Iterable[str]
) -> ArrayColumns:
    """Return the columns of fields in a state."""
    with readable("the columns of the fields"):
        return store.read(StoredColumns(connection, state), fields)


class ColumnWriter:
    """Writes what a batch adds and removes, within one transaction."""

    def __init__(self, connection: apsw.Connection, generation: int) -> None:
        """Write blocks of the state that the batch makes, which has this generation."""
        self._connection = connection
        self._generation = generation

    def remove(self, documents: Sequence[StoredDocument]) -> None:
        """Take documents away; what they had in fields stays and is passed by."""
        gone = np.array([document.id for document in documents], dtype=np.uint32)
        self._write_blocks({DOCUMENTS_PLACE: FieldValues.of((), np.int64)}, gone)

    def replace(
        self,
        declared: Schema,
        removed: Sequence[StoredDocument],
        added: Sequence[tuple[int, AnalyzedDocument]],
    ) -> None:
        """Take documents away, and store what new ones have, given with ascending ids."""
        counts = [(first, [len(document.chunks)]) for first, document in added]
        columns = {DOCUMENTS_PLACE: FieldValues.of(counts, np.int64)}
        found: dict[str, tuple[list[int], list[FilterValue]]] = {}
        for first, document in added:
            for name, value in document.values:
                documents, values = found.setdefault(name, ([], []))
                documents.append(first)
                values.append(value)
        for stored in stored_fields(declared):
            if stored.name in found:
                documents, values = found[stored.name]
                codes: dict[str, int] = {}
                if stored.has_texts:
                    codes = self._number_keywords(stored.place, {*map(str, values)})
                coded = stored.encode(values, codes)
                columns[stored.place] = FieldValues.from_pairs(documents, coded, stored.dtype)
        gone = np.array([document.id for document in removed], dtype=np.uint32)
        self._write_blocks(columns, gone)

    def _write_blocks(self, added: Mapping[int, FieldValues], gone: Ids) -> None:
        """Write anew the blocks that new documents fall into, by the places of their columns, and
        those that say which documents there are."""
        touched = {place: _block_numbers(place, found, gone) for place, found in added.items()}
        wanted = json.dumps([*chain(*touched.values())])
        stored = dict(rows(self._connection, SOME_BLOCKS, (wanted,)))
        changed: list[tuple[int, int, bytes]] = []
        for place, found in added.items():
            first = (place + 1) << _SHIFT
            known = [(id - first, stored[id]) for id in touched[place] if id in stored]
            with readable("the columns of the fields"):
                before = unpack_blocks(known, found.values.dtype)
                without = gone if place == DOCUMENTS_PLACE else _NONE
                blocks = pack_blocks(before.replace(without, found))
            changed += [
                (id, self._generation, blocks.get(id - first, EMPTY_BLOCK)) for id in touched[place]
            ]
        self._connection.executemany(SET_BLOCK, changed)

    def _number_keywords(self, place: int, texts: set[str]) -> dict[str, int]:
        """Return the numbers of texts in a field; those that are new get one."""
        first = place << _SHIFT
        given = {"first": first, "place": place, "texts": json.dumps([*texts], ensure_ascii=False)}
        codes: dict[str, int] = dict(rows(self._connection, KNOWN_KEYWORDS, given))
        missing = sorted(texts - codes.keys())
        if missing:
            row = one(self._connection, LAST_KEYWORD, _span(place))
            following = 0 if row is None or row[0] is None else row[0] + 1
            new = {text: following + at for at, text in enumerate(missing)}
            self._connection.executemany(
                ADD_KEYWORD, ((first + code, text) for text, code in new.items())
            )
            codes |= new
        return codes


def _block_numbers(place: int, added: FieldValues, gone: Ids) -> list[int]:
    """Return the ids of the blocks that a column's new documents, and removed ones, fall into."""
    ids = np.concatenate([gone, added.documents]) if place == DOCUMENTS_PLACE else added.documents
    first = (place + 1) << _SHIFT
    return [first + number for number in np.unique(ids // BLOCK_IDS).tolist()]


def compact_columns(connection: apsw.Connection, declared: Schema) -> None:
    """Take away what deleted documents had, and texts that no document has."""
    documents = _unpack(connection, DOCUMENTS_PLACE, np.int64).documents
    for stored in stored_fields(declared):
        found = _unpack(connection, stored.place, stored.dtype)
        live = found.select(np.isin(found.documents, documents))
        first = (stored.place + 1) << _SHIFT
        if live.documents.size < found.documents.size:
            kept, every = pack_blocks(live), pack_blocks(found)
            connection.executemany(
                UPDATE_BLOCK,
                [(kept.get(number, EMPTY_BLOCK), first + number) for number in every],
            )
        if stored.has_texts:
            used = json.dumps(np.unique(live.values).tolist())
            connection.execute(DELETE_KEYWORDS, {**_span(stored.place), "used": used})


def find_differences(
    connection: apsw.Connection, declared: Schema, documents: Iterable[tuple[int, int]]
) -> Iterator[str]:
    """Yield where columns are not what is stored of documents: (id, chunks)."""
    counts = _unpack(connection, DOCUMENTS_PLACE, np.int64)
    if dict(zip(counts.documents.tolist(), counts.values.tolist(), strict=True)) != dict(documents):
        yield "the column of the documents does not name those that are stored"
    live = set(counts.documents.tolist())
    for stored in stored_fields(declared):
        texts = read_texts(connection, stored.place, None)
        codes = {text: code for code, text in texts.items()}
        pairs = list(rows(connection, FIELD_VALUES, (stored.name,)))
        coded = stored.encode([value for _, value in pairs], codes)
        expected: dict[int, list[float]] = {}
        for (first, _), code in zip(pairs, coded, strict=True):
            expected.setdefault(first, []).append(code)
        found = _unpack(connection, stored.place, stored.dtype)
        at = 0
        for first, count in zip(found.documents.tolist(), found.counts.tolist(), strict=True):
            values = found.values[at : at + count].tolist()
            at += count
            if first in live and values != sorted(expected.pop(first, [])):
                yield f"the column of {stored.name!r} has other values of the document at {first}"
        for first in expected:
            yield f"the column of {stored.name!r} lacks the document at {first}"


def _unpack(connection: apsw.Connection, place: int, dtype: Any) -> FieldValues:
    with readable("the columns of the fields"):
        return unpack_blocks(rows(connection, BLOCKS, _span(place + 1)), dtype)
