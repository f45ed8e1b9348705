"""Columns of an open index: how values are stored in blocks, and what is kept of them in memory.

    field     stored                             in memory
    keyword   the engine's number of the text    texts
    date      days since 0001-01-01              texts
    number    floats                             floats
    others    integers                           integers

A `ColumnStore` reads a column when it is first asked for, and keeps it. After a write it reads what
the write touched, and no more. An engine keeps that in one of two ways, or in both:

    blocks that were written anew      `read_blocks` yields those of a later state
    batches beside the blocks          `read_log` has them until they are merged into blocks

It may write a block of all documents when one of them is deleted, and leave the fields' blocks as
they are: values of documents that are not there are passed by.

An engine behind a network asks first what will be read, and reads it in one trip:

    request = store.request(source, fields) ─▶ its statements ─▶ store.read(source, fields, request)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from nuthatch.contract.facet import URI
from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.postings.array_columns import ArrayColumns, DocumentIds
from nuthatch.postings.block_layout import BLOCK_IDS
from nuthatch.postings.column import Column, Ordinals, Ranks
from nuthatch.postings.column_block import FieldValues, unpack_blocks
from nuthatch.scoring.arrays import IdArray

#: The place of the column of all documents, which has their numbers of chunks; fields follow by
#: their places in the schema.
DOCUMENTS_PLACE: Final = -1
#: So many more documents than live ones are kept in a column, before it is read anew.
_MAX_DEAD: Final = 1024
_EPOCH: Final = date(1970, 1, 1).toordinal()


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


class LoggedChanges(Protocol):
    """What batches added and removed, beside the blocks; ids that are not known are passed by."""

    @property
    def ids_gone(self) -> IdArray:
        """The ids of removed documents."""
        ...

    def chunks(self) -> FieldValues:
        """Return how many chunks each document has, by id."""
        ...

    def values_of(self, place: int, dtype: npt.DTypeLike) -> FieldValues:
        """Return what documents have in the field at a place, by id; texts as objects."""
        ...


class ColumnSource(Protocol):
    """What an engine reads of stored columns, in one state of its index."""

    #: The state; later ones have greater numbers.
    state: int

    def follows(self, since: int) -> bool:
        """Return whether all that changed since another state can be read."""
        ...

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        """Yield the blocks of the field at a place, by ascending number; with `since`, those that
        were written in a state after it."""
        ...

    def read_log(self, since: int | None) -> LoggedChanges:
        """Return what batches added or removed that blocks do not tell; with `since`, at least what
        they did in states after it."""
        ...

    def read_texts(
        self, place: int, codes: Sequence[int] | None
    ) -> Mapping[int, str] | Sequence[str]:
        """Return the texts of these numbers of a field; of all where None is given, which may be a
        list by their numbers."""
        ...

    def read_uri_order(self) -> IdArray:
        """Return the ids of all documents in the order of their uris."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """What is in memory of one state."""

    state: int
    documents: DocumentIds
    columns: dict[str, Column] = field(default_factory=dict)
    uris: Ranks | None = None

    @property
    def is_worn(self) -> bool:
        """Whether so many documents are dead that it is better read anew."""
        live = int(np.count_nonzero(self.documents.live))
        return len(self.documents) > 2 * live + _MAX_DEAD

    @property
    def nbytes(self) -> int:
        uris = 0 if self.uris is None else self.uris.nbytes
        return self.documents.nbytes + uris + sum(c.nbytes for c in self.columns.values())


class ColumnRequest(NamedTuple):
    """What a `ColumnStore` will read of a source, places of columns each."""

    #: The state of what is kept; None where nothing of it is of use.
    since: int | None
    #: Columns of which the changes are read.
    changed: list[int]
    #: Columns that are read whole.
    whole: list[int]
    #: Whether the order of uris is read.
    uris: bool
    held: _Held | None

    @property
    def is_empty(self) -> bool:
        """Whether all is kept."""
        return not (self.changed or self.whole or self.uris)


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

    def request(self, source: ColumnSource, names: Iterable[str]) -> ColumnRequest:
        """Return what reading the columns of fields will take; the source is not yet read.

        `uri` stands for the order of uris, and for the field of this name if one is declared.
        """
        wanted = dict.fromkeys(names)
        fields = [self._fields[name] for name in wanted if self._is_field(name)]
        held = self._held
        is_current = held is not None and held.state == source.state
        if held is not None and not is_current and (held.is_worn or not source.follows(held.state)):
            held = None
        if held is None:
            whole = [DOCUMENTS_PLACE, *(stored.place for stored in fields)]
            return ColumnRequest(None, [], whole, URI in wanted, None)
        kept = [] if is_current else [self._fields[name].place for name in held.columns]
        return ColumnRequest(
            held.state,
            [] if is_current else [DOCUMENTS_PLACE, *kept],
            [stored.place for stored in fields if stored.name not in held.columns],
            URI in wanted and not (is_current and held.uris is not None),
            held,
        )

    def read(
        self, source: ColumnSource, names: Iterable[str], request: ColumnRequest | None = None
    ) -> ArrayColumns:
        """Return the columns of fields, and the order of uris, in the source's state.

        Raise one of `UNREADABLE` for blocks that are damaged.
        """
        wanted = list(dict.fromkeys(names))
        request = request or self.request(source, wanted)
        held = self._at_state_of(source, request.held)
        columns = dict(held.columns)
        uris = held.uris
        for name in wanted:
            if name == URI:
                uris = _rank_uris(source, held.documents) if uris is None else uris
            if self._is_field(name):
                # The fields used last come last: the first are dropped first.
                column = columns.pop(name, None)
                columns[name] = column or _read(source, self._fields[name], held.documents)
        if not request.is_empty or columns != held.columns:
            self._keep(_Held(source.state, held.documents, columns, uris))
        found = {name: columns[name] for name in wanted if self._is_field(name)}
        return ArrayColumns(held.documents, found, uris)

    def _is_field(self, name: str) -> bool:
        return name != URI or URI in self._fields

    def _at_state_of(self, source: ColumnSource, held: _Held | None) -> _Held:
        """Return what is kept, brought to the source's state, or a beginning in it."""
        if held is not None and held.state == source.state:
            return held
        if held is not None:
            return self._patch(source, held)
        found = unpack_blocks(source.read_blocks(DOCUMENTS_PLACE, None), np.int64)
        log = source.read_log(None)
        return _Held(source.state, DocumentIds.of(found.replace(log.ids_gone, log.chunks())))

    def _patch(self, source: ColumnSource, held: _Held) -> _Held:
        """Return what is kept in a later state."""
        before = held.documents
        blocks = list(source.read_blocks(DOCUMENTS_PLACE, held.state))
        log = source.read_log(held.state)
        found = unpack_blocks(blocks, np.int64).replace(log.ids_gone, log.chunks())
        is_gone = np.isin(before.ids, log.ids_gone)
        if blocks:
            touched = np.array([number for number, _ in blocks], dtype=np.uint32)
            is_touched = np.isin(before.ids // BLOCK_IDS, touched)
            is_gone |= is_touched & ~np.isin(before.ids, found.documents)
        added = found.select(~np.isin(found.documents, before.ids))
        documents = before.replace(before.ids[is_gone], added)
        is_appended = before.precedes(added.documents)
        places = None if is_appended else documents.ordinals_of(before.ids)
        columns = {
            name: _patch_column(source, self._fields[name], column, held, documents, places, log)
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


def _read(source: ColumnSource, stored: StoredField, documents: DocumentIds) -> Column:
    """Read a whole column."""
    found = unpack_blocks(source.read_blocks(stored.place, None), stored.dtype)
    found = _by_ordinal(found, documents)
    names = None
    if stored.has_texts:
        texts = source.read_texts(stored.place, None)
        if isinstance(texts, Sequence):
            names = _objects(texts)
            if found.values.size and not 0 <= found.values.min() <= found.values.max() < len(texts):
                raise ValueError("a value of a column has no text")
        else:
            found, names = _name_codes(found, texts)
    elif stored.kind == "date":
        found, names = _name_days(found)
    column = Column.of(len(documents), found, names)
    added = _by_ordinal(_logged(source.read_log(None), stored), documents)
    return column.replace(len(documents), (), added) if added.documents.size else column


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


def _logged(log: LoggedChanges, stored: StoredField) -> FieldValues:
    """Return what is logged of a field, texts and dates as they are."""
    is_text = stored.has_texts or stored.kind == "date"
    return log.values_of(stored.place, object if is_text else stored.dtype)


def _patch_column(
    source: ColumnSource,
    stored: StoredField,
    column: Column,
    held: _Held,
    documents: DocumentIds,
    places: Ordinals | None,
    log: LoggedChanges,
) -> Column:
    """Read of a column what was written since a state; `places` are the new ordinals of the old
    documents where these change."""
    added = _by_ordinal(_logged(log, stored), documents)
    blocks = list(source.read_blocks(stored.place, held.state))
    if not blocks:
        return column.replace(len(documents), (), added, places)
    touched = np.array([number for number, _ in blocks], dtype=np.uint32)
    found = _by_ordinal(unpack_blocks(blocks, stored.dtype), documents)
    if stored.has_texts:
        texts = source.read_texts(stored.place, np.unique(found.values).tolist())
        found = found._replace(values=_objects([texts[code] for code in found.values.tolist()]))
    elif stored.kind == "date":
        coded, names = _name_days(found)
        found = coded._replace(values=names[coded.values])
    gone = np.flatnonzero(np.isin(held.documents.ids // BLOCK_IDS, touched))
    gone = gone if places is None else places[gone]
    return column.replace(len(documents), gone, found.replace((), added), places)


def _by_ordinal(found: FieldValues, documents: DocumentIds) -> FieldValues:
    """Return values by the ordinals of documents, without those of documents that are not there."""
    if np.array_equal(found.documents, documents.ids):
        return found._replace(documents=np.arange(len(documents), dtype=np.uint32))
    owners = documents.owners
    inside = found.documents < owners.size
    ordinals = (
        np.where(inside, owners.take(found.documents, mode="clip"), -1)
        if owners.size
        else (np.full(found.documents.size, -1))
    )
    known = found.select(ordinals >= 0)
    return known._replace(documents=ordinals[ordinals >= 0].astype(np.uint32))


def _name_days(found: FieldValues) -> tuple[FieldValues, npt.NDArray[Any]]:
    """Return codes in place of days, and the dates that they stand for."""
    days, codes = np.unique(found.values, return_inverse=True)
    if days.size and not 1 <= days[0] <= days[-1] <= date.max.toordinal():
        raise ValueError(f"a day of a column lies outside {date.min} and {date.max}")
    since_1970 = (days - _EPOCH).astype("datetime64[D]")
    return found._replace(values=codes), _objects(since_1970.astype(str).tolist())


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
