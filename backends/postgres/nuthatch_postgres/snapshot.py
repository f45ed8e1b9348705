"""`Snapshot`: what a reader asks of one state of an index, and in which transactions.

A round trip is what a search over a network waits for. Two are saved:

- A snapshot that `believes` takes the state for that which others have seen, and has it read
  together with whatever is asked for first. Where all is cached, that is the texts.
- One that is asked for texts last (`fetch_last`) has ROLLBACK travel with that question.

So a search for what is cached is one statement, which tells whether the belief was right, too; with
a timeout it is five, in one trip. A state that is not the one believed raises `Overtaken`: the
backend searches again, without belief.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from nuthatch import BackendUnavailable, QueryTimeout
from nuthatch_postgres import queries
from nuthatch_postgres.connection import Port, Rows, Statement
from nuthatch_postgres.postings import Caches, State, Term
from nuthatch_postgres.queries import Statements


class Overtaken(BackendUnavailable):
    """Tells the backend that a snapshot has answered from what is not so any more."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} was written meanwhile; ask again", transient=True)


class Snapshot:
    """Asks the server for one state of an index, in one transaction or none."""

    def __init__(
        self,
        port: Port,
        statements: Statements,
        caches: Caches,
        mark: UUID,
        place: str,
        deadline: float | None,
        *,
        believes: bool,
        fetch_last: bool,
    ) -> None:
        self._port = port
        self._sql = statements
        self.caches = caches
        self._mark = mark
        self._place = place
        self._deadline = deadline
        self._fetch_last = fetch_last
        self._begun = False
        self._state = caches.believed if believes else None
        self._unproven = self._state is not None
        #: The number of the state; before it is known, of the newest that anybody has read.
        self.number = caches.newest if self._state is None else caches.number(self._state)
        #: What is known of tokens in this state; what is added to it is kept.
        self.known: dict[str, Term | None] = (
            {} if self._state is None else caches.known(self.number)
        )

    @property
    def has_state(self) -> bool:
        """Return whether the state is known, or believed to be."""
        return self._state is not None

    @property
    def state(self) -> State:
        """Is the state of the snapshot, once something was asked."""
        assert self._state is not None
        return self._state

    def statement(self, statement: str) -> bytes:
        """Return a statement for this index."""
        return self._sql(statement)

    async def begin(self) -> State:
        """Ask for the state alone, unless it is known or believed to be."""
        if self._state is None:
            await self.ask()
        return self.state

    async def ask_texts(self, statement: str, proven: str, values: Sequence[Any]) -> Rows:
        """Ask for texts; `proven` is the same statement within `PROVEN`."""
        if self._unproven and self._fetch_last and self._deadline is None:
            rows = await self._proven(proven, values)
            return [row[1:] for row in rows if row[1] is not None]
        asked = Statement(self._sql(statement), values)
        (rows,) = await self.ask(asked, last=self._fetch_last)
        return rows

    async def finish(self) -> None:
        """Prove the cached state that was answered from; call it before the answer is used."""
        if self._unproven and self._deadline is None:
            await self._proven(queries.PROOF, ())
        elif self._unproven:
            await self.ask(last=True)

    async def _proven(self, statement: str, values: Sequence[Any]) -> Rows:
        """Ask one statement outside of a transaction; its rows begin with what is proven."""
        given = (self._mark, self.state.sealed, self.state.digest, *values)
        (rows,) = await self._port([Statement(self._sql(statement), given)])
        if not rows[0][0]:
            self.caches.doubt(self.state)
            raise Overtaken(self._place)
        self._unproven = False
        return rows

    async def ask(self, *statements: Statement, last: bool = False) -> list[Rows]:
        """Ask in one round trip, in a transaction; begin one where there is none, and end it
        if that was the last."""
        opening = [] if self._begun else [Statement(queries.BEGIN.encode())]
        if self._deadline is not None:
            left = self._deadline - monotonic()
            if left <= 0:
                raise QueryTimeout(f"the search in {self._place} took longer than its timeout")
            opening.append(
                Statement(queries.TIMEOUT.encode(), (f"{max(1, round(1000 * left))}ms",))
            )
        if not self._begun:
            opening.append(Statement(self._sql(queries.STATE)))
        if not (opening or statements):
            return []
        closing = [Statement(queries.ROLLBACK.encode())] if last else []
        rows = await self._port([*opening, *statements, *closing])
        if not self._begun:
            state = State.of(rows[len(opening) - 1], self._mark, self._place)
            number = self.caches.see(state)
            if self._state is None:
                self._state, self.number = state, number
                self.known = self.caches.known(number)
            elif number != self.number:
                raise Overtaken(self._place)
            self._unproven = False
        self._begun = not last
        return rows[len(opening) : len(opening) + len(statements)]
