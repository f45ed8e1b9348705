"""`Pool`: reading connections, lent to one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock, get_ident
from time import monotonic

import apsw

from nuthatch import BackendUnavailable, QueryTimeout
from nuthatch_sqlite.connection import inherit, prepare
from nuthatch_sqlite.identity import Identity

#: Seconds that a reader without a deadline waits for another one to finish.
WAIT = 30.0


@dataclass(eq=False, slots=True)
class Loan:
    """Says who has a connection; it has none while it is being made."""

    thread: int
    connection: apsw.Connection | None


class Pool:
    """Lends reading connections, at most `size` at a time; waits when all are lent."""

    def __init__(
        self, connect: Callable[[], apsw.Connection], size: int, identity: Identity
    ) -> None:
        self._connect = connect
        self._size = size
        self._identity = identity
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._idle: list[apsw.Connection] = []
        self._loans: set[Loan] = set()
        self._paused = 0
        self._waiting = 0

    @contextmanager
    def connection(self, *, fresh: bool = False) -> Iterator[apsw.Connection]:
        """Lends a connection; a fresh one is made for this and closed afterwards."""
        loan, connection = self.lend(fresh=fresh)
        try:
            yield connection
        finally:
            self.take_back(loan, keep=not fresh)

    def lend(
        self, deadline: float | None = None, *, fresh: bool = False
    ) -> tuple[Loan, apsw.Connection]:
        """Returns a connection and the loan by which it is taken back.

        Waits for one until the deadline (of `time.monotonic`), or `WAIT` seconds. Raises
        `QueryTimeout`, or a transient `BackendUnavailable`.
        """
        with self._lock:
            if self._paused or len(self._loans) >= self._size:
                self._wait(deadline)
            if self._closed:
                raise BackendUnavailable(f"{self._identity.path} was closed; open it again")
            self._identity.check()
            connection = self._idle.pop() if self._idle and not fresh else None
            loan = Loan(get_ident(), connection)
            self._loans.add(loan)
        if connection is None:
            try:
                connection = loan.connection = self._connect()
                prepare(connection)
            except BaseException:
                self.take_back(loan, keep=False)
                raise
        return loan, connection

    def _wait(self, deadline: float | None) -> None:
        """Waits for room; a pause, which ends by itself, does not count against the deadline."""
        ends = monotonic() + WAIT if deadline is None else deadline
        self._waiting += 1
        try:
            while self._paused or len(self._loans) >= self._size:
                left = None if self._paused else ends - monotonic()
                if left is not None and left <= 0:
                    self._refuse(deadline)
                self._changed.wait(left)
        finally:
            self._waiting -= 1

    def _refuse(self, deadline: float | None) -> None:
        busy = (
            f"all {self._size} reading connections of {self._identity.path} are in use; end what "
            "reads (a loop over documents() holds one), or raise readers"
        )
        if deadline is not None:
            raise QueryTimeout(f"the search waited for its whole timeout: {busy}")
        raise BackendUnavailable(busy, transient=True)

    def take_back(self, loan: Loan, *, keep: bool = True) -> None:
        """Ends a loan; without `keep` the connection is closed."""
        with self._lock:
            if loan not in self._loans:  # lent before a fork, to the parent
                return
            self._loans.remove(loan)
            if self._paused:
                self._changed.notify_all()
            elif self._waiting:
                self._changed.notify()
            if loan.connection is not None and keep and not self._closed:
                self._idle.append(loan.connection)
                return
        if loan.connection is not None:
            loan.connection.close()

    @property
    def closed(self) -> bool:
        """Is true once `close` was called."""
        return self._closed

    def close(self) -> None:
        """Closes what is idle now and the rest when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def pause(self, seconds: float) -> None:
        """Lends no more, waits for what other threads have, and closes what is idle."""
        with self._lock:
            self._paused += 1
            self._changed.wait_for(self._only_ours, seconds)
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _only_ours(self) -> bool:
        """Tells whether nothing is lent but what this thread has: that waits for us."""
        return all(loan.thread == get_ident() for loan in self._loans)

    def resume(self) -> None:
        """Lends again."""
        with self._lock:
            self._paused -= 1
            self._changed.notify_all()

    def restart(self) -> None:
        """Begins anew in a child process, whatever state the parent's threads left."""
        lent = [loan.connection for loan in self._loans if loan.connection is not None]
        inherit([*self._idle, *lent], self._identity)
        self._start()
