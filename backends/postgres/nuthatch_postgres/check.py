"""Check that stored documents lead to their roots, and that the tables agree with each other.

documents    header, texts, leaves and root; uri, starts and values
counts       the state and the writes since, against the rows
postings     the texts are analyzed again: the words of each chunk, how often each, how many, where
words        each word of a text is in the dictionary of words, with its token
entities     the entries of each document, and the fuzzy keys of title tokens
frequencies  of each word, by the dictionary and the writes since, against the postings

Postings are compared by one sum of hashes for each chunk, so memory grows with the chunks and not
with the postings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

from nuthatch import (
    FilterValue,
    IndexCorrupt,
    LexicalBackend,
    Schema,
    analyze_words,
    parse_header,
    run_blocking,
)
from nuthatch.postings import (
    UNREADABLE,
    Entry,
    EntryScheme,
    decompress,
    is_document_intact,
    stored_fields,
)
from nuthatch_postgres.client.pipeline import Statement, execute
from nuthatch_postgres.queries import check as queries
from nuthatch_postgres.queries.search import TOMBSTONES
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import State
from nuthatch_postgres.search.posting_reader import PostingReader
from nuthatch_postgres.storage.entity_dictionary import fuzzy_keys
from nuthatch_postgres.storage.packed_ids import Ids, unpack_ids
from nuthatch_postgres.storage.position_codec import decode_positions
from nuthatch_postgres.storage.posting_block import (
    PositionedPostings,
    Postings,
    decode,
    decode_positioned,
)
from nuthatch_postgres.storage.word_blocks import read_words

Sums = npt.NDArray[np.uint64]
_PAGE: Final = 2000


def find_problems(
    connection: psycopg.Connection[Any],
    reader: PostingReader,
    statements: Statements,
    index: LexicalBackend,
) -> Iterator[str]:
    """Yield a sentence for each problem, all found in one snapshot."""
    try:
        state = run_blocking(reader.read_state())
        yield from _check_counts(connection, statements, state)
        terms = {
            token: (id_, int(df))
            for id_, token, df in connection.execute(statements(queries.TERMS), binary=True)
        }
        deleted = _read_deleted(connection, statements, state)
        words = read_words(connection, statements)
        comparison = _PostingComparison(state, deleted, terms, index, words)
        comparison.add_stored(connection, statements)
        values = _read_values(reader, index.schema)
        yield from _check_documents(connection, statements, index, comparison, values)
        yield from comparison.differences()
        yield from _check_fuzzy_keys(connection, statements)
    except (IndexCorrupt, *UNREADABLE) as error:
        yield f"reading stopped at something damaged: {error}"


def _check_counts(
    connection: psycopg.Connection[Any], statements: Statements, state: State
) -> Iterator[str]:
    row = execute(connection, [Statement(statements(queries.COUNTS))])[0][0]
    documents, chunks, texts, last, following = row
    for name, counted, expected in (
        ("documents", documents, state.documents),
        ("chunks of documents", chunks, state.chunks),
        ("chunk texts", texts, state.chunks),
    ):
        if counted != expected:
            yield f"there are {counted} {name}, and there should be {expected}"
    if last >= following:
        yield f"the next chunk would get the id {following}, and {last} is taken"


def _read_values(
    reader: PostingReader, declared: Schema
) -> dict[int, list[tuple[str, FilterValue]]]:
    """Return what columns hold, by document: (field, value); all documents are there."""
    names = [stored.name for stored in stored_fields(declared)]
    columns = run_blocking(reader.read_columns(names))
    documents = columns.documents
    ids = documents.ids.tolist()
    found: dict[int, list[tuple[str, FilterValue]]] = {
        id_: [] for id_, is_live in zip(ids, documents.live.tolist(), strict=True) if is_live
    }
    for name in names:
        for ordinal, value in columns.pairs(name):
            if ids[ordinal] in found:
                found[ids[ordinal]].append((name, value))
    return found


def _read_deleted(connection: psycopg.Connection[Any], statements: Statements, state: State) -> Ids:
    """Return the deleted chunks whose postings are still stored."""
    rows = execute(connection, [Statement(statements(TOMBSTONES))])[0]
    if len(rows) != 1:
        raise IndexCorrupt("the tombstones are lost")
    return np.concatenate([unpack_ids(rows[0][0]), state.deleted])


class _PostingComparison:
    """Sums the stored postings of each chunk, and those that its text should have."""

    def __init__(
        self,
        state: State,
        deleted: Ids,
        terms: dict[str, tuple[int, int]],
        index: LexicalBackend,
        words: Mapping[str, str],
    ) -> None:
        self._state = state
        self._analyzer = index.analyzer
        self._has_positions = index.schema.positions
        self._words = words
        self._missing_words: dict[str, str] = {}
        self._deleted = deleted
        self._terms = terms
        self._frequencies: Counter[int] = Counter()
        self._stored = np.zeros(1, dtype=np.uint64)
        self._expected = np.zeros(1, dtype=np.uint64)
        self._tokens = 0

    def add_stored(self, connection: psycopg.Connection[Any], statements: Statements) -> None:
        """Add all stored postings."""
        for rows in _read_pages(connection, statements(queries.POSTINGS), "postings"):
            positioned = self._decode(rows)
            positioned = positioned.select(~np.isin(positioned.postings.ids, self._deleted))
            postings = positioned.postings
            if positioned.positions is not None:
                positions = decode_positions(positioned.positions, postings.tfs)
                self._stored = _add_hashes(self._stored, _at_positions(postings, positions))
            terms, counts = np.unique(postings.terms, return_counts=True)
            self._frequencies.update(dict(zip(terms.tolist(), counts.tolist(), strict=True)))
            self._stored = _add_hashes(self._stored, postings)

    def _decode(self, rows: Sequence[Any]) -> PositionedPostings:
        if self._has_positions:
            return decode_positioned(rows)
        return PositionedPostings(decode([row[:4] for row in rows]), None)

    def add_expected(self, chunk: int, title: str, text: str) -> None:
        """Add the postings that a chunk should have, and note words that are not as they should be.

        A token that has no term makes a difference.
        """
        words: dict[str, str] = {}
        of_title = analyze_words(self._analyzer, title, words)
        tokens = of_title + analyze_words(self._analyzer, text, words)
        self._missing_words.update(words.items() - self._words.items())
        counts = Counter(tokens)
        terms = [self._terms.get(token, (0, 0))[0] for token in counts]
        n = len(terms)
        self._tokens += len(tokens)
        postings = Postings(
            np.array(terms, dtype=np.uint32),
            np.full(n, chunk, dtype=np.uint32),
            np.array(list(counts.values()), dtype=np.uint32),
            np.full(n, len(tokens), dtype=np.uint32),
        )
        self._expected = _add_hashes(self._expected, postings)
        if self._has_positions:
            places: dict[str, list[int]] = {}
            for at, token in enumerate(tokens):
                places.setdefault(token, []).append(at + (at >= len(of_title)))
            positions = np.array([at for token in counts for at in places[token]], dtype=np.int64)
            self._expected = _add_hashes(self._expected, _at_positions(postings, positions))

    def differences(self) -> Iterator[str]:
        """Yield a sentence for each chunk and each word whose postings differ."""
        if self._tokens != self._state.tokens:
            yield f"there are {self._tokens} tokens, and there should be {self._state.tokens}"
        size = max(self._stored.size, self._expected.size)
        stored, expected = (
            np.pad(sums, (0, size - sums.size)) for sums in (self._stored, self._expected)
        )
        for chunk in np.flatnonzero(stored != expected).tolist():
            yield f"the postings of chunk {chunk} are not those of its text"
        for word, token in self._missing_words.items():
            yield f"the dictionary of words lacks {word!r}, whose token is {token!r}"
        for token, (id_, df) in self._terms.items():
            if self._frequencies[id_] != df:
                yield f"{token!r} stands in {self._frequencies[id_]} chunks, and {df} are counted"


def _at_positions(postings: Postings, positions: npt.NDArray[np.int64]) -> Postings:
    """Return something to hash of each position: no length is so great as these."""
    every = postings.select(np.repeat(np.arange(postings.ids.size), postings.tfs))
    places = (positions + 1).astype(np.uint32)
    return every._replace(tfs=places, lengths=np.full(places.size, 2**32 - 1, dtype=np.uint32))


def _add_hashes(sums: Sums, postings: Postings) -> Sums:
    """Add a hash of each posting to its chunk's sum; order does not matter."""
    if postings.ids.size:
        sums = _grow(sums, int(postings.ids.max()) + 1)
        mixed = postings.terms.astype(np.uint64) << np.uint64(32) | postings.lengths
        for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):  # of splitmix64
            mixed = (mixed ^ mixed >> np.uint64(29)) * np.uint64(factor) + postings.tfs
        np.add.at(sums, postings.ids, mixed)
    return sums


