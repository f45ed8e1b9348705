"""Sealing: fresh postings become full blocks, and what was appended is folded.

    block   term 7   [1 … 900]  [912 … 1400] 180      a term's last block is seldom full
    recent  term 7                 1402 … 1455   1460 … 1531
    sealed  term 7   [1 … 900]  [912 … 1531] 250

It runs at the end of a write that finds enough to do, and never in a thread of its own. One
transaction does all of it, in the snapshot it takes once it has the lock on `state`: writers go
on appending, and what they append is neither seen nor removed. Readers see the index before it or
after it. So document frequencies are right at every moment.

Postings of deleted chunks stay in full blocks, and their ids in `tombstone`, until a tenth of all
chunks is deleted or `optimize` is called: then every block is written anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import psycopg
from psycopg.errors import LockNotAvailable

from nuthatch_postgres import schema
from nuthatch_postgres.block import Postings, Row, copied, decode, slices, starts
from nuthatch_postgres.connection import leave
from nuthatch_postgres.copying import copy_tables
from nuthatch_postgres.postings import MODEL, Ids, bytes_of, ids_of, live
from nuthatch_postgres.queries import Statements

#: Writes after which they are folded, however small: a search reads the list of them.
_CHANGES: Final = 500
#: As many times the blocks: the larger the index, the more is sealed at once, so that a load costs
#: a logarithm of its size. Nor does a search mind: what a large batch appends is in full rows too.
_SHARE: Final = 4.0
#: Deleted chunks, and their share of all, from which blocks are freed of them.
_DEAD, _DEAD_SHARE = 1000, 0.1
#: Rows of one fetch.
_ROWS: Final = 20_000
#: What floating point may lose on the way to a bound.
_SLACK: Final = 1 + 1e-9

PRESSURE: Final = """
SELECT count(*), coalesce(sum(rows), 0)::bigint, (SELECT blocks FROM {schema}.state)
FROM {schema}.change
"""
BEGIN: Final = b"BEGIN ISOLATION LEVEL REPEATABLE READ"
# Taken before the snapshot is. Readers and writers of the index do not wait for it.
LOCK: Final = "LOCK TABLE {schema}.state IN EXCLUSIVE MODE"
FOLDED: Final = """
SELECT sealed, state.documents, state.chunks, state.tokens, average,
       coalesce(sum(change.documents), 0)::bigint,
       coalesce(sum(change.chunks), 0)::bigint,
       coalesce(sum(change.tokens), 0)::bigint,
       (SELECT chunks FROM {schema}.tombstone) || coalesce(string_agg(gone, ''), ''),
       count(change.id)
FROM {schema}.state
LEFT JOIN {schema}.change ON true
GROUP BY sealed, state.documents, state.chunks, state.tokens, average
"""
# What was appended to the dictionary's counts, and the bounds of what was written, in one go:
# every row that is updated twice leaves a dead one behind.
SET_TERMS: Final = """
UPDATE {schema}.term
SET df = df + coalesce(change.n, 0),
    bound = CASE
        WHEN given.bound IS NULL THEN term.bound
        WHEN %s THEN given.bound
        ELSE greatest(term.bound, given.bound)
    END
FROM (
    SELECT term AS word, sum(n) AS n
    FROM (
        SELECT term, n::bigint FROM {schema}.recent
        UNION ALL
        SELECT term, -n::bigint FROM {schema}.loss
    ) AS each
    GROUP BY term
) AS change
FULL JOIN (
    SELECT word, bound
    FROM unnest(
        string_to_array(%s, ' ')::int[], string_to_array(%s, ' ')::float8[]
    ) AS written (word, bound)
) AS given USING (word)
WHERE term.id = word
    AND (change.n <> 0 OR given.bound > term.bound OR %s AND given.bound <> term.bound)
"""
OPEN_SOME: Final = """
DECLARE seal NO SCROLL CURSOR FOR
SELECT term, first, n, data FROM {schema}.recent
UNION ALL
SELECT term, first, n, data FROM {schema}.block
WHERE n < {full} AND term IN (SELECT term FROM {schema}.recent)
ORDER BY term
"""
OPEN_ALL: Final = """
DECLARE seal NO SCROLL CURSOR FOR
SELECT term, first, n, data FROM {schema}.recent
UNION ALL
SELECT term, first, n, data FROM {schema}.block
ORDER BY term
"""
FETCH: Final = f"FETCH FORWARD {_ROWS} FROM seal".encode()
CLEAR_SOME: Final = """
DELETE FROM {schema}.block
WHERE n < {full} AND term IN (SELECT term FROM {schema}.recent)
"""
CLEAR_ALL: Final = "DELETE FROM {schema}.block"
CLEAR: Final = (
    "DELETE FROM {schema}.recent",
    "DELETE FROM {schema}.loss",
    "DELETE FROM {schema}.change",
)
COPY_BLOCKS: Final = (
    "COPY {schema}.block (term, last, first, n, bound, data) FROM STDIN (FORMAT BINARY)"
)
SET_TOMBSTONES: Final = "UPDATE {schema}.tombstone SET chunks = %s"
SET_STATE: Final = """
UPDATE {schema}.state
SET sealed = sealed + 1, documents = %s, chunks = %s, tokens = %s, average = %s,
    blocks = (SELECT count(*) FROM {schema}.block)
