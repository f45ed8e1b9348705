"""Checking: that what is stored leads to its roots, and that the tables agree with each other.

documents    header, texts, leaves and root; uri, starts and values
counts       the state and what was written since, against the rows
postings     analyzed anew from the texts: which words each chunk holds, how often, how many
entities     what each document mentions, and that title tokens are found by what is near to them
frequencies  each word's, as the dictionary and what was written since say, against the postings

Postings are compared by a sum of hashes for each chunk, so that memory grows with the chunks and
not with the postings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

from nuthatch import (
    IndexCorrupt,
    LexicalBackend,
    chunk_tokens,
    document_from_header,
    document_root,
    leaf_hash,
    parse_header,
    run_blocking,
)
from nuthatch_postgres import queries
from nuthatch_postgres.block import Postings, decode
from nuthatch_postgres.connection import Statement, ask
from nuthatch_postgres.entity import Entities, Entry, stored_hashes
from nuthatch_postgres.failure import UNREADABLE
from nuthatch_postgres.postings import Ids, State, ids_of, live
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.read import Reading
from nuthatch_postgres.stored import unpack

Sums = npt.NDArray[np.uint64]

COUNTS: Final = """
SELECT (SELECT count(*) FROM {schema}.document),
       (SELECT coalesce(sum(chunks), 0)::bigint FROM {schema}.document),
       (SELECT count(*) FROM {schema}.chunk),
       (SELECT coalesce(max(id), 0) FROM {schema}.chunk),
       (SELECT next FROM {schema}.counter),
       (
           SELECT count(*)
           FROM {schema}.value
           WHERE document NOT IN (SELECT id FROM {schema}.document)
       )
"""
PROOFS: Final = """
DECLARE proofs NO SCROLL CURSOR FOR
SELECT document.id, uri, root, header, leaves, chunk.id, start, text
FROM {schema}.document
LEFT JOIN {schema}.chunk ON chunk.document = document.id
ORDER BY document.id, chunk.id
"""
POSTINGS: Final = """
DECLARE postings NO SCROLL CURSOR FOR
SELECT term, first, n, data FROM {schema}.block
UNION ALL
SELECT term, first, n, data FROM {schema}.recent
"""
VALUES: Final = """
SELECT document, field, whole, number, word
FROM {schema}.value
WHERE document = ANY(%s)
"""
MENTIONED: Final = """
SELECT field, text, length
FROM {schema}.mention
JOIN {schema}.entity ON id = entity
WHERE document = %s
"""
NEAR: Final = """
DECLARE near NO SCROLL CURSOR FOR
SELECT text, array_agg(hash)
FROM {schema}.entity
LEFT JOIN {schema}.near ON near.entity = id
WHERE field = -1
GROUP BY id
"""
TERMS: Final = """
SELECT id, token, df + coalesce(fresh.n, 0) - coalesce(lost.n, 0)
FROM {schema}.term
LEFT JOIN (SELECT term, sum(n) AS n FROM {schema}.recent GROUP BY term) AS fresh
    ON fresh.term = id
LEFT JOIN (SELECT term, sum(n) AS n FROM {schema}.loss GROUP BY term) AS lost ON lost.term = id
"""
_ROWS: Final = 2000


def problems(
    connection: psycopg.Connection, reading: Reading, statements: Statements, index: LexicalBackend
) -> Iterator[str]:
    """Yield what is wrong, a sentence each, all of it in one snapshot."""
    try:
        state = run_blocking(reading.begin())
        yield from _counts(connection, statements, state)
        terms = {
            token: (number, int(df))
            for number, token, df in connection.execute(statements(TERMS), binary=True)
        }
        found = _Postings(state, _dead(connection, statements, state), terms)
        found.read(connection, statements)
        yield from _documents(connection, statements, index, found)
        yield from found.differences()
        yield from _neighbourhoods(connection, statements)
    except (IndexCorrupt, *UNREADABLE) as error:
        yield f"reading stopped at something damaged: {error}"


def _counts(connection: psycopg.Connection, statements: Statements, state: State) -> Iterator[str]:
    row = ask(connection, [Statement(statements(COUNTS))])[0][0]
    documents, chunks, texts, last, following, stray = row
    for name, counted, expected in (
        ("documents", documents, state.documents),
        ("chunks of documents", chunks, state.chunks),
        ("chunk texts", texts, state.chunks),
        ("field values of no document", stray, 0),
    ):
        if counted != expected:
            yield f"there are {counted} {name}, and there should be {expected}"
    if last >= following:
        yield f"the next chunk would get the id {following}, and {last} is taken"


def _dead(connection: psycopg.Connection, statements: Statements, state: State) -> Ids:
    rows = ask(connection, [Statement(statements(queries.TOMBSTONES))])[0]
    if len(rows) != 1:
        raise IndexCorrupt("the tombstones are lost")
    return np.concatenate([ids_of(rows[0][0]), state.gone])


class _Postings:
    """Sums up what postings and documents say of each chunk."""

    def __init__(self, state: State, dead: Ids, terms: dict[str, tuple[int, int]]) -> None:
        self._state = state
        self._dead = dead
        self._terms = terms
        self._held: Counter[int] = Counter()
        self._said = np.zeros(1, dtype=np.uint64)
        self._meant = np.zeros(1, dtype=np.uint64)
        self.tokens = 0

    def read(self, connection: psycopg.Connection, statements: Statements) -> None:
        """Read all postings."""
        for rows in _fetched(connection, statements(POSTINGS), "postings"):
            postings = live(decode(rows), self._dead)
            terms, counts = np.unique(postings.terms, return_counts=True)
            self._held.update(dict(zip(terms.tolist(), counts.tolist(), strict=True)))
            self._said = _added(self._said, postings)

    def add(self, chunk: int, tokens: Sequence[str]) -> None:
        """Add what a chunk's text holds; a word that is not known is a difference by itself."""
        counts = Counter(tokens)
        terms = [self._terms.get(token, (0, 0))[0] for token in counts]
        n = len(terms)
        self.tokens += len(tokens)
        postings = Postings(
            np.array(terms, dtype=np.uint32),
            np.full(n, chunk, dtype=np.uint32),
            np.array(list(counts.values()), dtype=np.uint32),
            np.full(n, len(tokens), dtype=np.uint32),
        )
        self._meant = _added(self._meant, postings)

    def differences(self) -> Iterator[str]:
        """Yield where both sides differ."""
        if self.tokens != self._state.tokens:
            yield f"there are {self.tokens} tokens, and there should be {self._state.tokens}"
        size = max(self._said.size, self._meant.size)
        said, meant = (np.pad(sums, (0, size - sums.size)) for sums in (self._said, self._meant))
        for chunk in np.flatnonzero(said != meant).tolist():
            yield f"the postings of chunk {chunk} are not those of its text"
        for token, (number, df) in self._terms.items():
            if self._held[number] != df:
                yield f"{token!r} stands in {self._held[number]} chunks, and {df} are counted"


