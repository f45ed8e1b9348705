"""kill -9 of the client and of the server: what was acknowledged stands, and no half of a batch.

While an index is loaded, compacted, upserted and optimized, at moments that a seed draws.
"""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

import nuthatch
from nuthatch import Document
from support.feeder import SCHEMA, document
from support.processes import Child, child
from support.server import Server

BATCH = 10
FEED = """
import sys, nuthatch
from support.feeder import SCHEMA, document, say
url, kind = sys.argv[1:3]
def changed(n, turn):
    return nuthatch.Document(f"doc-{n}", f"turn {turn}", document(n + turn).text)
compact_at = 1 if kind == "compact" else 50_000
with nuthatch.open(url, create=True, schema=SCHEMA, compact_at=compact_at) as i:
    say("open")
    for turn in range(1_000):
        if kind == "optimize":
            i.optimize()
            say(turn)
        elif kind == "upsert":
            tell = lambda done: say(60 * turn + done.read)
            i.add((changed(n, turn) for n in range(60)), batch=10, progress=tell)
        else:
            tell = lambda done: say(200 * turn + done.read)
            i.add((document(n + 200 * turn) for n in range(200)), batch=10, progress=tell)
"""


def say_until(feeder: Child, least: int) -> list[object]:
    """What was said until something at least so great was acknowledged."""
    said: list[object] = []
    while not (said and isinstance(said[-1], int) and said[-1] >= least):
        said.append(feeder.read())
        assert said[-1] is not None
    return said


def acknowledged(said: list[object]) -> int:
    return max((value for value in said if isinstance(value, int)), default=0)


def assert_whole(url: str, kind: str, least: int) -> None:
    """The index opens and is clean, and holds what was acknowledged, in whole batches."""
    with nuthatch.open(url) as index:
        assert index.check() == []
        held = list(index.documents())
        assert index.info().documents == len(held)
        if kind == "optimize":
            assert held == [document(number) for number in range(60)]
        elif kind == "upsert":
            assert len(held) == 60
            turns = {
                held_document.uri: int(held_document.title.split()[1])
                for held_document in held
                if held_document.title[:4] == "turn"
            }
            for batch in range(6):
                seen = {turns.get(f"doc-{n}", -1) for n in range(10 * batch, 10 * batch + 10)}
                assert len(seen) == 1
                done = (least - 10 * (batch + 1)) // 60  # the last turn that this batch had
                assert seen.pop() >= done
        else:
            assert held == [document(number) for number in range(len(held))]
            assert len(held) >= least
            assert len(held) % BATCH == 0
        browsed = index.search(nuthatch.MatchAll(), 1, facets=["kind"], count=True)
        assert browsed.total == len(held)
        kinds = Counter(value for given in held for value in given.fields.values())
        assert dict(browsed.facets["kind"]) == kinds
        word = "turn" if kind == "upsert" else "every"
        hits = index.search(word, 100_000, policy="ranked")
        assert len({hit.document_uri for hit in hits}) >= len(held) - 60 * (kind == "upsert")
        index.add(Document("after", "", "written after all"))
        index.optimize()
        assert index.check() == []


def prepared(url: str, kind: str) -> None:
    if kind in ("upsert", "optimize"):
        with nuthatch.open(url, create=True, schema=SCHEMA) as index:
            index.add(map(document, range(60)))


@pytest.mark.parametrize("kind", ["load", "compact", "upsert", "optimize"])
@pytest.mark.parametrize("kills", [2, pytest.param(15, marks=pytest.mark.nightly)])
def test_a_killed_client_leaves_what_it_acknowledged(
    running: Server, kind: str, kills: int
) -> None:
    for kill in range(kills):
        chance = random.Random(f"{kind}{kill}")
        url = f"{running.dsn()}?index=kill-{kind}-{kill}"
        prepared(url, kind)
        with child(FEED, url, kind) as feeder:
            said = say_until(feeder, chance.randrange(5, 40))
            time.sleep(chance.random() * 0.03)
            said += feeder.kill()
        assert_whole(url, kind, acknowledged(said))
        nuthatch.drop(url)


@pytest.mark.parametrize("kind", ["load", "compact", "upsert", "optimize"])
@pytest.mark.parametrize("kills", [1, pytest.param(8, marks=pytest.mark.nightly)])
def test_a_killed_server_has_what_it_acknowledged(mortal: Server, kind: str, kills: int) -> None:
    for kill in range(kills):
        chance = random.Random(f"{kind}{kill} of the server")
        url = f"{mortal.dsn()}?index=kill-{kill}"
        prepared(url, kind)
        with child(FEED, url, kind) as feeder:
            said = say_until(feeder, chance.randrange(5, 40))
            time.sleep(chance.random() * 0.03)
            mortal.kill()
            said += feeder.rest()  # it ends by the error that it gets
            assert feeder.process.wait(60) != 0
        mortal.start()
        assert_whole(url, kind, acknowledged(said))
