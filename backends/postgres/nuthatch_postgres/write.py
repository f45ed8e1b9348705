"""`Writer`: one batch is one transaction that only appends; `schema.py` says why.

    before      add the batch's new words to the dictionaries; reserve ids of chunks
    BEGIN       lock the documents that exist already, in the order of their uris
                delete those that are replaced; one df_decrement for each of their words
                copy documents, chunks and postings; add a row to write_log and batch_log
    COMMIT

The first step is committed by itself, so that no writer waits for another one's whole batch: a word
without postings and an unused id mean nothing. Two writers of one uri conflict in its unique index.
The server rolls the later one back. Its batch then starts again under a lock that keeps out other
writers, so it cannot conflict twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from nuthatch import (
    AnalyzedBatch,
    Analyzer,
    Durability,
    IndexCorrupt,
    Schema,
    SurfaceWords,
    WriteOutcome,
    parse_header,
)
from nuthatch.postings import (
    BatchPlan,
    LoggedBatch,
    StoredDocument,
    compress_text,
    decompress,
    join_leaves,
    number_documents,
    plan_batch,
    readable,
)
from nuthatch_postgres.client.connection import end_transaction
from nuthatch_postgres.queries import write as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.storage.batch_postings import NumberedDocument, invert
from nuthatch_postgres.storage.binary_copy import copy_rows, copy_tables, encode_table
from nuthatch_postgres.storage.entity_dictionary import EntityDictionary
from nuthatch_postgres.storage.packed_ids import Ids, pack_ids, unpack_ids
from nuthatch_postgres.storage.posting_block import (
    NO_POSTINGS,
    PositionedPostings,
    encode_positioned_rows,
    split_rows,
)
from nuthatch_postgres.storage.word_blocks import pack_surfaces, pack_words

T = TypeVar("T")
#: Errors of a conflict with another writer, after which the batch is tried again.
_CONFLICTS: Final = (UniqueViolation, DeadlockDetected, SerializationFailure)


class Writer:
    """Writes to one index over one connection.

    `in_transaction`: the caller has a transaction open, and the batch becomes a part of it. The
    first batch is written so, in the transaction that creates the index.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        statements: Statements,
        declared: Schema,
        analyzer: Analyzer,
        lock_timeout: float,
        *,
        in_transaction: bool = False,
    ) -> None:
        self._connection = connection
        self._in_transaction = in_transaction
        self._sql = statements
        self._declared = declared
        self._places = {field.name: at for at, field in enumerate(declared.fields)}
        self._analyzer = analyzer
        self._entities = EntityDictionary(
            connection, statements, declared, in_transaction=in_transaction
        )
        self._lock_timeout = f"{max(1, round(1000 * lock_timeout))}ms"

    def roots(self, uris: Sequence[str]) -> dict[str, bytes]:
        """Return by uri the roots of those documents that are stored."""
        return {uri: document.root for uri, document in self._find(uris).items()}

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        """Add or replace documents with distinct uris."""
        uris = [analyzed.document.uri for analyzed in documents]
        plan = plan_batch(documents, self._find(uris))
        if not plan.changed:
            return plan.outcome(len(documents))
        last = self._fetch_one(queries.ALLOCATE, (plan.chunks,))[0]
        numbered = number_documents(plan.changed, last - plan.chunks)
        postings = self._invert(numbered)
        self._entities.prepare(plan.changed)

        def upsert() -> WriteOutcome:
            return self._upsert(numbered, postings, documents.words).outcome(len(documents))

        return self._transact_alone_after_conflict(durability, upsert)

    def _invert(self, numbered: Sequence[NumberedDocument]) -> PositionedPostings:
        return invert(numbered, self._term_ids, positions=self._declared.positions)

    def _upsert(
        self,
        numbered: Sequence[NumberedDocument],
        postings: PositionedPostings,
        words: Mapping[str, str],
    ) -> BatchPlan:
        """Write documents, but for those that another writer has stored meanwhile."""
        documents = [analyzed for _, analyzed in numbered]
        uris = [analyzed.document.uri for analyzed in documents]
        plan = plan_batch(documents, self._find(uris, lock=True))
        if len(plan.changed) < len(numbered):
            changed = {analyzed.document.uri for analyzed in plan.changed}
            numbered = [pair for pair in numbered if pair[1].document.uri in changed]
            postings = self._invert(numbered)
        if numbered:
            self._replace(plan.replaced, numbered, postings, words)
        return plan

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        """Remove documents with distinct uris; return how many there were."""

        def delete() -> int:
            removed = list(self._find(uris, lock=True).values())
            if removed:
                self._replace(removed, [], NO_POSTINGS, {})
            return len(removed)

        return self._transact_alone_after_conflict(durability, delete)

    def _transact_alone_after_conflict(self, durability: Durability, work: Callable[[], T]) -> T:
        """Do the work in a transaction. After a conflict, do it once more without other writers.

        That is safe: the server has rolled back the whole first attempt.
        """
        try:
            return self._transact(durability, queries.SHARED_LOCK, work)
        except _CONFLICTS:
            return self._transact(durability, queries.EXCLUSIVE_LOCK, work)

    def _transact(self, durability: Durability, lock: str, work: Callable[[], T]) -> T:
        """Commit the work or roll it back. Lock the table before any row.

        PostgreSQL has no level of durability that survives its processes but not the machine. So a
        commit is on this server's disk at either level. "power" also waits for standbys, where the
        server's settings say so.
        """
        if self._in_transaction:
            return work()
        execute = self._connection.execute
        try:
            execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            execute("SELECT set_config('lock_timeout', %s, true)", (self._lock_timeout,))
            if durability == "process":
                execute("SET LOCAL synchronous_commit = local")
            else:
                execute(queries.SYNC_AT_LEAST)
            execute(self._sql(lock))
            outcome = work()
            execute("COMMIT")
            return outcome
        finally:
            end_transaction(self._connection)

    def _find(self, uris: Sequence[str], *, lock: bool = False) -> dict[str, StoredDocument]:
        """Return the stored documents by uri."""
        # PostgreSQL accepts no NUL, and no uri contains one.
        valid = [uri for uri in uris if "\0" not in uri]
        statement = queries.LOCK_DOCUMENTS if lock else queries.FIND_DOCUMENTS
        return {uri: StoredDocument(*row) for uri, *row in self._fetch(statement, (valid,))}

    def _term_ids(self, tokens: Sequence[str]) -> Ids:
        """Return the dictionary's ids of distinct tokens; add those that are missing."""
        ids = self._find_terms(tokens)
        missing = [tokens[at] for at in np.flatnonzero(ids == 0).tolist()]
        if missing:
            self._connection.execute(self._sql(queries.ADD_TERMS), ("\n".join(sorted(missing)),))
            ids[ids == 0] = self._find_terms(missing)
        return ids

    def _find_terms(self, tokens: Sequence[str]) -> Ids:
        """Return the dictionary's ids of tokens, 0 for those that it lacks."""
        return unpack_ids(self._fetch_one(queries.FIND_TERMS, ("\n".join(tokens),))[0])

    def _replace(
        self,
        removed: Sequence[StoredDocument],
        numbered: Sequence[NumberedDocument],
        positioned: PositionedPostings,
        words: Mapping[str, str],
    ) -> None:
        """Delete documents and insert others; call it within a transaction."""
        tokens = sum(chunk.length for _, analyzed in numbered for chunk in analyzed.chunks)
        lost = SurfaceWords(self._analyzer)
        tokens -= self._delete(removed, lost) if removed else 0
        documents = _document_rows(numbered)
        self._copy(queries.COPY_DOCUMENTS, "int4 text bytea bytea int4 bytea", documents)
        self._copy(queries.COPY_CHUNKS, "int4 int4 int4 bytea", _chunk_rows(numbered))
        if self._entities.has_entries:
            entities = [self._entities.encode_postings(numbered)]
            copy_tables(self._connection, self._sql(queries.COPY_ENTITY_POSTINGS), entities)
        postings = positioned.postings
        rows = split_rows(postings)
        columns = (rows.terms, postings.ids[rows.begins], rows.counts)
        encoded = encode_positioned_rows(positioned, rows, *columns)
        copy_tables(self._connection, self._sql(queries.COPY_RECENT), encoded)
        chunks = sum(len(analyzed.chunks) for _, analyzed in numbered)
        chunks -= sum(document.chunks for document in removed)
        deleted = [document.id + at for document in removed for at in range(document.chunks)]
        count = len(numbered) - len(removed)
        values = (count, chunks, tokens, len(rows.terms), pack_ids(deleted))
        added = LoggedBatch.of(numbered, self._places).pack() if numbered else None
        gathered = pack_words(words) if words else None
        surfaces = pack_surfaces(lost.keys() - words.keys()) or None
        self._connection.execute(
            self._sql(queries.ADD_TO_LOGS), (*values, added, gathered, surfaces)
        )

    def _delete(self, removed: Sequence[StoredDocument], lost: SurfaceWords) -> int:
        """Delete documents; return how many tokens their chunks had; gather their words."""
        ids = [document.id for document in removed]
        decrements: Counter[str] = Counter()
        count = 0
        for header, text in self._fetch(queries.DELETED_TEXTS, (ids,)):
            with readable("a stored document"):
                title = parse_header(header)["title"]
                tokens = lost.analyze(title) + lost.analyze(decompress(text).decode())
            decrements.update(set(tokens))
            count += len(tokens)
        words = sorted(decrements)
        terms = self._find_terms(words)
        if not terms.all():
            raise IndexCorrupt(
                f"the dictionary lacks {words[int(terms.argmin())]!r}, which a stored document "
                "holds; drop the index and index the corpus again"
            )
        counts = np.array([decrements[word] for word in words], dtype=np.int32)
        table = encode_table(terms, counts)
        copy_tables(self._connection, self._sql(queries.COPY_DF_DECREMENTS), [table])
        for statement in queries.DELETE:
            if "entity_posting" in statement and not self._entities.has_entries:
                continue
            self._connection.execute(self._sql(statement), (ids,))
        return count

    def _copy(self, statement: str, types: str, rows: Iterable[Sequence[Any]]) -> None:
        copy_rows(self._connection, self._sql(statement), types, rows)

    def _fetch(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._sql(statement), values, binary=True).fetchall()

    def _fetch_one(self, statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
        rows = self._fetch(statement, values)
        if len(rows) != 1:
            raise IndexCorrupt("the index has lost its counter; restore it from a copy")
        return rows[0]


def _document_rows(numbered: Iterable[NumberedDocument]) -> Iterator[tuple[Any, ...]]:
    """Yield documents in the order of their uris, so that writers cannot deadlock."""
    for first, analyzed in sorted(numbered, key=lambda pair: pair[1].document.uri):
        leaves = join_leaves(analyzed.chunks)
        uri, chunks = analyzed.document.uri, len(analyzed.chunks)
        yield first, uri, analyzed.root, analyzed.header, chunks, leaves


def _chunk_rows(numbered: Iterable[NumberedDocument]) -> Iterator[tuple[Any, ...]]:
    for first, analyzed in numbered:
        for index, chunk in enumerate(analyzed.chunks):
            yield first + index, first, chunk.start, compress_text(chunk.text)
