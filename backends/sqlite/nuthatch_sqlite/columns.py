"""Columns: what documents have in declared fields, in blocks of 1,024 chunk ids.

    column_block   id  generation  data      a field's place + 1 and the block's number in one id;
                                             of place -1, how many chunks each document has
    column_log     generation  total  data   what a small batch changed; total counts all so far
    keyword        id  text                  a field's place and the number of its text in one id

A small batch is one row of the log. When there are 1,024 documents in it, at a large batch and at
`optimize` it is merged: the blocks that its documents fall into are written anew, and `generation`
says which of them a cached column lacks. So ids in the log are above those in blocks. Of a deleted
document only the number of chunks goes, and its values stay until `optimize`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import AnalyzedDocument, AnyOf, FilterValue, Leaf, Range, Schema
from nuthatch.postings import (
    DOCUMENTS_PLACE,
    EMPTY_BLOCK,
    ArrayColumns,
    ColumnBatch,
    ColumnLog,
    ColumnStore,
    FieldValues,
    LoggedDocument,
    StoredDocument,
    StoredField,
    block_numbers,
    merge_blocks,
    pack_blocks,
    readable,
    stored_fields,
    unpack_blocks,
)
from nuthatch.scoring import distinct
from nuthatch_sqlite.column_scan import accept_value, find_codes, scan_log
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.schema import BLOCKS, LOGS, SHIFT, span
from nuthatch_sqlite.state import State

#: A batch that changes so many documents is not logged.
_LARGE: Final = 256
#: Blocks that have none of so few values are left out of a search for them.
_FEW: Final = 4
#: So many changes are logged at most.
_MAX_LOGGED: Final = 1024

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
# As two texts, for a row each would take several times as long; keywords hold no line feeds. In the
# order of the index, which has all: so sorting them is nothing but going through them.
KEYWORDS: Final = """
SELECT group_concat(id - :first, ' '), group_concat(text, char(10))
FROM (SELECT id, text FROM keyword WHERE id >> 32 = :place ORDER BY text)
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
ADD_LOG: Final = "INSERT INTO column_log VALUES (?, ?, ?)"
LOGGED: Final = "SELECT total FROM column_log ORDER BY generation DESC LIMIT 1"
CLEAR_LOG: Final = "DELETE FROM column_log"
ADD_KEYWORD: Final = "INSERT INTO keyword VALUES (?, ?)"


Ids = npt.NDArray[np.uint32]
_NONE: Final[Ids] = np.zeros(0, dtype=np.uint32)


class StoredColumns:
    """Reads the stored columns of one state, for a `ColumnStore`."""

    def __init__(self, connection: apsw.Connection, state: State) -> None:
        self._connection = connection
        self.state = state.generation

    def follows(self, since: int) -> bool:
        return since < self.state

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        if since is None:
            return rows(self._connection, BLOCKS, span(place + 1))
        return rows(self._connection, NEW_BLOCKS, {**span(place + 1), "since": since})

    def read_log(self, since: int | None) -> ColumnLog:
        return _read_log(self._connection, -1 if since is None else since)

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
    first = span(place)["first"]
    if codes is None:
        row = one(connection, KEYWORDS, {"first": first, "place": place})
        if row is None or row[0] is None:
            return {}
        names = row[1].split("\n")
        numbers = np.fromstring(row[0], dtype=np.int64, sep=" ").tolist()
        return dict(zip(numbers, names, strict=True))
    row = one(connection, SOME_KEYWORDS, {"first": first, "codes": json.dumps(codes)})
    texts = {} if row is None else json.loads(row[0])
    return {int(code): text for code, text in texts.items()}


def read_columns(
    connection: apsw.Connection, state: State, store: ColumnStore, fields: Iterable[str]
) -> ArrayColumns:
    """Return the columns of fields in a state."""
    with readable("the columns of the fields"):
        return store.read(StoredColumns(connection, state), fields)


def _read_log(connection: apsw.Connection, since: int = -1) -> ColumnLog:
    return ColumnLog.join(ColumnLog.unpack(data) for (data,) in rows(connection, LOGS, (since,)))


