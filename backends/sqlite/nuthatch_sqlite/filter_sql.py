"""Filters as a part of a statement. Imports no numpy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from nuthatch import All, Any, Filter, Leaf, Not
from nuthatch_sqlite import schema

#: SQL and its values.
Statement = tuple[str, list[object]]


def add_filters(
    sql: str, filters: Iterable[Filter], list_chunks: Callable[[Leaf], Sequence[int]]
) -> Statement:
    """Return a statement with its filters filled in, and their values.

    Conditions are filled in as the ids of the chunks that pass, by `list_chunks`.
    """
    values: list[object] = []
    conditions = [f"\n    AND {_express(item, values, list_chunks)}" for item in filters]
    return sql.format(filters="".join(conditions)), values


def add_chunks(sql: str, chunks: Sequence[int] | None) -> Statement:
    """Return a statement whose filters these chunks pass; None where there is no filter."""
    if chunks is None:
        return sql.format(filters=""), []
    return sql.format(filters=f"\n    AND {schema.IN_LIST}"), [json.dumps(chunks)]


def _express(
    item: Filter, values: list[object], list_chunks: Callable[[Leaf], Sequence[int]]
) -> str:
    """Return the SQL of a filter on `rowid`; add its values."""
    match item:
        case All() | Any():
            parts = [_express(part, values, list_chunks) for part in item.parts]
            neutral, operator = ("1", " AND ") if isinstance(item, All) else ("0", " OR ")
            return f"({operator.join(parts) or neutral})"
        case Not():
            return f"NOT {_express(item.part, values, list_chunks)}"
    values.append(json.dumps(list_chunks(item)))
    return schema.IN_LIST
