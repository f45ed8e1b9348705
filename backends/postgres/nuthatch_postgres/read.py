"""Reading: words and their postings in one snapshot, without saying how the server is asked.

Every method awaits a port of statements: over a connection it answers at once, over an
asynchronous one it waits. `async_reader` ranks what is read here.

    1st trip   BEGIN, the state, the tokens' frequencies unless they were known in the newest state
    2nd trip   postings and filters, as far as they are not cached; long lists in part (`probing`)
    3rd trip   the hits' texts, ROLLBACK

Each is left out where there is nothing to ask. A search for what is cached takes the last alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import numpy as np

from nuthatch import (
    Filter,
    IndexCorrupt,
    Schema,
)
from nuthatch.scoring import CollectionStatistics, PostingList, TermScores
from nuthatch_postgres import queries
from nuthatch_postgres.block import Postings, decode
from nuthatch_postgres.connection import Port, Rows, Statement
from nuthatch_postgres.failure import readable
from nuthatch_postgres.filtering import Filters
from nuthatch_postgres.postings import MODEL, Caches, Ids, Sealed, Term, ids_of, live
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.snapshot import Snapshot

_NOTHING = TermScores.of(PostingList.of((), (), ()), MODEL, CollectionStatistics(0, 0), df=0)


class Reading(Snapshot):
    """Reads from one snapshot."""

    def __init__(
        self,
        port: Port,
        statements: Statements,
        caches: Caches,
        declared: Schema,
        mark: UUID,
        place: str,
        deadline: float | None,
        *,
        believes: bool = False,
        fetch_last: bool = False,
    ) -> None:
        super().__init__(
            port,
            statements,
            caches,
            mark,
            place,
            deadline,
            believes=believes,
            fetch_last=fetch_last,
        )
        self._fields = {each.name: (at, each.type) for at, each in enumerate(declared.fields)}
        self.filters = Filters(statements, self._fields, caches.filters, caches.masks)

    def place_of(self, field: str) -> int:
        """Return the place of a declared field in the schema."""
        return self._fields[field][0]

    def is_unread(self, token: str) -> bool:
        """Return whether a token's postings are not cached, and need not be as it is asked for the
        first time in this state, or nothing is cached at all; notes that it was asked for."""
        terms = self.caches.terms
        if terms.get(self.number, token) or self.caches.sealed.get(self.state.sealed, token):
            return False
        return not terms.info().max_bytes or not terms.seen_before(self.number, token)

    async def look_up(self, tokens: Sequence[str]) -> dict[str, Term | None]:
        """Return what the dictionary knows of tokens; None for one that it does not have."""
        distinct = list(dict.fromkeys(tokens))
        if distinct and not self.has_state:
            known = self.caches.known(self.number)
            if all(token in known for token in distinct):
                await self.ask()  # they need not be asked for, unless it has changed
        wanted = [token for token in distinct if token not in self.known]
        if wanted:
            (rows,) = await self.ask(Statement(self._sql(queries.TERMS), (wanted,)))
            found = {token: Term(id_, int(df), bound) for token, id_, df, bound in rows}
            self.known.update((token, found.get(token)) for token in wanted)
        return {token: self.known[token] for token in distinct}

    async def gather(
        self, tokens: Sequence[str], filters: Sequence[Filter]
    ) -> tuple[dict[str, TermScores], Ids | None]:
        """Return each token's scored postings and what passes the filters, in one round trip."""
        found = await self.look_up(tokens)
        held: dict[str, TermScores] = {}
        missing: dict[str, Term] = {}
        for token, term in found.items():
            cached = self.caches.terms.get(self.number, token) if term else _NOTHING
            if cached is not None:
                held[token] = cached
            elif term is not None:
                missing[token] = term
        sealed = {token: self.caches.sealed.get(self.state.sealed, token) for token in missing}
        unread = [missing[token].id for token, postings in sealed.items() if postings is None]
        asked: list[Statement] = []
        if missing:
            asked.append(Statement(self._sql(queries.BLOCKS), (unread,)))
            asked += self.recent(missing.values())
        tombstones = self.caches.tombstones(self.state.sealed)
        if missing and tombstones is None:
            asked.append(Statement(self._sql(queries.TOMBSTONES)))
        known = self.filters.known(self.number, filters)
        selections = self.filters.selections(known)
        rows: list[Rows] = []
        if asked or selections:
            rows = await self.ask(*asked, *selections)
        if missing:
            if tombstones is None:
                tombstones = self._tombstones(rows[len(asked) - 1])
            recent = rows[1] if self.state.digest else []
            held |= self._scored(missing, sealed, recent, rows[0], tombstones)
        return held, self.filters.allowed(self.number, known, rows[len(asked) :])

    def recent(self, terms: Iterable[Term]) -> list[Statement]:
        """Return what reads the postings written since the seal, if anything was."""
        if not self.state.digest:
            return []
        return [Statement(self._sql(queries.RECENT), ([term.id for term in terms],))]

    def _tombstones(self, rows: Rows) -> Ids:
        if len(rows) != 1:
            raise IndexCorrupt(f"{self._place} has lost its tombstones; restore it from a copy")
        with readable("a list of chunks"):
            tombstones = ids_of(rows[0][0])
        self.caches.keep_tombstones(self.state.sealed, tombstones)
        return tombstones

    def _scored(
        self,
        missing: Mapping[str, Term],
        sealed: Mapping[str, Sealed | None],
        recent: Rows,
        blocks: Rows,
        tombstones: Ids,
    ) -> dict[str, TermScores]:
        fresh, read = decode(recent).ordered(), decode(blocks).ordered()
        dead = np.concatenate([tombstones, self.state.gone])
        held = {}
        for token, term in missing.items():
            kept = sealed[token]
            if kept is None:
                kept = Sealed(*_of(read, term.id)[1:])
                self.caches.sealed.put(self.state.sealed, token, kept)
            new = _of(fresh, term.id)
            both = (np.concatenate(pair) for pair in zip(kept, new[1:], strict=True))
            every = Postings(np.full(kept.ids.size + new.ids.size, term.id, np.uint32), *both)
            part = live(every.ordered(), dead)
            if part.ids.size != term.df:
                raise IndexCorrupt(
                    f"{token!r} stands in {part.ids.size} chunks of {self._place} and the "
                    f"dictionary counts {term.df}; drop the index and index the corpus again"
                )
            with readable(f"the list of postings of {token!r}"):
                listed = PostingList.of(part.ids, part.tfs, part.lengths)
                held[token] = TermScores.of(listed, MODEL, self.state.statistics, df=term.df)
            self.caches.terms.put(self.number, token, held[token])
        return held


def _of(postings: Postings, term: int) -> Postings:
    """Return one term's part of ordered postings."""
    begin, end = np.searchsorted(postings.terms, np.array([term, term + 1], dtype=np.uint32))
    return Postings(*(array[begin:end] for array in postings))
