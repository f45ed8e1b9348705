"""Filters as SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence

from nuthatch import AnyOf, Filter
from nuthatch_sqlite import schema


def filter_sql(condition: Filter) -> tuple[str, list[object]]:
    """Return the statement that selects the chunks that pass, and its values."""
    values: list[object] = [condition.field]
    if isinstance(condition, AnyOf):
        values.append(_json(condition.values))
        return schema.FILTERED.format(condition=schema.ANY_OF), values
    bounds = []
    for operator, bound in ((">=", condition.gte), ("<=", condition.lte)):
        if bound is not None:
            bounds.append(f"value.value {operator} ?")
            values.append(bound)
    return schema.FILTERED.format(condition=" AND ".join(bounds)), values


def _json(values: Sequence[object]) -> str:
    """Return the values of a filter as one parameter, for SQLite takes no more than 32,766."""
    return json.dumps(values, ensure_ascii=False)
