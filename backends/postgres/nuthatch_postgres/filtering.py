"""Filters: what passes them, of all chunks or of a few documents; what was read is cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from nuthatch import AnyOf, Filter
from nuthatch.scoring import PostingCache, conjunction, mask_of
from nuthatch_postgres.connection import Rows, Statement
from nuthatch_postgres.failure import readable
from nuthatch_postgres.postings import Ids, Mask, array_of, ids_of
from nuthatch_postgres.queries import FILTERED, FILTERED_SOME, PASSES, Statements

_COLUMNS: Final = {"integer": "whole", "number": "number"}


class Filters:
    """Knows the filters of one index, given the place and the type of each field."""

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

    def known(self, state: int, filters: Sequence[Filter]) -> dict[Filter, Ids | None]:
        """Return the chunks that pass each filter in a state; None where that is not cached."""
        known = {}
        for item in filters:
            known[item] = self._cache.get(state, repr(item))
        return known

    def unread(self, state: int, filters: Sequence[Filter]) -> list[Filter]:
        """Return the filters that are asked for the first time in a state, and notes that they
        were: what passes them need not be read if it will do to ask about a few documents. All
        that are unknown, where nothing is cached."""
        unknown = [item for item, ids in self.known(state, filters).items() if ids is None]
        if not self._cache.info().max_bytes:
            return unknown
        return [item for item in unknown if not self._cache.seen_before(state, repr(item))]

    def selections(self, known: Mapping[Filter, Ids | None]) -> list[Statement]:
        """Return the statements that read what is not known."""
        return [self._selection(item) for item, ids in known.items() if ids is None]

    def allowed(
        self, state: int, known: Mapping[Filter, Ids | None], rows: Sequence[Rows]
    ) -> Ids | None:
        """Return what passes all filters, ascending, given the answers to `selections`; None
        where there is no filter."""
        answers = iter(rows)
        lists = []
        for item, ids in known.items():
            if ids is None:
                ids = _ids(next(answers))
                self._cache.put(state, repr(item), ids)
            lists.append(ids)
        if len(lists) <= 1:
            return lists[0] if lists else None
        key = repr([*known])
        every = self._cache.get(state, key)
        if every is None:
            every = conjunction(lists)
            self._cache.put(state, key, every)
        return every

    def known_mask(self, state: int, filters: Sequence[Filter]) -> Mask | None:
        """Return what passes all filters as a mask, where that is cached."""
        return self._masks.get(state, repr([*dict.fromkeys(filters)]))

    def mask(
        self, state: int, known: Mapping[Filter, Ids | None], rows: Sequence[Rows]
    ) -> Mask | None:
        """Return what `allowed` does as a mask, which many short lists are held against."""
        allowed = self.allowed(state, known, rows)
        if allowed is None:
            return None
        mask = mask_of(allowed)
        self._masks.put(state, repr([*known]), mask)
        return mask

    def among(self, ids: Ids, filters: Sequence[Filter]) -> Statement:
        """Return the statement that tells which of a few documents pass all filters."""
        conditions, values = [], list[Any]([array_of(ids.tolist())])
        for item in filters:
            condition, bounds = self._condition(item)
            conditions.append(PASSES.replace("{condition}", condition))
            values += bounds
        statement = FILTERED_SOME.replace("{conditions}", " AND ".join(conditions))
        return Statement(self._sql(statement), values)

    @staticmethod
    def passing(rows: Rows) -> Ids:
        """Return the documents that pass, ascending, given the answer to `among`."""
        return _ids(rows)

    def _selection(self, item: Filter) -> Statement:
        condition, values = self._condition(item)
        return Statement(self._sql(FILTERED.replace("{condition}", condition)), values)

    def _condition(self, item: Filter) -> tuple[str, list[Any]]:
        """Return a filter in SQL, and its values after that of the field."""
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


def _ids(rows: Rows) -> Ids:
    with readable("a list of ids"):
        return np.sort(ids_of(rows[0][0]))
