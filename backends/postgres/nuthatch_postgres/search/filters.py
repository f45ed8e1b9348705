"""Filters: the statements that read which chunks pass, of all or of a few documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nuthatch import AnyOf, Filter
from nuthatch.postings import FilterSets, readable, unread_filters
from nuthatch_postgres.client.pipeline import Rows, Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import Caches
from nuthatch_postgres.storage.packed_ids import Ids, format_array, unpack_ids

#: Whether each id passes filters.
Mask = npt.NDArray[np.bool_]
_COLUMNS: Final = {"integer": "whole", "number": "number"}


class Filters(FilterSets):
    """The filters of one index, with their SQL, given the place and the type of each field."""

    def __init__(
        self, statements: Statements, fields: Mapping[str, tuple[int, str]], caches: Caches
    ) -> None:
        super().__init__(caches)
        self._sql = statements
        self._fields = fields

    def selections(self, known: Mapping[Filter, Ids | None]) -> list[Statement]:
        """Return the statements that read the chunks of filters that are not cached."""
        return [self._selection(item) for item in unread_filters(known)]

    def restriction(self, ids: Ids, filters: Sequence[Filter]) -> Statement:
        """Return the statement that reads which of a few documents pass all filters."""
        conditions, values = [], list[Any]([format_array(ids.tolist())])
        for item in filters:
            condition, bounds = self._condition(item)
            conditions.append(queries.MATCHES.replace("{condition}", condition))
            values += bounds
        statement = queries.MATCHING_SOME.replace("{conditions}", " AND ".join(conditions))
        return Statement(self._sql(statement), values)

    def _selection(self, item: Filter) -> Statement:
        condition, values = self._condition(item)
        statement = queries.MATCHING_CHUNKS.replace("{condition}", condition)
        return Statement(self._sql(statement), values)

    def _condition(self, item: Filter) -> tuple[str, list[Any]]:
        """Return a filter in SQL, and its values after the number of the field."""
        position, kind = self._fields[item.field]
        column = _COLUMNS.get(kind, "word")
        if isinstance(item, AnyOf):
            return f"{column} = ANY(%s)", [position, list(item.values)]
        bounds, values = [], list[Any]([position])
        for operator, bound in ((">=", item.gte), ("<=", item.lte)):
            if bound is not None:
                bounds.append(f"{column} {operator} %s")
                values.append(bound)
        return " AND ".join(bounds), values


def decode_ids(rows: Rows) -> Ids:
    """Return the ids that a statement of `Filters` has read, ascending."""
    with readable("a list of ids"):
        return np.sort(unpack_ids(rows[0][0]))
