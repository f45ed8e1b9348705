"""Reading: one Tantivy searcher is one `Reader`.

The order is total: score, then order of addition. Tantivy itself breaks ties by where a chunk
lies, which merges change; so where the cut falls into a tie the whole tie is fetched and sorted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import tantivy
from tantivy import DocAddress, Order, Query

from nuthatch import (
    Candidate,
    Document,
    ExplainingReader,
    ExportingReader,
    Filter,
    Matches,
    Rung,
    Schema,
    entities,
)
from nuthatch.postings import readable
from nuthatch_tantivy import schema
from nuthatch_tantivy.entity import EntityReader, order_number
from nuthatch_tantivy.failure import translated
from nuthatch_tantivy.folder import State
from nuthatch_tantivy.query import Queries
from nuthatch_tantivy.stored import (
    Row,
    TantivyChunk,
    readable_row,
    value_of,
    whole_document,
)

#: Chunks read at a time when everything is.
_PAGE = 5_000
#: Document frequencies that are kept at most.
_COUNTED = 100_000

#: Where a chunk lies in one state of the index: its segment, and its number there. Entity search
#: puts the document's place in document order before them.
Place = tuple[int, int]
Scored = list[tuple[float, DocAddress]]


class TantivyReader(EntityReader, ExplainingReader, ExportingReader, entities.EntityReader):
    """Answers from one searcher."""

    def __init__(
        self, state: State, columns: Mapping[str, tuple[str, str]], path: Path, declared: Schema
    ) -> None:
        queries = Queries(state.layout, columns, self._terms, self._phrases_with)
        super().__init__(state, queries, path, declared)
        self._counted = state.counted

    @property
    def deleted(self) -> int:
        """The number of deleted chunks that no merge has removed yet."""
        return self._searcher.doc_freq(schema.EVERY, 1) - self.chunks

    @property
    def segments(self) -> int:
        """The number of segments."""
        return self._searcher.num_segments

    def _terms(self, field: str, prefix: str) -> list[str]:
        return [term for term, _ in self._searcher.terms_with_prefix(field, prefix)]

    def _phrases_with(self, field: str, phrase: str) -> list[str]:
        lookup = entities.PhraseLookup(field, phrase, "substring", None)
        (found,) = self.phrase_terms([lookup])
        return [text for _, _, text in cast(Sequence[tuple[str, str, str]], found)]

    def count(self, query: Query) -> int:
        """Return the number of chunks that match."""
        found: Any = self._searcher.search(query, 1, count=True)
        return int(found.count)

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return the number of chunks with each token.

        Counts are cached for this state of the index: a look-up goes to every segment.
        """
        with translated(self._path):
            counted = self._counted
            return {token: counted.get(token) or self._count_chunks(token) for token in tokens}

    def _count_chunks(self, token: str) -> int:
        """Return the number of chunks with a token, and cache it.

        It is in the dictionary. But the dictionary counts deleted chunks too; while there are
        any, a search counts instead.
        """
        if self.deleted:
            found = self.count(self._queries.term("tokens", token))
        else:
            found = self._searcher.doc_freq("tokens", token)
        if len(self._counted) >= _COUNTED:
            self._counted.clear()
        self._counted[token] = found
        return found

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        limit = min(limit, self.chunks)  # Tantivy allocates what is asked for, or dies
        if not limit:
            return Matches([], 0, exact=True)
        with translated(self._path):
            hits = self._beyond_ties(self._queries.rung(rung, filters), limit)
            candidates = self._sort(hits)[:limit]
        return Matches(candidates, len(hits) if len(hits) <= limit else None, exact=True)

    def _beyond_ties(self, query: Query, limit: int) -> Scored:
        """Return the best hits, at least one more than `limit` and to the end of its tie."""
        asked = limit + 1
        while True:
            asked = min(asked, self.chunks)
            hits: Scored = self._searcher.search(query, asked, count=False).hits
            complete = len(hits) < asked or asked == self.chunks
            if complete or hits[-1][0] < hits[limit - 1][0]:
                return hits
            asked *= 4

    def _sort(self, hits: Scored) -> list[Candidate]:
        if len({score for score, _ in hits}) < len(hits):
            orders = self._orders([place for _, place in hits])
            keyed = sorted(
                (-score, order, at)
                for at, ((score, _), order) in enumerate(zip(hits, orders, strict=True))
            )
            hits = [hits[at] for _, _, at in keyed]
        return [Candidate((place.segment_ord, place.doc), score) for score, place in hits]

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        with translated(self._path):
            queries = {
                token: self._queries.token(token, times)
                for token, times in Counter(rung.tokens).items()
            }
            return [
                {
                    token: self._score_part(query, cast(Place, key))
                    for token, query in queries.items()
                }
                for key in keys
            ]

    def _score_part(self, query: Query, place: Place) -> float:
        """Return the score that a chunk has for one query; 0 if it does not match."""
        try:
            explained = query.explain(self._searcher, DocAddress(*place)).to_json()
        except ValueError as error:
            if "does not match" not in str(error):
                raise
            return 0.0
        return float(json.loads(explained)["value"])

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[TantivyChunk]:
        with translated(self._path):
            return [self._fetch(cast(Place, key), proofs) for key in keys]

    def _fetch(self, place: Place, proofs: bool) -> TantivyChunk:
        segment, number = place[-2:]
        first = row = self._searcher.doc(DocAddress(segment, number))
        chunk, key = value_of(row, "chunk"), value_of(row, "key")
        if chunk != 0:
            with readable(f"{self._path}: the stored document {key!r}"):
                first = self._first(key, segment, number - chunk)
        return TantivyChunk(self._path, row, first, proofs=proofs)

    def _first(self, key: str, segment: int, number: int) -> tantivy.Document:
        """Return the first chunk of a document, which lies before its others in a segment."""
        hits = self._searcher.search(self._queries.first(key), 1, count=False).hits
        if not hits or (hits[0][1].segment_ord, hits[0][1].doc) != (segment, number):
            raise ValueError("its first chunk is missing")
        return self._searcher.doc(hits[0][1])

    def head(self, key: str) -> Row | None:
        """Return the first chunk of the document with this key, if there is one."""
        hits = self._searcher.search(self._queries.first(key), 1, count=False).hits
        return self._row(hits[0][1]) if hits else None

    def holds(self, key: str) -> bool:
        """Return whether there is a document with this key."""
        if not self._searcher.doc_freq("key", key):
            return False
        return bool(self._searcher.search(self._queries.first(key), 1, count=False).hits)

    def root(self, key: str) -> bytes | None:
        """Return the root of the document with this key, if there is one."""
        if not self._searcher.doc_freq("key", key):
            return None
        row = self.head(key)
        if row is None:
            return None
        with readable_row(row, self._path):
            return cast(bytes, row["root"][0])

    def roots_of(self, uris: Sequence[str]) -> dict[str, bytes]:
        """Return the roots of those of these documents that are stored, by uri."""
        keys = {key: uri for uri in uris if (key := schema.key(uri)) is not None}
        if not self.chunks or not keys:
            return {}
        with translated(self._path):
            query = self._queries.firsts_of(list(keys))
            hits = self._searcher.search(query, len(keys), count=False).hits
            # In the order in which they lie: each block of the store is unpacked once.
            places = sorted([(place.segment_ord, place.doc) for _, place in hits])
            # Two values are taken out of a row: all of them would cost as much again.
            rows = [self._searcher.doc(DocAddress(*place)) for place in places]
            pairs = [(row.get_first("key"), row.get_first("root")) for row in rows]
        return {keys[key]: root for key, root in pairs if key in keys and root is not None}

    def roots(self) -> Iterator[bytes]:
        """Yield the root of every document, in any order."""
        query = self._queries.firsts()
        for _, place in self._searcher.search(query, max(self.chunks, 1), count=False).hits:
            row = self._row(place)
            with readable_row(row, self._path):
                root = row["root"][0]
            yield root

    def document_count(self) -> int:
        """Return the number of documents."""
        return self.count(self._queries.firsts())

    def get(self, uri: str) -> Document | None:
        key = schema.key(uri)
        if key is None:
            return None
        with translated(self._path):
            chunks = self._searcher.doc_freq("key", key)
            if not chunks:
                return None
            query = self._queries.term("key", key)
            hits = self._searcher.search(query, max(1, min(chunks, self.chunks)), count=False).hits
            rows = [self._row(place) for _, place in hits]
        if not rows:
            return None
        with readable_row(rows[0], self._path):
            rows.sort(key=lambda row: row["chunk"][0])
        return self._document(rows)

    def documents(self) -> Iterator[Document]:
        for rows in self.rows_by_document():
            yield self._document(rows)

    def _document(self, rows: Sequence[Row]) -> Document:
        with readable_row(rows[0], self._path):
            return whole_document(rows)

    def rows_by_document(self) -> Iterator[list[Row]]:
        """Yield the chunks of every document, in document order."""
        rows: list[Row] = []
        for row in self._in_order():
            if rows and row.get("key") != rows[0].get("key"):
                yield rows
                rows = []
            rows.append(row)
        if rows:
            yield rows

    def _in_order(self) -> Iterator[Row]:
        last = -1
        while True:
            with translated(self._path):
                query = self._queries.chunks_after(last)
                found = self._searcher.search(
                    query, _PAGE, count=False, order_by_field="order", order=Order.Asc
                )
                page = [
                    (order_number(order, last), self._row(place)) for order, place in found.hits
                ]
            yield from (row for _, row in page)
            if len(page) < _PAGE:
                return
            last = page[-1][0]
