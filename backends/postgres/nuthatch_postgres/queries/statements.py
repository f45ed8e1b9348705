"""`Statements`: fill the name of an index's schema into the SQL of this package."""

from __future__ import annotations

from psycopg import sql


class Statements:
    """The SQL of this package for one schema; each statement is filled in once."""

    def __init__(self, schema: str) -> None:
        self._quoted = sql.Identifier(schema).as_string(None)
        self._cache: dict[str, bytes] = {}

    def __call__(self, statement: str) -> bytes:
        """Return a statement with the quoted name of the schema, as psycopg takes it."""
        filled = self._cache.get(statement)
        if filled is None:
            filled = self._cache[statement] = statement.replace("{schema}", self._quoted).encode()
        return filled
