"""Writing: one batch is one transaction, documents, postings and counts together."""

from __future__ import annotations

import json
from collections.abc import Sequence

import apsw
import numpy as np

from nuthatch import AnalyzedBatch, AnalyzedDocument, Schema, WriteOutcome
from nuthatch.postings import (
    StoredDocument,
    compress_text,
    join_leaves,
    number_documents,
    plan_batch,
    readable,
)
from nuthatch_sqlite import schema
from nuthatch_sqlite.columns import ColumnWriter
from nuthatch_sqlite.entity import Entities
from nuthatch_sqlite.state import State
from nuthatch_sqlite.surfaces import KnownSurfaces


def write(
    connection: apsw.Connection,
    documents: AnalyzedBatch,
    entities: Entities,
    surfaces: KnownSurfaces,
) -> WriteOutcome:
    """Upsert documents with distinct uris; called within a transaction."""
    state = State.read(connection)
    present = _present(connection, [document.document.uri for document in documents], state)
    plan = plan_batch(documents, present)
    if not plan.changed:
        return plan.outcome(len(documents))
    rows = number_documents(plan.changed, state.next_chunk)
    lengths = Lengths(connection)
    tokens_gone = _delete(connection, plan.replaced, lengths, entities)
    declared = entities.declared
    _insert(connection, rows, declared)
    entities.add(connection, rows)
    ColumnWriter(connection, declared, state.generation + 1).write(plan.replaced, rows)
    counts = [chunk.length for _, document in rows for chunk in document.chunks]
    lengths.append(state.next_chunk, counts)
    lengths.save()
    connection.execute(
        schema.SET_STATE,
        {
            "documents": len(plan.changed) - len(plan.replaced),
            "chunks": len(counts) - sum(document.chunks for document in plan.replaced),
            "tokens": sum(counts) - tokens_gone,
            "next_chunk": state.next_chunk + len(counts),
            "surfaces": surfaces.add(connection, state.generation, documents.words),
            "removed": len(plan.replaced),
        },
    )
    return plan.outcome(len(documents))


def remove(connection: apsw.Connection, uris: Sequence[str], entities: Entities) -> int:
    """Remove documents; called within a transaction."""
    state = State.read(connection)
    gone = list(_present(connection, uris, state).values())
    if not gone:
        return 0
    lengths = Lengths(connection)
    tokens_gone = _delete(connection, gone, lengths, entities)
    ColumnWriter(connection, entities.declared, state.generation + 1).write(gone)
    lengths.save()
    connection.execute(
        schema.SET_STATE,
        {
            "documents": -len(gone),
            "chunks": -sum(document.chunks for document in gone),
            "tokens": -tokens_gone,
            "next_chunk": state.next_chunk,
            "surfaces": 0,
            "removed": len(gone),
        },
    )
    return len(gone)


def find_roots(connection: apsw.Connection, uris: Sequence[str]) -> dict[str, bytes]:
    """Return the roots of those of these documents that are stored, by uri."""
    found = _present(connection, uris, State.read(connection))
    return {uri: document.root for uri, document in found.items()}


def _present(
    connection: apsw.Connection, uris: Sequence[str], state: State
) -> dict[str, StoredDocument]:
    if not state.documents:
        return {}
    rows = connection.execute(schema.FIND, (json.dumps(list(uris)),))
    found = {uri: StoredDocument(first, root, chunks) for uri, first, root, chunks in rows}
    for uri, document in found.items():
        with readable(f"the stored document {uri!r}"):
            if not 0 < document.id < document.id + document.chunks <= state.next_chunk:
                raise ValueError(f"it cannot have {document.chunks} chunks from {document.id} on")
    return found


def _insert(
    connection: apsw.Connection,
    rows: Sequence[tuple[int, AnalyzedDocument]],
    declared: Schema,
) -> None:
    connection.executemany(
        schema.ADD_DOCUMENT,
        (
            (
                first,
                document.document.uri,
                document.root,
                document.header,
                len(document.chunks),
                join_leaves(document.chunks),
            )
            for first, document in rows
        ),
    )
    connection.executemany(
        schema.ADD_CHUNK,
        (
            (first + index, chunk.start, compress_text(chunk.text))
            for first, document in rows
            for index, chunk in enumerate(document.chunks)
        ),
    )
    chunks = (
        (first + index, chunk)
        for first, document in rows
        for index, chunk in enumerate(document.chunks)
    )
    if declared.positions:
        connection.executemany(
            schema.ADD_APART, ((id, chunk.text_line, chunk.title_line) for id, chunk in chunks)
        )
    else:
        connection.executemany(schema.ADD_TOKENS, ((id, chunk.line) for id, chunk in chunks))


def _delete(
    connection: apsw.Connection,
    documents: Sequence[StoredDocument],
    lengths: Lengths,
    entities: Entities,
) -> int:
    """Delete documents; return how many tokens their chunks had."""
    tokens = 0
    for document in documents:
        tokens += lengths.clear(document.id, document.chunks)
        entities.remove(connection, document.id)
        span = {"first": document.id, "last": document.id + document.chunks - 1}
        for statement in schema.DELETE:
            connection.execute(statement, span)
    return tokens


class Lengths:
    """Changes the blobs of chunk lengths within one transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._blocks: dict[int, np.ndarray[tuple[int], np.dtype[np.uint32]]] = {}

    def append(self, first: int, counts: Sequence[int]) -> None:
        """Set the lengths of new chunks with consecutive ids."""
        position = 0
        while position < len(counts):
            block, offset = divmod(first + position, schema.LENGTHS)
            part = counts[position : position + schema.LENGTHS - offset]
            self._block(block)[offset : offset + len(part)] = part
            position += len(part)

    def clear(self, first: int, chunks: int) -> int:
        """Set the lengths of deleted chunks to zero; return their sum."""
        total = 0
        for chunk in range(first, first + chunks):
            block, offset = divmod(chunk, schema.LENGTHS)
            lengths = self._block(block)
            total += int(lengths[offset])
            lengths[offset] = 0
        return total

    def save(self) -> None:
        """Write the blocks that were touched."""
        rows = [(block, lengths.astype("<u4").tobytes()) for block, lengths in self._blocks.items()]
        self._connection.executemany(schema.SET_LENGTHS, rows)

    def _block(self, block: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        if block not in self._blocks:
            row = self._connection.execute(schema.BLOCK_LENGTHS, (block,)).fetchone()
            stored = bytes(4 * schema.LENGTHS) if row is None else row[0]
            with readable(f"block {block} of the lengths"):
                self._blocks[block] = np.frombuffer(stored, "<u4", schema.LENGTHS).astype(np.uint32)
        return self._blocks[block]
