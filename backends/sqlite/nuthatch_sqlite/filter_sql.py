"""Filters and other conditions as parts of a statement. Imports no numpy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from nuthatch import All, Any, Filter, Leaf, Not
from nuthatch_sqlite import schema

#: SQL and its values.
Statement = tuple[str, list[object]]


def add_conditions(sql: str, conditions: Iterable[Statement]) -> Statement:
    """Return a statement with its conditions filled in, and their values."""
    parts, values = [], []
    for part, given in conditions:
        parts.append(f"\n    AND {part}")
        values += given
    return sql.format(filters="".join(parts)), values


def include(chunks: Sequence[int]) -> Statement:
    """Return the condition that `rowid` is one of these chunks."""
    return schema.IN_LIST, [json.dumps(chunks)]


def exclude(chunks: Sequence[int]) -> Statement:
    """Return the condition that `rowid` is none of these chunks."""
    return schema.NOT_IN_LIST, [json.dumps(chunks)]


def express(item: Filter, list_chunks: Callable[[Leaf], Sequence[int]]) -> Statement:
    """Return a filter as a condition on `rowid`.

    Its leaves are filled in as the ids of the chunks that pass, by `list_chunks`.
    """
    match item:
        case All() | Any():
            parts, values = [], []
            for part, given in (express(part, list_chunks) for part in item.parts):
                parts.append(part)
                values += given
            neutral, operator = ("1", " AND ") if isinstance(item, All) else ("0", " OR ")
            return f"({operator.join(parts) or neutral})", values
        case Not():
            part, values = express(item.part, list_chunks)
            return f"NOT {part}", values
    return include(list_chunks(item))