def _grow(sums: Sums, size: int) -> Sums:
    if sums.size >= size:
        return sums
    return np.pad(sums, (0, max(size, 2 * sums.size) - sums.size))


def _check_fuzzy_keys(connection: psycopg.Connection[Any], statements: Statements) -> Iterator[str]:
    """Yield the title tokens that a search with typing errors would not find."""
    for page in _read_pages(connection, statements(queries.FUZZY_KEYS), "fuzzy_keys"):
        for token, hashes in page:
            if set(hashes) != fuzzy_keys(token):
                yield f"the title token {token!r} is not stored under its fuzzy keys"


def _check_documents(
    connection: psycopg.Connection[Any],
    statements: Statements,
    index: LexicalBackend,
    comparison: _PostingComparison,
    values: dict[int, list[tuple[str, FilterValue]]],
) -> Iterator[str]:
    """Yield the documents whose stored parts do not lead to their roots."""
    pages = _read_pages(connection, statements(queries.PROOFS), "proofs")
    rows = (row for page in pages for row in page)
    scheme = EntryScheme(index.schema)
    for first, group in groupby(rows, key=lambda row: row[0]):
        chunks = list(group)
        (postings,) = execute(
            connection, [Statement(statements(queries.ENTITY_POSTINGS), (first,))]
        )
        entries = {(field, text): length for field, text, length in postings}
        try:
            is_intact = _is_intact(
                chunks, values.pop(first, ()), entries, index, scheme, comparison
            )
        except UNREADABLE:
            is_intact = False
        if not is_intact:
            yield f"the stored document at chunk {first} does not match its root"
    for first in values:
        yield f"columns hold values of a document at chunk {first}, which is not stored"


def _is_intact(
    chunks: Sequence[tuple[Any, ...]],
    values: Collection[tuple[str, FilterValue]],
    entries: Mapping[Entry, int],
    index: LexicalBackend,
    scheme: EntryScheme,
    comparison: _PostingComparison,
) -> bool:
    first, uri, root, header, leaves, *_ = chunks[0]
    stored = parse_header(header)
    if not index.config.export_only:
        for chunk in chunks:
            text = decompress(chunk[7]).decode()
            comparison.add_expected(chunk[5], stored["title"], text)
    if entries != scheme.entries(stored["title"], stored["fields"]):
        return False
    texts = [(start, text) for *_, start, text in chunks]
    ids = [chunk[5] for chunk in chunks]
    return ids == list(range(first, first + len(chunks))) and is_document_intact(
        uri, root, header, leaves, texts, values, index.schema
    )


def _read_pages(
    connection: psycopg.Connection[Any], declare: bytes, cursor: str
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a cursor page by page."""
    connection.execute(declare)
    while True:
        rows = connection.execute(f"FETCH FORWARD {_PAGE} FROM {cursor}".encode(), binary=True)
        page = rows.fetchall()
        if not page:
            return
        yield page
