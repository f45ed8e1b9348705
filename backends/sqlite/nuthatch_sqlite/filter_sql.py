"""Filters as a part of a statement. Imports no numpy."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from nuthatch import All, Any, AnyOf, Exists, Filter, Leaf, Mentions, Not, Range
from nuthatch_sqlite import schema

#: SQL and its values.
Statement = tuple[str, list[object]]
#: Lists the ids of the chunks that pass a condition on phrases.
ListChunks = Callable[[Filter], list[int]]


def add_filters(sql: str, filters: Sequence[Filter], list_chunks: ListChunks) -> Statement:
    """Return a statement with its filters filled in, and their values.

    Conditions on phrases are filled in as what `list_chunks` returns for them.
    """
    values: list[object] = []
    conditions = [f"\n    AND {_express(item, values, list_chunks)}" for item in filters]
    return sql.format(filters="".join(conditions)), values


def _express(item: Filter, values: list[object], list_chunks: ListChunks) -> str:
    """Return the SQL of a filter on `rowid`; add its values."""
    match item:
        case All() | Any():
            parts = [_express(part, values, list_chunks) for part in item.parts]
            neutral, operator = ("1", " AND ") if isinstance(item, All) else ("0", " OR ")
            return f"({operator.join(parts) or neutral})"
        case Not():
            return f"NOT {_express(item.part, values, list_chunks)}"
        case Mentions() | Exists():
            values.append(json_list(list_chunks(item)))
            return schema.IN_FILTER.format(chunks=schema.LISTED)
    chunks, bounds = value_sql(item)
    values += bounds
    return schema.IN_FILTER.format(chunks=chunks)


def value_sql(condition: Leaf) -> Statement:
    """Return the statement that selects the chunks whose values pass, and its values."""
    values: list[object] = [condition.field]
    if isinstance(condition, AnyOf):
        values.append(json_list(condition.values))
        return schema.FILTERED.format(condition=schema.ANY_OF), values
    assert isinstance(condition, Range)  # core makes one of all others
    bounds = []
    for operator, bound in ((">=", condition.gte), ("<=", condition.lte)):
        if bound is not None:
            bounds.append(f"value.value {operator} ?")
            values.append(bound)
    return schema.FILTERED.format(condition=" AND ".join(bounds)), values


def json_list(values: Sequence[object]) -> str:
    """Return the values of a filter as one parameter, for SQLite takes no more than 32,766."""
    return json.dumps(values, ensure_ascii=False)
