"""Filters: the chunks that pass, as sets of ids that are kept or as a part of a statement.

Conditions on values are statements on the table `value`. Phrases are looked up as entity search
does it, and their documents are spread to chunks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import All, Any, AnyOf, Exists, Filter, Leaf, Mentions, Not, Range
from nuthatch.postings import FilterSets, readable, unread_filters
from nuthatch.scoring import distinct
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.entity_search import EntitySearch
from nuthatch_sqlite.postings import Caches, Ids, State

#: SQL and its values.
Statement = tuple[str, list[object]]


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

    def add_to(self, sql: str, filters: Sequence[Filter]) -> tuple[str, list[object]]:
        """Return a statement with its filters filled in, and their values."""
        values: list[object] = []
        conditions = [f"\n    AND {self._express(item, values)}" for item in filters]
        return sql.format(filters="".join(conditions)), values

    def _express(self, item: Filter, values: list[object]) -> str:
        """Return the SQL of a filter on `rowid`; add its values."""
        match item:
            case All() | Any():
                parts = [self._express(part, values) for part in item.parts]
                neutral, operator = ("1", " AND ") if isinstance(item, All) else ("0", " OR ")
                return f"({operator.join(parts) or neutral})"
            case Not():
                return f"NOT {self._express(item.part, values)}"
            case Mentions() | Exists():
                ids = self.ids([item])
                assert ids is not None  # there is a filter
                values.append(_json(ids.tolist()))
                return schema.IN_FILTER.format(chunks=schema.LISTED)
        chunks, bounds = value_sql(item)
        values += bounds
        return schema.IN_FILTER.format(chunks=chunks)

    def _read(self, known: Mapping[Filter, Ids | None]) -> Iterator[Ids]:
        """Read the chunks that pass each condition that is not cached, ascending."""
        for condition in unread_filters(known):
            if isinstance(condition, Mentions | Exists):
                documents = self._entities.mentioning(condition)
                statement: Statement = schema.CHUNKS_OF, [_json(documents.tolist())]
            else:
                statement = value_sql(condition)
            passing = (row[0] for row in rows(self._connection, *statement))
            with readable(f"the values of the field {condition.field!r}"):
                yield distinct(np.fromiter(passing, dtype=np.uint32))


def value_sql(condition: Leaf) -> Statement:
    """Return the statement that selects the chunks whose values pass, and its values."""
    values: list[object] = [condition.field]
    if isinstance(condition, AnyOf):
        values.append(_json(condition.values))
        return schema.FILTERED.format(condition=schema.ANY_OF), values
    assert isinstance(condition, Range)  # core makes one of all others
    bounds = []
    for operator, bound in ((">=", condition.gte), ("<=", condition.lte)):
        if bound is not None:
            bounds.append(f"value.value {operator} ?")
            values.append(bound)
    return schema.FILTERED.format(condition=" AND ".join(bounds)), values


def _json(values: Sequence[object]) -> str:
    """Return the values of a filter as one parameter, for SQLite takes no more than 32,766."""
    return json.dumps(values, ensure_ascii=False)
