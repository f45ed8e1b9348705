"""Checking: SQLite's own checks, FTS5's, and that the tables agree with each other.

integrity_check    pages, b-trees, indexes against their tables, FTS5's own integrity-check
log                commits of the write-ahead log after something damaged
counts, lengths    the state row, FTS5's sizes, averages and dictionary, our length blobs, surfaces
documents          header, texts, leaves and root; uri, starts and what columns have of each
words              each word of a sound document is stored, with its token
entities           what each document mentions
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import apsw
import numpy as np

from nuthatch import Analyzer, IndexCorrupt, Schema, SurfaceWords, parse_header
from nuthatch.postings import UNREADABLE, decompress, is_document_intact
from nuthatch_sqlite import schema
from nuthatch_sqlite.columns import StoredValues
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.entity import Entities, differences
from nuthatch_sqlite.log import unread_commits
from nuthatch_sqlite.state import State
from nuthatch_sqlite.surfaces import missing_words

DOCUMENTS: Final = "SELECT id, chunks FROM document"
HEADERS: Final = "SELECT id, header FROM document"


def problems(
    connection: apsw.Connection,
    path: Path,
    declared: Schema,
    entities: Entities,
    analyzer: Analyzer | None,
) -> Iterator[str]:
    """Yield what is wrong, a sentence each; called within a read transaction.

    Without an analyzer it is not looked whether the words of documents are stored.
    """
    for part in (
        _engine(connection),
        _log(connection, path),
        _counts(connection),
        _documents(connection, declared, analyzer),
        _check_mentions(connection, entities),
    ):
        try:
            yield from part
        except (apsw.CorruptError, IndexCorrupt, *UNREADABLE) as error:
            yield f"reading stopped at something damaged: {error}"


def _engine(connection: apsw.Connection) -> Iterator[str]:
    for (found,) in rows(connection, "PRAGMA integrity_check"):
        if found != "ok":
            yield f"SQLite's integrity_check: {found}"


def _log(connection: apsw.Connection, path: Path) -> Iterator[str]:
    commits = unread_commits(path, connection.pragma("page_size"))
    if commits:
        yield (
            f"{path.name}-wal is damaged: {commits} of its commits are not read, and what they "
            "wrote is missing"
        )


def _counts(connection: apsw.Connection) -> Iterator[str]:
    """Compare the state row with the tables: both engine checks pass over a lost row."""
    state = State.read(connection)
    documents, chunks, texts, last, occurrences, surfaces = next(rows(connection, schema.COUNTS))
    averages = next(rows(connection, schema.AVERAGES), (b"",))[0]
    averaged, *sized = _varints(averages) or [0]
    lengths = {block: np.frombuffer(blob, "<u4") for block, blob in _length_blobs(connection)}
    sizes = [(chunk, sum(_varints(size))) for chunk, size in rows(connection, schema.SIZES)]
    for name, found, expected in (
        ("documents", documents, state.documents),
        ("chunks of documents", chunks, state.chunks),
        ("chunk texts", texts, state.chunks),
        ("chunks with postings", len(sizes), state.chunks),
        ("chunks in FTS5's averages", averaged, state.chunks),
        ("tokens in FTS5's averages", sum(sized), state.tokens),
        ("tokens in FTS5's dictionary", occurrences, state.tokens),
        ("tokens in FTS5's sizes", sum(length for _, length in sizes), state.tokens),
        ("surface words", surfaces, state.surfaces),
        ("blocks of lengths", len(lengths), state.length_blocks),
        (
            "tokens in the lengths",
            sum(int(block.sum()) for block in lengths.values()),
            state.tokens,
        ),
    ):
        if found != expected:
            yield f"there are {found} {name}, and there should be {expected}"
    if last >= state.next_chunk:
        yield f"the next chunk would get the id {state.next_chunk}, and {last} is taken"
    for chunk, length in sizes:
        block, offset = divmod(chunk, schema.LENGTHS)
        if block not in lengths or lengths[block][offset] != length:
            yield f"chunk {chunk} has {length} tokens, and its stored length differs"


def _length_blobs(connection: apsw.Connection) -> Iterator[tuple[Any, ...]]:
    return rows(connection, schema.ALL_LENGTHS)


def _varints(blob: bytes) -> list[int]:
    """Return the numbers that SQLite stored in its variable-length form (up to 63 bits)."""
    values = [0]
    for byte in blob:
        values[-1] = values[-1] << 7 | byte & 0x7F
        if byte < 0x80:
            values.append(0)
    return values[:-1]


def _check_mentions(connection: apsw.Connection, entities: Entities) -> Iterator[str]:
    """Compare the stored mentions of entities with those in the documents' headers."""
    headers = []
    for first, header in rows(connection, HEADERS):
        if isinstance(header, bytes):
            values = parse_header(header)
            headers.append((first, values["title"], values["fields"]))
    yield from differences(connection, entities, headers)


def _documents(
    connection: apsw.Connection, declared: Schema, analyzer: Analyzer | None
) -> Iterator[str]:
    """Prove every document: what is stored of it must lead to its root, columns must have what it
    has, and its words must be stored."""
    columns = StoredValues(connection, declared)
    words = None if analyzer is None else SurfaceWords(analyzer)
    yield from columns.find_differences(rows(connection, DOCUMENTS))
    for first, group in groupby(rows(connection, schema.PROOFS), key=lambda row: row[0]):
        chunks = list(group)
        values = columns.of(first)
        try:
            _, uri, root, header, leaves, *_ = chunks[0]
            texts = [(start, text) for *_, start, text in chunks]
            intact = is_document_intact(uri, root, header, leaves, texts, values, declared)
        except UNREADABLE:
            intact = False
        if not intact:
            yield (
                f"the stored document at chunk {first} does not match its root, or what columns "
                "have of it differs"
            )
        elif words is not None:
            words.analyze(parse_header(header)["title"])
            for _, text in texts:
                words.analyze(decompress(text).decode())
    for word, token in missing_words(connection, words or {}).items():
        yield f"the dictionary of words lacks {word!r}, whose token is {token!r}"
