"""A process of the soak: writes, searches and settles by a seeded plan, under interrupts.

It alone writes the documents of its share, so it knows which of them a search must find. It prints
what it does as JSON lines, for the process that may kill it:

    {"ask": {uri: text or null}}      about to be written; null deletes
    {"set": {uri: text or null}}      acknowledged, or found after an interrupt
    {"not": {}}                       interrupted, and not written
    {"wrong": "…"}                    what must not be; the process ends
    {"sum": {…}}                      counts, as the last line
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from time import monotonic
from traceback import format_exc
from typing import Any

import nuthatch
from nuthatch import Document, LexicalBackend
from nuthatch_conformance.interrupter import Interrupter

#: Documents of one share.
SHARE = 40
_BATCH = 4
#: How often each call is made, relative to the others, and the share of interrupted calls.
_PLAN = {"add": 8, "delete": 2, "search": 12, "optimize": 1, "reopen": 1}
_INTERRUPTED = 0.3

Texts = dict[str, str | None]


def say(**what: Any) -> None:
    """Write a line in one go: an interrupt never leaves half of one."""
    os.write(1, json.dumps(what).encode() + b"\n")


class Soaker:
    """Plays one share of the plan against its own account of what must be there."""

    def __init__(self, url: str, number: int, seed: int, texts: Texts) -> None:
        self._url = url
        self._word = f"share{number}"
        self._random = Random(seed)
        self._texts = texts
        self._pending: Texts = {}
        self._version = seed * 1_000_000
        self._index = self._open()
        self._longest = (0.0, "")
        self.done: Counter[str] = Counter()

    def _open(self) -> LexicalBackend:
        return nuthatch.open(self._url)

    def run(self, seconds: float) -> None:
        """Make calls for so many seconds."""
        ends = monotonic() + seconds
        calls: dict[str, Callable[[], object]] = {
            "add": self._add,
            "delete": self._delete,
            "search": self._search,
            "optimize": self._optimize,
            "reopen": self._reopen,
        }
        with Interrupter(self._random.randrange(2**32)) as interrupter:
            while monotonic() < ends:
                name = self._random.choices(list(_PLAN), list(_PLAN.values()))[0]
                if self._random.random() < _INTERRUPTED and name != "reopen":
                    interrupter.interrupt(name, calls[name])
                else:
                    begin = monotonic()
                    calls[name]()
                    self._longest = max(self._longest, (monotonic() - begin, name))
                self.done[name] += 1
                self._resolve()
            interrupts = interrupter.calls.total()
        self._index.close()
        say(sum={"calls": self.done.total(), "interrupts": interrupts, "longest": self._longest})

    def _add(self) -> None:
        self._version += 1
        uris = self._random.sample(self._uris(), _BATCH)
        self._pending = dict.fromkeys(uris, f"{self._word} w{self._version}")
        say(ask=self._pending)
        documents = [Document(uri, "a soak", text or "") for uri, text in self._pending.items()]
        self._index.add(documents, batch=_BATCH)
        self._acknowledge()
        found = self._find(f"w{self._version}")
        self._require(found == sorted(uris), f"{found} for the batch of {sorted(uris)}")

    def _delete(self) -> None:
        self._pending = dict.fromkeys(self._random.sample(self._uris(), 2))
        say(ask=self._pending)
        self._index.delete(list(self._pending))
        self._acknowledge()

    def _search(self) -> None:
        expected = sorted(uri for uri, text in self._texts.items() if text)
        found = self._find(self._word)
        self._require(found == expected, f"{found} where there are {expected}")

    def _optimize(self) -> None:
        self._index.optimize()

    def _reopen(self) -> None:
        self._index.close()
        self._index = self._open()

    def _uris(self) -> list[str]:
        return [f"{self._word}-{number}" for number in range(SHARE)]

    def _find(self, word: str) -> list[str]:
        results = self._index.search(word, SHARE + 1, policy="ranked")
        return sorted(hit.document_uri for hit in results)

    def _acknowledge(self) -> None:
        self._texts.update(self._pending)
        say(set=self._pending)
        self._pending = {}

    def _resolve(self) -> None:
        """Find out whether the pending batch was written: wholly, or not at all."""
        if not self._pending:
            return
        outcomes = {
            _text(self._index, uri) == text
            for uri, text in self._pending.items()
            if text != self._texts.get(uri)
        }
        self._require(len(outcomes) < 2, f"half of {self._pending} is there")
        if outcomes == {False}:
            say(**{"not": {}})
            self._pending = {}
        else:
            self._acknowledge()

    def _require(self, condition: bool, what: str) -> None:
        if not condition:
            raise AssertionError(what)


def _text(index: LexicalBackend, uri: str) -> str | None:
    found = index.get(uri)
    return None if found is None else found.text


def main() -> None:
    """Run as a process: URL, number, seed, seconds; the texts of its share on standard input."""
    url, number, seed, seconds = sys.argv[1:5]
    texts: Texts = json.loads(sys.stdin.readline())
    try:
        Soaker(url, int(number), int(seed), texts).run(float(seconds))
    except BaseException:
        say(wrong=format_exc()[-3000:])
        raise
