"""Filters: which chunks pass, of all or of a few documents; what was read is cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from nuthatch import AnyOf, Filter
from nuthatch.scoring import PostingCache, conjunction, mask_of
from nuthatch_postgres.client.errors import readable
from nuthatch_postgres.client.pipeline import Rows, Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import Mask
from nuthatch_postgres.storage.packed_ids import Ids, format_array, unpack_ids

_COLUMNS: Final = {"integer": "whole", "number": "number"}


class Filters:
    """The filters of one index, given the place and the type of each field.

    `generation` stands for the state of the index that an answer belongs to.
    """

    def __init__(
        self,
        statements: Statements,
        fields: Mapping[str, tuple[int, str]],
        cache: PostingCache[Ids],
        masks: PostingCache[Mask],
    ) -> None:
        self._sql = statements
        self._fields = fields
        self._cache = cache
        self._masks = masks

    def get(self, generation: int, filters: Sequence[Filter]) -> dict[Filter, Ids | None]:
        """Return the chunks that pass each filter; None where that is not cached."""
        return {item: self._cache.get(generation, repr(item)) for item in filters}

    def deferrable(self, generation: int, filters: Sequence[Filter]) -> list[Filter]:
        """Return the filters that may be applied to a few documents instead of read as a whole.

        They are those not cached that nobody has requested before in this state, or all not cached
        if the cache is off. The request is recorded.
        """
        missing = [item for item, ids in self.get(generation, filters).items() if ids is None]
        if not self._cache.info().max_bytes:
            return missing
        return [item for item in missing if not self._cache.seen_before(generation, repr(item))]

    def selections(self, ids: Mapping[Filter, Ids | None]) -> list[Statement]:
        """Return the statements that read the chunks of the filters without any."""
        return [self._selection(item) for item, passing in ids.items() if passing is None]

    def intersect(
        self, generation: int, ids: Mapping[Filter, Ids | None], rows: Sequence[Rows]
    ) -> Ids | None:
        """Return the chunks that pass all filters, ascending; None where there is no filter.

        `rows` are those of `selections`.
        """
        answers = iter(rows)
        lists = []
        for item, passing in ids.items():
            if passing is None:
                passing = _decode_ids(next(answers))
                self._cache.put(generation, repr(item), passing)
            lists.append(passing)
        if len(lists) <= 1:
            return lists[0] if lists else None
        key = repr([*ids])
        common = self._cache.get(generation, key)
        if common is None:
            common = conjunction(lists)
            self._cache.put(generation, key, common)
        return common

    def get_mask(self, generation: int, filters: Sequence[Filter]) -> Mask | None:
        """Return the mask of what passes all filters, if it is cached."""
        return self._masks.get(generation, repr([*dict.fromkeys(filters)]))

    def build_mask(
        self, generation: int, ids: Mapping[Filter, Ids | None], rows: Sequence[Rows]
    ) -> Mask | None:
        """Return the result of `intersect` as a mask: many short lists are compared with it."""
        passing = self.intersect(generation, ids, rows)
        if passing is None:
            return None
        mask = mask_of(passing)
        self._masks.put(generation, repr([*ids]), mask)
        return mask

    def restriction(self, ids: Ids, filters: Sequence[Filter]) -> Statement:
        """Return the statement that reads which of a few documents pass all filters."""
        conditions, values = [], list[Any]([format_array(ids.tolist())])
        for item in filters:
            condition, bounds = self._condition(item)
            conditions.append(queries.MATCHES.replace("{condition}", condition))
            values += bounds
        statement = queries.MATCHING_SOME.replace("{conditions}", " AND ".join(conditions))
        return Statement(self._sql(statement), values)

    @staticmethod
    def decode_restriction(rows: Rows) -> Ids:
        """Return the documents that pass, ascending, from the rows of `restriction`."""
        return _decode_ids(rows)

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


def _decode_ids(rows: Rows) -> Ids:
    with readable("a list of ids"):
        return np.sort(unpack_ids(rows[0][0]))