"""


class _Folded(NamedTuple):
    """The counts after the seal, and how blocks are to be written."""

    documents: int
    chunks: int
    tokens: int
    average: float
    dead: Ids
    all: bool


def seal(connection: psycopg.Connection, statements: Statements, seal_at: int | None) -> bool:
    """Seal if there are `seal_at` rows or more to seal, None: whatever there is, every block.

    Called outside of a transaction. Return False where there is too little, or where another
    connection is sealing right now.
    """
    if seal_at is not None and not _is_due(connection, statements, seal_at):
        return False
    try:
        connection.execute(BEGIN)
        try:
            lock = statements(LOCK) + (b" NOWAIT" if seal_at is not None else b"")
            connection.execute(lock)
        except LockNotAvailable:
            if seal_at is None:
                raise
            return False
        connection.execute("SET LOCAL synchronous_commit = local")
        _seal(connection, statements, every=seal_at is None)
        connection.execute("COMMIT")
        return True
    finally:
        leave(connection)


def _is_due(connection: psycopg.Connection, statements: Statements, seal_at: int) -> bool:
    changes, rows, blocks = connection.execute(statements(PRESSURE)).fetchall()[0]
    return bool(changes >= _CHANGES or rows >= max(seal_at, _SHARE * blocks))


def _seal(connection: psycopg.Connection, statements: Statements, *, every: bool) -> None:
    folded = _fold(connection, statements, every)
    full = str(schema.BLOCK)
    opening, clearing = (OPEN_ALL, CLEAR_ALL) if folded.all else (OPEN_SOME, CLEAR_SOME)
    connection.execute(statements(opening.replace("{full}", full)))
    # The cursor goes on seeing what is deleted under it.
    connection.execute(statements(clearing.replace("{full}", full)))
    ids: list[int] = []
    bounds: list[float] = []
    for postings in _terms(connection):
        written = _write(connection, statements, postings, folded)
        ids += written[0]
        bounds += written[1]
    given = (" ".join(map(str, ids)), " ".join(map(repr, bounds)))
    connection.execute(statements(SET_TERMS), (folded.all, *given, folded.all))
    for statement in CLEAR:
        connection.execute(statements(statement))
    kept = np.zeros(0, dtype=np.uint32) if folded.all else folded.dead
    connection.execute(statements(SET_TOMBSTONES), (bytes_of(kept),))
    connection.execute(
        statements(SET_STATE), (folded.documents, folded.chunks, folded.tokens, folded.average)
    )


def _fold(connection: psycopg.Connection, statements: Statements, every: bool) -> _Folded:
    row = connection.execute(statements(FOLDED), binary=True).fetchall()[0]
    sealed, documents, chunks, tokens, average, *changed, gone, _ = row
    documents, chunks, tokens = documents + changed[0], chunks + changed[1], tokens + changed[2]
    dead = ids_of(gone)
    full = every or bool(dead.size >= max(_DEAD, _DEAD_SHARE * chunks))
    if full or not sealed:
        # Bounds are kept for one average length; whoever reads them knows how far it has moved.
        average = tokens / chunks if tokens and chunks else 1.0
    return _Folded(documents, chunks, tokens, average, dead, full)


def _terms(connection: psycopg.Connection) -> Iterator[Postings]:
    """Yield the postings that are to be written anew, whole terms at a time."""
    held: list[Row] = []
    while True:
        rows: list[Row] = connection.execute(FETCH, binary=True).fetchall()
        if not rows:
            break
        held += rows
        last = held[-1][0]
        if held[0][0] == last:
            continue
        cut = next(at for at in range(len(held) - 1, -1, -1) if held[at][0] != last) + 1
        yield decode(held[:cut]).ordered()
        held = held[cut:]
    if held:
        yield decode(held).ordered()


def _write(
    connection: psycopg.Connection, statements: Statements, postings: Postings, folded: _Folded
) -> tuple[list[int], list[float]]:
    """Write blocks. Return the terms with their bounds: the most that one posting adds but for
    its idf."""
    postings = live(postings, folded.dead)
    parts = slices(postings)
    if not parts.terms.size:
        return [], []
    impacts = MODEL.impact(
        postings.tfs.astype(np.float64),
        postings.lengths.astype(np.float64),
        weight=_SLACK,
        average_length=folded.average,
    )
    bounds = np.maximum.reduceat(impacts, parts.begins)
    firsts, lasts = postings.ids[parts.begins], postings.ids[parts.ends - 1]
    columns = (parts.terms, lasts, firsts, parts.counts, bounds)
    copy_tables(connection, statements(COPY_BLOCKS), copied(postings, parts, *columns))
    whole = starts(parts.terms)
    return parts.terms[whole].tolist(), np.maximum.reduceat(bounds, whole).tolist()
