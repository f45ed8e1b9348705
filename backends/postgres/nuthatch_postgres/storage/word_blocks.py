"""The dictionary of surface words, each with its token, in sorted blocks.

    batch_log    write 7: words {"comets": "comet", …}    lost ["quasars", …] of removed documents
    word_block   "a" … "comet", "comets" … "zodiac"       some 1,024 words each, by code point

A write logs the words of its batch, and a compaction merges them into blocks: so writers wait for
nobody, and words are visible with their documents. A word of removed documents stays, until
`optimize` finds no other document that has it.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import psycopg

from nuthatch import Analyzer, analyze_words, parse_header
from nuthatch.postings import compress_text, decompress, readable
from nuthatch_postgres.queries import words as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.storage.binary_copy import copy_rows
from nuthatch_postgres.storage.packed_ids import Ids

#: Words of a full block; blocks have up to twice as many.
_BLOCK: Final = 1024
#: Chunks that are analyzed at once to find a word.
_PAGE: Final = 64


def pack_words(words: Mapping[str, str]) -> bytes:
    """Return surface words with their tokens as bytes."""
    columns = [list(words), list(words.values())]
    return compress_text(json.dumps(columns, ensure_ascii=False, separators=(",", ":")))


def unpack_words(data: bytes) -> dict[str, str]:
    """Return what `pack_words` packed. Raise one of `UNREADABLE` for what is none."""
    surfaces, tokens = json.loads(decompress(data))
    return dict(zip(surfaces, tokens, strict=True))


def pack_surfaces(surfaces: Iterable[str]) -> bytes:
    """Return surface words as bytes, none for none."""
    listed = sorted(surfaces)
    return compress_text(json.dumps(listed, ensure_ascii=False)) if listed else b""


def unpack_surfaces(data: bytes) -> list[str]:
    """Return what `pack_surfaces` packed. Raise one of `UNREADABLE` for what is none."""
    return list(map(str, json.loads(decompress(data)))) if data else []


def read_words(connection: psycopg.Connection[Any], statements: Statements) -> dict[str, str]:
    """Return all surface words of a snapshot with their tokens."""
    words: dict[str, str] = {}
    with readable("the dictionary of words"):
        for statement in (queries.ALL_BLOCKS, queries.LOGGED):
            for (data,) in connection.execute(statements(statement), binary=True).fetchall():
                words |= unpack_words(data)
    return words


class WordBlocks:
    """The blocks of words, within the transaction of a compaction."""

    def __init__(self, connection: psycopg.Connection[Any], statements: Statements) -> None:
        self._connection = connection
        self._sql = statements

    def merge_logged(self) -> set[str]:
        """Merge what is logged into blocks; return the words of documents that are removed."""
        words: dict[str, str] = {}
        lost: set[str] = set()
        with readable("the dictionary of words"):
            for (data,) in self._fetch(queries.LOGGED):
                words |= unpack_words(data)
            for (data,) in self._fetch(queries.LOST):
                lost.update(unpack_surfaces(data))
            self._merge(words)
        return lost

    def keep_lost(self, lost: Iterable[str]) -> None:
        """Keep the words of removed documents for a later compaction."""
        self._connection.execute(self._sql(queries.SET_LOST), (pack_surfaces(lost),))

    def _merge(self, words: Mapping[str, str]) -> None:
        firsts = [first for (first,) in self._fetch(queries.FIRSTS)]
        by_block: dict[int, dict[str, str]] = {}
        for surface, token in words.items():
            number = max(bisect_right(firsts, surface.encode()) - 1, 0)
            by_block.setdefault(number, {})[surface] = token
        for number, added in by_block.items():
            first = firsts[number] if firsts else b""
            stored = self._read_block(first)
            if not added.keys() <= stored.keys():
                self._write_block(first, stored | added)

    def remove(self, surfaces: set[str]) -> None:
        """Remove words from the blocks."""
        firsts = [first for (first,) in self._fetch(queries.FIRSTS)]
        numbers = {bisect_right(firsts, surface.encode()) - 1 for surface in surfaces}
        for number in sorted(numbers - {-1}):
            stored = self._read_block(firsts[number])
            rest = {surface: stored[surface] for surface in stored if surface not in surfaces}
            self._write_block(firsts[number], rest)

    def tokens_of(self, surfaces: set[str]) -> dict[str, set[str]]:
        """Return those of some surface words that there are, by their tokens."""
        firsts = [first for (first,) in self._fetch(queries.FIRSTS)]
        numbers = {bisect_right(firsts, surface.encode()) - 1 for surface in surfaces}
        found: dict[str, set[str]] = {}
        for number in sorted(numbers - {-1}):
            for surface, token in self._read_block(firsts[number]).items():
                if surface in surfaces:
                    found.setdefault(token, set()).add(surface)
        return found

    def _read_block(self, first: bytes) -> dict[str, str]:
        rows = self._fetch(queries.BLOCK, (first,))
        return unpack_words(rows[0][0]) if rows else {}

    def _write_block(self, first: bytes, words: Mapping[str, str]) -> None:
        """Write a block anew, as several where it has become long."""
        self._connection.execute(self._sql(queries.DELETE_BLOCK), (first,))
        ordered = sorted(words)
        size = len(ordered) if len(ordered) < 2 * _BLOCK else _BLOCK
        parts = [ordered[at : at + size] for at in range(0, len(ordered), max(size, 1))]
        rows = (
            (part[0].encode(), pack_words({surface: words[surface] for surface in part}))
            for part in parts
        )
        statement = self._sql(queries.COPY_BLOCKS)
        copy_rows(self._connection, statement, "bytea bytea", rows)

    def _fetch(self, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._sql(statement), values, binary=True).fetchall()


def find_unused(
    connection: psycopg.Connection[Any],
    statements: Statements,
    analyzer: Analyzer,
    by_token: Mapping[str, set[str]],
    chunks_of: Callable[[str], Ids],
) -> set[str]:
    """Return those surface words that no document has; `chunks_of` gives the chunks with a token.

    Chunks with the word's token are analyzed until one has the word.
    """
    unused: set[str] = set()
    for token, surfaces in by_token.items():
        missing = set(surfaces)
        for words in _words_of(connection, statements, analyzer, chunks_of(token)):
            missing -= words.keys()
            if not missing:
                break
        unused |= missing
    return unused


def _words_of(
    connection: psycopg.Connection[Any], statements: Statements, analyzer: Analyzer, chunks: Ids
) -> Iterator[dict[str, str]]:
    """Yield the surface words of chunks, of some at a time."""
    for at in range(0, chunks.size, _PAGE):
        page = chunks[at : at + _PAGE].tolist()
        rows = connection.execute(statements(queries.TEXTS), (page,), binary=True).fetchall()
        words: dict[str, str] = {}
        for header, text in rows:
            with readable("a stored document"):
                analyze_words(analyzer, parse_header(header)["title"], words)
                analyze_words(analyzer, decompress(text).decode(), words)
        yield words
