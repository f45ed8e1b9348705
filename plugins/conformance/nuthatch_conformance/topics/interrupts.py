"""Interrupts: an exception may strike anywhere in a call, and the next call works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from time import perf_counter

from nuthatch import Document, EntityQuery
from nuthatch_conformance.case import case
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.looking import uris
from nuthatch_conformance.striking import Strikes
from nuthatch_conformance.topic import Topic
from nuthatch_conformance.topics.entities import FILMS

_URIS = [f"d{number}" for number in range(12)]
#: Documents of one batch.
_BATCH = 3
#: Calls for each interrupt, at most: many end before the moment that was drawn.
_TRIES = 4
#: Seconds that the search after a cancelled one may take: far more than it needs.
_PATIENCE = 20.0


class Interrupts(Topic, topic="interrupts", needs="write text"):
    """Tests calls that an exception of a signal handler, or a cancellation, ends anywhere."""

    @case(since=(1, 1))
    def test_the_next_call_works_after_an_interrupt(self, engine: Engine) -> None:
        """The caller sees the interrupt; the next call works while its traceback is still held.

        A batch that was struck is there as a whole or not at all, an acknowledged one is there.
        At the end `check` finds nothing, and the index opens again.

        Likely causes: something between taking a lock and the `try` that lets go of it; a
        `finally` that calls functions of its own, on whose first instruction an interrupt may
        strike too; a context manager written as a generator; a transaction that is rolled back
        by `except Exception`; a connection that goes back to its pool as it is; an interrupt
        that a translation of errors, or a second try, makes something else of.
        """
        history = _History(engine)
        with Strikes(engine.profile.seed) as strikes:
            for name, call in history.calls().items():
                for _ in range(_TRIES * engine.profile.interrupts):
                    if strikes.calls[name] == engine.profile.interrupts:
                        break
                    struck = strikes.during(name, call, loads=name == "open")
                    history.look(name)
                    del struck  # held until now, with all that its frames refer to
        print(strikes.summary())
        history.end()

    @case(since=(1, 1))
    def test_a_cancelled_search_leaves_the_next_one_alone(self, engine: Engine) -> None:
        """Tasks that are cancelled at any moment are cancelled, or done; the next search works.

        Likely causes: a connection or a place in a pool that a cancelled task keeps; a request
        that is still under way when its connection goes to the next one; a cancellation that is
        taken for a timeout.
        """
        index = engine.index([Document(uri, "", "aa bb") for uri in _URIS])
        random = Random(engine.profile.seed or 0)

        async def search() -> list[str]:
            return sorted(uris(await index.search_async("aa", engine.everything)))

        async def cancel() -> None:
            begun = perf_counter()
            equal(await search(), sorted(_URIS), "documents before a task is cancelled")
            usual = perf_counter() - begun
            for _ in range(engine.profile.interrupts):
                task = asyncio.create_task(search())
                for _ in range(random.randrange(8)):  # steps of the loop, shorter than any sleep
                    await asyncio.sleep(0)
                if random.random() < 0.3:
                    await asyncio.sleep(random.uniform(0, usual))
                task.cancel()
                with suppress(asyncio.CancelledError):
                    equal(await task, sorted(_URIS), "documents of a search that was done before")
                after = await asyncio.wait_for(search(), _PATIENCE)
                equal(after, sorted(_URIS), "documents after a task was cancelled")

        asyncio.run(cancel())
        equal(sorted(uris(index.search("aa", engine.everything))), sorted(_URIS), "documents later")


class _History:
    """Knows what the index must hold, as far as a caller can know it after an interrupt."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._place = engine.place()
        self._index = engine.open(self._place, create="new", schema=FILMS)
        self._random = Random(0)
        self._version = 0
        self._texts = dict.fromkeys(_URIS, "aa w0")
        self._index.add([self._document(uri, text) for uri, text in self._texts.items()])
        self._asked: dict[str, str | None] = {}
        self._found: list[str] | None = None

    def calls(self) -> dict[str, Callable[[], object]]:
        """Return what is to be interrupted, by name."""
        calls: dict[str, Callable[[], object]] = {"add": self._add, "search": self._search}
        if self._engine.can("delete"):
            calls["delete"] = self._delete
        if self._engine.can("entities"):
            calls["entities"] = self._search_entities
        if self._engine.can("optimize"):
            calls["optimize"] = self._index.optimize
        if self._engine.can("persistent"):
            calls["open"] = self._open
        return calls

    @staticmethod
    def _document(uri: str, text: str) -> Document:
        return Document(uri, f"title {uri}", text, {"people": ["Tom Hanks"]})

    def _add(self) -> None:
        self._version += 1
        text = f"aa w{self._version}"
        self._asked = dict.fromkeys(self._random.sample(_URIS, _BATCH), text)
        self._write(self._asked)

    def _write(self, texts: dict[str, str | None]) -> None:
        self._index.add([self._document(uri, text) for uri, text in texts.items() if text])
        self._acknowledge()

    def _delete(self) -> None:
        self._asked = dict.fromkeys(self._random.sample(_URIS, _BATCH - 1))
        self._index.delete(list(self._asked))
        self._acknowledge()

    def _acknowledge(self) -> None:
        self._texts.update({uri: text or "" for uri, text in self._asked.items()})
        self._asked = {}

    def _search(self) -> None:
        self._see(uris(self._index.search("aa", self._engine.everything)))

    def _search_entities(self) -> None:
        query = EntityQuery(include={"people": ["tom hanks"]}, titles=["titel"])
        self._see(uris(self._index.search(query, self._engine.everything)))

    def _open(self) -> None:
        with self._engine.open(self._place) as index:
            self._see(uris(index.search("aa", self._engine.everything)))

    def _see(self, found: Sequence[str]) -> None:
        self._found = sorted(found)

    def look(self, struck: str) -> None:
        """Hold the index against what is known after a call, and write to it."""
        self._settle(struck)
        expected = sorted(uri for uri, text in self._texts.items() if text)
        if self._found is not None:
            equal(self._found, expected, f"documents that were found by {struck}")
            self._found = None
        found = sorted(uris(self._index.search("aa", self._engine.everything)))
        equal(found, expected, f"documents that are found after {struck} was interrupted")
        self._version += 1
        self._asked = {self._random.choice(_URIS): f"aa w{self._version}"}
        self._write(self._asked)
        found = sorted(uris(self._index.search(f"w{self._version}", 5)))
        equal(len(found), 1, f"documents of a batch added after {struck} was interrupted")

    def _settle(self, struck: str) -> None:
        """Find out whether the batch that was struck is there; it must be so as a whole."""
        there = set()
        for uri, text in self._asked.items():
            stored = self._index.get(uri)
            found = "" if stored is None else stored.text
            before = self._texts[uri]
            holds(
                found in (before, text or ""),
                f"{uri} holds {found!r} after {struck} was interrupted; it was {before!r}, and "
                f"was to be {text!r}",
            )
            if before != (text or ""):
                there.add(found != before)
        holds(len(there) < 2, f"{struck} was interrupted and left half of its batch")
        if True in there:
            self._acknowledge()
        self._asked = {}

    def end(self) -> None:
        """Hold the whole index against what is known, and once more when it is opened again."""
        for again in (False, True):
            if again and not self._engine.can("persistent"):
                return
            if again:
                self._index.close()
                self._index = self._engine.open(self._place)
            for uri, text in self._texts.items():
                stored = self._index.get(uri)
                equal("" if stored is None else stored.text, text, f"text of {uri} in the end")
            if self._engine.can("check"):
                equal(self._index.check(), [], "what check() says after interrupts")
