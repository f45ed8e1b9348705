"""Values of fields in SQL: what a table of them costs to filter by and to count.

value     field  value  document      by field and value; an index by document
document  id                          one chunk each
match     document                    those that matched
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any as AnyType
from typing import Final

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import All, Any, AnyOf, Document, Filter, Leaf, Not, Range, Schema

CREATE: Final = """
CREATE TABLE document (id INTEGER PRIMARY KEY);
CREATE TABLE value (
    field TEXT NOT NULL,
    value NOT NULL,
    document INTEGER NOT NULL,
    PRIMARY KEY (field, value, document)
) WITHOUT ROWID;
CREATE INDEX value_document ON value (document);
CREATE TABLE match (document INTEGER PRIMARY KEY);
"""
COUNT: Final = """
SELECT value.value, count(*) AS documents
FROM match
JOIN value ON value.document = match.document AND value.field = ?
GROUP BY value.value
ORDER BY documents DESC, value.value
LIMIT ?
"""
#: The same from the matches on: each one's values are looked up, and sorted by value.
COUNT_EACH: Final = COUNT.replace("JOIN value", "CROSS JOIN value").replace(
    "value.field =", "+value.field ="
)
SELECT: Final = """
SELECT DISTINCT document.id
FROM value
JOIN document ON document.id = value.document
WHERE value.field = ? AND {condition}
"""
Mask = npt.NDArray[np.bool_]


def _rows(documents: Sequence[Document], schema: Schema) -> Iterator[tuple[str, AnyType, int]]:
    for id, document in enumerate(documents):
        for name, value in dict.fromkeys(schema.filter_values(document)):
            yield name, value, id


class SqlValues:
    """The values in a file of SQLite."""

    def __init__(self, path: Path, documents: Sequence[Document], schema: Schema) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute("PRAGMA cache_size = -262144")
        with self._connection:
            self._connection.execute(CREATE)
            rows = _rows(documents, schema)
            self._connection.executemany("INSERT INTO value VALUES (?, ?, ?)", rows)
            ids = ((id,) for id in range(len(documents)))
            self._connection.executemany("INSERT INTO document VALUES (?)", ids)
            self._connection.execute("ANALYZE")

    def choose(self, matches: Sequence[int]) -> None:
        """Set the documents that match."""
        with self._connection:
            self._connection.execute("DELETE FROM match")
            rows = ((id,) for id in matches)
            self._connection.executemany("INSERT INTO match VALUES (?)", rows)

    def count(self, field: str, size: int, *, is_each: bool = False) -> list[tuple[AnyType, int]]:
        """Return the most frequent values of a field among those that match.

        SQLite goes through all values of the field and asks of each whether its document matches.
        With `is_each` it goes through the matches instead.
        """
        return list(self._connection.execute(COUNT_EACH if is_each else COUNT, (field, size)))

    def select(self, filters: Sequence[Filter], size: int) -> npt.NDArray[np.intp]:
        """Return the documents, of so many, that pass all filters."""
        return np.flatnonzero(self._mask(All(*filters), size))

    def _mask(self, condition: Filter, size: int) -> Mask:
        match condition:
            case All():
                masks = (self._mask(part, size) for part in condition.parts)
                return reduce(np.logical_and, masks, np.ones(size, dtype=np.bool_))
            case Any():
                masks = (self._mask(part, size) for part in condition.parts)
                return reduce(np.logical_or, masks, np.zeros(size, dtype=np.bool_))
            case Not():
                return ~self._mask(condition.part, size)
        mask = np.zeros(size, dtype=np.bool_)
        rows = self._connection.execute(*_statement(condition))
        mask[np.fromiter((id for (id,) in rows), dtype=np.intp)] = True
        return mask


def _statement(condition: Leaf) -> tuple[str, list[AnyType]]:
    values: list[AnyType] = [condition.field]
    if isinstance(condition, AnyOf):
        values.append(json.dumps(condition.values))
        return SELECT.format(condition="value.value IN (SELECT value FROM json_each(?))"), values
    assert isinstance(condition, Range)
    bounds = []
    for operator, bound in ((">=", condition.gte), ("<=", condition.lte)):
        if bound is not None:
            bounds.append(f"value.value {operator} ?")
            values.append(bound)
    return SELECT.format(condition=" AND ".join(bounds)), values


class DuckValues:
    """The values in DuckDB, in memory, a table for each field."""

    def __init__(self, documents: Sequence[Document], schema: Schema) -> None:
        import duckdb

        self._connection = duckdb.connect(config={"threads": 1})
        columns: dict[str, tuple[list[AnyType], list[int]]] = {}
        for name, value, id in _rows(documents, schema):
            values, ids = columns.setdefault(name, ([], []))
            values.append(value)
            ids.append(id)
        for name, (values, ids) in columns.items():
            given = {"value": np.array(values), "document": np.array(ids)}
            self._connection.register("given", given)
            self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
            self._connection.unregister("given")

    def choose(self, matches: Sequence[int]) -> None:
        """Set the documents that match."""
        self._connection.register("given", {"document": np.array(matches)})
        self._connection.execute("CREATE OR REPLACE TABLE match AS SELECT * FROM given")
        self._connection.unregister("given")

    def count(self, field: str, size: int) -> list[tuple[AnyType, int]]:
        """Return the most frequent values of a field among those that match."""
        found: list[tuple[AnyType, int]] = self._connection.execute(
            f"SELECT value, count(*) AS n FROM match JOIN {field} USING (document) "
            f"GROUP BY value ORDER BY n DESC, value LIMIT {size}"
        ).fetchall()
        return found
