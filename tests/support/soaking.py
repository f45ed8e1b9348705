"""A process of the soak: writes, searches and settles by a seeded plan, under interrupts.

It alone writes the documents of its share, so it knows what a search for them must find, and says
so, a JSON line each, for the process that may kill it:

    {"ask": {uri: text or null}}      about to be written; null deletes
    {"set": {uri: text or null}}      acknowledged, or found after an interrupt
    {"not": {}}                       struck, and not there
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
from nuthatch_conformance.striking import Strikes

#: Documents of one share.
SHARE = 40
_BATCH = 4
#: How often each is done; interrupts strike a third of all.
_PLAN = {"add": 8, "delete": 2, "search": 12, "optimize": 1, "reopen": 1}
_STRUCK = 0.3

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
        self._asked: Texts = {}
        self._version = seed * 1_000_000
        self._index = self._open()
        self._longest = (0.0, "")
        self.done: Counter[str] = Counter()

    def _open(self) -> LexicalBackend:
        return nuthatch.open(self._url)

    def run(self, seconds: float) -> None:
        """Go on for so long."""
        ends = monotonic() + seconds
        calls: dict[str, Callable[[], object]] = {
            "add": self._add,
            "delete": self._delete,
            "search": self._search,
            "optimize": self._optimize,
            "reopen": self._reopen,
        }
        with Strikes(self._random.randrange(2**32)) as strikes:
            while monotonic() < ends:
                name = self._random.choices(list(_PLAN), list(_PLAN.values()))[0]
                if self._random.random() < _STRUCK and name != "reopen":
                    strikes.during(name, calls[name])
                else:
                    begun = monotonic()
                    calls[name]()
                    self._longest = max(self._longest, (monotonic() - begun, name))
                self.done[name] += 1
                self._settle()
            struck = strikes.calls.total()
        self._index.close()
        say(sum={"calls": self.done.total(), "struck": struck, "longest": self._longest})

    def _add(self) -> None:
        self._version += 1
        uris = self._random.sample(self._uris(), _BATCH)
        self._asked = dict.fromkeys(uris, f"{self._word} w{self._version}")
        say(ask=self._asked)
        documents = [Document(uri, "a soak", text or "") for uri, text in self._asked.items()]
        self._index.add(documents, batch=_BATCH)
        self._acknowledge()
        found = self._found(f"w{self._version}")
        self._hold(found == sorted(uris), f"{found} for the batch of {sorted(uris)}")

    def _delete(self) -> None:
        self._asked = dict.fromkeys(self._random.sample(self._uris(), 2))
        say(ask=self._asked)
        self._index.delete(list(self._asked))
        self._acknowledge()

    def _search(self) -> None:
        expected = sorted(uri for uri, text in self._texts.items() if text)
        found = self._found(self._word)
        self._hold(found == expected, f"{found} where there are {expected}")

    def _optimize(self) -> None:
        self._index.optimize()

    def _reopen(self) -> None:
        self._index.close()
        self._index = self._open()

    def _uris(self) -> list[str]:
        return [f"{self._word}-{number}" for number in range(SHARE)]

    def _found(self, word: str) -> list[str]:
        results = self._index.search(word, SHARE + 1, policy="ranked")
        return sorted(hit.document_uri for hit in results)

    def _acknowledge(self) -> None:
        self._texts.update(self._asked)
        say(set=self._asked)
        self._asked = {}

    def _settle(self) -> None:
        """Find out what became of a batch that was struck: all of it is there, or nothing."""
        if not self._asked:
            return
        outcomes = {
            _text(self._index, uri) == text
            for uri, text in self._asked.items()
            if text != self._texts.get(uri)
        }
        self._hold(len(outcomes) < 2, f"half of {self._asked} is there")
        if outcomes == {False}:
            say(**{"not": {}})
            self._asked = {}
        else:
            self._acknowledge()

    def _hold(self, condition: bool, what: str) -> None:
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