def _added(sums: Sums, postings: Postings) -> Sums:
    """Add a hash of each posting to its chunk's sum; order does not matter."""
    if postings.ids.size:
        sums = _grown(sums, int(postings.ids.max()) + 1)
        mixed = postings.terms.astype(np.uint64) << np.uint64(32) | postings.lengths
        for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):  # of splitmix64
            mixed = (mixed ^ mixed >> np.uint64(29)) * np.uint64(factor) + postings.tfs
        np.add.at(sums, postings.ids, mixed)
    return sums


def _grown(sums: Sums, size: int) -> Sums:
    if sums.size >= size:
        return sums
    return np.pad(sums, (0, max(size, 2 * sums.size) - sums.size))


def _neighbourhoods(connection: psycopg.Connection, statements: Statements) -> Iterator[str]:
    """Yield the title tokens that a search with typing errors would not find."""
    for page in _fetched(connection, statements(NEAR), "near"):
        for token, hashes in page:
            if set(hashes) != stored_hashes(token):
                yield f"the title token {token!r} is not stored under what is near to it"


def _documents(
    connection: psycopg.Connection, statements: Statements, index: LexicalBackend, found: _Postings
) -> Iterator[str]:
    """Prove every document: what is stored of it must lead to its root."""
    rows = (row for page in _fetched(connection, statements(PROOFS), "proofs") for row in page)
    entities = Entities(connection, statements, index.schema)
    for first, group in groupby(rows, key=lambda row: row[0]):
        chunks = list(group)
        values, mentioned = ask(
            connection,
            [
                Statement(statements(VALUES), ([first],)),
                Statement(statements(MENTIONED), (first,)),
            ],
        )
        mentions = {(field, text): length for field, text, length in mentioned}
        try:
            intact = _is_intact(chunks, values, mentions, index, entities, found)
        except UNREADABLE:
            intact = False
        if not intact:
            yield f"the stored document at chunk {first} does not match its root"


def _is_intact(
    chunks: Sequence[tuple[Any, ...]],
    values: Sequence[tuple[Any, ...]],
    mentions: Mapping[Entry, int],
    index: LexicalBackend,
    entities: Entities,
    found: _Postings,
) -> bool:
    first, uri, root, header, leaves, *_ = chunks[0]
    texts = [(start, unpack(packed)) for *_, start, packed in chunks]
    hashes = [leaf_hash(text.encode()) for _, text in texts]
    document = document_from_header(header, texts)
    if not index.config.export_only:
        for chunk, (_, text) in zip(chunks, texts, strict=True):
            found.add(chunk[5], chunk_tokens(index.analyzer, document.title, text))
    fields = [each.name for each in index.schema.fields]
    if mentions != entities.of(document.title, document.fields):
        return False
    kept = {
        (fields[field], value)
        for _, field, *columns in values
        for value in columns
        if value is not None
    }
    return (
        document_root(header, hashes) == root
        and b"".join(hashes) == leaves
        and parse_header(header)["chunks"] == len(chunks)
        and [chunk[5] for chunk in chunks] == list(range(first, first + len(chunks)))
        and document.uri == uri
        and all(document.text.startswith(text, start) for start, text in texts)
        and set(index.schema.filter_values(document)) == kept
    )


def _fetched(
    connection: psycopg.Connection, declare: bytes, cursor: str
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield a cursor's rows page by page."""
    connection.execute(declare)
    while True:
        rows = connection.execute(f"FETCH FORWARD {_ROWS} FROM {cursor}".encode(), binary=True)
        page = rows.fetchall()
        if not page:
            return
        yield page
