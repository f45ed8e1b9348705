"""`Snapshot`: one transaction that reads, begun with the first question, and the state it sees.

A round trip is what a search over a network waits for. Where it is read `briefly`, for one search,
which asks for texts at its end and can begin anew, two are saved:

- ROLLBACK travels with the question for texts. Whoever asks for more afterwards begins a new
  transaction.
- The state is believed to be the one that others have seen, and is read together with whatever is
  asked for first. Where all is cached, that is the texts: one trip for the whole search.

A transaction that sees another state than the one before, or than was believed, raises `Overtaken`:
what was answered so far may be wrong by now, and the search begins anew, not briefly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any
from uuid import UUID

from nuthatch import BackendUnavailable, QueryTimeout
from nuthatch_postgres import queries
from nuthatch_postgres.connection import Asking, Rows, Statement
from nuthatch_postgres.postings import Caches, State, Term
from nuthatch_postgres.queries import Statements

_brief: ContextVar[bool] = ContextVar("brief", default=False)


@contextmanager
def briefly() -> Iterator[None]:
    """Has the first snapshot that is made inside answer one search, which can begin anew."""
    token = _brief.set(True)
    try:
        yield
    finally:
        _brief.reset(token)


class Overtaken(BackendUnavailable):
    """Tells that the index was written while it was read in two transactions."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} was written meanwhile; ask again", transient=True)


class Snapshot:
    """Asks the server in transactions that all see the same state of an index."""

    def __init__(
        self,
        statements: Statements,
        caches: Caches,
        mark: UUID,
        place: str,
        deadline: float | None,
    ) -> None:
        self._sql = statements
        self.caches = caches
        self._mark = mark
        self._place = place
        self._deadline = deadline
        self._brief = _brief.get()
        if self._brief:
            _brief.set(False)
        self._begun = False
        self._state = caches.believed if self._brief else None
        self._unproven = self._state is not None
        #: The number of the state; before it is known, of the newest that anybody has read.
        self.number = caches.newest if self._state is None else caches.number(self._state)
        #: What is known of tokens in this state; what is added to it is kept.
        self.known: dict[str, Term | None] = self._known()

    def _known(self) -> dict[str, Term | None]:
        return {} if self._state is None else self.caches.known(self.number)

    @property
    def has_state(self) -> bool:
        """Tells whether the state is known, or believed to be."""
        return self._state is not None

    @property
    def state(self) -> State:
        """Is the state of the snapshot, once something was asked."""
        assert self._state is not None
        return self._state

    def statement(self, statement: str) -> bytes:
        """Returns a statement for this index."""
        return self._sql(statement)

    def begin(self) -> Asking[State]:
        """Asks for the state alone, unless it is known or believed to be."""
        if self._state is None:
            yield from self.ask()
        return self.state

    def ask(self, *statements: Statement) -> Asking[list[Rows]]:
        """Asks in one round trip, in a transaction; begins one where there is none."""
        return (yield from self._asked(statements, ()))

    def ask_last(self, statement: str, proven: str, values: Sequence[Any]) -> Asking[Rows]:
        """Asks what is likely to be asked last; `proven` is the same statement within `PROVEN`."""
        if self._unproven and self._deadline is None:
            rows = yield from self._proven(proven, values)
            return [row[1:] for row in rows if row[1] is not None]
        closing = (Statement(queries.ROLLBACK.encode()),) if self._brief else ()
        (rows,) = yield from self._asked((Statement(self._sql(statement), values),), closing)
        return rows

    def finish(self) -> Asking[None]:
        """Has a belief proven by which all was answered; to be called before the answer is used."""
        if self._unproven and self._deadline is None:
            yield from self._proven(queries.PROOF, ())
        elif self._unproven:
            yield from self._asked((), (Statement(queries.ROLLBACK.encode()),))

    def _proven(self, statement: str, values: Sequence[Any]) -> Asking[Rows]:
        """Asks one statement outside of a transaction; its rows begin with what is proven."""
        given = (self._mark, self.state.sealed, self.state.digest, *values)
        (rows,) = yield [Statement(self._sql(statement), given)]
        if not rows[0][0]:
            self.caches.doubt()
            raise Overtaken(self._place)
        self._unproven = False
        return rows

    def _asked(
        self, statements: tuple[Statement, ...], closing: tuple[Statement, ...]
    ) -> Asking[list[Rows]]:
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
        rows = yield [*opening, *statements, *closing]
        if not self._begun:
            self._see(State.of(rows[len(opening) - 1], self._mark, self._place))
        self._begun = not closing
        return rows[len(opening) : len(opening) + len(statements)]

    def _see(self, state: State) -> None:
        """Takes note of what a transaction sees, which must be what is believed."""
        number = self.caches.see(state)
        if self._state is not None and number != self.number:
            raise Overtaken(self._place)
        self._state, self.number, self._unproven = state, number, False
        self.known = self._known()
