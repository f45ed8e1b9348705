"""Interrupts: an exception may end a call anywhere, and the next call works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from time import perf_counter

from nuthatch import Document, EntityQuery
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.interrupter import Interrupter
from nuthatch_conformance.observe import list_uris
from nuthatch_conformance.topic import Topic, case
from nuthatch_conformance.topics.entities import FILMS

_URIS = [f"d{number}" for number in range(12)]
#: Documents of one batch.
_BATCH = 3
#: Calls for each interrupt, at most: many calls end before the drawn moment.
_TRIES = 4
#: Seconds that the search after a cancelled one may take: far more than it needs.
_TIMEOUT = 20.0


class Interrupts(Topic, topic="interrupts", needs="write text"):
    """Calls that an exception of a signal handler, or a cancellation, ends anywhere."""

    @case(since=(2, 0))
    def test_the_next_call_works_after_an_interrupt(self, engine: Engine) -> None:
        """The caller sees the interrupt; the next call works while its traceback is referenced.

        An interrupted batch is written as a whole or not at all (with `atomic_batches`; else each
        document is), an acknowledged one is written.
        At the end `check` finds no fault, and the index opens again.

        Likely causes: an instruction between taking a lock and the `try` that releases it; a
        `finally` that calls a function, whose first instruction may be interrupted too; a context
        manager written as a generator; a transaction that only `except Exception` rolls back; a
        connection that returns to its pool unchecked; an interrupt that a translation of errors,
        or a retry, turns into another error.
        """
        history = _History(engine)
        with Interrupter(engine.profile.seed) as interrupter:
            for name, call in history.calls().items():
                for _ in range(_TRIES * engine.profile.interrupts):
                    if interrupter.calls[name] == engine.profile.interrupts:
                        break
                    error = interrupter.interrupt(name, call, loads=name == "open")
                    history.verify(name)
                    del error  # referenced until now, with all that its frames refer to
        print(interrupter.summary())
        history.end()

    @case(since=(2, 0))
    def test_a_cancelled_search_leaves_the_next_one_alone(self, engine: Engine) -> None:
        """A task that is cancelled at any moment ends cancelled or done; the next search works.

        Likely causes: a connection or a place in a pool that a cancelled task keeps; a request
        that is still under way when its connection goes to the next one; a cancellation that is
        taken for a timeout.
        """
        index = engine.index([Document(uri, "", "aa bb") for uri in _URIS])
        random = Random(engine.profile.seed or 0)

        async def search() -> list[str]:
            return sorted(list_uris(await index.search_async("aa", engine.everything)))

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
                after = await asyncio.wait_for(search(), _TIMEOUT)
                equal(after, sorted(_URIS), "documents after a task was cancelled")

        asyncio.run(cancel())
        equal(
            sorted(list_uris(index.search("aa", engine.everything))),
            sorted(_URIS),
            "documents later",
        )


class _History:
    """The expected content of the index, as far as a caller can know it after an interrupt."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._location = engine.new_location()
        self._index = engine.open(self._location, create="new", schema=FILMS)
        self._random = Random(0)
        self._version = 0
        self._texts = dict.fromkeys(_URIS, "aa w0")
        self._index.add([self._document(uri, text) for uri, text in self._texts.items()])
        self._pending: dict[str, str | None] = {}
        self._hits: list[str] | None = None

    def calls(self) -> dict[str, Callable[[], object]]:
        """Return the calls to interrupt, by name."""
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
        return Document(uri, f"title {uri}", text, {"people": ["Tom Hanks"], "text": text})

    def _add(self) -> None:
        self._version += 1
        text = f"aa w{self._version}"
        self._pending = dict.fromkeys(self._random.sample(_URIS, _BATCH), text)
        self._write(self._pending)

    def _write(self, texts: dict[str, str | None]) -> None:
        self._index.add([self._document(uri, text) for uri, text in texts.items() if text])
        self._acknowledge()

    def _delete(self) -> None:
        self._pending = dict.fromkeys(self._random.sample(_URIS, _BATCH - 1))
        self._index.delete(list(self._pending))
        self._acknowledge()

    def _acknowledge(self) -> None:
        self._texts.update({uri: text or "" for uri, text in self._pending.items()})
        self._pending = {}

    def _search(self) -> None:
        self._note(list_uris(self._index.search("aa", self._engine.everything)))

    def _search_entities(self) -> None:
        query = EntityQuery(include={"people": ["tom hanks"]}, titles=["titel"])
        self._note(list_uris(self._index.search(query, self._engine.everything)))

    def _open(self) -> None:
        with self._engine.open(self._location) as index:
            self._note(list_uris(index.search("aa", self._engine.everything)))

    def _note(self, found: Sequence[str]) -> None:
        self._hits = sorted(found)

    def verify(self, name: str) -> None:
        """Compare the index with the expected content after a call, and write to it."""
        if not self._engine.can("immediate_visibility"):
            self._index.optimize()  # what was interrupted may be stored and not seen yet
        hits = self._index.search("aa", self._engine.everything)
        texts = {hit.document_uri: str(hit.fields["text"]) for hit in hits}
        self._resolve(name, texts)
        expected = {uri: text for uri, text in self._texts.items() if text}
        equal(texts, expected, f"documents that are found after {name} was interrupted")
        if self._hits is not None:
            equal(self._hits, sorted(expected), f"documents that were found by {name}")
            self._hits = None
        self._version += 1
        self._pending = {self._random.choice(_URIS): f"aa w{self._version}"}
        self._write(self._pending)  # which the next search must find

    def _resolve(self, name: str, texts: Mapping[str, str]) -> None:
        """Find out whether the pending batch was written: wholly, or not at all."""
        there = set()
        for uri, text in self._pending.items():
            found, before = texts.get(uri, ""), self._texts[uri]
            holds(
                found in (before, text or ""),
                f"{uri} holds {found!r} after {name} was interrupted; it was {before!r}, and "
                f"was to be {text!r}",
            )
            if before != (text or ""):
                there.add(found != before)
        if self._engine.can("atomic_batches"):
            holds(len(there) < 2, f"{name} was interrupted and left half of its batch")
        self._texts.update({uri: texts.get(uri, "") for uri in self._pending})
        self._pending = {}

    def end(self) -> None:
        """Compare the whole index with the expected content, before and after reopening it."""
        for again in (False, True):
            if again and not self._engine.can("persistent"):
                return
            if again:
                self._index.close()
                self._index = self._engine.open(self._location)
            for uri, text in self._texts.items():
                stored = self._index.get(uri)
                equal("" if stored is None else stored.text, text, f"text of {uri} in the end")
            if self._engine.can("check"):
                equal(self._index.check(), [], "the faults that check() finds after interrupts")
