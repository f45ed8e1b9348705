"""Columns: what documents have in declared fields, in the journal.

    log      what a small batch changed
    blocks   of each field, and of place -1: how many chunks each document has, of 1,024 chunk ids
    texts    of each keyword field; the number of a text is its place among all of them
    uris     with the ids of the documents, for the order of uris

The id of a chunk is its number in the order of addition. A large batch merges the log, and so does
one after which much is logged: it writes anew the blocks that documents fall into. Of a deleted
document only the number of chunks goes; the rest goes when the journal is written anew.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nuthatch import AnalyzedDocument, Document, FilterValue, Schema
from nuthatch.postings import (
    DOCUMENTS_PLACE,
    ColumnBatch,
    ColumnLog,
    FieldValues,
    LoggedDocument,
    StoredField,
    block_numbers,
    merge_blocks,
    pack_blocks,
    stored_fields,
    unpack_blocks,
)
from nuthatch_tantivy.journal import Blob, Journal, Kind

Ids = npt.NDArray[np.uint32]
#: A document that is written: the id of its first chunk, and what is written of it.
Added = tuple[int, AnalyzedDocument]

_NONE: Final[Ids] = np.zeros(0, dtype=np.uint32)
#: A batch that changes so many documents is not logged.
_LARGE: Final = 256
#: So many bytes are logged at most: some thousand documents.
_MAX_LOGGED: Final = 2**17
#: Uris or texts in a blob, when the journal is written anew.
_RUN: Final = 2**14


class JournalColumns:
    """Reads the columns of one commit, for a `ColumnStore`."""

    def __init__(self, journal: Journal, commit: int) -> None:
        self._journal = journal
        self.state = commit

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        return _read_blocks(self._journal, place, since)

    def follows(self, since: int) -> bool:
        # A journal that was written anew after that state does not tell which blocks are gone.
        return self._journal.is_complete_since(since) and since < self.state

    def read_log(self, since: int | None) -> ColumnLog:
        return _read_log(self._journal, since)

    def read_texts(self, place: int, codes: Sequence[int] | None) -> dict[int, str]:
        texts = dict(_read_texts(self._journal, place))
        return texts if codes is None else {code: texts[code] for code in codes}

    def read_uri_order(self) -> Ids:
        live = set(_documents(self._journal).documents.tolist())
        pairs = sorted((uri, id) for id, uri in _read_uris(self._journal) if id in live)
        return np.array([id for _, id in pairs], dtype=np.uint32)


def _read_blocks(journal: Journal, place: int, since: int | None = None) -> list[tuple[int, bytes]]:
    return journal.read(Kind.BLOCKS.of(place + 1), since)


def _read_log(journal: Journal, since: int | None = None) -> ColumnLog:
    """Return what was logged after a commit and is in no block yet."""
    merged = journal.newest(Kind.MERGED.of())
    begin = max((base for base in (merged, since) if base is not None), default=None)
    return ColumnLog.join(ColumnLog.unpack(blob) for _, blob in journal.read(Kind.LOG.of(), begin))


def _read_texts(journal: Journal, place: int, first: int = 0) -> Iterator[tuple[int, str]]:
    """Yield number and text of a field, from a number on that begins a blob."""
    for number, blob in journal.read(Kind.TEXTS.of(place)):
        if number >= first:
            yield from enumerate(json.loads(blob), number)


def _read_uris(journal: Journal) -> Iterator[tuple[int, str]]:
    """Yield id and uri of documents, deleted ones too, by ascending id."""
    for first, blob in journal.read(Kind.URIS.of()):
        gaps, uris = json.loads(zlib.decompress(blob))
        yield from zip(accumulate(gaps, initial=first), uris, strict=True)


def _documents(journal: Journal) -> FieldValues:
    """Return how many chunks each document has, by its id."""
    log = _read_log(journal)
    blocks = unpack_blocks(_read_blocks(journal, DOCUMENTS_PLACE), np.int64)
    return blocks.replace(log.ids_gone, log.chunks())


def has_removed(journal: Journal) -> bool:
    """Return whether a journal still names documents that are gone."""
    live = set(_documents(journal).documents.tolist())
    return any(id not in live for id, _ in _read_uris(journal))


class TextNumbers:
    """The numbers of a journal's texts. What an earlier batch read is not read again."""

    def __init__(self) -> None:
        self._version = b""
        self._codes: dict[int, dict[str, int]] = {}
        self._following: dict[int, int] = {}

    def read(self, journal: Journal, place: int) -> tuple[Mapping[str, int], int]:
        """Return the numbers of a field's texts, and the next one that is free."""
        if self._version != journal.version:  # written anew: texts have other numbers
            self._version, self._codes, self._following = journal.version, {}, {}
        codes, following = self._codes.setdefault(place, {}), self._following.get(place, 0)
        for code, text in _read_texts(journal, place, following):
            codes[text] = code
            following = code + 1
        self._following[place] = following
        return codes, following


