"""A soak: processes that write, search and settle at once, under interrupts and kills.

Nothing that was acknowledged is lost, no answer is wrong, and neither memory nor descriptors grow.
NUTHATCH_SOAK is how many seconds it takes for each engine, 900 if it is not set.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, sleep
from typing import Any

import pytest

import nuthatch
from support.processes import Child
from support.server import server
from support.soaking import Texts

SECONDS = float(os.environ.get("NUTHATCH_SOAK", "900"))
SEED = int(os.environ.get("NUTHATCH_SOAK_SEED", "1"))
#: Processes; the first is never killed, so that what grows in it can be seen.
_PROCESSES = 3
#: Seconds between two kills, on the average, and between two looks at memory and descriptors.
_KILL, _LOOK = 12.0, 2.0
#: What a process may hold more of in the last third than in the second: noise and full caches.
_MORE_MEMORY, _MORE_DESCRIPTORS = 48 * 2**20, 4
_SCRIPT = "from support.soaking import main; main()"


class Share:
    """One process after another, and what all of them have acknowledged."""

    def __init__(self, url: str, number: int, ends: float) -> None:
        self._url = url
        self._number = number
        self._ends = ends
        self._life = 0
        self.texts: Texts = {}
        self.doubt: Texts = {}
        self.wrong: list[str] = []
        self.sums: list[dict[str, Any]] = []
        self._start()

    def _start(self) -> None:
        self._life += 1
        seed = SEED * 1000 + self._number * 100 + self._life
        left = max(1.0, self._ends - monotonic())
        self.child = Child(_SCRIPT, self._url, self._number, seed, left)
        stream = self.child.process.stdin
        assert stream is not None
        stream.write(json.dumps(self.texts) + "\n")
        stream.flush()
        self._listener = threading.Thread(target=self._listen, args=(self.child,))
        self._listener.start()

    def _listen(self, child: Child) -> None:
        while (said := child.read()) is not None:
            if "ask" in said:
                self.doubt = said["ask"]
            elif "set" in said:
                self.texts.update(said["set"])
                self.doubt = {}
            elif "not" in said:
                self.doubt = {}
            elif "wrong" in said:
                self.wrong.append(said["wrong"])
            else:
                self.sums.append(said["sum"])

    def kill(self, index: nuthatch.LexicalBackend) -> None:
        """kill -9; another one takes over what is found to be there."""
        self.child.process.kill()
        self.end()
        sleep(1)  # a server may be at its last statement still
        self.settle(index)
        self._start()

    def end(self) -> None:
        self.child.process.wait(120)
        self._listener.join()
        self.child.close()

    def settle(self, index: nuthatch.LexicalBackend) -> None:
        """Find out what became of the batch that nobody has acknowledged."""
        there = {
            _text(index, uri) == text
            for uri, text in self.doubt.items()
            if text != self.texts.get(uri)
        }
        if len(there) > 1:
            self.wrong.append(f"half of {self.doubt} is there after a kill")
        if True in there:
            self.texts.update(self.doubt)
        self.doubt = {}


def _text(index: nuthatch.LexicalBackend, uri: str) -> str | None:
    found = index.get(uri)
    return None if found is None else found.text


def _use(pid: int) -> tuple[int, int]:
    """Resident memory in bytes and open descriptors of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd"))


@contextmanager
def _url(engine: str, folder: Path) -> Iterator[str]:
    if engine == "postgresql":
        with server() as running:
            yield f"{running.dsn()}?index=soak&connections=4"
    else:
        yield f"{engine}:{folder}/index?lock_timeout=60"


@pytest.mark.nightly
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads memory and descriptors from /proc"
)
@pytest.mark.timeout(SECONDS + 900)
@pytest.mark.parametrize("engine", ["sqlite", "tantivy", "postgresql"])
def test_nothing_is_lost_and_nothing_grows(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(SEED)
    kills = 0
    used: list[tuple[int, int]] = []
    with _url(engine, tmp_path) as url, nuthatch.open(url, create="new") as index:
        ends = monotonic() + SECONDS
        shares = [Share(url, number, ends) for number in range(_PROCESSES)]
        next_kill = monotonic() + random.uniform(0, 2 * _KILL)
        while monotonic() < ends and not any(share.wrong for share in shares):
            sleep(_LOOK)
            if shares[0].child.process.poll() is None:
                used.append(_use(shares[0].child.process.pid))
            if next_kill < monotonic() < ends - _KILL:
                random.choice(shares[1:]).kill(index)
                kills += 1
                next_kill = monotonic() + random.uniform(0, 2 * _KILL)
        for share in shares:
            share.end()
            share.settle(index)
        line = _summary(engine, shares, kills, used)
        with capsys.disabled():
            print(f"\n{line}")
        assert [wrong for share in shares for wrong in share.wrong] == []
        expected = {uri: text for share in shares for uri, text in share.texts.items() if text}
        assert {document.uri: document.text for document in index.documents()} == expected
        assert index.check() == []
        found = index.search("soak", len(expected) + 1, policy="ranked")
        assert {hit.document_uri for hit in found} == set(expected)
    _hold_steady(used)


def _summary(engine: str, shares: list[Share], kills: int, used: list[tuple[int, int]]) -> str:
    def total(what: str) -> int:
        return sum(int(sums[what]) for share in shares for sums in share.sums)

    longest, call = max(sums["longest"] for share in shares for sums in share.sums)
    memory, descriptors = (
        "→".join(f"{value / unit:.0f}" for value in (_early(used, at), _late(used, at)))
        + f" (most {max((sample[at] for sample in used), default=0) / unit:.0f})"
        for at, unit in ((0, 2**20), (1, 1))
    )
    return (
        f"soak {engine}: {SECONDS:.0f} s, {total('calls')} calls and {total('interrupts')} "
        f"interrupts in processes that ended by themselves, {kills} kills, "
        f"longest call {longest:.2f} s ({call}), {memory} MiB, {descriptors} descriptors"
    )


def _early(used: list[tuple[int, int]], at: int) -> float:
    third = len(used) // 3
    return median(sample[at] for sample in used[third : 2 * third] or [(0, 0)])


def _late(used: list[tuple[int, int]], at: int) -> float:
    third = len(used) // 3
    return median(sample[at] for sample in used[2 * third :] or [(0, 0)])


def _hold_steady(used: list[tuple[int, int]]) -> None:
    assert _late(used, 0) <= _early(used, 0) + _MORE_MEMORY
    assert _late(used, 1) <= _early(used, 1) + _MORE_DESCRIPTORS
