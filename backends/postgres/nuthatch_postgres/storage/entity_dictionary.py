"""The dictionary of entities: phrases and what titles hold; and their postings.

Entries are committed with their fuzzy keys before the documents that have them. So no writer waits
for the batch of another one; an entry without postings means nothing. `nuthatch.postings.entries`
lists the kinds of entries and the field number of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import psycopg

from nuthatch import AnalyzedDocument, PhraseField, Schema
from nuthatch.entities import deletions, indexable_edits
from nuthatch.postings import Entry, EntryScheme
from nuthatch_postgres.client.connection import end_transaction
from nuthatch_postgres.queries import write as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.storage.batch_postings import NumberedDocument
from nuthatch_postgres.storage.binary_copy import copy_tables, encode_table
from nuthatch_postgres.storage.packed_ids import Ids, unpack_ids


class EntityDictionary:
    """Finds and adds the entries of one batch of documents."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        statements: Statements,
        declared: Schema,
        *,
        in_transaction: bool = False,
    ) -> None:
        self._connection = connection
        self._in_transaction = in_transaction
        self._sql = statements
        self._scheme = EntryScheme(declared)
        #: Whether any document can have entries.
        self.has_entries = declared.titles or any(
            isinstance(field, PhraseField) for field in declared.fields
        )
        #: By uri the positions of a document's entries in `_ids`, and the title lengths.
        self._entries: dict[str, tuple[list[int], list[int]]] = {}
        self._ids = unpack_ids(b"")

    def prepare(self, documents: Iterable[AnalyzedDocument]) -> None:
        """Add the entries that documents need; call it outside of a transaction."""
        if not self.has_entries:
            return
        places: dict[Entry, int] = {}
        for analyzed in documents:
            entries = self._scheme.entries(analyzed.document.title, analyzed.document.fields)
            self._entries[analyzed.document.uri] = (
                [places.setdefault(entry, len(places)) for entry in entries],
                list(entries.values()),
            )
        self._ids = self._get_or_add(list(places))

    def _get_or_add(self, entries: Sequence[Entry]) -> Ids:
        """Return the ids of distinct entries; add those that are missing."""
        ids = self._look_up(entries)
        missing = sorted(entries[at] for at in np.flatnonzero(ids == 0).tolist())
        if not missing:
            return ids
        if self._in_transaction:
            self._add(missing)
        else:
            try:
                self._connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                self._add(missing)
                self._connection.execute("COMMIT")
            finally:
                end_transaction(self._connection)
        ids[ids == 0] = self._look_up([entries[at] for at in np.flatnonzero(ids == 0).tolist()])
        return ids

    def _add(self, missing: Sequence[Entry]) -> None:
        """Add entries, and the fuzzy keys of title tokens."""
        statement = self._sql(queries.ADD_ENTITIES)
        rows = self._connection.execute(statement, _format_lines(missing), binary=True)
        tokens = [(id_, fuzzy_keys(token)) for id_, token in rows if token is not None]
        copy_tables(self._connection, self._sql(queries.COPY_FUZZY_KEYS), _encode_keys(tokens))

    def _look_up(self, entries: Sequence[Entry]) -> Ids:
        """Return the ids of entries, 0 for those that are missing."""
        statement = self._sql(queries.FIND_ENTITIES)
        rows = self._connection.execute(statement, _format_lines(entries), binary=True)
        ((ids,),) = rows
        return unpack_ids(ids)

    def encode_postings(self, documents: Iterable[NumberedDocument]) -> bytes:
        """Return the rows of `entity_posting` for numbered documents that were prepared."""
        places: list[int] = []
        firsts: list[int] = []
        lengths: list[int] = []
        for first, analyzed in documents:
            of_document, title_lengths = self._entries[analyzed.document.uri]
            places += of_document
            firsts += [first] * len(of_document)
            lengths += title_lengths
        entities = self._ids[np.array(places, dtype=np.intp)]
        return encode_table(entities, np.array(firsts, np.int32), np.array(lengths, np.int32))


def _format_lines(entries: Sequence[Entry]) -> tuple[str, str]:
    """Return the field numbers, between blanks, and the texts as lines; no text has a line feed."""
    return " ".join([str(field) for field, _ in entries]), "\n".join([text for _, text in entries])


def _encode_keys(keys_by_id: Sequence[tuple[int, set[int]]]) -> Iterator[bytes]:
    """Yield the rows of `fuzzy_key`, in the order of its primary key.

    `keys_by_id` holds the id of each title token and its keys.
    """
    if keys_by_id:
        hashes = np.array([hash_ for _, keys in keys_by_id for hash_ in keys], dtype=np.int32)
        ids = np.array([id_ for id_, _ in keys_by_id], dtype=np.int32)
        order = np.argsort(hashes, kind="stable")
        by_key = np.repeat(ids, [len(keys) for _, keys in keys_by_id])
        yield encode_table(hashes[order], by_key[order])


def fuzzy_keys(token: str) -> set[int]:
    """Return the keys under which a title token is stored."""
    rests = deletions(token, indexable_edits(token))
    return {_hash(rest, deleted) for rest, deleted in rests.items()}


def query_keys(token: str, edits: int) -> set[int]:
    """Return the keys under which all title tokens within so many edits are stored."""
    rests = deletions(token, edits)
    return {_hash(rest, deleted) for rest in rests for deleted in range(edits + 1)}


def _hash(rest: str, deleted: int) -> int:
    """Return the hash of what deletions left of a token, together with their number.

    The number keeps a search for one edit from reading the many tokens that lost two characters.
    """
    number = crc32(rest.encode()) & ~3 | deleted
    return number - 2**32 if number >= 2**31 else number
