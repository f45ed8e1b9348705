"""Tantivy from its own Python package: a built query, the best k, their stored documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import tantivy
from tantivy import DocAddress, Occur, Query

from nuthatch_tantivy import schema

Operator = Literal["AND", "OR"]


class TantivySearch:
    """Ranks and reads in the index that nuthatch wrote, with a searcher opened once."""

    def __init__(self, path: Path) -> None:
        index = tantivy.Index.open(str(path))
        schema.register(index)
        self._layout = index.schema
        self._searcher = index.searcher()

    def search(
        self, tokens: Sequence[str], limit: int, operator: Operator = "OR"
    ) -> list[tuple[float, DocAddress]]:
        """Return scores and places, the best first; a repeated token weighs as often."""
        occur = Occur.Must if operator == "AND" else Occur.Should
        parts = [(occur, self._term(*item)) for item in Counter(tokens).items()]
        query = parts[0][1] if len(parts) == 1 else Query.boolean_query(parts)
        found: list[tuple[float, DocAddress]] = self._searcher.search(
            query, limit, count=False
        ).hits
        return found

    def rows(self, tokens: Sequence[str], limit: int) -> list[tuple[float, str, bytes, str]]:
        """Return score, key, header and text of the best documents."""
        read = self._searcher.doc
        found = []
        for score, place in self.search(tokens, limit):
            row = read(place).to_dict()
            found.append((score, row["key"][0], row["header"][0], row["text"][0].decode()))
        return found

    def _term(self, token: str, times: int) -> Query:
        query = Query.term_query(self._layout, "tokens", token, "freq")
        return query if times == 1 else Query.boost_query(query, float(times))
