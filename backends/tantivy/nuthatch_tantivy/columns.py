"""Columns: what documents have in declared fields, in blocks of 1,024 chunk ids, in the journal.

The id of a chunk is its number in the order of addition. A batch writes anew the blocks that its
documents fall into. Of a deleted document only the number of chunks goes; the rest of it goes when
the journal is written anew.

    blocks   of each field, and of place -1: how many chunks each document has
    texts    of each keyword field, as JSON; a text's number is its place among all of them
    uris     with the ids of the documents, in JSON that is compressed: for the order of uris
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nuthatch import AnalyzedDocument, Document, FilterValue, Schema
from nuthatch.postings import (
    BLOCK_IDS,
    DOCUMENTS_PLACE,
    EMPTY_BLOCK,
    FieldValues,
    StoredField,
    pack_blocks,
    readable,
    stored_fields,
    unpack_blocks,
)
from nuthatch_tantivy.journal import Blob, Journal

Ids = npt.NDArray[np.uint32]
#: A document that is written: the id of its first chunk, and what is written of it.
Added = tuple[int, AnalyzedDocument]

_BLOCKS: Final = 0
_TEXTS: Final = 1
_URIS: Final = 2
_NONE: Final[Ids] = np.zeros(0, dtype=np.uint32)
#: A section's number stands above so many bits, which hold a field's place.
_SHIFT: Final = 24
#: Uris or texts in a blob, when the journal is written anew.
_RUN: Final = 2**14


def _kind(section: int, place: int = DOCUMENTS_PLACE) -> int:
    return section << _SHIFT | place + 1


class JournalColumns:
    """Reads the columns of one commit, for a `ColumnStore`."""

    def __init__(self, journal: Journal, commit: int) -> None:
        self._journal = journal
        self.state = commit

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        return self._journal.read(_kind(_BLOCKS, place), since)

    def read_texts(self, place: int, codes: Sequence[int] | None) -> dict[int, str]:
        texts = dict(_read_texts(self._journal, place, 0))
        return texts if codes is None else {code: texts[code] for code in codes}

    def read_uri_order(self) -> Ids:
        live = set(_documents(self._journal).documents.tolist())
        pairs = [(uri, id) for id, uri in _read_uris(self._journal) if id in live]
        pairs.sort()
        return np.array([id for _, id in pairs], dtype=np.uint32)


class TextNumbers:
    """The numbers of a journal's texts. What an earlier batch read is not read again."""

    def __init__(self) -> None:
        self._file: object = None
        self._codes: dict[int, dict[str, int]] = {}
        self._following: dict[int, int] = {}

    def read(self, journal: Journal, place: int) -> tuple[Mapping[str, int], int]:
        """Return the numbers of a field's texts, and the next one that is free."""
        if self._file is not journal.file:  # written anew, and numbers of unused texts are free
            self.__init__()  # type: ignore[misc]
            self._file = journal.file
        codes, following = self._codes.setdefault(place, {}), self._following.get(place, 0)
        for code, text in _read_texts(journal, place, following):
            codes[text] = code
            following = code + 1
        self._following[place] = following
        return codes, following


def batch_blobs(
    journal: Journal,
    numbers: TextNumbers,
    declared: Schema,
    gone: Sequence[int],
    added: Sequence[Added],
) -> Iterator[Blob]:
    """Yield what a batch writes: without documents by their ids, with others, of ascending ids."""
    counts = FieldValues.of(((id, [len(given.chunks)]) for id, given in added), np.int64)
    yield from _blocks(journal, DOCUMENTS_PLACE, counts, np.array(gone, dtype=np.uint32))
    if added:
        yield _uri_blob([(id, given.document.uri) for id, given in added])
    found: dict[str, tuple[list[int], list[FilterValue]]] = {}
    for id, given in added:
        for name, value in given.values:
            ids, values = found.setdefault(name, ([], []))
            ids.append(id)
            values.append(value)
    for stored in stored_fields(declared):
        if stored.name in found:
            ids, values = found[stored.name]
            codes: Mapping[str, int] = {}
            if stored.has_texts:
                codes, blobs = _number_texts(journal, numbers, stored.place, {*map(str, values)})
                yield from blobs
            coded = stored.encode(values, codes)
            yield from _blocks(
                journal, stored.place, FieldValues.from_pairs(ids, coded, stored.dtype)
            )


