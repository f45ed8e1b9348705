"""Entity search over the headers of all documents of a state, read once and then kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tantivy import DocAddress

from nuthatch import Filter, IndexCorrupt, Schema, parse_header
from nuthatch.entities import EntityTable, PhraseLookup, TitleLookup, TitleTerm
from nuthatch_tantivy.failure import translated
from nuthatch_tantivy.folder import State
from nuthatch_tantivy.query import Queries
from nuthatch_tantivy.stored import Row, readable_row


def order_number(order: Any, after: int = -1) -> int:
    """Return a place in the order of addition. Raise `IndexCorrupt` if it cannot be one."""
    if not isinstance(order, int) or order <= after:
        raise IndexCorrupt(
            f"a chunk has the place {order} in the order of addition; run check(), and restore the "
            "index from a copy or index the corpus again"
        )
    return order


class EntityReader:
    """Answers the look-ups of entity search from one searcher."""

    def __init__(self, state: State, queries: Queries, path: Path, declared: Schema) -> None:
        self._state = state
        self._searcher = state.searcher
        self._queries = queries
        self._path = path
        self._declared = declared
        self.chunks = state.searcher.num_docs

    def _row(self, place: DocAddress) -> Row:
        return self._searcher.doc(place).to_dict()

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> list[list[Hashable]]:
        return self._table().phrase_terms(lookups)

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        return self._table().title_terms(lookups)

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        return self._table().entity_postings(keys)

    def _table(self) -> EntityTable:
        """Return what the documents of this state mention; read once for all its readers."""
        tables = self._state.tables
        if not tables:
            with translated(self._path):
                tables.append(EntityTable(self._declared, self._headers()))
        return tables[0]

    def _headers(self) -> Iterator[tuple[Hashable, str, Mapping[str, Any]]]:
        hits = self._searcher.search(self._queries.firsts(), max(self.chunks, 1), count=False).hits
        for order, place in self._sort_places([place for _, place in hits]):
            row = self._row(place)
            with readable_row(row, self._path):
                values = parse_header(row["header"][0])
                title, fields = values["title"], values["fields"]
            yield (order, place.segment_ord, place.doc), title, fields

    def _sort_places(self, places: Sequence[DocAddress]) -> list[tuple[int, DocAddress]]:
        """Return (order, address) of each chunk, ascending by order.

        The order is the number that a chunk was given when it was added.
        """
        if not places:
            return []
        keyed = sorted(zip(self._orders(places), range(len(places)), strict=True))
        return [(order, places[at]) for order, at in keyed]

    def _orders(self, places: Sequence[DocAddress]) -> list[int]:
        """Return each chunk's number in the order of addition."""
        found = self._searcher.fast_field_values("order", list(places))
        return [order_number(order) for order in found]

    def eligible(self, filters: Sequence[Filter]) -> frozenset[Hashable]:
        with translated(self._path):
            query = self._queries.passing(filters)
            found = self._searcher.search(query, max(self.chunks, 1), count=False).hits
            placed = self._sort_places([place for _, place in found])
        return frozenset((order, place.segment_ord, place.doc) for order, place in placed)
