"""`Interrupter`: raises an exception from a signal handler somewhere within a call.

The moment is drawn between the call's beginning and a little after its usual end, so that the
interrupts of many calls are spread over all of it. The exception is KeyboardInterrupt or one of an
application, which `except Exception` would catch. The opening of an index is interrupted by
KeyboardInterrupt alone: any other exception during the search for plugins counts as the plugin's
failure.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
import warnings
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from traceback import extract_tb
from types import TracebackType
from typing import Final, Self

from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.expect import holds

#: The usual time of a call is the median of its last calls without an interrupt: this many.
_TIMED_CALLS: Final = 5
#: All interrupts come within this multiple of the usual time.
_SPREAD: Final = 1.2
#: Seconds that anything may take, far more than it needs: what takes longer hangs.
_PATIENCE: Final = 120.0
#: Interrupts after which garbage is collected.
_COLLECT_AFTER: Final = 50


class ApplicationInterrupt(Exception):  # not every interrupt is an error
    """The exception of an application's signal handler."""


class Interrupter:
    """Interrupts calls in the main thread by an interval timer, and counts where.

    What hangs after an interrupt, a lock that nobody releases for example, fails: the same timer
    ends it. No other watch of the test does, since the timer is theirs too.
    """

    def __init__(self, seed: int | None) -> None:
        self._random = Random(seed or 0)
        self._times: dict[str, deque[float]] = {}
        self._in_call = False
        self._interrupt: BaseException | None = None
        self._kinds: tuple[type[BaseException], ...] = ()
        self._is_dropped = False
        #: Interrupts by the name of the call, and by the innermost function.
        self.calls: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        #: Interrupts of a finalizer or of a weak reference's callback, which Python itself drops.
        self.drops: Counter[str] = Counter()

    def __enter__(self) -> Self:
        if not hasattr(signal, "setitimer"):
            raise NotApplicable("this system has no interval timer to interrupt by")
        if threading.current_thread() is not threading.main_thread():
            raise NotApplicable("signals are handled in the main thread, and tests run in another")
        # The frames of an interrupted call may hold open files, or a coroutine that never began;
        # Python warns of both when the frames go.
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        # A collection would run the finalizers of such frames between any two bytecodes,
        # even where nothing can be imported; `interrupt` collects now and then instead.
        self._collects = gc.isenabled()
        gc.disable()
        self._handler = signal.signal(signal.SIGALRM, self._raise)
        self._begin = perf_counter()
        self._remaining, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        self._set_timer(_PATIENCE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler)
        self._interrupt = None
        gc.collect()
        if self._collects:
            gc.enable()
        self._warnings.__exit__(kind, error, traceback)
        if self._remaining:  # the timer was in use before, by pytest-timeout for example
            remaining = self._remaining - (perf_counter() - self._begin)
            signal.setitimer(signal.ITIMER_REAL, max(remaining, 0.001))

    def interrupt(
        self, name: str, call: Callable[[], object], *, loads: bool = False
    ) -> BaseException | None:
        """Make the call and interrupt it once; return the interrupt, None if it came too late.

        `loads` says that the call may look for plugins.

        Fail where the interrupt vanished, or became another error. An interrupt of a finalizer is
        no failure: Python drops it, and reports it to `sys.unraisablehook` alone.
        """
        self._kinds = (KeyboardInterrupt,) if loads else (KeyboardInterrupt, ApplicationInterrupt)
        if self.calls.total() % _COLLECT_AFTER == 0:
            gc.collect()
        latest = _SPREAD * self._measure_time(name, call)
        error = self._call(name, call, self._random.uniform(0, latest))
        # No cycle of ours holds the traceback: it goes when the caller drops the interrupt.
        interrupt, self._interrupt = self._interrupt, None
        if error is None and self._is_dropped:
            self.drops[name] += 1
            return None
        if error is not interrupt and not _is_same(error, interrupt):
            raise AssertionError(_describe_loss(name, interrupt, error)) from error
        if interrupt is not None:
            self.calls[name] += 1
            self.places[_find_place(interrupt)] += 1
        return interrupt

    def _call(self, name: str, call: Callable[[], object], delay: float) -> BaseException | None:
        """Make the call with the timer set; return what it raised."""
        self._interrupt, self._is_dropped = None, False
        hook, sys.unraisablehook = sys.unraisablehook, self._note_drop
        try:
            self._set_timer(max(1e-6, delay))
            begin = perf_counter()
            self._in_call = True
            call()
            self._in_call = False
            self._times[name].append(perf_counter() - begin)
        except BaseException as error:  # noqa: BLE001  # the caller compares it with the interrupt
            self._in_call = False
            return error
        finally:
            self._set_timer(_PATIENCE)
            sys.unraisablehook = hook
        return None

    def _set_timer(self, delay: float) -> None:
        self._set_at = perf_counter()
        signal.setitimer(signal.ITIMER_REAL, delay, _PATIENCE)

    def _raise(self, number: int, frame: object) -> None:
        if self._in_call and self._interrupt is None:
            self._interrupt = self._random.choice(self._kinds)()
            raise self._interrupt
        if perf_counter() - self._set_at >= _PATIENCE:
            raise AssertionError(f"it hangs: nothing has ended for {_PATIENCE:.0f} s")

    def _note_drop(self, unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_value is self._interrupt:
            self._is_dropped = True
        else:
            sys.__unraisablehook__(unraisable)

    def _measure_time(self, name: str, call: Callable[[], object]) -> float:
        times = self._times.setdefault(name, deque(maxlen=_TIMED_CALLS))
        while len(times) < _TIMED_CALLS:
            begin = perf_counter()
            call()
            times.append(perf_counter() - begin)
        return median(times)

    def summary(self) -> str:
        """Return how often each call was interrupted, and in which functions most."""
        counts = ", ".join(f"{name} {count}" for name, count in self.calls.items())
        most = ", ".join(f"{name} {count}" for name, count in self.places.most_common(8))
        drops = f" ({self.drops.total()} interrupted finalizers)" if self.drops else ""
        total = f"{self.calls.total()} interrupts seen, none vanished{drops}"
        return f"{total}: {counts}; most in {most}"


def _is_same(error: BaseException | None, interrupt: BaseException | None) -> bool:
    """Return whether an error is the interrupt, as Python raises it out of a codec.

    Before Python 3.12 it makes another exception of the same type, which says which codec it was.
    """
    return (
        interrupt is not None
        and type(error) is type(interrupt)
        and (getattr(error, "__cause__", None) is interrupt)
    )


def _describe_loss(name: str, interrupt: BaseException | None, error: BaseException | None) -> str:
    """Return what interrupted the call, what the caller saw, and where the interrupt went."""
    result = "a result" if error is None else f"{type(error).__name__}: {error}"
    if interrupt is None:
        return f"nothing interrupted {name}, and the caller saw {result}"
    frames = extract_tb(interrupt.__traceback__)[:-1]
    arrived = (
        f"an interrupt ({type(interrupt).__name__}) arrived in {name}; the caller saw {result}"
    )
    if not frames:
        return f"{arrived}; code that is not Python called the handler, and dropped what it raised"
    last, place = frames[0], frames[-1]
    return (
        f"{arrived}; it arrived at {place.filename}:{place.lineno} {place.name}, "
        f"and was last seen in {last.filename}:{last.lineno} {last.name}"
    )


def _find_place(error: BaseException) -> str:
    """Return the innermost function but the handler."""
    frames = extract_tb(error.__traceback__)[:-1]
    holds(frames, "an interrupt without a place")
    return f"{Path(frames[-1].filename).stem}.{frames[-1].name}"
