"""Filters: the chunks that pass, as sets of ids that are kept.

Conditions on values are statements on the table `value` (`filter_sql`). Phrases are looked up as
entity search does it, and their documents are spread to chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import Exists, Filter, Mentions
from nuthatch.postings import FilterSets, readable, unread_filters
from nuthatch.scoring import distinct
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.entity_search import EntitySearch
from nuthatch_sqlite.filter_sql import Statement, json_list, value_sql
from nuthatch_sqlite.postings import Ids
from nuthatch_sqlite.state import Caches, State


class Filters:
    """Filters in one snapshot, through the caches."""

    def __init__(
        self,
        connection: apsw.Connection,
        state: State,
        caches: Caches,
        entities: EntitySearch,
    ) -> None:
        self._connection = connection
        self._generation = state.generation
        self._size = state.next_chunk
        self._sets = FilterSets(caches)
        self._entities = entities

    def ids(self, filters: Sequence[Filter]) -> Ids | None:
        """Return the ids, ascending, of the chunks that pass; None if there is no filter."""
        known = self._sets.find(self._generation, filters)
        read = self._read(known)
        return self._sets.intersect(self._generation, filters, known, read, self._size)

    def mask(self, filters: Sequence[Filter]) -> npt.NDArray[np.bool_] | None:
        """Return the same as a mask, with which many short lists are compared."""
        mask = self._sets.find_mask(self._generation, filters)
        if mask is None:
            known = self._sets.find(self._generation, filters)
            read = self._read(known)
            mask = self._sets.intersect_as_mask(self._generation, filters, known, read, self._size)
        return mask

    def list_chunks(self, item: Filter) -> list[int]:
        """Return the ids of the chunks that pass, for a statement that SQL cannot express."""
        ids = self.ids([item])
        assert ids is not None  # there is a filter
        chunks: list[int] = ids.tolist()
        return chunks

    def _read(self, known: Mapping[Filter, Ids | None]) -> Iterator[Ids]:
        """Read the chunks that pass each condition that is not cached, ascending."""
        for condition in unread_filters(known):
            if isinstance(condition, Mentions | Exists):
                documents = self._entities.mentioning(condition)
                statement: Statement = schema.CHUNKS_OF, [json_list(documents.tolist())]
            else:
                statement = value_sql(condition)
            passing = (row[0] for row in rows(self._connection, *statement))
            with readable(f"the values of the field {condition.field!r}"):
                yield distinct(np.fromiter(passing, dtype=np.uint32))
