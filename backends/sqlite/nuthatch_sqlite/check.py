"""Checking: SQLite's own checks, FTS5's, and that the tables agree with each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import apsw
import numpy as np
import zstandard

from nuthatch import document_root, leaf_hash
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.postings import State


def problems(connection: apsw.Connection) -> Iterator[str]:
    """Yields what is wrong, a sentence each; called within a transaction.

    Since SQLite 3.44 quick_check runs FTS5's integrity-check too, and only reads. Both pass over
    postings that were made or lost whole; the counts and lengths find these.
    """
    try:
        for (found,) in rows(connection, "PRAGMA quick_check"):
            if found != "ok":
                yield f"SQLite's quick_check: {found}"
        yield from _disagreements(connection)
    except apsw.CorruptError as error:
        yield f"reading stopped at a damaged page: {error}"


def _disagreements(connection: apsw.Connection) -> Iterator[str]:
    state = State.read(connection)
    documents, chunks, texts, indexed, stray = next(rows(connection, schema.COUNTS))
    for name, found, expected in (
        ("documents", documents, state.documents),
        ("chunks of documents", chunks, state.chunks),
        ("chunk texts", texts, state.chunks),
        ("chunks with postings", indexed, state.chunks),
    ):
        if found != expected:
            yield f"there are {found} {name}, and the index counts {expected}"
    yield from _lengths(connection, state)
    if stray:
        yield f"{stray} field values belong to no document"
    yield from _roots(connection)


def _lengths(connection: apsw.Connection, state: State) -> Iterator[str]:
    """Compares our lengths with FTS5's, which bm25() divides by."""
    stored = rows(connection, schema.ALL_LENGTHS)
    blocks = {block: np.frombuffer(blob, "<u4") for block, blob in stored}
    total = 0
    for chunk, size in rows(connection, schema.SIZES):
        block, offset = divmod(chunk, schema.LENGTHS)
        length = _varint(size)
        total += length
        if block not in blocks or blocks[block][offset] != length:
            yield f"chunk {chunk} has {length} tokens, and its stored length differs"
    ours = sum(int(lengths.sum()) for lengths in blocks.values())
    if not total == ours == state.tokens:
        yield f"FTS5 holds {total} tokens, the lengths {ours}, and the index counts {state.tokens}"


def _varint(blob: bytes) -> int:
    """Returns the number that SQLite stored in its variable-length form (up to 63 bits)."""
    value = 0
    for byte in blob:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value


def _roots(connection: apsw.Connection) -> Iterator[str]:
    """Proves every document: its header and chunk texts must lead to its root."""
    unpack = zstandard.ZstdDecompressor().decompress
    for first, group in groupby(rows(connection, schema.DOCUMENTS), key=lambda row: row[0]):
        chunks = list(group)
        _, header, root = chunks[0][:3]
        try:
            intact = document_root(header, [leaf_hash(unpack(row[5])) for row in chunks]) == root
        except zstandard.ZstdError:
            intact = False
        if not intact:
            yield f"the stored document at chunk {first} does not match its root"