def write_columns(
    journal: Journal,
    numbers: TextNumbers,
    declared: Schema,
    gone: Sequence[int],
    added: Sequence[Added],
) -> Iterator[Blob]:
    """Yield what a batch writes: without documents, by their ids, and with some, ids ascending."""
    if added:
        yield _pack_uris([(id, document.document.uri) for id, document in added])
    merged = journal.newest(Kind.MERGED.of())
    logged = journal.newest_bytes(Kind.LOG.of(), merged)
    fields = stored_fields(declared)
    if len(gone) + len(added) < _LARGE:
        places = {field.name: field.place for field in fields}
        log = ColumnLog(gone, [LoggedDocument.of(id, document, places) for id, document in added])
        packed = log.pack()
        if logged + len(packed) < _MAX_LOGGED:
            yield Kind.LOG.of(), journal.following(Kind.LOG.of()), packed
            return
    batch = ColumnBatch(fields)
    if logged:
        log = ColumnLog.join([_read_log(journal), ColumnLog(gone)])
        gone = log.gone
        batch.add_log(log)
        yield Kind.MERGED.of(), 0, b""
    for id, document in added:
        batch.add(id, document)
    yield from _merge(journal, numbers, batch, np.unique(np.array(gone, dtype=np.uint32)))


def _merge(journal: Journal, numbers: TextNumbers, batch: ColumnBatch, gone: Ids) -> Iterator[Blob]:
    """Yield the blocks that documents fall into, and the texts that are new."""
    new: list[Blob] = []

    def number_texts(place: int, texts: set[str]) -> Mapping[str, int]:
        known, following = numbers.read(journal, place)
        missing = sorted(texts - known.keys())
        if not missing:
            return known
        new.append(_pack_texts(place, following, missing))
        codes = {text: known[text] for text in texts & known.keys()}
        codes.update(zip(missing, range(following, following + len(missing)), strict=True))
        return codes

    for place, found in batch.encode(number_texts).items():
        kind = Kind.BLOCKS.of(place + 1)
        without = gone if place == DOCUMENTS_PLACE else _NONE
        stored = journal.read_some(kind, block_numbers(found, without))
        for number, block in merge_blocks(stored, found, without):
            yield kind, number, block
    yield from new


def _pack_texts(place: int, first: int, texts: Sequence[str]) -> Blob:
    return Kind.TEXTS.of(place), first, json.dumps(texts, ensure_ascii=False).encode()


def _pack_uris(documents: Sequence[tuple[int, str]]) -> Blob:
    ids = [id for id, _ in documents]
    gaps = [after - before for before, after in pairwise(ids)]
    content = json.dumps([gaps, [uri for _, uri in documents]], ensure_ascii=False)
    return Kind.URIS.of(), ids[0], zlib.compress(content.encode(), 1)


