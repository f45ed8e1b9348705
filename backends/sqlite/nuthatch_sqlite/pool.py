"""`Pool`: reading connections, lent to one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock, Semaphore, get_ident
from time import monotonic

import apsw

from nuthatch import BackendUnavailable, QueryTimeout
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import inherit
from nuthatch_sqlite.identity import Identity

#: Seconds that a reader without a deadline waits for another one to finish.
WAIT = 30.0


@dataclass(eq=False, slots=True)
class _Loan:
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
        self._free = Semaphore(self._size)
        self._idle: list[apsw.Connection] = []
        self._loans: set[_Loan] = set()
        self._paused = 0

    @contextmanager
    def connection(
        self, *, fresh: bool = False, deadline: float | None = None
    ) -> Iterator[apsw.Connection]:
        """Lends a connection; a fresh one is made for this and closed afterwards.

        Waits for one until the deadline (of `time.monotonic`), or `WAIT` seconds. Raises
        `QueryTimeout`, or a transient `BackendUnavailable`.
        """
        free = self._free
        if not free.acquire(timeout=WAIT if deadline is None else max(0.0, deadline - monotonic())):
            self._refuse(deadline)
        try:
            loan = self._lend(fresh)
            try:
                if loan.connection is None:
                    loan.connection = self._new()
                yield loan.connection
            finally:
                self._take_back(loan, keep=not fresh)
        finally:
            free.release()

    def _refuse(self, deadline: float | None) -> None:
        busy = (
            f"all {self._size} reading connections of {self._identity.path} are in use; end what "
            "reads (a loop over documents() holds one), or raise readers"
        )
        if deadline is not None:
            raise QueryTimeout(f"the search waited for its whole timeout: {busy}")
        raise BackendUnavailable(busy, transient=True)

    def _lend(self, fresh: bool) -> _Loan:
        with self._lock:
            while self._paused:
                self._changed.wait()
            if self._closed:
                raise BackendUnavailable(f"{self._identity.path} was closed; open it again")
            self._identity.check()
            loan = _Loan(get_ident(), self._idle.pop() if self._idle and not fresh else None)
            self._loans.add(loan)
            return loan

    def _new(self) -> apsw.Connection:
        connection = self._connect()
        connection.execute(schema.VOCABULARY)
        return connection

    def _take_back(self, loan: _Loan, *, keep: bool) -> None:
        with self._lock:
            if loan not in self._loans:  # lent before a fork, to the parent
                return
            self._loans.remove(loan)
            if self._paused:
                self._changed.notify_all()
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
