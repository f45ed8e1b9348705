"""`Snapshot`: one state of an index, read in one transaction or none; and `Attempt`: retries.

A search over a network waits for round trips. Two are saved:

- If the last searches saw the same state, a snapshot uses this cached state without reading it
  first (`use_cached_state`). It validates the state in the same round trip as its first statement.
  Where everything is cached, that statement fetches the texts.
- If the texts are fetched last (`ends_with_fetch`), ROLLBACK travels with them.

So a search whose data is all cached is one statement, which also validates the cached state. With
a timeout it is five statements in one round trip. If the cached state is stale, `StaleSnapshot` is
raised, and the backend repeats the search:

    with the cached state ── StaleSnapshot ──▶ with the state that is read first
              └───────────────────────┴── the session was lost ──▶ the same, once more

Callers and plugins see one search, within one timeout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any
from uuid import UUID

from nuthatch import BackendUnavailable, PlannedSearch, QueryTimeout
from nuthatch_postgres.client.errors import is_connection_lost
from nuthatch_postgres.client.pipeline import Executor, Rows, Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import Caches, State, Term


class StaleSnapshot(BackendUnavailable):
    """A snapshot has used a cached state that is no longer the newest."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} was written meanwhile; ask again", transient=True)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a search is run the next time, and whether a session was lost."""

    ends_with_fetch: bool
    use_cached_state: bool = True
    #: The last attempt lost its session; any attempt did.
    lost_session: bool = False
    lost_any: bool = False

    @classmethod
    def first(cls, search: PlannedSearch) -> Attempt:
        """Return the first attempt."""
        return cls(search.ends_with_fetch)

    @property
    def options(self) -> Mapping[str, bool]:
        """The keyword arguments of a snapshot."""
        return {
            "use_cached_state": self.use_cached_state,
            "ends_with_fetch": self.use_cached_state and self.ends_with_fetch,
        }

    def plan_retry(self, error: BackendUnavailable) -> Attempt:
        """Return the attempt that follows an error; raise the error if a retry would not help."""
        if self.use_cached_state and isinstance(error, StaleSnapshot):
            return replace(self, use_cached_state=False, lost_session=False)
        if not self.lost_any and is_connection_lost(error):
            return replace(self, lost_session=True, lost_any=True)
        raise error


class Snapshot:
    """Runs statements in one state of an index."""

    def __init__(
        self,
        executor: Executor,
        statements: Statements,
        caches: Caches,
        incarnation: UUID,
        place: str,
        deadline: float | None,
        *,
        use_cached_state: bool,
        ends_with_fetch: bool,
    ) -> None:
        self._executor = executor
        self._sql = statements
        self.caches = caches
        self._incarnation = incarnation
        self._place = place
        self._deadline = deadline
        self._ends_with_fetch = ends_with_fetch
        self._in_transaction = False
        self._state = caches.stable_state if use_cached_state else None
        self._needs_validation = self._state is not None
        #: The generation of the state; before the state is known, the newest that was seen.
        self.generation = (
            caches.newest if self._state is None else caches.generation_of(self._state)
        )
        #: The tokens that were looked up in this state; shared with other readers.
        self.terms: dict[str, Term | None] = (
            {} if self._state is None else caches.dictionary.entries(self.generation)
        )

    @property
    def has_state(self) -> bool:
        """Return whether the state was read or taken from the cache."""
        return self._state is not None

    @property
    def state(self) -> State:
        """The state of the snapshot, once it was read or taken from the cache."""
        assert self._state is not None
        return self._state

    def statement(self, statement: str) -> bytes:
        """Return a statement for this index."""
        return self._sql(statement)

    async def read_state(self) -> State:
        """Return the state; read it unless it was read or taken from the cache."""
        if self._state is None:
            await self.execute()
        return self.state

    async def fetch_texts(self, keys: Sequence[Any]) -> Rows:
        """Return the stored chunks with these keys."""
        if self._needs_validation and self._ends_with_fetch and self._deadline is None:
            rows = await self._execute_validated(queries.FETCH_VALIDATED, (list(keys),))
            return [row[1:] for row in rows if row[1] is not None]
        fetch = Statement(self._sql(queries.FETCH), (list(keys),))
        (rows,) = await self.execute(fetch, last=self._ends_with_fetch)
        return rows

    async def validate(self) -> None:
        """Validate the cached state unless that was done; call it before results are returned."""
        if self._needs_validation and self._deadline is None:
            await self._execute_validated(queries.VALIDATE, ())
        elif self._needs_validation:
            await self.execute(last=True)

    async def _execute_validated(self, statement: str, values: Sequence[Any]) -> Rows:
        """Run one statement outside of a transaction; its rows begin with the validation."""
        arguments = (self._incarnation, self.state.compactions, self.state.digest, *values)
        (rows,) = await self._executor([Statement(self._sql(statement), arguments)])
        if not rows[0][0]:
            self.caches.mark_stale(self.state)
            raise StaleSnapshot(self._place)
        self._needs_validation = False
        return rows

    async def execute(self, *statements: Statement, last: bool = False) -> list[Rows]:
        """Run statements in one round trip, in the snapshot's transaction.

        Begin the transaction if there is none, and then read and validate the state. End it after
        the `last` statements.
        """
        opening = [] if self._in_transaction else [Statement(queries.BEGIN.encode())]
        if self._deadline is not None:
            left = self._deadline - monotonic()
            if left <= 0:
                raise QueryTimeout(f"the search in {self._place} took longer than its timeout")
            milliseconds = f"{max(1, round(1000 * left))}ms"
            opening.append(Statement(queries.TIMEOUT.encode(), (milliseconds,)))
        if not self._in_transaction:
            opening.append(Statement(self._sql(queries.STATE)))
        if not (opening or statements):
            return []
        closing = [Statement(queries.ROLLBACK.encode())] if last else []
        rows = await self._executor([*opening, *statements, *closing])
        if not self._in_transaction:
            state = State.from_rows(rows[len(opening) - 1], self._incarnation, self._place)
            self._set_state(state, self.caches.record(state))
        self._in_transaction = not last
        return rows[len(opening) : len(opening) + len(statements)]

    def _set_state(self, state: State, generation: int) -> None:
        """Take over the state that was read; raise `StaleSnapshot` if the cached one differs."""
        if self._state is None:
            self._state, self.generation = state, generation
            self.terms = self.caches.dictionary.entries(generation)
        elif generation != self.generation:
            raise StaleSnapshot(self._place)
        self._needs_validation = False
