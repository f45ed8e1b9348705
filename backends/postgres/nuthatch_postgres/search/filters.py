"""Filters: the statements that read which chunks pass, of all or of a few documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

import nuthatch
from nuthatch import AnyOf, Exists, Filter, Leaf, Mentions, PhraseField, Range, Schema
from nuthatch.postings import FilterSets, readable, unread_filters
from nuthatch_postgres.client.pipeline import Rows, Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import Caches
from nuthatch_postgres.storage.packed_ids import Ids, format_array, unpack_ids

#: Whether each id passes filters.
Mask = npt.NDArray[np.bool_]
_COLUMNS: Final = {
    "integer": "whole",
    "boolean": "whole",
    "datetime": "whole",
    "number": "number",
}


class Filters(FilterSets):
    """The filters of one index, with their SQL."""

    def __init__(self, statements: Statements, declared: Schema, caches: Caches) -> None:
        super().__init__(caches)
        self._sql = statements
        self._fields = {field.name: (at, field) for at, field in enumerate(declared.fields)}

    def selections(self, known: Mapping[Filter, Ids | None]) -> list[Statement]:
        """Return the statements that read the chunks of conditions that are not cached."""
        return [self._selection(item) for item in unread_filters(known)]

    def restriction(self, ids: Ids, filters: Sequence[Filter]) -> Statement:
        """Return the statement that reads which of a few documents pass all filters."""
        values: list[Any] = [format_array(ids.tolist())]
        conditions = [self._condition(item, values) for item in filters]
        return Statement(self._sql(queries.MATCHING_SOME) + b" AND ".join(conditions), values)

    def _condition(self, item: Filter, values: list[Any]) -> bytes:
        """Return the SQL of a filter on one document; add its values.

        It is put together from filled parts: there are more trees than a cache should hold.
        """
        match item:
            case nuthatch.All() | nuthatch.Any():
                parts = [self._condition(part, values) for part in item.parts]
                is_all = isinstance(item, nuthatch.All)
                neutral, operator = (b"true", b" AND ") if is_all else (b"false", b" OR ")
                return b"(" + (operator.join(parts) or neutral) + b")"
            case nuthatch.Not():
                return b"NOT " + self._condition(item.part, values)
        holding, given = self._holding(item)
        values += given
        return self._fill(queries.MATCHES, holding)

    def _selection(self, item: Leaf) -> Statement:
        holding, values = self._holding(item)
        # The plan of a substring depends on how many phrases hold it.
        is_varied = isinstance(item, Mentions) and self._is_substring(item.field)
        statement = self._fill(queries.MATCHING_CHUNKS, holding)
        return Statement(statement, values, prepare=False if is_varied else None)

    def _fill(self, statement: str, holding: bytes) -> bytes:
        before, _, after = statement.partition("{holding}")
        return self._sql(before) + holding + self._sql(after)

    def _is_substring(self, field: str) -> bool:
        declared = self._fields[field][1]
        return isinstance(declared, PhraseField) and declared.match == "substring"

    def _holding(self, item: Leaf) -> tuple[bytes, list[Any]]:
        """Return the SQL of the documents that a condition lets pass, and its values."""
        position, declared = self._fields[item.field]
        if isinstance(item, Mentions | Exists):
            # Its index is for one field, so the number is written into the statement.
            phrases = queries.HOLDING_PHRASES.replace("{field}", str(position))
            condition, values = self._phrase_condition(item)
            before, _, after = phrases.partition("{condition}")
            return self._sql(before) + condition + self._sql(after), values
        column = _COLUMNS.get(declared.type, "word")
        bounds: list[Any]
        if isinstance(item, AnyOf):
            text, bounds = f"{column} = ANY(%s)", [list(item.values)]
        else:
            assert isinstance(item, Range)  # core makes one of all others
            given = {">=": item.gte, "<=": item.lte}
            bounds = [bound for bound in given.values() if bound is not None]
            text = " AND ".join(
                f"{column} {operator} %s" for operator, bound in given.items() if bound is not None
            )
        holding = queries.HOLDING_VALUES.replace("{condition}", text)
        return self._sql(holding), [position, *bounds]

    def _phrase_condition(self, item: Mentions | Exists) -> tuple[bytes, list[Any]]:
        if isinstance(item, Exists):
            return b"", []
        phrases = list(item.phrases)
        if not self._is_substring(item.field):
            return self._sql(queries.PHRASE), [phrases, phrases]
        # A normalized phrase holds letters, digits and blanks: nothing that has a meaning to LIKE.
        likes = b" OR ".join([b"entity.text LIKE %s"] * len(phrases))
        return b" AND (" + likes + b")", [f"%{phrase}%" for phrase in phrases]


def decode_ids(rows: Rows) -> Ids:
    """Return the ids that a statement of `Filters` has read, ascending."""
    with readable("a list of ids"):
        return np.sort(unpack_ids(rows[0][0]))
