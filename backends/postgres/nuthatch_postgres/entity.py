"""Entities: the dictionary of phrases and title tokens, and which documents mention them.

An entry is there before any document that mentions it, committed by itself together with what
makes it found, so that no writer waits for another one's batch; an entry that nobody mentions
means nothing. Of a title there are its tokens, those that it repeats (`the 2`: a second `the`), and
all of it; each kind has a field of its own. Phrases have the place of their field in the schema.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from zlib import crc32

import numpy as np
import psycopg

from nuthatch import AnalyzedDocument, Schema
from nuthatch.entities import deletions, entity_terms, indexable_edits
from nuthatch_postgres.connection import leave
from nuthatch_postgres.copying import copy_tables, table
from nuthatch_postgres.postings import Ids, ids_of
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.schema import name

#: The fields of what a title has.
TITLE: Final = {"token": -1, "repeated": -2, "title": -3}

Entry = tuple[int, str]

#: Asked and answered like the dictionary of words, see there; 0 for what is not known.
KNOWN: Final = f"""
SELECT coalesce(string_agg(int4send(coalesce(entity.id, 0)), '' ORDER BY given.place), '')
FROM unnest(string_to_array(%s, ' ')::smallint[], string_to_array(%s, chr(10))) WITH ORDINALITY
    AS given (field, text, place)
LEFT JOIN {{schema}}.entity
    ON entity.field = given.field AND {name("entity.text")} = {name("given.text")}
    AND entity.text = given.text
"""
# In one order, so that two writers with the same new entries wait for each other in a line. Each
# is told of those that it made, and makes what is near to them before anybody can see them.
ADD: Final = f"""
INSERT INTO {{schema}}.entity (field, text)
SELECT field, text
FROM unnest(string_to_array(%s, ' ')::smallint[], string_to_array(%s, chr(10))) WITH ORDINALITY
    AS given (field, text, place)
ORDER BY place
ON CONFLICT (field, {name("text")}) DO NOTHING
RETURNING id, CASE WHEN field = -1 THEN text END
"""
COPY_NEAR: Final = "COPY {schema}.near (hash, entity) FROM STDIN (FORMAT BINARY)"
COPY_MENTIONS: Final = "COPY {schema}.mention (entity, document, length) FROM STDIN (FORMAT BINARY)"


class Entities:
    """Finds and makes dictionary entries for one batch of documents."""

    def __init__(
        self,
        connection: psycopg.Connection,
        statements: Statements,
        declared: Schema,
        *,
        within: bool = False,
    ) -> None:
        self._connection = connection
        self._within = within
        self._sql = statements
        self._schema = declared
        self._places = {each.name: at for at, each in enumerate(declared.fields)}
        #: Of each document by its uri the places of what it mentions, and the titles' lengths.
        self._mentioned: dict[str, tuple[list[int], list[int]]] = {}
        self._numbers = ids_of(b"")

    def of(self, title: str, fields: Mapping[str, Any]) -> dict[Entry, int]:
        """Return what a document mentions, with the title's number of tokens (0 for phrases)."""
        terms = entity_terms(self._schema, title, fields)
        found = {(self._places[field], phrase): 0 for field, phrase in terms.phrases}
        entries = [(TITLE["token"], token) for token in terms.title]
        entries += [(TITLE["repeated"], entry) for entry in terms.repeated]
        entries += [(TITLE["title"], terms.whole)] if entries else []
        return found | dict.fromkeys(entries, len(terms.title))

    def prepare(self, documents: Iterable[AnalyzedDocument]) -> None:
        """Make the entries that documents need; called outside of a transaction."""
        places: dict[Entry, int] = {}
        for each in documents:
            mentioned = self.of(each.document.title, each.document.fields)
            self._mentioned[each.document.uri] = (
                [places.setdefault(entry, len(places)) for entry in mentioned],
                list(mentioned.values()),
            )
        self._numbers = self._made(list(places))

    def _made(self, entries: Sequence[Entry]) -> Ids:
        """Return the numbers of distinct entries; make those that are not there."""
        known = self._known(entries)
        missing = sorted(entries[at] for at in np.flatnonzero(known == 0).tolist())
        if not missing:
            return known
        if self._within:
            self._add(missing)
        else:
            try:
                self._connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                self._add(missing)
                self._connection.execute("COMMIT")
            finally:
                leave(self._connection)
        known[known == 0] = self._known([entries[at] for at in np.flatnonzero(known == 0).tolist()])
        return known

    def _add(self, missing: Sequence[Entry]) -> None:
        """Make entries, with what title tokens are found by."""
        rows = self._connection.execute(self._sql(ADD), _lines(missing), binary=True)
        titles = [(number, stored_hashes(token)) for number, token in rows if token is not None]
        copy_tables(self._connection, self._sql(COPY_NEAR), _near(titles))

    def _known(self, entries: Sequence[Entry]) -> Ids:
        asked = self._connection.execute(self._sql(KNOWN), _lines(entries), binary=True)
        ((numbers,),) = asked
        return ids_of(numbers)

    def mentions(self, rows: Iterable[tuple[int, AnalyzedDocument]]) -> bytes:
        """Return the rows of `mention` for numbered documents that were prepared."""
        named: list[int] = []
        firsts: list[int] = []
        lengths: list[int] = []
        for first, each in rows:
            places, held = self._mentioned[each.document.uri]
            named += places
            firsts += [first] * len(places)
            lengths += held
        entities = self._numbers[np.array(named, dtype=np.intp)]
        return table(entities, np.array(firsts, np.int32), np.array(lengths, np.int32))


def _lines(entries: Sequence[Entry]) -> tuple[str, str]:
    """Return the fields, between blanks, and the texts, which hold no line feed, as lines."""
    return " ".join([str(field) for field, _ in entries]), "\n".join([text for _, text in entries])


def _near(titles: Sequence[tuple[int, set[int]]]) -> Iterator[bytes]:
    """Yield the rows of `near` for numbered tokens, in the order of its index."""
    if titles:
        hashes = np.array([each for _, found in titles for each in found], dtype=np.int32)
        numbers = np.array([number for number, _ in titles], dtype=np.int32)
        order = np.argsort(hashes, kind="stable")
        yield table(hashes[order], np.repeat(numbers, [len(found) for _, found in titles])[order])


def stored_hashes(token: str) -> set[int]:
    """Return the hashes under which a title token is stored."""
    left = deletions(token, indexable_edits(token))
    return {_hash(text, removed) for text, removed in left.items()}


def wanted_hashes(token: str, edits: int) -> set[int]:
    """Return the hashes under which all title tokens within so many edits are stored."""
    left = deletions(token, edits)
    return {_hash(text, removed) for text in left for removed in range(edits + 1)}


def _hash(text: str, removed: int) -> int:
    """Return the hash of what is left of a token and of how many characters were deleted. With
    their number a search for one edit meets no token that lost two, which are many."""
    number = crc32(text.encode()) & ~3 | removed
    return number - 2**32 if number >= 2**31 else number
