"""`Strikes`: exceptions that a signal handler raises somewhere within a call.

The moment is drawn between the call's beginning and a little after its usual end, so that strikes
are spread over all of it. The exception is KeyboardInterrupt in turn with one of an application,
which `except Exception` would catch. Opening an index is struck by KeyboardInterrupt alone: what
else is raised while a plugin is looked for counts as the plugin's failure.
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

from nuthatch_conformance.case_metadata import NotApplicable
from nuthatch_conformance.expect import holds

#: Calls from which the usual time is known, the last that were not struck.
_TIMED: Final = 5
#: The part of the usual time within which all strikes fall.
_SPREAD: Final = 1.2


class Alarm(Exception):  # not every interrupt is an error
    """Is what an application's signal handler raises."""


class Strikes:
    """Strikes calls in the main thread by an interval timer; counts where."""

    def __init__(self, seed: int | None) -> None:
        self._random = Random(seed or 0)
        self._times: dict[str, deque[float]] = {}
        self._inside = False
        self._struck: BaseException | None = None
        self._kinds: tuple[type[BaseException], ...] = ()
        self._dropped = False
        #: Strikes by the name of the call, and by the innermost function.
        self.calls: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        #: Strikes of a finalizer or of a weak reference's callback, which Python itself drops.
        self.drops: Counter[str] = Counter()

    def __enter__(self) -> Self:
        if not hasattr(signal, "setitimer"):
            raise NotApplicable("this system has no interval timer to interrupt by")
        if threading.current_thread() is not threading.main_thread():
            raise NotApplicable("signals are handled in the main thread, and tests run in another")
        # What a call had open goes with its frames; Python says so of files that nobody closed, and
        # of a coroutine that was struck between its making and its first step.
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        self._handler = signal.signal(signal.SIGALRM, self._strike)
        self._begun = perf_counter()
        self._left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGALRM, self._handler)
        self._struck = None
        gc.collect()
        self._warnings.__exit__(kind, error, traceback)
        if self._left:  # somebody, such as pytest-timeout, has set the timer
            left = self._left - (perf_counter() - self._begun)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001))

    def during(
        self, name: str, call: Callable[[], object], *, loads: bool = False
    ) -> BaseException | None:
        """Make the call and strike once; return the interrupt, None if it came too late.

        `loads` says that the call may look for plugins.

        Fail where the interrupt vanished, or became another error. What struck a finalizer is no
        failure: Python drops it, and tells only `sys.unraisablehook`.
        """
        self._kinds = (KeyboardInterrupt,) if loads else (KeyboardInterrupt, Alarm)
        latest = _SPREAD * self._usual_time(name, call)
        self._struck, self._dropped = None, False
        found: BaseException | None = None
        # The finalizers of earlier calls are to run between calls.
        gc.disable()
        hook, sys.unraisablehook = sys.unraisablehook, self._see_dropped
        try:
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, self._random.uniform(0, latest)))
            begun = perf_counter()
            self._inside = True
            call()
            self._inside = False
            self._times[name].append(perf_counter() - begun)
        except BaseException as error:  # noqa: BLE001  # it is the interrupt or told below
            self._inside = False
            found = error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.unraisablehook = hook
            gc.enable()
        struck = self._struck
        if found is None and self._dropped:
            self.drops[name] += 1
            return None
        if found is not struck:
            what = "nothing" if struck is None else f"an interrupt ({type(struck).__name__})"
            became = "a result" if found is None else f"{type(found).__name__}: {found}"
            way = "" if struck is None else f"; {_way(struck)}"
            said = f"{what} struck {name}, and the caller saw {became}{way}"
            raise AssertionError(said) from found
        if struck is not None:
            self.calls[name] += 1
            self.places[_place(struck)] += 1
        return struck

    def _strike(self, number: int, frame: object) -> None:
        if self._inside:
            self._struck = self._random.choice(self._kinds)()
            raise self._struck

    def _see_dropped(self, dropped: sys.UnraisableHookArgs) -> None:
        if dropped.exc_value is self._struck:
            self._dropped = True
        else:
            sys.__unraisablehook__(dropped)

    def _usual_time(self, name: str, call: Callable[[], object]) -> float:
        times = self._times.setdefault(name, deque(maxlen=_TIMED))
        while len(times) < _TIMED:
            begun = perf_counter()
            call()
            times.append(perf_counter() - begun)
        return median(times)

    def summary(self) -> str:
        """Return what was struck how often, and in which functions most."""
        counts = ", ".join(f"{name} {count}" for name, count in self.calls.items())
        most = ", ".join(f"{name} {count}" for name, count in self.places.most_common(8))
        drops = f" ({self.drops.total()} struck finalizers)" if self.drops else ""
        seen = f"{self.calls.total()} interrupts seen, none vanished{drops}"
        return f"{seen}: {counts}; most in {most}"


def _way(error: BaseException) -> str:
    """Return where an interrupt struck, and who was the last to see it."""
    frames = extract_tb(error.__traceback__)[:-1]
    last, place = frames[0], frames[-1]
    seen = f"{last.filename}:{last.lineno} {last.name}"
    return f"it struck {place.filename}:{place.lineno} {place.name}, and was last seen in {seen}"


def _place(error: BaseException) -> str:
    """Return the innermost function but the handler."""
    frames = extract_tb(error.__traceback__)[:-1]
    holds(frames, "an interrupt without a place")
    return f"{Path(frames[-1].filename).stem}.{frames[-1].name}"
