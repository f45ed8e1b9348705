"""Reading: one SQLite read transaction is one `Reader`.

OR    MaxScore over postings. A list comes from the cache or is read now; a long one is not read:
      its impacts in a few chunks are looked up (`lazy_postings`).
AND   The cache, if it holds every token. Otherwise FTS5 matches. It also scores, unless few chunks
      match: then it only counts (`small_conjunction`).

Where words have alternatives both go over postings, as FTS5 adds the scores of alternatives up.
Phrases and exclusions are sets of chunks, as filters are (`conditions`).

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
    DictionaryReader,
    Document,
    Exists,
    ExplainingReader,
    ExportingReader,
    FetchedChunk,
    Filter,
    FirstMatch,
    FirstMatchReader,
    IndexCorrupt,
    KnownWord,
    Leaf,
    Matches,
    Mentions,
    Phrase,
    Rung,
    Schema,
    scoring,
)
from nuthatch import postings as helpers
from nuthatch.postings import CompressedChunk, decode_document, readable
from nuthatch_sqlite import schema
from nuthatch_sqlite.column_scan import scan_documents
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.filter_sql import Statement, add_conditions, exclude, express, include
from nuthatch_sqlite.state import Caches, State, frequencies_of

if TYPE_CHECKING:
    from nuthatch.entities import EntityMatches, EntityPlan
    from nuthatch.postings import ArrayColumns
    from nuthatch.scoring import Allowed, Term
    from nuthatch_sqlite.conditions import Conditions
    from nuthatch_sqlite.entity import Entities
    from nuthatch_sqlite.entity_search import EntitySearch
    from nuthatch_sqlite.filters import Filters
    from nuthatch_sqlite.postings import Ids, Postings
    from nuthatch_sqlite.vocabulary import Dictionary

#: Postings that FTS5 walks over in the time it takes to import numpy.
_IMPORT = 200_000
_RESTORE = "restore the index from a copy, or index the corpus again"


class SqliteReader(
    FirstMatchReader, ExplainingReader, ExportingReader, ColumnReader, DictionaryReader
):
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
        if not self._begins_in_sql(rung):
            is_or = rung.operator == "OR"
            read = self._postings.disjunction if is_or else self._postings.conjunction
            terms = read(rung.slots)
            if terms is not None:
                rank = scoring.top_k if is_or else scoring.conjunction_top_k
                return helpers.to_matches(rank(terms, limit, self._allowed(rung, filters)))
        return self._match_in_sql(rung, filters, limit)

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        first = rungs[0]
        if not self._begins_in_sql(first):
            terms = self._postings.conjunction(first.slots)
            if terms is not None:
                return self._first_among(rungs, terms, self._allowed(first, filters), limit)
        # Most queries end on their first rung, and one that is empty is never scored.
        matches = self._match_in_sql(first, filters, limit)
        if matches.candidates:
            return FirstMatch(0, matches)
        index = self._first_in_sql(rungs, filters)
        if index is None:
            return None
        return FirstMatch(index, self._match_in_sql(rungs[index], filters, limit))

    def _first_among(
        self, rungs: Sequence[Rung], terms: Sequence[Term], allowed: Allowed | None, limit: int
    ) -> FirstMatch | None:
        """Climb by terms; those that are not read yet are looked up for the first rung."""
        if not all(term.is_loaded for term in terms):
            best = scoring.conjunction_top_k(terms, limit, allowed)
            if best.ids.size:
                return FirstMatch(0, helpers.to_matches(best))
        whole = {slot: term.whole() for slot, term in zip(rungs[0].slots, terms, strict=True)}
        return helpers.find_first_match(rungs, whole, allowed, limit)

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

    @cached_property
    def _conditions(self) -> Conditions:
        from nuthatch_sqlite.conditions import Conditions  # imports numpy

        return Conditions(self._connection, self._state, self._caches, self._postings)

    @cached_property
    def _dictionary(self) -> Dictionary:
        from nuthatch_sqlite.vocabulary import Dictionary  # imports numpy

        return Dictionary(self._connection, self._state, self._caches)

    def _allowed(self, rung: Rung, filters: Sequence[Filter]) -> Allowed | None:
        """Return the chunks that a rung may match, as ids or as a mask; None for all."""
        passing = self._filters.ids(filters) if filters else None
        if not (rung.phrases or rung.excluded):
            return passing
        return self._conditions.restrict(rung, passing)

    def _add_conditions(self, sql: str, rung: Rung, filters: Sequence[Filter]) -> Statement:
        """Return a statement with filters, phrases and exclusions filled in, and their values."""
        if "numpy" not in sys.modules:
            return add_conditions(sql, [*self._express(rung, filters)])
        allowed = self._allowed(rung, filters)
        if allowed is None:
            return add_conditions(sql, [])
        if allowed.dtype == bool:  # of few exclusions most are True
            return add_conditions(sql, [exclude((~allowed).nonzero()[0].tolist())])
        return add_conditions(sql, [include(allowed.tolist())])

    def _express(self, rung: Rung, filters: Sequence[Filter]) -> Iterator[Statement]:
        """Yield the conditions of a rung as parts of a statement, without numpy."""
        for item in filters:
            yield express(item, self._list_chunks)
        for phrase in rung.phrases:
            yield include(self._list_holders(phrase))
        for phrase in rung.excluded:
            hits = json.dumps(self._list_holders(phrase))
            yield exclude([row[0] for row in rows(self._connection, schema.SIBLINGS, (hits,))])

    def _list_holders(self, phrase: Phrase) -> list[int]:
        """Return the ids of the chunks where tokens stand one after another."""
        row = one(self._connection, schema.HOLDERS, (schema.quote_phrase(phrase),))
        with readable(f"the chunks that hold {' '.join(phrase)!r}"):
            return [] if row is None or row[0] is None else [*map(int, row[0].split())]

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
        """Whether this is the first search of an index in a process without numpy."""
        return self._caches.begin_search()

    def _begins_in_sql(self, rung: Rung) -> bool:
        """Return whether FTS5 answers before numpy could be imported; then record the use.

        It does not where a slot has alternatives: FTS5 would add their scores up.
        """
        if "numpy" in sys.modules or not self._is_first:
            return False
        if not all(slot.is_plain for slot in rung.slots):
            return False
        if sum(self.document_frequencies(rung.words).values()) > _IMPORT:
            return False
        for token in rung.words:
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
        sql, values = self._add_conditions(schema.EXISTS, rung, filters)
        return one(self._connection, sql, (_expression(rung), *values)) is not None

    def _match_in_sql(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        if rung.operator == "AND" and not self._begins_in_sql(rung):
            few = self._rank_few_in_sql(rung, filters, limit)
            if few is not None:
                return few
        sql, values = self._add_conditions(schema.MATCH, rung, filters)
        found = rows(self._connection, sql, (_expression(rung), *values, limit))
        with readable("the scores of the matches"):
            candidates = [Candidate(chunk, -score) for chunk, score in found]
        total = len(candidates) if len(candidates) < limit else None
        return Matches(candidates, total, exact=True)

    def _rank_few_in_sql(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches | None:
        from nuthatch_sqlite.small_conjunction import rank_small_conjunction  # imports numpy

        sql, values = self._add_conditions(schema.COUNTED, rung, filters)
        frequencies = self.document_frequencies(rung.words)
        best = rank_small_conjunction(
            self._connection, sql, values, rung.words, limit, frequencies, self._state.statistics
        )
        return None if best is None else helpers.to_matches(best)

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Ids:
        if rung is None:
            documents, passing = self.columns(()).documents, self._filters.ids(filters)
            if passing is None:
                return documents.ids[documents.live]
            return documents.first_chunks(passing)
        allowed = self._allowed(rung, filters)
        combine = scoring.conjunction if rung.operator == "AND" else scoring.union
        ids = combine([*map(self._postings.slot_ids, dict.fromkeys(rung.slots))])
        return scoring.intersect(ids, allowed)

    def columns(self, fields: Sequence[str]) -> ArrayColumns:
        from nuthatch_sqlite.columns import read_columns  # imports numpy

        return read_columns(self._connection, self._state, self._caches.columns, fields)

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        terms = {token: self._postings.term(token) for token in rung.tokens}
        return helpers.explain_rung(rung, terms, keys)

    def words(self, prefix: str, limit: int, edits: int = 0) -> Sequence[KnownWord]:
        return self._dictionary.words(prefix, limit, edits)

    def neighbours(self, word: str, edits: int, limit: int) -> Sequence[KnownWord]:
        return self._dictionary.neighbours(word, edits, limit)

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