def find_documents(connection: apsw.Connection, stored: StoredField, condition: Leaf) -> Ids:
    """Return the ids, ascending, of documents with a value that passes; deleted ones may be among
    them.

    The column is not made: to sort its values, and to read its texts, takes most of the time.
    """
    logged = [*scan_log(connection, stored.place, accept_value(condition))]
    with readable("the columns of the fields"):
        chosen = _choose(connection, stored, condition)
        having = None
        if chosen is not None and chosen.size <= _FEW and stored.dtype is np.int64:
            having = chosen.tolist()
        blocks = rows(connection, BLOCKS, span(stored.place + 1))
        found = unpack_blocks(blocks, stored.dtype, having=having)
        passes = _compare(stored, condition, chosen, found.values)
        passing = np.repeat(found.documents, found.counts)[passes]
    return distinct(np.concatenate([passing, np.array(logged, dtype=np.uint32)]))


def _choose(
    connection: apsw.Connection, stored: StoredField, condition: Leaf
) -> npt.NDArray[Any] | None:
    """Return the stored values that pass; None where these are a range."""
    if stored.has_texts:
        return np.array([*find_codes(connection, stored.place, condition)], dtype=np.int64)
    if isinstance(condition, AnyOf):
        return np.array(stored.encode(condition.values, {}), dtype=stored.dtype)
    return None


def _compare(
    stored: StoredField,
    condition: Leaf,
    chosen: npt.NDArray[Any] | None,
    values: npt.NDArray[Any],
) -> npt.NDArray[np.bool_]:
    """Return which stored values pass."""
    if stored.has_texts and chosen is not None:
        wanted = np.zeros(1 + int(max(chosen.max(initial=0), values.max(initial=0))), np.bool_)
        wanted[chosen] = True
        is_wanted: npt.NDArray[np.bool_] = wanted[values]
        return is_wanted
    if chosen is not None:
        is_chosen: npt.NDArray[np.bool_] = np.isin(values, chosen)
        return is_chosen
    assert isinstance(condition, Range)  # core makes one of all others
    passes = np.ones(values.size, dtype=np.bool_)
    if condition.gte is not None:
        passes &= values >= stored.encode([condition.gte], {})[0]
    if condition.lte is not None:
        passes &= values <= stored.encode([condition.lte], {})[0]
    return passes


class ColumnWriter:
    """Writes what a batch adds and removes, within one transaction."""

    def __init__(self, connection: apsw.Connection, declared: Schema, generation: int) -> None:
        """Write in the state that the batch makes, which has this generation."""
        self._connection = connection
        self._generation = generation
        self._fields = stored_fields(declared)

    def write(
        self,
        removed: Sequence[StoredDocument],
        added: Sequence[tuple[int, AnalyzedDocument]] = (),
    ) -> None:
        """Take documents away, and store what new ones have, given with ascending ids."""
        places = {field.name: field.place for field in self._fields}
        gone = [document.id for document in removed]
        changes = len(removed) + len(added)
        last = one(self._connection, LOGGED)
        total = changes + (0 if last is None else last[0])
        if changes < _LARGE and total <= _MAX_LOGGED:
            documents = [LoggedDocument.of(first, document, places) for first, document in added]
            log = ColumnLog(gone, documents)
            self._connection.execute(ADD_LOG, (self._generation, total, log.pack()))
            return
        batch = ColumnBatch(self._fields)
        logged = self._take_log(batch, gone) if last is not None else gone
        for first, document in added:
            batch.add(first, document)
        self._write_batch(batch, logged)

    def merge_log(self) -> None:
        """Write into blocks what was logged."""
        batch = ColumnBatch(self._fields)
        self._write_batch(batch, self._take_log(batch, ()))

    def _take_log(self, batch: ColumnBatch, gone: Sequence[int]) -> Sequence[int]:
        """Move the log into a batch, but for documents that are gone; return all that are."""
        with readable("the log of the columns"):
            log = ColumnLog.join([_read_log(self._connection), ColumnLog(gone)])
        self._connection.execute(CLEAR_LOG)
        batch.add_log(log)
        return log.gone

    def _write_batch(self, batch: ColumnBatch, removed: Sequence[int]) -> None:
        """Write anew the blocks that documents fall into, those of all columns at once."""
        columns = batch.encode(self._number_keywords)
        gone = {DOCUMENTS_PLACE: np.unique(np.array(removed, dtype=np.uint32))}
        touched = {
            place: block_numbers(found, gone.get(place, _NONE)) for place, found in columns.items()
        }
        wanted = [(place + 1 << SHIFT) + item for place in touched for item in touched[place]]
        stored = dict(rows(self._connection, SOME_BLOCKS, (json.dumps(wanted),)))
        changed: list[tuple[int, int, bytes]] = []
        for place, found in columns.items():
            first = place + 1 << SHIFT
            known = [
                (item, stored[first + item]) for item in touched[place] if first + item in stored
            ]
            with readable("the columns of the fields"):
                blocks = [*merge_blocks(known, found, gone.get(place, _NONE))]
            changed += [(first + number, self._generation, block) for number, block in blocks]
        self._connection.executemany(SET_BLOCK, changed)

    def _number_keywords(self, place: int, texts: set[str]) -> dict[str, int]:
        """Return the numbers of texts in a field; those that are new get one."""
        first = place << SHIFT
        given = {"first": first, "place": place, "texts": json.dumps([*texts], ensure_ascii=False)}
        codes: dict[str, int] = dict(rows(self._connection, KNOWN_KEYWORDS, given))
        missing = sorted(texts - codes.keys())
        if missing:
            row = one(self._connection, LAST_KEYWORD, span(place))
            following = 0 if row is None or row[0] is None else row[0] + 1
            new = {text: following + at for at, text in enumerate(missing)}
            self._connection.executemany(
                ADD_KEYWORD, ((first + code, text) for text, code in new.items())
            )
            codes |= new
        return codes


