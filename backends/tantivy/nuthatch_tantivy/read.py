"""Reading: one Tantivy searcher is one `Reader`.

The order is total: score, then order of addition. Tantivy itself breaks ties by where a chunk
lies, which merges change; so where the cut falls into a tie the whole tie is fetched and sorted.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import tantivy
from tantivy import DocAddress, Order, Query

from nuthatch import (
    Candidate,
    CollectionStatistics,
    ColumnReader,
    DictionaryReader,
    Document,
    ExplainingReader,
    ExportingReader,
    Filter,
    KnownWord,
    Matches,
    Phrase,
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

if TYPE_CHECKING:
    from nuthatch.postings import ArrayColumns, DocumentIds, StoredDocument, Vocabulary
    from nuthatch_tantivy.caches import Ids
    from nuthatch_tantivy.exclusion import Excluded

#: Chunks read at a time when everything is.
_PAGE = 5_000
#: Document frequencies, and documents by uri, that are kept at most.
_COUNTED = 100_000

Scored = list[tuple[float, DocAddress]]


class TantivyReader(
    EntityReader,
    ExplainingReader,
    ExportingReader,
    ColumnReader,
    DictionaryReader,
):
    """Answers from one searcher. The key of a chunk is its number in the order of addition."""

    def __init__(
        self, state: State, columns: Mapping[str, tuple[str, str]], path: Path, declared: Schema
    ) -> None:
        queries = Queries(state.layout, columns, self._terms, self._phrases_with)
        super().__init__(state, queries, path, declared)
        self._counted = state.counted
        #: Where the chunks lie whose keys were given to the caller.
        self._places: dict[int, DocAddress] = {}

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
            return {token: self._count_chunks(token) for token in tokens}

    def _count_chunks(self, token: str) -> int:
        """Return the number of chunks with a token, and cache it.

        It is in the dictionary. But the dictionary counts deleted chunks too; while there are
        any, a search counts instead.
        """
        known = self._counted.get(token)
        if known is not None:
            return known
        if self.deleted:
            found = self.count(self._queries.term("tokens", token))
        else:
            found = self._searcher.doc_freq("tokens", token)
        if len(self._counted) >= _COUNTED:
            self._counted.clear()
        self._counted[token] = found
        return found

    def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
        return self._vocabulary().words(prefix, limit, self.document_frequencies, edits)

    def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
        return self._vocabulary().neighbours(word, edits, limit, self.document_frequencies)

    def _vocabulary(self) -> Vocabulary:
        """Return the surface words of this state; read once for all its readers."""
        state = self.state
        if not state.words:
            with readable(f"{state.journal.path}"):
                state.words.append(state.caches.dictionary.read(state.journal))
        return state.words[0]

    def statistics(self) -> CollectionStatistics:
        """Return the counts of chunks and tokens; the lengths are summed up once for a state."""
        counts = self.state.statistics
        if not counts:
            with translated(self._path):
                wanted = {"tokens": {"sum": {"field": "length"}}}
                summed = self._searcher.aggregate(Query.all_query(), wanted)
            counts.append(CollectionStatistics(self.chunks, int(summed["tokens"]["value"])))
        return counts[0]

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        limit = min(limit, self.chunks)  # Tantivy allocates what is asked for, or dies
        if not limit:
            return Matches([], 0, exact=True)
        excluded = self._find_excluded(rung)
        with translated(self._path):
            hits, is_whole = self._beyond_ties(self._queries.rung(rung, filters), limit, excluded)
            candidates = self._sort(hits, limit)
        total = len(hits) if is_whole and len(hits) <= limit else None
        return Matches(candidates, total, exact=True)

    def _beyond_ties(
        self, query: Query, limit: int, excluded: Excluded | None
    ) -> tuple[Scored, bool]:
        """Return the best hits, `limit` at least and to the end of the last one's tie, and whether
        these are all that match."""
        asked = limit + 1
        while True:
            asked = min(asked, self.chunks)
            hits: Scored = self._searcher.search(query, asked, count=False).hits
            is_whole = len(hits) < asked or asked == self.chunks
            kept = hits if excluded is None else self._without(hits, excluded)
            if is_whole or (len(kept) >= limit and hits[-1][0] < kept[limit - 1][0]):
                return kept, is_whole
            asked *= 4

    def _without(self, hits: Scored, excluded: Excluded) -> Scored:
        """Return the hits that are no chunks of excluded documents."""
        orders = self._orders([place for _, place in hits])
        return [hit for hit, keeps in zip(hits, excluded.keeps(orders), strict=True) if keeps]

    def _find_excluded(self, rung: Rung) -> Excluded | None:
        """Return the documents that a rung excludes; None where its query excludes them itself:
        a document of one chunk."""
        if not rung.excluded or self.declared.chunker == "whole":
            return None
        from nuthatch_tantivy.exclusion import Excluded  # imports numpy

        documents = self.columns(()).documents
        with readable(f"{self._path}: the numbers of the chunks"):
            return Excluded(documents, map(self._holding, rung.excluded))

    def _holding(self, phrase: Phrase) -> Ids:
        """Return the chunks in which a phrase stands."""
        return self._read_set(("phrase", phrase), self._queries.phrase(phrase), None)

    def _sort(self, hits: Scored, limit: int) -> list[Candidate]:
        """Return the best of these hits, ties in document order, and keep where they lie."""
        if len({score for score, _ in hits}) == len(hits):
            hits = hits[:limit]
        orders = self._orders([place for _, place in hits])
        keyed = [(-score, order, place) for order, (score, place) in zip(orders, hits, strict=True)]
        keyed.sort(key=itemgetter(0, 1))
        best = keyed[:limit]
        self._places.update([(order, place) for _, order, place in best])
        return [Candidate(order, -score) for score, order, _ in best]

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Ids:
        if rung is None:
            key: Hashable = (None, *filters)
        else:
            slots = frozenset(frozenset(slot.tokens) for slot in rung.slots)
            phrases = frozenset(rung.phrases), frozenset(rung.excluded)
            key = (rung.operator, slots, phrases, *filters)
        excluded = None if rung is None else self._find_excluded(rung)
        return self._read_set(key, self._queries.matching(rung, filters), excluded)

    def _read_set(self, key: Hashable, query: Query, excluded: Excluded | None) -> Ids:
        """Return the chunks that a query matches, which has that key in the cache."""

        def search(last: int) -> Ids:
            ids = self._ids(query, last)
            return ids if excluded is None else ids[excluded.keeps(ids)]

        with translated(self._path), readable(f"{self._path}: the numbers of the chunks"):
            return self.state.caches.matching.read(
                key, self.state.meta.commit, lambda: self.columns(()).documents, search
            )

    def _ids(self, query: Query, last: int) -> Ids:
        """Return the ids above a given one of the chunks that match."""
        import numpy as np

        if last >= 0:
            query = self._queries.both(query, self._queries.chunks_after(last))
        found = np.array([order for order, _ in self._in_order(query)], dtype=np.int64)
        if found.size and not 0 <= found[0] <= found[-1] <= schema.MAX_ORDER:
            raise ValueError(f"a chunk has the number {found[0]} or {found[-1]}")
        return found.astype(np.uint32)

    def columns(self, fields: Sequence[str]) -> ArrayColumns:
        from nuthatch_tantivy.columns import JournalColumns  # imports numpy

        state = self.state
        with readable(f"{state.journal.path}"):
            source = JournalColumns(state.journal, state.meta.commit)
            found = state.caches.columns.read(source, fields)
            if state.caches.compared != state.meta.commit:
                self._compare(found.documents)
                state.caches.compared = state.meta.commit
        return found

    def _compare(self, documents: DocumentIds) -> None:
        """Raise `ValueError` unless the columns have as many chunks as the segments, and the same
        last one: a record that is lost may have replaced as many chunks as it added."""
        ids, chunks = documents.ids[documents.live], documents.chunks[documents.live]
        if int(chunks.sum()) != self.chunks:
            raise ValueError(f"it does not name the {self.chunks} chunks that there are")
        if ids.size:
            last = int(ids[-1]) + int(chunks[-1]) - 1
            query = self._queries.chunks_after(last - 1)
            with translated(self._path):
                hits = self._searcher.search(query, 2, count=False, order_by_field="order").hits
            if [order for order, _ in hits] != [last]:
                raise ValueError(f"the last chunk that it names is {last}, which is not the last")

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        with translated(self._path):
            return [
                {} if place is None else self._score_parts(rung, place)
                for place in self._find(keys)
            ]

    def _score_parts(self, rung: Rung, place: DocAddress) -> dict[str, float]:
        """Return by the token of each slot's best alternative what the slot adds to the score."""
        scores = {
            token: self._score_part(self._queries.token(token), place) for token in rung.tokens
        }
        parts: dict[str, float] = {}
        for slot in rung.slots:
            weighted = [(scores[token] * weight, token) for token, weight in slot.alternatives]
            part, token = max(weighted, key=itemgetter(0))
            parts[token] = parts.get(token, 0.0) + part
        return parts

    def _score_part(self, query: Query, place: DocAddress) -> float:
        """Return the score that a chunk has for one query; 0 if it does not match."""
        try:
            explained = query.explain(self._searcher, place).to_json()
        except ValueError as error:
            if "does not match" not in str(error):
                raise
            return 0.0
        return float(json.loads(explained)["value"])

    def _find(self, keys: Sequence[Hashable]) -> list[DocAddress | None]:
        """Return where chunks lie; None for those that are gone."""
        numbers = [int(cast(int, key)) for key in keys]
        missing = [number for number in numbers if number not in self._places]
        if missing:
            query = self._queries.numbered(missing)
            hits = self._searcher.search(
                query, len(missing), count=False, order_by_field="order"
            ).hits
            self._places.update((order_number(order), place) for order, place in hits)
        return [self._places.get(number) for number in numbers]

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[TantivyChunk | None]:
        with translated(self._path):
            return [
                None if place is None else self._fetch(place, proofs) for place in self._find(keys)
            ]

    def _fetch(self, place: DocAddress, proofs: bool) -> TantivyChunk:
        first = row = self._searcher.doc(place)
        chunk, key = value_of(row, "chunk"), value_of(row, "key")
        if chunk != 0:
            with readable(f"{self._path}: the stored document {key!r}"):
                first = self._first(key, place.segment_ord, place.doc - chunk)
        return TantivyChunk(self._path, key, chunk, row, first, proofs=proofs)

    def _first(self, key: str, segment: int, number: int) -> tantivy.Document:
        """Return the first chunk of a document, which lies before its others in a segment."""
        hits = self._searcher.search(self._queries.first(key), 1, count=False).hits
        if not hits or (hits[0][1].segment_ord, hits[0][1].doc) != (segment, number):
            raise ValueError("its first chunk is missing")
        return self._searcher.doc(hits[0][1])

    def find(self, uris: Sequence[str]) -> dict[str, StoredDocument]:
        """Return those of these documents that are stored, by uri."""
        known = self.state.stored
        if len(known) > _COUNTED:
            known.clear()
        missing = [uri for uri in uris if uri not in known]
        if missing:
            found = self._look_up(missing)
            known.update((uri, found.get(uri)) for uri in missing)
        documents = ((uri, known.get(uri)) for uri in uris)
        return {uri: document for uri, document in documents if document is not None}

    def _look_up(self, uris: Sequence[str]) -> dict[str, StoredDocument]:
        from nuthatch.postings import StoredDocument  # for those who write

        with translated(self._path):
            frequency = self._searcher.doc_freq
            keys = {key for uri in uris if (key := schema.key(uri)) and frequency("key", key)}
            if not keys:
                return {}
            found: Any = self._searcher.search(
                self._queries.firsts_of([*keys]), len(keys), count=False, order_by_field="order"
            )
            # In the order in which they lie: each block of the store is unpacked once.
            hits = sorted((place.segment_ord, place.doc, order) for order, place in found.hits)
            rows = [
                (order_number(order), self._searcher.doc(DocAddress(segment, number)))
                for segment, number, order in hits
            ]
        stored: dict[str, StoredDocument] = {}
        for order, row in rows:
            # Three values are taken out of a row: all of them would cost as much again.
            key, root, leaves = (value_of(row, name) for name in ("key", "root", "leaves"))
            with readable(f"{self._path}: the stored document {key!r}"):
                stored[key] = StoredDocument(order, bytes(root), len(leaves) // 32)
        return stored

    def find_roots(self, uris: Sequence[str]) -> dict[str, bytes]:
        """Return the roots of those of these documents that are stored, by uri."""
        return {uri: document.root for uri, document in self.find(uris).items()}

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
        return (rows for _, rows in self.numbered_rows())

    def numbered_rows(self) -> Iterator[tuple[int, list[Row]]]:
        """Yield the chunks of every document, in document order, and the number of its first."""
        first, rows = 0, list[Row]()
        for order, row in self._all_rows():
            if rows and row.get("key") != rows[0].get("key"):
                yield first, rows
                rows = []
            first = first if rows else order
            rows.append(row)
        if rows:
            yield first, rows

    def _all_rows(self) -> Iterator[tuple[int, Row]]:
        """Yield number and row of every chunk, in the order of addition."""
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
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1][0]
