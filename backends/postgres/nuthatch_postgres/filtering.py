"""Filters: the statement that selects the chunks that pass one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nuthatch import AnyOf, Filter
from nuthatch_postgres.connection import Statement
from nuthatch_postgres.queries import FILTERED, Statements

_COLUMNS: Final = {"integer": "whole", "number": "number"}


def selection(
    condition: Filter, fields: Mapping[str, tuple[int, str]], statements: Statements
) -> Statement:
    """Returns the statement for a condition on a field, of which place and type are given."""
    position, kind = fields[condition.field]
    column = _COLUMNS.get(kind, "word")
    values: list[Any] = [position]
    if isinstance(condition, AnyOf):
        bounds = [f"{column} = ANY(%s)"]
        values.append(list(condition.values))
    else:
        bounds = []
        for operator, bound in ((">=", condition.gte), ("<=", condition.lte)):
            if bound is not None:
                bounds.append(f"{column} {operator} %s")
                values.append(bound)
    statement = FILTERED.replace("{condition}", " AND ".join(bounds))
    return Statement(statements(statement), values)
