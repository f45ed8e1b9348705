"""`AsyncPostgresReader`: ranks what one snapshot holds; and the asynchronous port."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import nullcontext
from typing import Any, cast

import numpy as np
from psycopg import AsyncCursor

from nuthatch import (
    AsyncExplainingReader,
    AsyncFirstMatchReader,
    Candidate,
    Document,
    Filter,
    FirstMatch,
    Matches,
    Rung,
    StoredChunk,
)
from nuthatch.entities import AsyncEntityMatchingReader, EntityMatches, EntityPlan
from nuthatch.scoring import TopK, conjunction, conjunction_top_k, top_k
from nuthatch_postgres import queries
from nuthatch_postgres.async_pool import Connection
from nuthatch_postgres.connection import Port, Rows, Statement
from nuthatch_postgres.entity_reading import match_entities
from nuthatch_postgres.probing import probed
from nuthatch_postgres.read import Reading
from nuthatch_postgres.stored import document, stored


def async_port(connection: Connection) -> Port:
    """Return a port over an asynchronous connection."""

    async def port(statements: Sequence[Statement]) -> list[Rows]:
        return await _ask(connection, statements)

    return port


async def _ask(connection: Connection, statements: Sequence[Statement]) -> list[Rows]:
    cursors: list[AsyncCursor[Any]] = []
    async with connection.pipeline() if len(statements) > 1 else nullcontext():
        for sql, values, prepare in statements:
            cursors.append(await connection.execute(sql, values, prepare=prepare, binary=True))
    return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


class AsyncPostgresReader(
    Reading, AsyncFirstMatchReader, AsyncExplainingReader, AsyncEntityMatchingReader
):
    """Answers from one snapshot, over any port."""

    async def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        """Return for each token the number of chunks that hold it."""
        found = await self.look_up(tokens)
        return {token: 0 if term is None else term.df for token, term in found.items()}

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the best chunks of a rung."""
        if rung.operator == "OR":
            best = await probed(self, rung, filters, limit)
            if best is not None:
                return _matches(best)
        held, allowed = await self.gather(rung.tokens, filters)
        terms = [held[token] for token in rung.tokens]
        rank = top_k if rung.operator == "OR" else conjunction_top_k
        return _matches(rank(terms, limit, allowed))

    async def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        """Climb from the last rung, of the fewest tokens, up while something is left."""
        held, allowed = await self.gather(rungs[0].tokens, filters)
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

    async def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        """Return each token's part of the scores."""
        held, _ = await self.gather(rung.tokens, ())
        parts: list[dict[str, float]] = [{} for _ in keys]
        for token, term in held.items():
            for part, key in zip(parts, keys, strict=True):
                at = int(np.searchsorted(term.ids, np.uint32(cast(int, key))))
                there = at < term.df and int(term.ids[at]) == key
                impact = float(term.impacts[at]) if there else 0.0
                part[token] = impact * rung.tokens.count(token)
        return parts

    async def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        """Return the best documents of a plan."""
        return await match_entities(self, plan, limit)

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk | None]:
        """Return what is stored for each key."""
        rows = await self.ask_texts(queries.FETCH, queries.FETCH_PROVEN, (list(keys),))
        found = {row[0]: stored(row, proofs) for row in rows}
        return [found.get(cast(int, key)) for key in keys]

    async def get(self, uri: str) -> Document | None:
        """Return the document with this uri."""
        if "\0" in uri:  # no uri holds one, and PostgreSQL takes none
            return None
        (rows,) = await self.ask(Statement(self._sql(queries.GET), (uri,)))
        if not rows:
            return None
        return document(uri, rows[0][0], [(start, text) for _, start, text in rows])


def _matches(best: TopK) -> Matches:
    candidates = [*map(Candidate, best.ids.tolist(), best.scores.tolist())]
    return Matches(candidates, best.total, exact=True)
