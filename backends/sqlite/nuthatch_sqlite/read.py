"""Reading: one SQLite read transaction is one `Reader`.

OR    MaxScore over postings. A list comes from the cache or is read now; a long one is not read:
      its impacts in a few chunks are looked up (`lazy_postings`).
AND   The cache, if it holds every token. Otherwise FTS5 matches. It also scores, unless few chunks
      match: then it only counts (`small_conjunction`).

With the cache turned off FTS5 scores the OR, too.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import apsw
import numpy as np

from nuthatch import (
    Candidate,
    Document,
    ExplainingReader,
    ExportingReader,
    FetchedChunk,
    Filter,
    FirstMatch,
    FirstMatchReader,
    IndexCorrupt,
    Matches,
    Rung,
)
from nuthatch.entities import EntityMatches, EntityMatchingReader, EntityPlan
from nuthatch.postings import (
    CompressedChunk,
    decode_document,
    explain_rung,
    find_first_match,
    readable,
    to_matches,
)
from nuthatch.scoring import TopK, conjunction_top_k, top_k
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.entity import Entities
from nuthatch_sqlite.entity_search import EntitySearch
from nuthatch_sqlite.filters import Filters
from nuthatch_sqlite.postings import Caches, Postings, State
from nuthatch_sqlite.small_conjunction import rank_small_conjunction

_RESTORE = "restore the index from a copy, or index the corpus again"


class SqliteReader(FirstMatchReader, ExplainingReader, ExportingReader, EntityMatchingReader):
    """Answers from one snapshot."""

    def __init__(self, connection: apsw.Connection, caches: Caches, entities: Entities) -> None:
        self._connection = connection
        self._state = State.read(connection)
        self._lookups = EntitySearch(connection, entities, self._state.generation, caches.mentions)
        self._postings = Postings(connection, self._state, caches)
        self._filters = Filters(connection, self._state, caches, self._lookups)

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return self._postings.frequencies(tokens)

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        if rung.operator == "OR":
            terms = self._postings.disjunction(rung.tokens)
            if terms is not None:
                return to_matches(top_k(terms, limit, self._filters.ids(filters)))
        else:
            scores = self._postings.conjunction(rung.tokens)
            if scores is not None:
                return to_matches(conjunction_top_k(scores, limit, self._filters.ids(filters)))
        return self._match_in_sql(rung, filters, limit)

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        terms = self._postings.conjunction(rungs[0].tokens)
        if terms is not None:
            by_token = dict(zip(rungs[0].tokens, terms, strict=True))
            return find_first_match(rungs, by_token, self._filters.ids(filters), limit)
        # Most queries end on their first rung, and one that is empty is never scored.
        matches = self._match_in_sql(rungs[0], filters, limit)
        if matches.candidates:
            return FirstMatch(0, matches)
        index = self._first_in_sql(rungs, filters)
        if index is None:
            return None
        return FirstMatch(index, self._match_in_sql(rungs[index], filters, limit))

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
        sql, values = self._filters.add_to(schema.EXISTS, filters)
        return one(self._connection, sql, (_expression(rung), *values)) is not None

    def _match_in_sql(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        if rung.operator == "AND":
            best = self._rank_few_in_sql(rung, filters, limit)
            if best is not None:
                return to_matches(best)
        sql, values = self._filters.add_to(schema.MATCH, filters)
        found = rows(self._connection, sql, (_expression(rung), *values, limit))
        with readable("the scores of the matches"):
            candidates = [Candidate(chunk, -score) for chunk, score in found]
        total = len(candidates) if len(candidates) < limit else None
        return Matches(candidates, total, exact=True)

    def _rank_few_in_sql(self, rung: Rung, filters: Sequence[Filter], limit: int) -> TopK | None:
        sql, values = self._filters.add_to(schema.COUNTED, filters)
        frequencies = self._postings.frequencies(rung.tokens)
        return rank_small_conjunction(
            self._connection, sql, values, rung.tokens, limit, frequencies, self._state.statistics
        )

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        ids = np.array(keys, dtype=np.uint32)
        terms = {token: self._postings.term(token) for token in rung.tokens}
        return explain_rung(rung, terms, ids)

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
    return f" {rung.operator} ".join(map(schema.quote_token, rung.tokens))
