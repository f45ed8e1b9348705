"""Read terms and their postings in one snapshot, over any executor; `read.py` ranks them.

    1st trip   BEGIN, state, document frequencies (unless all are known in the newest state)
    2nd trip   postings and columns that are not cached; long lists in part (`block_max_pruning`)
    3rd trip   texts of the hits, ROLLBACK

A trip without statements is left out. If everything is cached, only the last is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np

from nuthatch import (
    CollectionStatistics,
    Filter,
    IndexCorrupt,
    Schema,
    Slot,
)
from nuthatch.postings import ArrayColumns, readable
from nuthatch.scoring import PostingList, TermScores, merge_terms, slot_key
from nuthatch_postgres.client.pipeline import Executor, Rows, Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import BlockPostings, Caches, Term
from nuthatch_postgres.search.filters import Filters, Mask
from nuthatch_postgres.search.snapshot import Snapshot
from nuthatch_postgres.storage.packed_ids import Ids, unpack_ids
from nuthatch_postgres.storage.posting_block import MODEL, Postings, decode, drop_deleted

#: Blocks from which on a list is long: one round trip more may cost less than reading it.
LONG: Final = 16
#: Looking up the block of a chunk costs as much as reading so many blocks of a list in order.
LOOK_UP_COST: Final = 2
#: Tokens from which on it is cheaper to go through all fresh postings once.
_MANY: Final = 200
_NO_SCORES = TermScores.of(PostingList.of((), (), ()), MODEL, CollectionStatistics(0, 0), df=0)


class PostingReader(Snapshot):
    """A snapshot that reads terms, postings and filters."""

    def __init__(
        self,
        executor: Executor,
        statements: Statements,
        caches: Caches,
        declared: Schema,
        incarnation: UUID,
        place: str,
        deadline: float | None,
        *,
        use_cached_state: bool = False,
        ends_with_fetch: bool = False,
    ) -> None:
        super().__init__(
            executor,
            statements,
            caches,
            incarnation,
            place,
            deadline,
            use_cached_state=use_cached_state,
            ends_with_fetch=ends_with_fetch,
        )
        self._places = {field.name: at for at, field in enumerate(declared.fields)}
        self.filters = Filters(statements, declared, caches)

    def field_number(self, field: str) -> int:
        """Return the place of a declared field in the schema."""
        return self._places[field]

    def defer_postings(self, token: str) -> bool:
        """Record that a search uses a token; return whether it need not read the whole list.

        It need not if the list is not cached and this is its first use in this state, or if
        nothing is cached at all.
        """
        if self.has_scores(token):
            return False
        if self.caches.blocks.get(self.state.compactions, token):
            return False
        seen_before = self.caches.terms.seen_before
        return not self.caches.enabled or not seen_before(self.generation, token)

    def has_scores(self, token: str) -> bool:
        """Return whether the scored postings of a token are cached."""
        return self.caches.terms.get(self.generation, token) is not None

    async def look_up(self, tokens: Sequence[str]) -> dict[str, Term | None]:
        """Return the dictionary's entries of tokens; None for those that it lacks."""
        distinct = list(dict.fromkeys(tokens))
        if distinct and not self.has_state:
            terms = self.caches.dictionary.entries(self.generation)
            if all(token in terms for token in distinct):
                await self.execute()  # read the state alone: the terms are known unless it is new
        missing = [token for token in distinct if token not in self.terms]
        if missing:
            terms_of = queries.TERMS if len(missing) < _MANY else queries.MANY_TERMS
            (rows,) = await self.execute(Statement(self._sql(terms_of), (missing,)))
            read = {token: Term(id_, int(df), bound) for token, id_, df, bound in rows}
            self.terms.update((token, read.get(token)) for token in missing)
        return {token: self.terms[token] for token in distinct}

    async def read_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return for each token the number of chunks that contain it."""
        terms = await self.look_up(tokens)
        return {token: 0 if term is None else term.df for token, term in terms.items()}

    async def read_scores(
        self, tokens: Sequence[str], filters: Sequence[Filter]
    ) -> tuple[dict[str, TermScores], Ids | None]:
        """Return each token's scored postings, and the ids that pass the filters.

        What is not cached is read in one round trip.
        """
        terms = await self.look_up(tokens)
        scores: dict[str, TermScores] = {}
        missing: dict[str, Term] = {}
        for token, term in terms.items():
            cached = self.caches.terms.get(self.generation, token) if term else _NO_SCORES
            if cached is not None:
                scores[token] = cached
            elif term is not None:
                missing[token] = term
        compactions = self.state.compactions
        blocks = {token: self.caches.blocks.get(compactions, token) for token in missing}
        uncached = [missing[token].id for token, postings in blocks.items() if postings is None]
        statements: list[Statement] = []
        if missing:
            statements.append(Statement(self._sql(queries.BLOCKS), (uncached,)))
            statements += self.recent_statements(missing.values())
        tombstones = self.caches.tombstones.get(compactions)
        if missing and tombstones is None:
            statements.append(Statement(self._sql(queries.TOMBSTONES)))
        reading = self.filters.begin(self.state, self.generation, filters)
        rows: list[Rows] = []
        if statements or reading.statements:
            rows = await self.execute(*statements, *reading.statements)
        if missing:
            if tombstones is None:
                tombstones = self._decode_tombstones(rows[len(statements) - 1])
            recent = rows[1] if self.state.digest else []
            scores |= self._score(missing, blocks, recent, rows[0], tombstones)
        return scores, reading.finish(rows[len(statements) :])

    async def read_slots(
        self, slots: Iterable[Slot], filters: Sequence[Filter]
    ) -> tuple[dict[Slot, TermScores], Ids | None]:
        """Return each slot as one term, and the ids that pass the filters.

        What is merged of alternatives is cached; then their own postings are not looked at.
        """
        distinct = [*dict.fromkeys(slots)]
        cache = self.caches.terms  # a token has no blank, so no slot's key is one
        merged: dict[Slot, TermScores] = {}
        several = [slot for slot in distinct if not slot.is_plain]
        if several:
            await self.read_state()
            cached = ((slot, cache.get(self.generation, slot_key(slot))) for slot in several)
            merged = {slot: term for slot, term in cached if term is not None}
        unread = [slot for slot in distinct if slot not in merged]
        tokens = [token for slot in unread for token in slot.tokens]
        scores, passing = await self.read_scores(tokens, filters)
        for slot in unread:
            if slot.is_plain:
                merged[slot] = scores[slot.word]
            else:
                weights = [weight for _, weight in slot.alternatives]
                merged[slot] = merge_terms([scores[token] for token in slot.tokens], weights)
                cache.put(self.generation, slot_key(slot), merged[slot])
        return merged, passing

    async def read_columns(self, fields: Iterable[str]) -> ArrayColumns:
        """Return the columns of fields; what is not kept is read in one round trip."""
        state = await self.read_state()
        reading = self.filters.begin_columns(state, self.generation, fields)
        rows = await self.execute(*reading.statements) if reading.statements else []
        return reading.finish(rows)

    async def read_passing(self, filters: Sequence[Filter]) -> Ids | None:
        """Return the ids of the chunks that pass filters; None without a filter."""
        reading = self.filters.begin(await self.read_state(), self.generation, filters)
        rows = await self.execute(*reading.statements) if reading.statements else []
        return reading.finish(rows)

    async def read_mask(self, filters: Sequence[Filter]) -> Mask | None:
        """Return the mask of what passes filters; None where there is no filter."""
        reading = self.filters.begin(await self.read_state(), self.generation, filters)
        rows = await self.execute(*reading.statements) if reading.statements else []
        return reading.finish_mask(rows)

    def recent_statements(self, terms: Iterable[Term]) -> list[Statement]:
        """Return the statement for the postings written since the compaction, if there are any."""
        if not self.state.digest:
            return []
        return [Statement(self._sql(queries.RECENT), ([term.id for term in terms],))]

    def _decode_tombstones(self, rows: Rows) -> Ids:
        if len(rows) != 1:
            raise IndexCorrupt(f"{self._place} has lost its tombstones; restore it from a copy")
        with readable("a list of chunks"):
            tombstones = unpack_ids(rows[0][0])
        self.caches.tombstones.put(self.state.compactions, tombstones)
        return tombstones

    def _score(
        self,
        missing: Mapping[str, Term],
        blocks: Mapping[str, BlockPostings | None],
        recent_rows: Rows,
        block_rows: Rows,
        tombstones: Ids,
    ) -> dict[str, TermScores]:
        """Return the scored postings of terms, and cache them."""
        recent, read = decode(recent_rows).sort(), decode(block_rows).sort()
        deleted = np.concatenate([tombstones, self.state.deleted])
        scores = {}
        for token, term in missing.items():
            compacted = blocks[token]
            if compacted is None:
                compacted = BlockPostings(*_select_term(read, term.id)[1:])
                self.caches.blocks.put(self.state.compactions, token, compacted)
            fresh = _select_term(recent, term.id)
            arrays = (np.concatenate(pair) for pair in zip(compacted, fresh[1:], strict=True))
            size = compacted.ids.size + fresh.ids.size
            postings = Postings(np.full(size, term.id, np.uint32), *arrays)
            live = drop_deleted(postings.sort(), deleted)
            if live.ids.size != term.df:
                raise IndexCorrupt(
                    f"{token!r} stands in {live.ids.size} chunks of {self._place} and the "
                    f"dictionary counts {term.df}; drop the index and index the corpus again"
                )
            with readable(f"the list of postings of {token!r}"):
                listed = PostingList.of(live.ids, live.tfs, live.lengths)
                scores[token] = TermScores.of(listed, MODEL, self.state.statistics, df=term.df)
            self.caches.terms.put(self.generation, token, scores[token])
        return scores


def _select_term(postings: Postings, term: int) -> Postings:
    """Return one term's part of sorted postings."""
    begin, end = np.searchsorted(postings.terms, np.array([term, term + 1], dtype=np.uint32))
    return Postings(*(array[begin:end] for array in postings))
