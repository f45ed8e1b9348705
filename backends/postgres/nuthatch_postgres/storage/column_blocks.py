"""Columns in blocks of 1,024 ids; a compaction merges into them what writes have logged.

    batch_log      write 7: documents and values             one row per write, texts as they are
    column_block    field 2, block 0 … 97                     texts by their numbers
    keyword_block   field 2: texts 0 … 1,023, 1,024 … 2,047   only a compaction numbers them

So writers need not agree on numbers. A text keeps its number until all blocks are rewritten: then
the texts of deleted documents go, and the others are numbered in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import psycopg

from nuthatch import Schema
from nuthatch.postings import (
    BLOCK_IDS,
    DOCUMENTS_PLACE,
    FieldValues,
    LoggedBatch,
    LoggedColumns,
    StoredField,
    compress_text,
    decompress,
    pack_blocks,
    readable,
    stored_fields,
    unpack_blocks,
)
from nuthatch_postgres.queries import columns as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.storage.binary_copy import copy_rows
from nuthatch_postgres.storage.packed_ids import Ids

_NONE: Final[Ids] = np.zeros(0, dtype=np.uint32)


def compact_columns(
    connection: psycopg.Connection[Any],
    statements: Statements,
    declared: Schema,
    gone: Ids,
    *,
    rewrite_all: bool,
) -> None:
    """Merge what is logged into blocks, in the compaction's transaction; `gone` is not live.

    With `rewrite_all` nothing is left of deleted documents. Else only their number of chunks goes,
    by which a reader knows them.
    """
    with readable("the columns of the fields"):
        rows = connection.execute(statements(queries.LOG), binary=True)
        log = LoggedColumns([LoggedBatch.unpack(data) for _, data in rows], gone)
        blocks = _ColumnBlocks(connection, statements)
        blocks.merge(DOCUMENTS_PLACE, log.chunks(), gone)
        live = blocks.read(DOCUMENTS_PLACE, np.int64).documents if rewrite_all else None
        for stored in stored_fields(declared):
            blocks.merge(stored.place, _encode_logged(blocks, stored, log))
            if live is not None:
                _rewrite(blocks, stored, live)


def _encode_logged(blocks: _ColumnBlocks, stored: StoredField, log: LoggedColumns) -> FieldValues:
    """Return what is logged of a field as blocks hold it; texts that are new get a number."""
    if stored.kind not in ("keyword", "date"):
        return log.values_of(stored.place, stored.dtype)
    found = log.values_of(stored.place, object)
    texts: list[str] = found.values.tolist()
    codes = blocks.number_keywords(stored.place, {*texts}) if stored.has_texts and texts else {}
    coded = np.array(stored.encode(texts, codes), dtype=np.int64)
    return _sort(found._replace(values=coded))


def _rewrite(blocks: _ColumnBlocks, stored: StoredField, live: Ids) -> None:
    """Write a field's blocks anew without documents that are deleted, and its texts in order."""
    found = blocks.read(stored.place, stored.dtype)
    kept = found.select(np.isin(found.documents, live))
    if stored.has_texts:
        words = blocks.read_keywords(stored.place)
        used = sorted(np.unique(kept.values).tolist(), key=words.__getitem__)
        codes = np.zeros(len(words), dtype=np.int64)
        codes[used] = np.arange(len(used))
        kept = _sort(kept._replace(values=codes[kept.values]))
        blocks.write_keywords(stored.place, [words[code] for code in used], 0)
    blocks.replace_all(stored.place, kept)


def _sort(found: FieldValues) -> FieldValues:
    """Return values so that those of a document ascend."""
    documents = np.repeat(found.documents, found.counts)
    return FieldValues.from_pairs(documents.tolist(), found.values.tolist(), found.values.dtype)


class _ColumnBlocks:
    """The tables of blocks, within one transaction."""

    def __init__(self, connection: psycopg.Connection[Any], statements: Statements) -> None:
        self._connection = connection
        self._sql = statements

    def read(self, place: int, dtype: Any) -> FieldValues:
        """Return all values in the blocks of a field."""
        rows = self._fetch(queries.BLOCKS, ([place],))
        return unpack_blocks([row[1:] for row in rows], dtype)

    def merge(self, place: int, added: FieldValues, gone: Ids = _NONE) -> None:
        """Write anew the blocks that new documents, and those that are gone, fall into."""
        touched = np.unique(np.concatenate([added.documents, gone]) // BLOCK_IDS).tolist()
        if touched:
            rows: list[Any] = self._fetch(queries.SOME_BLOCKS, (place, touched))
            before = unpack_blocks(rows, added.values.dtype)
            self._execute(queries.DELETE_BLOCKS, (place, touched))
            self._copy_blocks(place, before.replace(gone, added))

    def replace_all(self, place: int, found: FieldValues) -> None:
        """Write all blocks of a field anew."""
        self._execute(queries.DELETE_FIELD, (place,))
        self._copy_blocks(place, found)

    def _copy_blocks(self, place: int, found: FieldValues) -> None:
        self._copy(queries.COPY_BLOCKS, place, pack_blocks(found).items())

    def read_keywords(self, place: int) -> list[str]:
        """Return the texts of a field, by their numbers."""
        return unpack_keywords(row[1] for row in self._fetch(queries.KEYWORDS, ([place],)))

    def number_keywords(self, place: int, texts: set[str]) -> Mapping[str, int]:
        """Return the numbers of a field's texts, at least of these; new ones get the next."""
        words = self.read_keywords(place)
        codes = {text: code for code, text in enumerate(words)}
        missing = sorted(texts - codes.keys())
        if missing:
            first = len(words) // BLOCK_IDS
            codes |= {text: len(words) + at for at, text in enumerate(missing)}
            self.write_keywords(place, [*words[first * BLOCK_IDS :], *missing], first)
        return codes

    def write_keywords(self, place: int, words: Sequence[str], first: int) -> None:
        """Write a field's texts from the block `first` on."""
        self._execute(queries.DELETE_KEYWORDS, (place, first))
        blocks = {
            first + number: compress_text("\n".join(words[at : at + BLOCK_IDS]))
            for number, at in enumerate(range(0, len(words), BLOCK_IDS))
        }
        self._copy(queries.COPY_KEYWORDS, place, blocks.items())

    def _copy(self, statement: str, place: int, blocks: Iterable[tuple[int, bytes]]) -> None:
        rows = ((place, number, data) for number, data in blocks)
        copy_rows(self._connection, self._sql(statement), "int2 int4 bytea", rows)

    def _fetch(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._sql(statement), values, binary=True).fetchall()

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        self._connection.execute(self._sql(statement), values)


def unpack_keywords(blocks: Iterable[bytes]) -> list[str]:
    """Return the texts in blocks, by their numbers; no text holds a line feed."""
    parts = [*map(decompress, blocks)]
    return b"\n".join(parts).decode().split("\n") if parts else []
