"""Writing: one batch is one transaction that only appends; `schema.py` says why.

    before      the dictionaries get the batch's new words, the counter gives the chunks' ids
    BEGIN       the documents that are there, locked in the order of their uris
                replaced ones go: their rows, and a loss for each of their words
                documents, chunks, values and postings by binary COPY; one row of `change`
    COMMIT

What comes before is committed by itself, so that nobody waits for a whole batch to end: a word
without postings and an id that is never used mean nothing. Two writers of one uri meet in the
unique index; the server takes back the later one's batch, which begins anew and alone: under a
lock that keeps other writers out, so that it does not happen again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from nuthatch import (
    AnalyzedDocument,
    Analyzer,
    Durability,
    IndexCorrupt,
    Schema,
    WriteOutcome,
    chunk_tokens,
    parse_header,
)
from nuthatch_postgres import queries
from nuthatch_postgres.block import EMPTY, Postings, copied, slices
from nuthatch_postgres.connection import leave
from nuthatch_postgres.copying import copy_rows, copy_tables, table
from nuthatch_postgres.entity import COPY_MENTIONS, Entities
from nuthatch_postgres.failure import readable
from nuthatch_postgres.gathering import gathered, numbered
from nuthatch_postgres.postings import Ids, bytes_of, ids_of
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.stored import pack, unpack

T = TypeVar("T")
#: After which a batch that another writer was in the way of is begun anew.
_IN_THE_WAY: Final = (UniqueViolation, DeadlockDetected, SerializationFailure)
_COLUMNS: Final = {"integer": 0, "number": 1}


class _Present(NamedTuple):
    """Names a stored document."""

    id: int
    root: bytes
    chunks: int


class Writer:
    """Writes to one index over one connection."""

    def __init__(
        self,
        connection: psycopg.Connection,
        statements: Statements,
        declared: Schema,
        analyzer: Analyzer,
        lock_timeout: float,
        *,
        within: bool = False,
    ) -> None:
        """`within` tells that the caller has a transaction open, which the batch is to be part of:
        that of the index's own making, where there is no other writer yet."""
        self._connection = connection
        self._within = within
        self._sql = statements
        self._fields = {each.name: (at, each.type) for at, each in enumerate(declared.fields)}
        self._analyzer = analyzer
        self._entities = Entities(connection, statements, declared, within=within)
        self._lock_timeout = f"{max(1, round(1000 * lock_timeout))}ms"

    def roots(self, uris: Sequence[str]) -> dict[str, bytes]:
        """Return the roots of those of these documents that are stored, by uri."""
        return {uri: each.root for uri, each in self._present(uris).items()}

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        """Upsert documents with distinct uris."""
        present = self._present([each.document.uri for each in documents])
        fresh = [each for each in documents if not _same(each, present)]
        if not fresh:
            return WriteOutcome(unchanged=len(documents))
        count = sum(len(each.chunks) for each in fresh)
        rows = numbered(fresh, self._one(queries.ALLOCATE, (count,))[0] - count)
        postings = gathered(rows, self._ids)
        self._entities.prepare(fresh)
        return self._alone_if_need_be(durability, lambda: self._upsert(documents, rows, postings))

    def _upsert(
        self,
        documents: Sequence[AnalyzedDocument],
        rows: list[tuple[int, AnalyzedDocument]],
        postings: Postings,
    ) -> WriteOutcome:
        present = self._present([each.document.uri for _, each in rows], lock=True)
        if any(_same(each, present) for _, each in rows):  # another writer was faster
            rows = [(first, each) for first, each in rows if not _same(each, present)]
            postings = gathered(rows, self._ids)
        replaced = [present[each.document.uri] for _, each in rows if each.document.uri in present]
        if rows:
            self._change(replaced, rows, postings)
        chunks = sum(len(each.chunks) for _, each in rows)
        added = len(rows) - len(replaced)
        return WriteOutcome(added, len(replaced), len(documents) - len(rows), chunks)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        """Remove documents with distinct uris."""

        def delete() -> int:
            gone = list(self._present(uris, lock=True).values())
            if gone:
                self._change(gone, [], EMPTY)
            return len(gone)

        return self._alone_if_need_be(durability, delete)

    def _alone_if_need_be(self, durability: Durability, work: Callable[[], T]) -> T:
        """Do the work in a transaction; once more, alone, where another writer was in its way.

        That is safe: the server has said that nothing of the first attempt is left.
        """
        try:
            return self._transact(durability, queries.A_WRITER, work)
        except _IN_THE_WAY:
            return self._transact(durability, queries.ONE_WRITER, work)

    def _transact(self, durability: Durability, lock: str, work: Callable[[], T]) -> T:
        """Commit what the work does, or nothing of it; lock the table before any row.

        A commit that has returned is on the disk of this server at either level: PostgreSQL has
        none that survives the death of its processes and no more. "power" waits for standbys,
        too, where the server is set up so.
        """
        if self._within:
            return work()
        execute = self._connection.execute
        try:
            execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            execute("SELECT set_config('lock_timeout', %s, true)", (self._lock_timeout,))
            if durability == "process":
                execute("SET LOCAL synchronous_commit = local")
            else:
                execute(_AT_LEAST_ON)
            execute(self._sql(lock))
            outcome = work()
            execute("COMMIT")
            return outcome
        finally:
            leave(self._connection)

    def _present(self, uris: Sequence[str], *, lock: bool = False) -> dict[str, _Present]:
        # PostgreSQL takes no NUL, and no uri holds one.
        asked = [uri for uri in uris if "\0" not in uri]
        rows = self._rows(queries.FIND_AND_LOCK if lock else queries.FIND, (asked,))
        return {uri: _Present(*found) for uri, *found in rows}

    def _ids(self, tokens: Sequence[str]) -> Ids:
        """Return the dictionary's numbers of distinct tokens; make them where there are none."""
        known = self._known(tokens)
        missing = [tokens[at] for at in np.flatnonzero(known == 0).tolist()]
        if missing:
            self._connection.execute(self._sql(queries.ADD_TERMS), ("\n".join(sorted(missing)),))
            known[known == 0] = self._known(missing)
        return known

    def _known(self, tokens: Sequence[str]) -> Ids:
        """Return the dictionary's numbers of tokens, 0 where it has none."""
        return ids_of(self._one(queries.KNOWN_TERMS, ("\n".join(tokens),))[0])

    def _change(
        self,
        gone: Sequence[_Present],
        rows: Sequence[tuple[int, AnalyzedDocument]],
        postings: Postings,
    ) -> None:
        """Take documents out and put others in; called within a transaction."""
        tokens = sum(chunk.length for _, each in rows for chunk in each.chunks)
        tokens -= self._delete(gone) if gone else 0
        self._copy(queries.COPY_DOCUMENTS, "int4 text bytea bytea int4 bytea", _documents(rows))
        self._copy(queries.COPY_CHUNKS, "int4 int4 int4 bytea", _chunks(rows))
        values = (
            (self._fields[name][0], first, *_columns(self._fields[name][1], value))
            for first, each in rows
            for name, value in dict.fromkeys(each.values)
        )
        self._copy(queries.COPY_VALUES, "int2 int4 int8 float8 text", values)
        mentions = [self._entities.mentions(rows)]
        copy_tables(self._connection, self._sql(COPY_MENTIONS), mentions)
        parts = slices(postings)
        columns = (parts.terms, postings.ids[parts.begins], parts.counts)
        fresh = copied(postings, parts, *columns)
        copy_tables(self._connection, self._sql(queries.COPY_RECENT), fresh)
        chunks = sum(len(each.chunks) for _, each in rows) - sum(each.chunks for each in gone)
        dead = [each.id + at for each in gone for at in range(each.chunks)]
        self._connection.execute(
            self._sql(queries.ADD_CHANGE),
            (len(rows) - len(gone), chunks, tokens, len(parts.terms), bytes_of(dead)),
        )

    def _delete(self, gone: Sequence[_Present]) -> int:
        """Delete documents; return how many tokens their chunks had."""
        ids = [each.id for each in gone]
        losses: Counter[str] = Counter()
        tokens = 0
        for header, text in self._rows(queries.TEXTS, (ids,)):
            with readable("a stored document"):
                found = chunk_tokens(self._analyzer, parse_header(header)["title"], unpack(text))
            losses.update(set(found))
            tokens += len(found)
        words = sorted(losses)
        known = self._known(words)
        if not known.all():
            raise IndexCorrupt(
                f"the dictionary lacks {words[int(known.argmin())]!r}, which a stored document "
                "holds; drop the index and index the corpus again"
            )
        lost = np.array([losses[word] for word in words], dtype=np.int32)
        copy_tables(self._connection, self._sql(queries.COPY_LOSS), [table(known, lost)])
        for statement in queries.DELETE:
            self._connection.execute(self._sql(statement), (ids,))
        return tokens

    def _copy(self, statement: str, types: str, rows: Iterable[Sequence[Any]]) -> None:
        copy_rows(self._connection, self._sql(statement), types, rows)

    def _rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._sql(statement), values, binary=True).fetchall()

    def _one(self, statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
        rows = self._rows(statement, values)
        if len(rows) != 1:
            raise IndexCorrupt("the index has lost its counter; restore it from a copy")
        return rows[0]


#: Only a server that is set to lose commits is told otherwise; a stronger setting stands.
_AT_LEAST_ON: Final = b"""
SELECT set_config('synchronous_commit', 'on', true)
WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
"""


def _same(each: AnalyzedDocument, present: Mapping[str, _Present]) -> bool:
    before = present.get(each.document.uri)
    return before is not None and before.root == each.root


def _documents(rows: Iterable[tuple[int, AnalyzedDocument]]) -> Iterator[tuple[Any, ...]]:
    """Yield documents by uri: writers that wait for each other do so in one order."""
    for first, each in sorted(rows, key=lambda row: row[1].document.uri):
        leaves = b"".join([chunk.leaf for chunk in each.chunks])
        yield first, each.document.uri, each.root, each.header, len(each.chunks), leaves


def _chunks(rows: Iterable[tuple[int, AnalyzedDocument]]) -> Iterator[tuple[Any, ...]]:
    for first, each in rows:
        for index, chunk in enumerate(each.chunks):
            yield first + index, first, chunk.start, pack(chunk.text)


def _columns(kind: str, value: object) -> list[object]:
    """Return the columns of a field's value, all but one null."""
    columns: list[object] = [None, None, None]
    columns[_COLUMNS.get(kind, 2)] = value
    return columns
