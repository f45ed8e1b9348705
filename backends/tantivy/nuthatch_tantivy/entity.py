"""Entity search over the headers of all documents of a state, read once and then kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tantivy import DocAddress, Order, Query

from nuthatch import Filter, IndexCorrupt, Schema, parse_header
from nuthatch_tantivy.failure import translated
from nuthatch_tantivy.folder import State
from nuthatch_tantivy.query import Queries
from nuthatch_tantivy.stored import Row, readable_row

if TYPE_CHECKING:
    from nuthatch.entities import EntityTable, PhraseLookup, TitleLookup, TitleTerm


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
        self.state = state
        self.declared = declared
        self._searcher = state.searcher
        self._queries = queries
        self._path = path
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
        from nuthatch.entities import EntityTable  # other searches need none of it

        tables = self.state.tables
        if not tables:
            with translated(self._path):
                tables.append(EntityTable(self.declared, self._headers()))
        return tables[0]

    def _headers(self) -> Iterator[tuple[Hashable, str, Mapping[str, Any]]]:
        for order, place in self._in_order(self._queries.firsts()):
            row = self._row(place)
            with readable_row(row, self._path):
                values = parse_header(row["header"][0])
                title, fields = values["title"], values["fields"]
            yield order_number(order), title, fields

    def _orders(self, places: Sequence[DocAddress]) -> list[int]:
        """Return each chunk's number in the order of addition."""
        found = self._searcher.fast_field_values("order", list(places))
        return [order_number(order) for order in found]

    def eligible(self, filters: Sequence[Filter]) -> frozenset[Hashable]:
        with translated(self._path):
            found = self._in_order(self._queries.passing(filters))
            return frozenset(order_number(order) for order, _ in found)

    def _in_order(self, query: Query) -> list[tuple[Any, DocAddress]]:
        """Return number and place of all chunks that match, by ascending number."""
        found: Any = self._searcher.search(
            query, max(self.chunks, 1), count=False, order_by_field="order", order=Order.Asc
        )
        hits: list[tuple[Any, DocAddress]] = found.hits
        return hits