def compact_columns(journal: Journal, declared: Schema) -> Iterator[Blob]:
    """Yield what a journal has of columns, all of it in blocks, without what no document has."""
    counts = _documents(journal)
    for number, block in pack_blocks(counts).items():
        yield Kind.BLOCKS.of(), number, block
    live = set(counts.documents.tolist())
    uris = [pair for pair in _read_uris(journal) if pair[0] in live]
    for at in range(0, len(uris), _RUN):
        yield _pack_uris(uris[at : at + _RUN])
    log = _read_log(journal)
    for stored in stored_fields(declared):
        yield from _compact_field(journal, log, stored, counts.documents)


def _compact_field(
    journal: Journal, log: ColumnLog, stored: StoredField, live: Ids
) -> Iterator[Blob]:
    texts = [text for _, text in _read_texts(journal, stored.place)] if stored.has_texts else []
    codes = {text: code for code, text in enumerate(texts)}

    def number_texts(_: int, given: set[str]) -> Mapping[str, int]:
        for text in sorted(given - codes.keys()):
            codes[text] = len(texts)
            texts.append(text)
        return codes

    batch = ColumnBatch([stored])
    batch.add_log(log)
    logged = batch.encode(number_texts).get(stored.place)
    found = unpack_blocks(_read_blocks(journal, stored.place), stored.dtype)
    found = found if logged is None else found.replace(_NONE, logged)
    found = found.select(np.isin(found.documents, live))
    if stored.has_texts:
        used, ranks = np.unique(found.values, return_inverse=True)
        found = found._replace(values=ranks)
        kept = [texts[code] for code in used.tolist()]
        for at in range(0, len(kept), _RUN):
            yield _pack_texts(stored.place, at, kept[at : at + _RUN])
    for number, block in pack_blocks(found).items():
        yield Kind.BLOCKS.of(stored.place + 1), number, block


class StoredValues:
    """What documents have, gathered from the documents themselves, to hold columns to it."""

    def __init__(self, declared: Schema) -> None:
        self._declared = declared
        self._documents: dict[int, tuple[str, int]] = {}
        self._values: dict[str, dict[int, list[FilterValue]]] = {}

    def add(self, id: int, document: Document, chunks: int) -> None:
        """Add a document by the id of its first chunk."""
        self._documents[id] = document.uri, chunks
        for name, value in self._declared.filter_values(document):
            self._values.setdefault(name, {}).setdefault(id, []).append(value)

    def find_differences(self, journal: Journal) -> Iterator[str]:
        """Yield where columns are not what documents have."""
        counts = _documents(journal)
        expected = {id: chunks for id, (_, chunks) in self._documents.items()}
        if dict(zip(counts.documents.tolist(), counts.values.tolist(), strict=True)) != expected:
            yield "the column of the documents does not name those that are stored"
        uris = {id: uri for id, uri in _read_uris(journal) if id in self._documents}
        if uris != {id: uri for id, (uri, _) in self._documents.items()}:
            yield "the journal has other uris than the documents"
        log = _read_log(journal)
        for stored in stored_fields(self._declared):
            found = _read_values(journal, log, stored)
            wanted = self._values.get(stored.name, {})
            for id, (uri, _) in self._documents.items():
                if sorted(found.get(id, ())) != sorted(set(wanted.get(id, ()))):
                    yield f"the column of {stored.name!r} has other values of the document {uri!r}"


def _read_values(
    journal: Journal, log: ColumnLog, stored: StoredField
) -> dict[int, Collection[Any]]:
    """Return what documents have in a field, as filters compare it."""
    found = unpack_blocks(_read_blocks(journal, stored.place), stored.dtype)
    values: list[Any] = found.values.tolist()
    if stored.has_texts:
        texts = dict(_read_texts(journal, stored.place))
        values = [texts[code] for code in values]
    elif stored.kind == "date":
        values = [date.fromordinal(day).isoformat() for day in values]
    ends = np.cumsum(found.counts).tolist()
    spans = zip(found.documents.tolist(), [0, *ends], ends, strict=False)
    by_document: dict[int, Collection[Any]] = {id: values[start:end] for id, start, end in spans}
    for document in log.documents:
        by_document.update(
            (document.id, {*logged}) for place, logged in document.values if place == stored.place
        )
    return by_document
