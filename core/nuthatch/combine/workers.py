"""`Workers`: threads that make calls beside the thread of a search.

An exception of a signal handler may end a search at any instruction. A condition takes its lock in
a Python function: an exception that arrives as this returns leaves the lock taken, and whoever
needs it next waits for ever. `Thread.start`, `queue.Queue` and `concurrent.futures` are made of
conditions. Here calls are handed over by `SimpleQueue`, and threads start and end by `_thread`: a
signal handler runs before or after their operations, never within.
"""

from __future__ import annotations

import os
from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock


class Workers:
    """At most `count` threads of this process, which start as calls come.

    A fork takes no thread along; in the other process new ones start, without the calls that
    waited.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = Lock()
        self._is_closed = False
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle: SimpleQueue[None] = SimpleQueue()
        #: A lock for each thread, held until it ends.
        self._threads: list[LockType] = []

    @property
    def waiting(self) -> int:
        """The calls that no thread has begun."""
        return self._calls.qsize() if self._process == os.getpid() else 0

    def put(self, call: Callable[[], None]) -> bool:
        """Have a thread make the call, which must not raise; return False after `close`."""
        if self._process != os.getpid():
            self._begin()
        with self._lock:
            if self._is_closed:
                return False
            self._calls.put(call)
            try:
                self._idle.get_nowait()
            except Empty:
                if len(self._threads) < self._count:
                    self._start()
        return True

    def close(self) -> None:
        """End the threads after the calls that wait; return when they have ended."""
        if self._process != os.getpid():
            return
        with self._lock:
            self._is_closed = True
            self._calls.put(None)
        for running in self._threads:
            with running:
                pass

    def _start(self) -> None:
        running = allocate_lock()
        running.acquire()
        start_new_thread(self._run, (running, self._calls, self._idle))
        self._threads.append(running)

    @staticmethod
    def _run(
        running: LockType,
        calls: SimpleQueue[Callable[[], None] | None],
        idle: SimpleQueue[None],
    ) -> None:
        try:
            while (call := _next_call(calls, idle)) is not None:
                call()
                del call  # what it holds goes now, not when the next one comes
        finally:
            calls.put(None)  # for the next thread
            running.release()


def _next_call(
    calls: SimpleQueue[Callable[[], None] | None], idle: SimpleQueue[None]
) -> Callable[[], None] | None:
    try:
        return calls.get_nowait()
    except Empty:
        idle.put(None)
        return calls.get()
