"""Entities: the dictionary of phrases and title tokens, and which documents mention them.

An entry is there before any document that mentions it, committed by itself together with what
makes it found, so that no writer waits for another one's batch; an entry that nobody mentions
means nothing. Title tokens have the field -1, phrases the place of their field in the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from zlib import crc32

import psycopg

from nuthatch import AnalyzedDocument, Schema
from nuthatch.entities import deletions, entity_terms, indexed_edits
from nuthatch_postgres.connection import leave
from nuthatch_postgres.queries import Statements

#: The field of title tokens.
TITLE: Final = -1

Entry = tuple[int, str]

KNOWN: Final = """
SELECT entity.field, entity.text, entity.id
FROM unnest(%s::smallint[], %s::text[]) AS given (field, text)
JOIN {schema}.entity
    ON entity.field = given.field AND md5(entity.text) = md5(given.text)
    AND entity.text = given.text
"""
# In one order, so that two writers with the same new entries wait for each other in a line.
ADD: Final = """
INSERT INTO {schema}.entity (field, text)
SELECT field, text
FROM unnest(%s::smallint[], %s::text[]) WITH ORDINALITY AS given (field, text, place)
ORDER BY place
ON CONFLICT (field, md5(text)) DO NOTHING
"""
ADD_NEAR: Final = """
INSERT INTO {schema}.near (hash, entity)
SELECT hash, entity FROM unnest(%s::int[], %s::int[]) AS given (hash, entity)
ORDER BY hash, entity
ON CONFLICT DO NOTHING
"""
COPY_MENTIONS: Final = "COPY {schema}.mention (entity, document, length) FROM STDIN (FORMAT BINARY)"


class Entities:
    """Finds and makes dictionary entries for one batch of documents."""

    def __init__(
        self, connection: psycopg.Connection, statements: Statements, declared: Schema
    ) -> None:
        self._connection = connection
        self._sql = statements
        self._schema = declared
        self._places = {each.name: at for at, each in enumerate(declared.fields)}
        self._known: dict[Entry, int] = {}

    def of(self, title: str, fields: Mapping[str, Any]) -> dict[Entry, int]:
        """Returns what a document mentions, with the title's number of tokens (0 for phrases)."""
        terms = entity_terms(self._schema, title, fields)
        found = {(self._places[field], phrase): 0 for field, phrase in terms.phrases}
        return found | dict.fromkeys(((TITLE, token) for token in terms.title), len(terms.title))

    def prepare(self, documents: Iterable[AnalyzedDocument]) -> None:
        """Makes the entries that documents need; called outside of a transaction."""
        entries = sorted(
            {
                entry
                for each in documents
                for entry in self.of(each.document.title, each.document.fields)
            }
        )
        self._look_up(entries)
        missing = [entry for entry in entries if entry not in self._known]
        if not missing:
            return
        try:
            self._connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            self._connection.execute(self._sql(ADD), _columns(missing))
            self._look_up(missing)
            near = [
                (hash_, self._known[TITLE, token])
                for field, token in missing
                if field == TITLE
                for hash_ in neighbourhood(token)
            ]
            if near:
                hashes, entities = zip(*near, strict=True)
                self._connection.execute(self._sql(ADD_NEAR), (list(hashes), list(entities)))
            self._connection.execute("COMMIT")
        finally:
            leave(self._connection)

    def _look_up(self, entries: Sequence[Entry]) -> None:
        rows = self._connection.execute(self._sql(KNOWN), _columns(entries), binary=True)
        self._known.update(((field, text), number) for field, text, number in rows)

    def mentions(
        self, rows: Iterable[tuple[int, AnalyzedDocument]]
    ) -> Iterator[tuple[int, int, int]]:
        """Yields the rows of `mention` for numbered documents that were prepared."""
        for first, each in rows:
            for entry, length in self.of(each.document.title, each.document.fields).items():
                yield self._known[entry], first, length


def _columns(entries: Sequence[Entry]) -> tuple[list[int], list[str]]:
    return [field for field, _ in entries], [text for _, text in entries]


def neighbourhood(token: str, edits: int | None = None) -> set[int]:
    """Returns the hashes under which a title token is stored, or looked up with so many edits."""
    reach = indexed_edits(token) if edits is None else edits
    return {_signed(crc32(left.encode())) for left in deletions(token, reach)}


def _signed(number: int) -> int:
    return number - 2**32 if number >= 2**31 else number