def _blocks(journal: Journal, place: int, added: FieldValues, gone: Ids = _NONE) -> Iterator[Blob]:
    """Yield the blocks of a column that documents fall into, without those that go."""
    touched = np.unique(np.concatenate([gone, added.documents]) // BLOCK_IDS).tolist()
    kind = _kind(_BLOCKS, place)
    before = unpack_blocks(journal.read_some(kind, touched), added.values.dtype)
    blocks = pack_blocks(before.replace(gone, added))
    for number in touched:
        yield kind, number, blocks.get(number, EMPTY_BLOCK)


def _number_texts(
    journal: Journal, numbers: TextNumbers, place: int, texts: set[str]
) -> tuple[Mapping[str, int], list[Blob]]:
    """Return the numbers of texts, and what is written of those that are new."""
    known, following = numbers.read(journal, place)
    missing = sorted(texts - known.keys())
    if not missing:
        return known, []
    codes = {text: known[text] for text in texts if text in known}
    codes.update(zip(missing, range(following, following + len(missing)), strict=True))
    return codes, [_text_blob(place, following, missing)]


def _text_blob(place: int, first: int, texts: Sequence[str]) -> Blob:
    return _kind(_TEXTS, place), first, json.dumps(texts, ensure_ascii=False).encode()


def _read_texts(journal: Journal, place: int, first: int) -> Iterator[tuple[int, str]]:
    """Yield number and text of a field from a number on that begins a blob."""
    for number, blob in journal.read(_kind(_TEXTS, place)):
        if number >= first:
            yield from enumerate(json.loads(blob), number)


def _uri_blob(documents: Sequence[tuple[int, str]]) -> Blob:
    first = documents[0][0]
    ids = [id for id, _ in documents]
    gaps = [after - before for before, after in pairwise(ids)]
    content = json.dumps([gaps, [uri for _, uri in documents]], ensure_ascii=False)
    return _kind(_URIS), first, zlib.compress(content.encode(), 1)


def _read_uris(journal: Journal) -> Iterator[tuple[int, str]]:
    """Yield id and uri of documents, deleted ones too, by ascending id."""
    for first, blob in journal.read(_kind(_URIS)):
        gaps, uris = json.loads(zlib.decompress(blob))
        yield from zip(accumulate(gaps, initial=first), uris, strict=True)


def _documents(journal: Journal) -> FieldValues:
    """Return how many chunks each document has, by its id."""
    return unpack_blocks(journal.read(_kind(_BLOCKS)), np.int64)


def compact(journal: Journal, commit: int, declared: Schema) -> Journal:
    """Write the journal of a commit anew, without what no document has; return it."""
    with readable(f"{journal.path}"):
        blobs = [*_compact(journal, declared)]
    return journal.replace(commit, blobs)


def _compact(journal: Journal, declared: Schema) -> Iterator[Blob]:
    """Yield what a journal holds of columns without what no document has."""
    counts = _documents(journal)
    for number, block in pack_blocks(counts).items():
        yield _kind(_BLOCKS), number, block
    live = set(counts.documents.tolist())
    uris = [pair for pair in _read_uris(journal) if pair[0] in live]
    for at in range(0, len(uris), _RUN):
        yield _uri_blob(uris[at : at + _RUN])
    for stored in stored_fields(declared):
        yield from _compact_field(journal, stored, counts.documents)


def _compact_field(journal: Journal, stored: StoredField, documents: Ids) -> Iterator[Blob]:
    found = unpack_blocks(journal.read(_kind(_BLOCKS, stored.place)), stored.dtype)
    found = found.select(np.isin(found.documents, documents))
    if stored.has_texts:
        used, codes = np.unique(found.values, return_inverse=True)
        found = found._replace(values=codes)
        texts = dict(_read_texts(journal, stored.place, 0))
        kept = [texts[code] for code in used.tolist()]
        for at in range(0, len(kept), _RUN):
            yield _text_blob(stored.place, at, kept[at : at + _RUN])
    for number, block in pack_blocks(found).items():
        yield _kind(_BLOCKS, stored.place), number, block


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

    def differences(self, journal: Journal) -> Iterator[str]:
        """Yield where columns are not what documents have."""
        counts = _documents(journal)
        expected = {id: chunks for id, (_, chunks) in self._documents.items()}
        if dict(zip(counts.documents.tolist(), counts.values.tolist(), strict=True)) != expected:
            yield "the column of the documents does not name those that are stored"
        uris = {id: uri for id, uri in _read_uris(journal) if id in self._documents}
        if uris != {id: uri for id, (uri, _) in self._documents.items()}:
            yield "the journal has other uris than the documents"
        for stored in stored_fields(self._declared):
            wanted = _encode_expected(journal, stored, self._values.get(stored.name, {}))
            found = _codes_by_document(journal, stored)
            for id, (uri, _) in self._documents.items():
                if found.get(id, []) != wanted.get(id, []):
                    yield f"the column of {stored.name!r} has other values of the document {uri!r}"


def _encode_expected(
    journal: Journal, stored: StoredField, values: Mapping[int, Sequence[FilterValue]]
) -> dict[int, list[Any]]:
    """Return what a column should have of each document; -1 for a text without a number."""
    codes = {text: code for code, text in _read_texts(journal, stored.place, 0)}
    if stored.has_texts:
        return {
            id: sorted({codes.get(str(text), -1) for text in texts}) for id, texts in values.items()
        }
    return {id: sorted(set(stored.encode(given, codes))) for id, given in values.items()}


def _codes_by_document(journal: Journal, stored: StoredField) -> dict[int, list[Any]]:
    found = unpack_blocks(journal.read(_kind(_BLOCKS, stored.place)), stored.dtype)
    ends = np.cumsum(found.counts).tolist()
    values = found.values.tolist()
    return {
        id: values[start:end]
        for id, start, end in zip(found.documents.tolist(), [0, *ends], ends, strict=False)
    }
