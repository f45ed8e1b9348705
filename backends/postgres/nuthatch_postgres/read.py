"""Reading: what one snapshot is asked, without saying how it is asked.

Every method is a generator of statements, so that `PostgresReader` answers them over a connection
and `AsyncPostgresReader` over an asynchronous one.

    1st trip   BEGIN, the state, the tokens' frequencies unless they were known in the newest state
    2nd trip   postings and filters, as far as they are not cached; long lists in part (`probing`)
    3rd trip   the hits' texts, ROLLBACK

Each is left out where there is nothing to ask. A search for what is cached takes the last alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import cast
from uuid import UUID

import numpy as np

from nuthatch import (
    Candidate,
    Document,
    Filter,
    FirstMatch,
    IndexCorrupt,
    Matches,
    Rung,
    Schema,
    Stored,
)
from nuthatch.scoring import TermScores, TopK, conjunction, conjunction_top_k, top_k
from nuthatch_postgres import queries
from nuthatch_postgres.block import EMPTY, Postings, decode
from nuthatch_postgres.connection import Asking, Rows, Statement
from nuthatch_postgres.failure import readable
from nuthatch_postgres.filtering import Filters
from nuthatch_postgres.postings import Caches, Ids, Sealed, State, Term, ids_of, live, scored
from nuthatch_postgres.probing import probed
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.snapshot import Snapshot
from nuthatch_postgres.stored import document, stored

_NOTHING = scored(EMPTY, State(0, 0, 0, 0, 1.0, b"", ids_of(b"")), 0, "")


class Reading(Snapshot):
    """Asks one snapshot."""

    def __init__(
        self,
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
            statements, caches, mark, place, deadline, believes=believes, fetch_last=fetch_last
        )
        self._fields = {each.name: (at, each.type) for at, each in enumerate(declared.fields)}
        self.filters = Filters(statements, self._fields, caches.filters, caches.masks)

    def place_of(self, field: str) -> int:
        """Returns the place of a declared field in the schema."""
        return self._fields[field][0]

    def frequencies(self, tokens: Sequence[str]) -> Asking[dict[str, int]]:
        """Returns for each token the number of chunks that hold it."""
        found = yield from self.look_up(tokens)
        return {token: 0 if term is None else term.df for token, term in found.items()}

    def is_unread(self, token: str) -> bool:
        """Tells whether a token's postings are not cached, and need not be as it is asked for the
        first time in this state, or nothing is cached at all; notes that it was asked for."""
        terms = self.caches.terms
        if terms.get(self.number, token) or self.caches.sealed.get(self.state.sealed, token):
            return False
        return not terms.info().max_bytes or not terms.touched(self.number, token)

    def look_up(self, tokens: Sequence[str]) -> Asking[dict[str, Term | None]]:
        """Returns what the dictionary knows of tokens; None for one that it does not have."""
        distinct = list(dict.fromkeys(tokens))
        if distinct and not self.has_state:
            known = self.caches.known(self.number)
            if all(token in known for token in distinct):
                yield from self.begin()  # they need not be asked for, unless it has changed
        wanted = [token for token in distinct if token not in self.known]
        if wanted:
            (rows,) = yield from self.ask(Statement(self._sql(queries.TERMS), (wanted,)))
            found = {token: Term(id_, int(df), bound) for token, id_, df, bound in rows}
            self.known.update((token, found.get(token)) for token in wanted)
        return {token: self.known[token] for token in distinct}

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Asking[Matches]:
        """Returns the best chunks of a rung."""
        if rung.operator == "OR":
            best = yield from probed(self, rung, filters, limit)
            if best is not None:
                return _matches(best)
        held, allowed = yield from self.gather(rung.tokens, filters)
        terms = [held[token] for token in rung.tokens]
        rank = top_k if rung.operator == "OR" else conjunction_top_k
        return _matches(rank(terms, limit, allowed))

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> Asking[FirstMatch | None]:
        """Climbs from the last rung, of the fewest tokens, up while something is left."""
        held, allowed = yield from self.gather(rungs[0].tokens, filters)
        winner: int | None = None
        ids = allowed
        tokens: set[str] = set()
        for index in range(len(rungs) - 1, -1, -1):
            fresh = [held[token].ids for token in set(rungs[index].tokens) - tokens]
            tokens.update(rungs[index].tokens)
            if fresh:
                ids = conjunction([*fresh, *(() if ids is None else (ids,))])
            if ids is None or not ids.size:
                break
            winner = index
        if winner is None:
            return None
        terms = [held[token] for token in rungs[winner].tokens]
        return FirstMatch(winner, _matches(conjunction_top_k(terms, limit, allowed)))

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> Asking[list[dict[str, float]]]:
        """Returns each token's part of the scores."""
        held, _ = yield from self.gather(rung.tokens, ())
        parts: list[dict[str, float]] = [{} for _ in keys]
        for token, term in held.items():
            for part, key in zip(parts, keys, strict=True):
                at = int(np.searchsorted(term.ids, np.uint32(cast(int, key))))
                there = at < term.df and int(term.ids[at]) == key
                impact = float(term.impacts[at]) if there else 0.0
                part[token] = impact * rung.tokens.count(token)
        return parts

    def gather(
        self, tokens: Sequence[str], filters: Sequence[Filter]
    ) -> Asking[tuple[dict[str, TermScores], Ids | None]]:
        """Returns each token's scored postings and what passes the filters, in one round trip."""
        found = yield from self.look_up(tokens)
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
            rows = yield from self.ask(*asked, *selections)
        if missing:
            if tombstones is None:
                tombstones = self._tombstones(rows[len(asked) - 1])
            recent = rows[1] if self.state.digest else []
            held |= self._scored(missing, sealed, recent, rows[0], tombstones)
        return held, self.filters.allowed(self.number, known, rows[len(asked) :])

    def recent(self, terms: Iterable[Term]) -> list[Statement]:
        """Returns what reads the postings written since the seal, if anything was."""
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
            held[token] = scored(part, self.state, term.df, token)
            self.caches.terms.put(self.number, token, held[token])
        return held

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Asking[list[Stored | None]]:
        """Returns what is stored for each key."""
        rows = yield from self.ask_texts(queries.FETCH, queries.FETCH_PROVEN, (list(keys),))
        found = {row[0]: stored(row, proofs) for row in rows}
        return [found.get(cast(int, key)) for key in keys]

    def get(self, uri: str) -> Asking[Document | None]:
        """Returns the document with this uri."""
        if "\0" in uri:  # no uri holds one, and PostgreSQL takes none
            return None
        (rows,) = yield from self.ask(Statement(self._sql(queries.GET), (uri,)))
        if not rows:
            return None
        return document(uri, rows[0][0], [(start, text) for _, start, text in rows])


def _of(postings: Postings, term: int) -> Postings:
    """Returns one term's part of ordered postings."""
    begin, end = np.searchsorted(postings.terms, np.array([term, term + 1], dtype=np.uint32))
    return Postings(*(array[begin:end] for array in postings))


def _matches(best: TopK) -> Matches:
    candidates = [*map(Candidate, best.ids.tolist(), best.scores.tolist())]
    return Matches(candidates, best.total, exact=True)