def compact_columns(connection: apsw.Connection, declared: Schema, generation: int) -> None:
    """Merge the log; take away what deleted documents had, and texts that no document has."""
    ColumnWriter(connection, declared, generation).merge_log()
    documents = _unpack(connection, DOCUMENTS_PLACE, np.int64).documents
    for stored in stored_fields(declared):
        found = _unpack(connection, stored.place, stored.dtype)
        live = found.select(np.isin(found.documents, documents))
        first = (stored.place + 1) << SHIFT
        if live.documents.size < found.documents.size:
            kept, every = pack_blocks(live), pack_blocks(found)
            connection.executemany(
                UPDATE_BLOCK,
                [(kept.get(number, EMPTY_BLOCK), first + number) for number in every],
            )
        if stored.has_texts:
            used = json.dumps(np.unique(live.values).tolist())
            connection.execute(DELETE_KEYWORDS, {**span(stored.place), "used": used})


class StoredValues:
    """All that columns have, by document: read to be compared with the documents."""

    def __init__(self, connection: apsw.Connection, declared: Schema) -> None:
        with readable("the columns of the fields"):
            log = _read_log(connection)
            counts = _unpack(connection, DOCUMENTS_PLACE, np.int64)
            self._chunks = counts.replace(log.ids_gone, log.chunks())
            self._fields = [
                (stored.name, *_read_field(connection, stored))
                for stored in stored_fields(declared)
            ]
        self._logged = {document.id: document.values for document in log.documents}
        self._names = {stored.place: stored.name for stored in stored_fields(declared)}

    def find_differences(self, documents: Iterable[tuple[int, int]]) -> Iterator[str]:
        """Yield where the columns name other documents than these: (id, chunks)."""
        ids, chunks = self._chunks.documents.tolist(), self._chunks.values.tolist()
        if dict(zip(ids, chunks, strict=True)) != dict(documents):
            yield "the column of the documents does not name those that are stored"

    def of(self, document: int) -> list[tuple[str, FilterValue]]:
        """Return the values of a document: (field, value)."""
        values: list[tuple[str, FilterValue]] = []
        for name, found, starts in self._fields:
            at = int(np.searchsorted(found.documents, document))
            if at < found.documents.size and found.documents[at] == document:
                end = starts[at] + found.counts[at]
                values += [(name, value) for value in found.values[starts[at] : end].tolist()]
        for place, logged in self._logged.get(document, ()):
            values += [(self._names[place], value) for value in logged]
        return values


def _read_field(
    connection: apsw.Connection, stored: StoredField
) -> tuple[FieldValues, npt.NDArray[np.intp]]:
    """Return what blocks have of a field, with texts and dates in place of numbers, and where the
    values of each document begin."""
    found = _unpack(connection, stored.place, stored.dtype)
    starts = np.cumsum(found.counts, dtype=np.intp) - found.counts
    values: Sequence[Any] = found.values.tolist()
    if stored.has_texts:
        texts = read_texts(connection, stored.place, None)
        values = [texts[code] for code in values]
    elif stored.kind == "date":
        values = [date.fromordinal(day).isoformat() for day in values]
    else:
        return found, starts
    named = np.empty(len(values), dtype=object)
    named[:] = values
    return found._replace(values=named), starts


def _unpack(connection: apsw.Connection, place: int, dtype: Any) -> FieldValues:
    with readable("the columns of the fields"):
        return unpack_blocks(rows(connection, BLOCKS, span(place + 1)), dtype)
