"""Compaction: fresh postings become full blocks, and what writes have appended is folded.

    block     term 7   [1 … 900]  [912 … 1400] 180      a term's last block is seldom full
    recent    term 7                 1402 … 1455   1460 … 1531
    after     term 7   [1 … 900]  [912 … 1531] 250

It runs at the end of a write that finds enough to do, never in a thread of its own. It is one
transaction, in a snapshot that it takes once it has the lock on `state`. Writers go on appending;
it neither sees nor removes what they append. Readers see the index before or after it, so document
frequencies are right in every snapshot.

What documents have in fields, and their words, go from `batch_log` into blocks alike
(`column_blocks.py`, `word_blocks.py`).

Postings of deleted chunks stay in full blocks, and their ids in `tombstone`, until a tenth of all
chunks is deleted or `optimize` is called. Then every block is rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
from psycopg.errors import LockNotAvailable

from nuthatch import Analyzer, Schema
from nuthatch_postgres import schema
from nuthatch_postgres.client.connection import end_transaction
from nuthatch_postgres.queries import compaction as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.queries.words import POSTINGS
from nuthatch_postgres.storage.binary_copy import copy_tables, encode_varying
from nuthatch_postgres.storage.column_blocks import compact_columns
from nuthatch_postgres.storage.packed_ids import Ids, pack_ids, unpack_ids
from nuthatch_postgres.storage.posting_block import (
    MODEL,
    PositionedPostings,
    PositionedRow,
    decode,
    decode_positioned,
    encode_rows,
    group_starts,
    row_positions,
    split_rows,
)
from nuthatch_postgres.storage.word_blocks import WordBlocks, find_unused

#: Writes after which they are folded, however small they are: every search reads their list.
_MAX_WRITES: Final = 500
#: Fresh rows per block from which compaction is due. It is due less often in a larger index, so a
#: load costs the logarithm of its size. Searches do not mind: a large batch appends full rows.
_ROWS_PER_BLOCK: Final = 4.0
#: Deleted chunks, and their share of all chunks, from which every block is rewritten.
_MIN_DELETED, _DELETED_SHARE = 1000, 0.1
#: What floating point may lose on the way to a bound.
_SLACK: Final = 1 + 1e-9


class _Totals(NamedTuple):
    """The counts after the compaction, the deleted chunks, and whether all blocks are rewritten."""

    documents: int
    chunks: int
    tokens: int
    average: float
    deleted: Ids
    rewrites_all: bool


def compact_if_due(
    connection: psycopg.Connection[Any],
    statements: Statements,
    declared: Schema,
    compact_at: int,
) -> None:
    """Compact if there are `compact_at` fresh rows, unless another connection is compacting.

    Call it outside of a transaction.
    """
    row = connection.execute(statements(queries.PENDING)).fetchall()[0]
    writes, rows, blocks = row
    if writes < _MAX_WRITES and rows < max(compact_at, _ROWS_PER_BLOCK * blocks):
        return
    try:
        connection.execute(queries.BEGIN)
        try:
            connection.execute(statements(queries.LOCK) + b" NOWAIT")
        except LockNotAvailable:
            return
        _compact(connection, statements, declared, rewrite_all=False)
        connection.execute("COMMIT")
    finally:
        end_transaction(connection)


def compact_all(
    connection: psycopg.Connection[Any],
    statements: Statements,
    declared: Schema,
    analyzer: Analyzer,
) -> None:
    """Compact whatever there is and rewrite every block; call it outside of a transaction.

    Words that no document has any more are removed from the dictionary of words.
    """
    try:
        connection.execute(queries.BEGIN)
        connection.execute(statements(queries.LOCK))
        lost = _compact(connection, statements, declared, rewrite_all=True)
        _remove_unused(connection, statements, analyzer, lost)
        connection.execute("COMMIT")
    finally:
        end_transaction(connection)


def _compact(
    connection: psycopg.Connection[Any],
    statements: Statements,
    declared: Schema,
    *,
    rewrite_all: bool,
) -> set[str]:
    """Compact; return the words of removed documents."""
    connection.execute("SET LOCAL synchronous_commit = local")
    totals = _read_totals(connection, statements, rewrite_all)
    full = str(schema.BLOCK)
    opening, clearing = (
        (queries.OPEN_ALL, queries.CLEAR_ALL)
        if totals.rewrites_all
        else (queries.OPEN_PARTIAL, queries.CLEAR_PARTIAL)
    )
    connection.execute(statements(opening.replace("{full}", full)))
    # The cursor still sees the rows that are deleted here.
    for statement in clearing:
        connection.execute(statements(statement.replace("{full}", full)))
    ids: list[int] = []
    bounds: list[float] = []
    for positioned in _read_terms(connection, declared):
        terms, maxima = _write_blocks(connection, statements, positioned, totals)
        ids += terms
        bounds += maxima
    compact_columns(
        connection, statements, declared, totals.deleted, rewrite_all=totals.rewrites_all
    )
    words = WordBlocks(connection, statements)
    lost = words.merge_logged()
    words.keep_lost(lost)
    columns = (" ".join(map(str, ids)), " ".join(map(repr, bounds)))
    is_exact = totals.rewrites_all
    connection.execute(statements(queries.SET_TERMS), (is_exact, *columns, is_exact))
    for statement in queries.CLEAR:
        connection.execute(statements(statement))
    deleted = np.zeros(0, dtype=np.uint32) if totals.rewrites_all else totals.deleted
    connection.execute(statements(queries.SET_TOMBSTONES), (pack_ids(deleted),))
    connection.execute(statements(queries.SET_STATE), totals[:4])
    return lost


def _remove_unused(
    connection: psycopg.Connection[Any], statements: Statements, analyzer: Analyzer, lost: set[str]
) -> None:
    """Remove those words of removed documents that no other document has."""

    def chunks_of(token: str) -> Ids:
        rows = connection.execute(statements(POSTINGS), (token,), binary=True).fetchall()
        return decode(rows).ids

    words = WordBlocks(connection, statements)
    by_token = words.tokens_of(lost)
    words.remove(find_unused(connection, statements, analyzer, by_token, chunks_of))
    words.keep_lost(())


def _read_totals(
    connection: psycopg.Connection[Any], statements: Statements, rewrite_all: bool
) -> _Totals:
    row = connection.execute(statements(queries.TOTALS), binary=True).fetchall()[0]
    compactions, documents, chunks, tokens, average, *added, tombstones, _ = row
    documents, chunks, tokens = documents + added[0], chunks + added[1], tokens + added[2]
    deleted = unpack_ids(tombstones)
    rewrites_all = rewrite_all or bool(deleted.size >= max(_MIN_DELETED, _DELETED_SHARE * chunks))
    if rewrites_all or not compactions:
        # Bounds hold for one average length; a reader corrects them by how far it has moved since.
        average = tokens / chunks if tokens and chunks else 1.0
    return _Totals(documents, chunks, tokens, average, deleted, rewrites_all)


def _read_terms(
    connection: psycopg.Connection[Any], declared: Schema
) -> Iterator[PositionedPostings]:
    """Yield the postings to be rewritten, whole terms at a time."""
    rows: list[PositionedRow] = []
    while True:
        page: list[PositionedRow] = connection.execute(queries.FETCH, binary=True).fetchall()
        if not page:
            break
        rows += page
        last = rows[-1][0]
        if rows[0][0] == last:
            continue
        cut = next(at for at in range(len(rows) - 1, -1, -1) if rows[at][0] != last) + 1
        yield _decode(rows[:cut], declared)
        rows = rows[cut:]
    if rows:
        yield _decode(rows, declared)


def _decode(rows: Sequence[PositionedRow], declared: Schema) -> PositionedPostings:
    if declared.positions:
        return decode_positioned(rows).sort()
    return PositionedPostings(decode([row[:4] for row in rows]).sort(), None)


def _write_blocks(
    connection: psycopg.Connection[Any],
    statements: Statements,
    positioned: PositionedPostings,
    totals: _Totals,
) -> tuple[list[int], list[float]]:
    """Write blocks. Return the terms and their bounds: the largest impact of a posting, idf 1."""
    if totals.deleted.size:
        positioned = positioned.select(~np.isin(positioned.postings.ids, totals.deleted))
    postings = positioned.postings
    rows = split_rows(postings)
    if not rows.terms.size:
        return [], []
    impacts = MODEL.impact(
        postings.tfs.astype(np.float64),
        postings.lengths.astype(np.float64),
        weight=_SLACK,
        average_length=totals.average,
    )
    bounds = np.maximum.reduceat(impacts, rows.begins)
    firsts, lasts = postings.ids[rows.begins], postings.ids[rows.ends - 1]
    columns = (rows.terms, lasts, firsts, rows.counts, bounds)
    encoded = encode_rows(postings, rows, *columns)
    copy_tables(connection, statements(queries.COPY_BLOCKS), encoded)
    if positioned.positions is not None:
        data, starts, lengths = row_positions(positioned, rows)
        table = encode_varying(rows.terms, lasts, data=data, starts=starts, lengths=lengths)
        copy_tables(connection, statements(queries.COPY_POSITIONS), [table])
    starts = group_starts(rows.terms)
    return rows.terms[starts].tolist(), np.maximum.reduceat(bounds, starts).tolist()
