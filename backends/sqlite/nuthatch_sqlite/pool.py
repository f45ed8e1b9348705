"""`Pool`: reading connections, each in use by one `ConnectionLease` at a time.

    with ConnectionLease(pool, SqliteReader, deadline) as reader:      in a transaction

An interrupt may arrive between any two instructions of this. So a connection is kept for the next
one only after it was seen to be at rest: in no transaction, with no statement half read. In every
other case SQLite's own code closes it, at once or when the lease is collected.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Final, Generic, TypeVar
from weakref import ref

import apsw

from nuthatch import BackendUnavailable, Lease, Leases, QueryTimeout
from nuthatch_sqlite.connection import bound_page_cache, comes_to_rest, inherit, prepare
from nuthatch_sqlite.failure import translated
from nuthatch_sqlite.file_identity import FileIdentity

T = TypeVar("T")
#: Seconds that a reader without a deadline waits for another one to finish.
WAIT: Final = 30.0
#: Virtual machine steps between two looks at the clock: well under a millisecond.
_STEPS: Final = 10_000


class Pool:
    """Keeps reading connections, at most `size` of them in use; others wait for one.

    All share `page_cache_bytes`. One alone has it all. When one more is made, the others, which
    are in use then, get their smaller part as they come back.
    """

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        size: int,
        identity: FileIdentity,
        page_cache_bytes: int,
    ) -> None:
        self._connect = connect
        self._size = size
        self.identity = identity
        self._page_cache_bytes = page_cache_bytes
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._leases = Leases(self._size)
        self._lock = Lock()
        self._idle: list[apsw.Connection] = []
        #: Whatever was made and is not gone, for a child process.
        self._made: set[ref[apsw.Connection]] = set()
        #: Those of them whose part of the page cache is one of fewer connections.
        self._oversized: set[ref[apsw.Connection]] = set()

    def acquire(
        self, lease: Lease, deadline: float | None = None, *, fresh: bool = False
    ) -> apsw.Connection:
        """Return a connection for a lease; the caller ends it by `release`, whatever happens here.

        Wait for a place until the deadline (of `time.monotonic`), or `WAIT` seconds. A fresh
        connection is made for this. Raise `QueryTimeout`, or a transient `BackendUnavailable`.
        """
        if not self._leases.acquire(lease, WAIT if deadline is None else deadline - monotonic()):
            self._refuse(deadline)
        if self._closed:
            raise BackendUnavailable(f"{self.identity.path} was closed; open it again")
        self.identity.check()
        if not fresh:
            try:
                return self._idle.pop()
            except IndexError:  # none is unused
                pass
        connection = self._connect()
        with self._lock:
            self._made = {made for made in self._made if made() is not None}
            self._oversized = set(self._made)
            self._made.add(ref(connection))
            bound_page_cache(connection, self._page_cache_bytes // len(self._made))
        prepare(connection)
        return connection

    def _refuse(self, deadline: float | None) -> None:
        busy = (
            f"all {self._size} reading connections of {self.identity.path} are in use; end what "
            "reads (a loop over documents() holds one), or raise readers"
        )
        if deadline is not None:
            raise QueryTimeout(f"the search waited for its whole timeout: {busy}")
        raise BackendUnavailable(busy, transient=True)

    def release(
        self, lease: Lease, connection: apsw.Connection | None, *, keep: bool = True
    ) -> None:
        """End a lease; its connection is closed where it is not at rest, or not to be kept."""
        try:
            if connection is not None and not (
                comes_to_rest(connection) and keep and self._fit_page_cache(connection)
            ):
                connection.close(force=True)
            elif connection is not None:
                self._keep(connection)
        finally:
            self._leases.release(lease)

    def _fit_page_cache(self, connection: apsw.Connection) -> bool:
        """Give a connection that comes back its part; return False where SQLite refuses."""
        with self._lock:
            if ref(connection) not in self._oversized:
                return True
            self._oversized.discard(ref(connection))
            part = self._page_cache_bytes // len(self._made)
        try:
            bound_page_cache(connection, part)
        except apsw.Error:  # the caller closes it then
            return False
        return True

    def _keep(self, connection: apsw.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Close what is idle now, and the rest when it comes back."""
        with self._lock:
            self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def pause(self, seconds: float) -> None:
        """Lease none, wait for those that other threads hold, and close the idle ones."""
        self._leases.pause(seconds)
        self._close_idle()

    def resume(self) -> None:
        """Lease connections again."""
        self._leases.resume()

    def restart(self) -> None:
        """Start again in a child process, with new locks and no connections."""
        made = [made() for made in self._made]
        inherit([connection for connection in made if connection is not None], self.identity)
        self._start()


class ConnectionLease(Generic[T]):
    """Holds a connection in a transaction during a `with`, which gets what `use` returns."""

    def __init__(
        self,
        pool: Pool,
        use: Callable[[apsw.Connection], T],
        deadline: float | None = None,
        *,
        fresh: bool = False,
    ) -> None:
        self._pool = pool
        self._use = use
        self._deadline = deadline
        self._fresh = fresh
        self._lease = Lease()
        self._connection: apsw.Connection | None = None

    def __enter__(self) -> T:
        pool, deadline = self._pool, self._deadline
        with translated(pool.identity.path):
            try:
                self._connection = pool.acquire(self._lease, deadline, fresh=self._fresh)
                if deadline is not None:
                    if monotonic() >= deadline:  # few steps never reach the progress handler
                        raise QueryTimeout("the timeout had passed before the search began to read")
                    self._connection.set_progress_handler(lambda: monotonic() > deadline, _STEPS)
                self._connection.execute("BEGIN")
                return self._use(self._connection)
            except BaseException:
                self._end()
                raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()
        translated(self._pool.identity.path).__exit__(kind, error, traceback)

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        self._pool.release(self._lease, connection, keep=not self._fresh)
