"""Reading: one SQLite read transaction is one `Reader`.

OR    MaxScore over postings. A list comes from the cache or is read now; a long one is not read:
      its impacts in a few chunks are looked up (`lazy_postings`).
AND   The cache, if it holds every token. Otherwise FTS5 matches. It also scores, unless few chunks
      match: then it only counts (`small_conjunction`).

With the cache turned off FTS5 scores the OR, too. So it does in the first search of a process that
has no numpy yet: importing it takes longer. The scores are the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import apsw

from nuthatch import (
    Candidate,
    CollectionStatistics,
    ColumnReader,
    Document,
    Exists,
    ExplainingReader,
    ExportingReader,
    FetchedChunk,
    Filter,
    FirstMatch,
    FirstMatchReader,
    IndexCorrupt,
    Leaf,
    Matches,
    Mentions,
    Rung,
    Schema,
    scoring,
)
from nuthatch import postings as helpers
from nuthatch.postings import CompressedChunk, decode_document, readable
from nuthatch_sqlite import schema
from nuthatch_sqlite.column_scan import scan_documents
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.filter_sql import Statement, add_chunks, add_filters
from nuthatch_sqlite.state import Caches, State, frequencies_of

if TYPE_CHECKING:
    from nuthatch.entities import EntityMatches, EntityPlan
    from nuthatch.postings import ArrayColumns
    from nuthatch_sqlite.entity import Entities
    from nuthatch_sqlite.entity_search import EntitySearch
    from nuthatch_sqlite.filters import Filters
    from nuthatch_sqlite.postings import Ids, Postings

#: Postings that FTS5 walks over in the time it takes to import numpy.
_IMPORT = 200_000
_RESTORE = "restore the index from a copy, or index the corpus again"


class SqliteReader(FirstMatchReader, ExplainingReader, ExportingReader, ColumnReader):
    """Answers from one snapshot."""

    def __init__(
        self,
        connection: apsw.Connection,
        declared: Schema,
        caches: Caches,
        entities: Callable[[], Entities],
    ) -> None:
        self._connection = connection
        self._schema = declared
        self._caches = caches
        self._entities = entities
        self._state = State.read(connection)

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return frequencies_of(self._connection, self._state, self._caches, tokens)

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        if not self._begins_in_sql(rung.words):
            postings = self._postings
            if rung.operator == "OR":
                terms = postings.disjunction(rung.words)
                if terms is not None:
                    best = scoring.top_k(terms, limit, self._filters.ids(filters))
                    return helpers.to_matches(best)
            else:
                scores = postings.conjunction(rung.words)
                if scores is not None:
                    best = scoring.conjunction_top_k(scores, limit, self._filters.ids(filters))
                    return helpers.to_matches(best)
        return self._match_in_sql(rung, filters, limit)

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        if not self._begins_in_sql(rungs[0].words):
            terms = self._postings.conjunction(rungs[0].words)
            if terms is not None:
                by_token = dict(zip(rungs[0].words, terms, strict=True))
                allowed = self._filters.ids(filters)
                return helpers.find_first_match(rungs, by_token, allowed, limit)
        # Most queries end on their first rung, and one that is empty is never scored.
        matches = self._match_in_sql(rungs[0], filters, limit)
        if matches.candidates:
            return FirstMatch(0, matches)
        index = self._first_in_sql(rungs, filters)
        if index is None:
            return None
        return FirstMatch(index, self._match_in_sql(rungs[index], filters, limit))

    @cached_property
    def _postings(self) -> Postings:
        from nuthatch_sqlite.postings import Postings  # imports numpy

        return Postings(self._connection, self._state, self._caches)

    @cached_property
    def _lookups(self) -> EntitySearch:
        from nuthatch_sqlite.entity_search import EntitySearch  # imports numpy

        mentions = self._caches.mentions
        return EntitySearch(self._connection, self._entities(), self._state.generation, mentions)

    @cached_property
    def _filters(self) -> Filters:
        from nuthatch_sqlite.filters import Filters  # imports numpy

        return Filters(self._connection, self._schema, self._state, self._caches, self._lookups)

    def _add_filters(self, sql: str, filters: Sequence[Filter]) -> Statement:
        """Return a statement with its filters filled in, and their values."""
        if "numpy" not in sys.modules:
            return add_filters(sql, filters, self._list_chunks)
        ids = self._filters.ids(filters)
        return add_chunks(sql, None if ids is None else ids.tolist())

    def _list_chunks(self, condition: Leaf) -> list[int]:
        """Return the ids of the chunks that pass a condition, without numpy if it is on values."""
        if isinstance(condition, Mentions | Exists):
            passing: list[int] = self._filters.ids([condition]).tolist()  # type: ignore[union-attr]
            return passing
        documents = [*scan_documents(self._connection, self._schema, condition)]
        found = rows(self._connection, schema.CHUNKS_OF, (json.dumps(documents),))
        return [chunk for (chunk,) in found]

    @cached_property
    def _is_first(self) -> bool:
        """Whether this is the first search of a process that has not imported numpy."""
        return self._caches.begin_search() and "numpy" not in sys.modules

    def _begins_in_sql(self, tokens: Sequence[str]) -> bool:
        """Return whether FTS5 answers before numpy could be imported; then record the use."""
        if not self._is_first or sum(self.document_frequencies(tokens).values()) > _IMPORT:
            return False
        for token in tokens:
            self._caches.terms.seen_before(self._state.generation, token)
        return True

    def _first_in_sql(self, rungs: Sequence[Rung], filters: Sequence[Filter]) -> int | None:
        """Search the rungs after the first, which is empty, by halves."""
        low, high = 0, len(rungs) - 1
        if high == 0 or not self._exists(rungs[high], filters):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self._exists(rungs[middle], filters):
                high = middle
            else:
                low = middle
        return high

    def _exists(self, rung: Rung, filters: Sequence[Filter]) -> bool:
        sql, values = self._add_filters(schema.EXISTS, filters)
        return one(self._connection, sql, (_expression(rung), *values)) is not None

    def _match_in_sql(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        if rung.operator == "AND" and not self._begins_in_sql(rung.words):
            few = self._rank_few_in_sql(rung, filters, limit)
            if few is not None:
                return few
        sql, values = self._add_filters(schema.MATCH, filters)
        found = rows(self._connection, sql, (_expression(rung), *values, limit))
        with readable("the scores of the matches"):
            candidates = [Candidate(chunk, -score) for chunk, score in found]
        total = len(candidates) if len(candidates) < limit else None
        return Matches(candidates, total, exact=True)

    def _rank_few_in_sql(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches | None:
        from nuthatch_sqlite.small_conjunction import rank_small_conjunction  # imports numpy

        sql, values = self._add_filters(schema.COUNTED, filters)
        frequencies = self.document_frequencies(rung.words)
        best = rank_small_conjunction(
            self._connection, sql, values, rung.words, limit, frequencies, self._state.statistics
        )
        return None if best is None else helpers.to_matches(best)

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Ids:
        allowed = self._filters.ids(filters)
        if rung is None:
            documents = self.columns(()).documents
            if allowed is None:
                return documents.ids[documents.live]
            return documents.first_chunks(allowed)
        combine = scoring.conjunction if rung.operator == "AND" else scoring.union
        ids = combine([*map(self._postings.ids, dict.fromkeys(rung.words))])
        return ids if allowed is None else scoring.conjunction([ids, allowed])

    def columns(self, fields: Sequence[str]) -> ArrayColumns:
        from nuthatch_sqlite.columns import read_columns  # imports numpy

        return read_columns(self._connection, self._state, self._caches.columns, fields)

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        terms = {token: self._postings.term(token) for token in rung.words}
        return helpers.explain_rung(rung, terms, keys)

    def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        return self._lookups.match(plan, self._filters.mask(plan.filters), limit)

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[FetchedChunk | None]:
        found = rows(self._connection, schema.FETCH, (json.dumps(keys),))
        stored = {row[0]: CompressedChunk(row, proofs=proofs, verify=True) for row in found}
        return [stored.get(key) for key in keys]

    def get(self, uri: str) -> Document | None:
        chunks = list(rows(self._connection, schema.GET, (uri,)))
        if not chunks:
            return None
        header, root, *_ = chunks[0]
        texts = [(start, text) for *_, start, text in chunks]
        return decode_document(uri, header, texts, root=root)

    def statistics(self) -> CollectionStatistics:
        return self._state.statistics

    def documents(self) -> Iterator[Document]:
        stored = rows(self._connection, schema.DOCUMENTS)
        found, last = 0, 0
        for first, group in groupby(stored, key=itemgetter(0)):
            chunks = list(group)
            if first <= last:
                raise IndexCorrupt(f"the documents are out of order at chunk {first}; {_RESTORE}")
            found, last = found + 1, first
            texts = [(start, text) for *_, start, text in chunks]
            _, header, root, *_ = chunks[0]
            yield decode_document(f"at chunk {first}", header, texts, root=root)
        if found != self._state.documents:
            raise IndexCorrupt(
                f"there are {found} documents, and {self._state.documents} were counted; {_RESTORE}"
            )


def _expression(rung: Rung) -> str:
    """Return the MATCH expression of a rung."""
    return f" {rung.operator} ".join(map(schema.quote_token, rung.words))
