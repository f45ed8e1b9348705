"""`Leases`: what calls hold for a while (a lock, a place in a pool); no interrupt can lose it.

    lease = Lease.of_call()             names the call before there is anything to lose
    try:
        if not leases.acquire(lease, 5.0):
            raise IndexLocked(…)
        …
    finally:
        leases.release(lease)

An interrupt raises its exception between any two instructions: after `acquire` and before `try`, or
on the first instruction of what `finally` calls. `threading.Lock` entered by `with` is safe; but it
waits without a limit. Condition, Event and Semaphore are Python code: an interrupt makes them lose
what they were about to note. So an object stands for a place. The place is free again once the
object is given back, or collected, or once the call that it names no longer runs. The next caller
that needs a place checks for that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, currentframe
from threading import Lock, get_ident
from time import monotonic
from types import FrameType
from typing import Any, Final, Self
from weakref import ref

#: Seconds after which a waiting thread looks by itself, even if no release has woken it.
_LOOK: Final = 0.05
#: Calls that pause, and so do not run at times at which they still hold something.
_PAUSING: Final = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR


class Lease:
    """One place, in use as long as this object is; `thread` took it."""

    __slots__ = ("__weakref__", "_call", "thread")

    def __init__(self, call: FrameType | None = None) -> None:
        self.thread = get_ident()
        self._call = call

    @classmethod
    def of_call(cls) -> Self:
        """Return a lease that ends with the calling function at the latest.

        That function must be a plain one, and must not hand the lease to its caller.
        """
        here = currentframe()
        call = here.f_back if here is not None else None
        if call is not None and call.f_code.co_flags & _PAUSING:
            raise TypeError("a generator or coroutine does not run while it holds a lease")
        return cls(call)

    def is_over(self) -> bool:
        """Return whether the call that took it has ended; clears what its frame still refers to."""
        if self._call is None:
            return False
        try:
            self._call.clear()
        except RuntimeError:  # it is running
            return False
        return True

    def end(self) -> None:
        """Forget the call, whose frame may refer to this object in turn."""
        self._call = None


class Leases:
    """A pool of at most `size` places. Safe to share between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._guard = Lock()  # only ever entered by `with`
        self._held: set[ref[Lease]] = set()
        self._waiting: deque[Any] = deque()
        self._paused = 0

    def acquire(self, lease: Lease, seconds: float) -> bool:
        """Take a place for a lease; False where none came free in that time.

        A pause, which ends by itself, does not count.
        """
        lease.thread = get_ident()
        ends = monotonic() + seconds
        while not self._has_taken(lease):
            now = monotonic()
            if now >= ends and not self._paused:
                return False
            self._wait(_LOOK if self._paused else min(_LOOK, ends - now))
            if self._paused:
                ends += monotonic() - now
        return True

    def release(self, lease: Lease) -> None:
        """Give a place back. Do nothing for a lease that has none."""
        # Without the guard: more room never hurts one who counts what is held.
        self._held.discard(ref(lease))
        lease.end()
        self._wake()

    def pause(self, seconds: float) -> None:
        """Give out no more places, and wait that long for what other threads hold."""
        with self._guard:
            self._paused += 1
        ends = monotonic() + seconds
        here = get_ident()
        while any(lease.thread != here for lease in self._running()) and monotonic() < ends:
            self._wait(_LOOK)

    def resume(self) -> None:
        """Give out places again."""
        with self._guard:
            self._paused -= 1
        self._wake()

    def _has_taken(self, lease: Lease) -> bool:
        for _ in self._running():  # which ends those of calls that have ended
            pass
        with self._guard:
            if self._paused or len(self._held) >= self._size:
                return False
            self._held.add(ref(lease))
            return True

    def _running(self) -> Iterator[Lease]:
        """Yield the leases that are held, and end the others.

        Without the guard, as what clearing a frame destroys may give leases back itself.
        """
        for held in tuple(self._held):
            lease = held()
            if lease is None:
                self._held.discard(held)
            elif lease.is_over():
                self.release(lease)
            else:
                yield lease

    def _wait(self, seconds: float) -> None:
        bell = Lock()
        bell.acquire()
        self._waiting.append(bell)
        try:
            bell.acquire(timeout=seconds)
        finally:
            with suppress(ValueError):  # it was rung
                self._waiting.remove(bell)

    def _wake(self) -> None:
        if self._waiting:  # hardly ever
            with suppress(IndexError):  # another one has woken it
                self._waiting.popleft().release()
