"""Slips under interrupts: what an exception from nowhere leaves behind, or turns into."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from threading import Semaphore
from typing import Any

from nuthatch import (
    BackendUnavailable,
    IndexLocked,
    NuthatchError,
    Results,
    SearchRequest,
    WriteOutcome,
)

from .working import Working


class ATurnIsGivenBackOnlyWhereAllWentWell(Working):
    """The writers' lock is released after the batch, not in a `finally`."""

    def write(self, documents: Any, durability: Any) -> Any:
        self._turn = getattr(self, "_turn", Semaphore())
        if not self._turn.acquire(timeout=0.5):
            raise IndexLocked("another thread writes")
        outcome = super().write(documents, durability)
        self._turn.release()
        return outcome


class AReaderIsGivenBackOnlyWhereAllWentWell(Working):
    """A search that fails never releases its place."""

    @contextmanager
    def reader(self, deadline: float | None = None) -> Any:
        self._room = getattr(self, "_room", Semaphore(8))
        if not self._room.acquire(timeout=0.5):
            raise BackendUnavailable("all readers are in use")
        yield self.Reader(self._documents, self.schema)
        self._room.release()


class ABatchIsRolledBackForErrorsAlone(Working):
    """What was changed is taken back by `except Exception`."""

    def write(self, documents: Any, durability: Any) -> Any:
        before, outcomes = self._documents, list[Any]()
        try:
            for row in documents:
                time.sleep(0.001)
                outcomes.append(super(Working, self).write([row], durability))
        except Exception:
            self._stored = before
            raise
        self.save()
        return WriteOutcome(*map(sum, zip(*map(_counts, outcomes), strict=True)))


def _counts(done: WriteOutcome) -> tuple[int, int, int, int]:
    return done.added, done.replaced, done.unchanged, done.chunks


class AnInterruptIsTranslated(Working):
    """Whatever is raised in a search is the engine's failure."""

    @contextmanager
    def reader(self, deadline: float | None = None) -> Any:
        try:
            yield self.Reader(self._documents, self.schema)
        except (NuthatchError, GeneratorExit):  # the latter as the reader is collected
            raise
        except BaseException as error:
            raise BackendUnavailable(f"the search failed ({error!r}); try again") from error


class AnInterruptedSearchIsTriedAgain(Working):
    """A search that fails in any way is begun anew, and nobody hears of it."""

    def execute(self, request: SearchRequest) -> Results:
        try:
            return super().execute(request)
        except NuthatchError:
            raise
        except BaseException:  # noqa: BLE001  that is the slip
            return super().execute(request)


class ACancelledSearchKeepsItsPlace(Working):
    """An asynchronous search lets go of its place after the answer, not in a `finally`."""

    async def execute_async(self, request: SearchRequest) -> Results:
        self._places = getattr(self, "_places", None) or asyncio.Semaphore(6)
        if self._places.locked():
            raise BackendUnavailable("all places are taken")
        await self._places.acquire()
        results = await super().execute_async(request)
        self._places.release()
        return results
