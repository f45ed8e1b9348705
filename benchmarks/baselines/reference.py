"""The reference ladder: progressive AND, then OR of five words, each rung one statement.

Every rung sorts by `rank` and joins the documents, as the reference search does; the fallback
counts each word's matches first. Fed with nuthatch's tokens, in a database with the same pragmas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from nuthatch import Slot
from nuthatch.matching import and_rungs, fallback_rung

_RUNG = """
SELECT posting.rowid, posting.rank, document.uri, document.title, document.text
FROM posting
JOIN document ON document.id = posting.rowid
WHERE posting MATCH ?
ORDER BY posting.rank
LIMIT ?
"""
_COUNT = "SELECT count(*) FROM posting WHERE posting MATCH ?"

Row = tuple[int, float, str, str, str]


class ReferenceSearch:
    """Searches the table that `baselines.regex_load` makes with plain documents beside it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute = connection.execute

    def search(self, tokens: Sequence[str], limit: int) -> list[Row]:
        """Return rows (id, score below zero, uri, title, text) of the first rung that matches."""
        for rung in and_rungs([*map(Slot, tokens)]):
            rows = self._match(rung.words, " AND ", limit)
            if rows:
                return rows
        counts = {token: self._count(token) for token in dict.fromkeys(tokens)}
        return self._match(fallback_rung([*map(Slot, tokens)], (), counts).words, " OR ", limit)

    def _match(self, tokens: Sequence[str], operator: str, limit: int) -> list[Row]:
        expression = operator.join([f'"{token}"' for token in tokens])
        rows: list[Any] = self._execute(_RUNG, (expression, limit)).fetchall()
        return rows

    def _count(self, token: str) -> int:
        [(count,)] = self._execute(_COUNT, (f'"{token}"',)).fetchall()
        return int(count)  # type: ignore[arg-type]
