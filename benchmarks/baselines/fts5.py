"""FTS5's own ranking: `ORDER BY bm25()`, which keeps the best k only, faster than `rank`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

_TOP = """
SELECT rowid, bm25(posting) AS score
FROM posting
WHERE posting MATCH ?
ORDER BY score
LIMIT ?
"""


class Fts5Search:
    """Ranks a disjunction, or a conjunction, in the index that nuthatch wrote."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def search(
        self, tokens: Sequence[str], limit: int, operator: str = "OR"
    ) -> list[tuple[int, float]]:
        """Return ids and score (below zero, the best first)."""
        expression = f" {operator} ".join([f'"{token}"' for token in tokens])
        rows: list[Any] = self._execute(_TOP, (expression, limit)).fetchall()
        return rows
