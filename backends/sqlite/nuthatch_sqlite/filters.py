"""Filters: the chunks that pass, as sets of ids that are kept.

Conditions on values are compared with the columns of their fields. Phrases are looked up as entity
search does it. Documents that pass are spread to chunks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeGuard

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import AnyOf, Exists, Filter, Mentions, Range, Schema
from nuthatch.postings import (
    ArrayColumns,
    FilterSets,
    fields_of,
    readable,
    stored_fields,
    unread_filters,
)
from nuthatch_sqlite import schema
from nuthatch_sqlite.columns import find_documents, read_columns
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.entity_search import EntitySearch
from nuthatch_sqlite.postings import Ids
from nuthatch_sqlite.state import Caches, State

#: The chunks of so few documents are looked up, without reading which documents there are.
_FEW: Final = 256


class Filters:
    """Filters in one snapshot, through the caches."""

    def __init__(
        self,
        connection: apsw.Connection,
        declared: Schema,
        state: State,
        caches: Caches,
        entities: EntitySearch,
    ) -> None:
        self._connection = connection
        self._state = state
        self._caches = caches
        self._sets = FilterSets(caches)
        self._entities = entities
        self._stored = {field.name: field for field in stored_fields(declared)}

    def ids(self, filters: Sequence[Filter]) -> Ids | None:
        """Return the ids, ascending, of the chunks that pass; None if there is no filter."""
        known = self._find(filters)
        read = self._read(known)
        state = self._state
        return self._sets.intersect(state.generation, filters, known, read, state.next_chunk)

    def mask(self, filters: Sequence[Filter]) -> npt.NDArray[np.bool_] | None:
        """Return the same as a mask, with which many short lists are compared."""
        state = self._state
        mask = self._sets.find_mask(state.generation, filters)
        if mask is None:
            known = self._find(filters)
            read = self._read(known)
            mask = self._sets.intersect_as_mask(
                state.generation, filters, known, read, state.next_chunk
            )
        return mask

    def _find(self, filters: Sequence[Filter]) -> dict[Filter, Ids | None]:
        """Return the ids that pass each filter, or each condition of a tree with phrases in it;
        None for conditions on phrases that must be read."""
        found: dict[Filter, Ids | None] = {}
        for item in filters:
            known = self._sets.find(self._state.generation, [item])
            unread = unread_filters(known)
            if unread and not any(map(_is_on_phrases, known)):
                known = {item: self._select(item)}
            found |= known
        return found

    def _select(self, item: Filter) -> Ids:
        """Return the ids that pass a filter on values, and keep them."""
        if self._is_first_use(item):
            ids = self._spread(find_documents(self._connection, self._stored[item.field], item))
        else:
            columns = self._columns(fields_of(item))
            ids = columns.documents.chunks_of(columns.passing([item]))
        self._caches.filters.put(self._state.generation, repr(item), ids)
        return ids

    def _is_first_use(self, item: Filter) -> TypeGuard[Range | AnyOf]:
        """Return whether an item is one condition on a field whose column is not in memory yet.

        For one search it takes less time to compare the values in blocks than to make a column.
        """
        return (
            isinstance(item, Range | AnyOf)
            and not self._caches.columns.has(item.field)
            and not (
                self._caches.enabled
                and self._caches.filters.seen_before(self._state.generation, item.field)
            )
        )

    def _spread(self, documents: Ids) -> Ids:
        """Return the ids, ascending, of the chunks of documents that are not deleted."""
        if documents.size <= _FEW:
            wanted = json.dumps(documents.tolist())
            chunks = (row[0] for row in rows(self._connection, schema.CHUNKS_OF, (wanted,)))
            with readable("the ids of the chunks"):
                return np.fromiter(chunks, dtype=np.uint32)
        every = self._columns(()).documents
        return every.chunks_of(every.find(documents))

    def _read(self, known: Mapping[Filter, Ids | None]) -> Iterator[Ids]:
        """Read the chunks that pass each condition that is not known, ascending."""
        for condition in unread_filters(known):
            if not _is_on_phrases(condition):
                yield self._select(condition)
                continue
            yield self._spread(self._entities.mentioning(condition))

    def _columns(self, fields: Iterable[str]) -> ArrayColumns:
        return read_columns(self._connection, self._state, self._caches.columns, fields)


def _is_on_phrases(condition: Filter) -> TypeGuard[Mentions | Exists]:
    """Return whether a condition as engines read it is one on phrases."""
    return isinstance(condition, Mentions | Exists)
