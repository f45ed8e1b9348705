"""Columns of an open index: how values are stored in blocks, and what is kept of them in memory.

    field     stored                             in memory
    keyword   the engine's number of the text    texts
    date      days since 0001-01-01              texts
    number    floats                             floats
    others    integers                           integers

A `ColumnStore` reads a column when it is first asked for, and keeps it. After a write it reads the
blocks that the write touched, and no others: an engine says for each block in which state it was
written. It may write a block of all documents when one of them is deleted, and leave the fields'
blocks as they are: values of documents that are not there are passed by.

Blocks are dear to write for a single document. An engine may log small batches instead, and merge
the log into blocks later, all of it at once: it is then a `LoggingColumnSource`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from nuthatch.contract.facet import URI
from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.postings.array_columns import ArrayColumns, DocumentIds
from nuthatch.postings.block_layout import BLOCK_IDS
from nuthatch.postings.column import Column, Ranks
from nuthatch.postings.column_block import FieldValues, unpack_blocks
from nuthatch.postings.column_log import ColumnLog
from nuthatch.scoring.arrays import IdArray

#: The place of the column of all documents, which has their numbers of chunks; fields follow by
#: their places in the schema.
DOCUMENTS_PLACE: Final = -1
#: The day before the first.
_DAY_0: Final = np.datetime64("0001-01-01") - np.timedelta64(1)
#: So many more documents than live ones are kept in a column, before it is read anew.
_MAX_DEAD: Final = 1024


class StoredField(NamedTuple):
    """One declared field that has a column: its place in the schema, and its type there."""

    place: int
    name: str
    kind: str

    @property
    def has_texts(self) -> bool:
        """Whether its values are texts that the engine numbers."""
        return self.kind == "keyword"

    @property
    def dtype(self) -> type[np.generic]:
        """The type of its stored values."""
        return np.float64 if self.kind == "number" else np.int64

    def encode(self, values: Sequence[Any], codes: Mapping[str, int]) -> Sequence[float]:
        """Return what is stored for values; `codes` are the numbers of texts."""
        if self.has_texts:
            return [codes[text] for text in values]
        if self.kind == "date":
            days = {text: date.fromisoformat(text).toordinal() for text in set(values)}
            return [days[text] for text in values]
        return values


def stored_fields(schema: Schema) -> list[StoredField]:
    """Return the fields of a schema that have columns: all but phrases."""
    return [
        StoredField(place, declared.name, declared.type)
        for place, declared in enumerate(schema.fields)
        if not isinstance(declared, PhraseField)
    ]


class ColumnSource(Protocol):
    """What an engine reads of stored columns, in one state of its index."""

    #: The state; later ones have greater numbers.
    state: int

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        """Yield the blocks of the field at a place, by ascending number; with `since`, those that
        were written in a state after it."""
        ...

    def read_texts(self, place: int, codes: Sequence[int] | None) -> Mapping[int, str]:
        """Return the texts of these numbers of a field, of all where None is given."""
        ...

    def read_uri_order(self) -> IdArray:
        """Return the ids of all documents in the order of their uris."""
        ...


@runtime_checkable
class LoggingColumnSource(ColumnSource, Protocol):
    """A source of an engine that logs what small batches change until it writes blocks.

    Whenever it writes a block of documents it merges the whole log: so the ids of logged documents
    are above those in blocks.
    """

    def read_log(self, since: int | None) -> ColumnLog:
        """Return what was logged, with `since` in states after it, and is in no block yet."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """What is in memory of one state."""

    state: int
    documents: DocumentIds
    columns: dict[str, Column] = field(default_factory=dict)
    uris: Ranks | None = None

    @property
    def nbytes(self) -> int:
        uris = 0 if self.uris is None else self.uris.nbytes
        return self.documents.nbytes + uris + sum(c.nbytes for c in self.columns.values())


class ColumnStore:
    """The columns of an open index, in the newest state that was read; threads share it."""

    def __init__(self, schema: Schema, max_bytes: int) -> None:
        """Keep columns of at most so many bytes, those used last; with 0 bytes none."""
        self._fields = {item.name: item for item in stored_fields(schema)}
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._held: _Held | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        held = self._held
        return 0 if held is None else held.nbytes

    def has(self, name: str) -> bool:
        """Return whether the column of a field is kept, of any state."""
        held = self._held
        return held is not None and name in held.columns

    def read(self, source: ColumnSource, names: Iterable[str]) -> ArrayColumns:
        """Return the columns of fields in the source's state; `uri` is the order of uris.

        Raise one of `UNREADABLE` for blocks that are damaged.
        """
        wanted = list(dict.fromkeys(names))
        held = self._at_state_of(source)
        columns = dict(held.columns)
        uris = held.uris
        for name in wanted:
            if name == URI:
                uris = _rank_uris(source, held.documents) if uris is None else uris
            else:
                # The fields used last come last: the first are dropped first.
                column = columns.pop(name, None)
                columns[name] = column or _read(source, self._fields[name], held.documents)
        self._keep(_Held(source.state, held.documents, columns, uris))
        found = {name: columns[name] for name in wanted if name != URI}
        return ArrayColumns(held.documents, found, uris)

    def _at_state_of(self, source: ColumnSource) -> _Held:
        """Return what is kept, brought to the source's state, or a beginning in it."""
        held = self._held
        if held is not None and held.state == source.state:
            return held
        if held is not None and held.state < source.state:
            patched = self._patch(source, held)
            if patched is not None:
                return patched
        return _begin(source)

    def _patch(self, source: ColumnSource, held: _Held) -> _Held | None:
        """Return what is kept in a later state; None where it is better read anew."""
        before = held.documents
        blocks = list(source.read_blocks(DOCUMENTS_PLACE, held.state))
        touched = np.array([number for number, _ in blocks], dtype=np.uint32)
        found = unpack_blocks(blocks, np.int64)
        is_touched = np.isin(before.ids // BLOCK_IDS, touched) & before.live
        gone = np.setdiff1d(before.ids[is_touched], found.documents, assume_unique=True)
        added = found.select(~np.isin(found.documents, before.ids))
        if added.documents.size and len(before) and added.documents[0] <= before.ids[-1]:
            return None
        log = _read_log(source, held.state)
        documents = log.apply_to(before.replace(gone, added))
        if len(documents) > 2 * int(np.count_nonzero(documents.live)) + _MAX_DEAD:
            return None
        columns = {
            name: _patch_column(source, self._fields[name], column, documents, log, held.state)
            for name, column in held.columns.items()
        }
        return _Held(source.state, documents, columns)

    def _keep(self, held: _Held) -> None:
        """Keep what was read, as far as it fits, unless that of a later state is kept."""
        columns = dict(held.columns)
        while columns and _Held(0, held.documents, columns, held.uris).nbytes > self._max_bytes:
            del columns[next(iter(columns))]
        kept = _Held(held.state, held.documents, columns, held.uris)
        with self._lock:
            if self._held is None or self._held.state <= held.state:
                self._held = kept if kept.nbytes <= self._max_bytes else None


def _begin(source: ColumnSource) -> _Held:
    """Return the documents of a state, without columns."""
    found = unpack_blocks(source.read_blocks(DOCUMENTS_PLACE, None), np.int64)
    documents = _read_log(source, None).apply_to(DocumentIds.of(found))
    return _Held(source.state, documents)


def _read_log(source: ColumnSource, since: int | None) -> ColumnLog:
    return source.read_log(since) if isinstance(source, LoggingColumnSource) else ColumnLog()


def _read(source: ColumnSource, stored: StoredField, documents: DocumentIds) -> Column:
    """Read a whole column."""
    found = unpack_blocks(source.read_blocks(stored.place, None), stored.dtype)
    found = _by_ordinal(found, documents)
    if stored.has_texts:
        column = Column.of(
            len(documents), *_name_codes(found, source.read_texts(stored.place, None))
        )
    elif stored.kind == "date":
        column = Column.of(len(documents), *_name_days(found))
    else:
        column = Column.of(len(documents), found)
    logged = _read_logged(_read_log(source, None), stored, documents)
    return column.replace(len(documents), (), logged) if logged.documents.size else column


def _read_logged(log: ColumnLog, stored: StoredField, documents: DocumentIds) -> FieldValues:
    """Return the values in a log by the ordinals of documents, texts and dates as they are."""
    is_text = stored.has_texts or stored.kind == "date"
    return _by_ordinal(log.values_of(stored.place, object if is_text else stored.dtype), documents)


def _patch_column(
    source: ColumnSource,
    stored: StoredField,
    column: Column,
    documents: DocumentIds,
    log: ColumnLog,
    since: int,
) -> Column:
    """Read what was written of a column since a state: blocks, and what was logged."""
    blocks = list(source.read_blocks(stored.place, since))
    touched = np.array([number for number, _ in blocks], dtype=np.uint32)
    found = _by_ordinal(unpack_blocks(blocks, stored.dtype), documents)
    if stored.has_texts:
        texts = source.read_texts(stored.place, np.unique(found.values).tolist())
        found = found._replace(values=_objects([texts[code] for code in found.values.tolist()]))
    elif stored.kind == "date":
        coded, names = _name_days(found)
        found = coded._replace(values=names[coded.values])
    logged = _read_logged(log, stored, documents)
    old = documents.ids[: column.size] // BLOCK_IDS
    gone = np.flatnonzero(np.isin(old, touched))
    both = FieldValues.join([found, logged], found.values.dtype)
    return column.replace(len(documents), gone, both)


def _by_ordinal(found: FieldValues, documents: DocumentIds) -> FieldValues:
    """Return values by the ordinals of documents, without those of documents that are not there."""
    owners = documents.owners
    inside = found.documents < owners.size
    ordinals = (
        np.where(inside, owners.take(found.documents, mode="clip"), -1)
        if owners.size
        else (np.full(found.documents.size, -1))
    )
    known = found.select(ordinals >= 0)
    return known._replace(documents=ordinals[ordinals >= 0].astype(np.uint32))


def _name_codes(
    found: FieldValues, texts: Mapping[int, str]
) -> tuple[FieldValues, npt.NDArray[Any]]:
    """Return ranks in place of an engine's numbers, and the texts that they stand for."""
    # Where the engine gives texts in order, this is one pass.
    codes = sorted(texts, key=texts.__getitem__)
    ranks = np.full(1 + max(codes, default=-1), -1, dtype=np.int64)
    ranks[codes] = np.arange(len(codes))
    placed = ranks[found.values]
    if placed.size and int(placed.min()) < 0:
        raise ValueError("a value of a column has no text")
    return found._replace(values=placed), _objects([texts[code] for code in codes])


def _name_days(found: FieldValues) -> tuple[FieldValues, npt.NDArray[Any]]:
    """Return codes in place of days, and the dates that they stand for."""
    days, codes = np.unique(found.values, return_inverse=True)
    if days.size and not 1 <= days[0] <= days[-1] <= date.max.toordinal():
        raise ValueError(f"a day of a column lies outside {date.min} and {date.max}")
    names = _objects((_DAY_0 + days).astype(str).tolist())
    return found._replace(values=codes), names


def _objects(texts: Sequence[str]) -> npt.NDArray[Any]:
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def _rank_uris(source: ColumnSource, documents: DocumentIds) -> Ranks:
    """Return where the uri of each document stands among all; 0 for deleted ones."""
    order = documents.owners[source.read_uri_order()]
    ranks = np.zeros(len(documents), dtype=np.uint32)
    ranks[order] = np.arange(order.size, dtype=np.uint32)
    return ranks
