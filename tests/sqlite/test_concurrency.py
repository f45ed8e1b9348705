"""Threads, processes, forks and coroutines: a reader sees one state, whole batches only."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    BackendUnavailable,
    Document,
    InvalidQuery,
    LexicalBackend,
    QueryTimeout,
    Rung,
)
from nuthatch_sqlite import state
from support.corpora import queries, seeded_documents, vocabulary
from support.feeder import document
from support.processes import answer, child

BATCH = 20
FEED = "from support.feeder import feed; import sys; feed(sys.argv[1], 1000, 20)"


def states(index: LexicalBackend) -> tuple[int, int, int]:
    """What one reader says of the same thing in different ways."""
    with index.reader() as reader:
        first = reader.document_frequencies(["every"])["every"]
        rung = Rung.of("OR", ("every",))
        matched = len(reader.match(rung, (), 10**6).candidates)
        uris = sum(1 for _ in reader.documents())
        assert reader.document_frequencies(["every"])["every"] == first
        assert len(reader.match(rung, (), 10**6).candidates) == matched
    return first, matched, uris


def test_a_reader_sees_whole_batches_while_a_thread_writes(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Every state is a multiple of the batch, and they never go back."""
    index = open_index()
    writer = threading.Thread(target=lambda: index.add(map(document, range(600)), batch=BATCH))
    writer.start()
    last = 0
    seen = set()
    while last < 600:
        first, matched, uris = states(index)
        assert uris == first == matched
        assert uris % BATCH == 0
        assert uris >= last
        last = uris
        seen.add(last)
    writer.join()
    assert len(seen) > 2


def test_a_reader_sees_whole_batches_while_a_process_writes(
    path: Path, open_index: Callable[..., LexicalBackend]
) -> None:
    """Caches belong to a state of the file, whoever wrote it."""
    with child(FEED, path) as feeder:
        while feeder.read() != BATCH:
            pass
        index = open_index(create=False)
        last = 0
        seen = set()
        while last < 1000:
            with index.reader() as reader:
                uris = {item.uri for item in reader.documents()}
                found = reader.document_frequencies(["every"])["every"]
            assert len(uris) % BATCH == 0
            assert found >= len(uris) >= last
            last = len(uris)
            seen.add(last)
        assert len(seen) > 2
    assert index.check() == []


def test_a_reader_keeps_its_state_when_the_index_moves_on(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Also past caches that have gone on to a newer state."""
    index = open_index()
    index.add([Document("one", "", "alpha beta"), Document("two", "", "alpha")])
    rung = Rung.of("OR", ("alpha",))
    with index.reader() as old:
        before = old.match(rung, (), 10)
        index.add([Document("three", "", "alpha alpha"), Document("two", "", "gamma")])
        with index.reader() as new:
            after = new.match(rung, (), 10)
            assert new.document_frequencies(["alpha", "gamma"]) == {"alpha": 2, "gamma": 1}
        assert old.match(rung, (), 10) == before
        assert old.document_frequencies(["alpha", "gamma"]) == {"alpha": 2, "gamma": 0}
        assert [row.uri for row in old.fetch([c.key for c in before.candidates], False)] == [
            "two",
            "one",
        ]
    assert after != before


def test_eight_threads_search_while_one_writes(seeded_path: Path, path: Path) -> None:
    """The answers of threads are those of one alone; a writer changes other documents only."""
    path.write_bytes(seeded_path.read_bytes())
    words = vocabulary()
    texts = [f"{words[200 + 7 * number]} {words[1000 + number]}" for number in range(40)]
    with nuthatch.open(f"sqlite:{path}", readers=3) as index:

        def sets(text: str) -> list[str]:
            found = index.search(text, 10**6, policy="ranked")
            return sorted(h.document_uri for h in found if not h.document_uri.startswith("new"))

        alone = [sets(text) for text in texts]
        stop = threading.Event()

        def write() -> int:
            number = 0
            while not stop.is_set():
                index.add(Document(f"new-{number % 5}", "", f"{' '.join(texts)} {number}"))
                number += 1
            return number

        with ThreadPoolExecutor(9) as threads:
            writing = threads.submit(write)
            answers = list(threads.map(sets, texts * 2))
            stop.set()
            assert writing.result() > 0
        assert answers == alone * 2
        assert index.check() == []


def test_more_threads_than_readers_wait_their_turn(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """A pool of one connection serves everybody, one after the other."""
    index = open_index(readers=1)
    index.add(map(document, range(50)))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: len(index.search("every", 9)), range(40)))
    assert found == [9] * 40


def test_async_search_answers_as_search_does(seeded_path: Path) -> None:
    """Hits, scores, attempts: everything but the time."""

    async def search(index: LexicalBackend, texts: list[str]) -> list[nuthatch.Results]:
        return await asyncio.gather(
            *(index.search_async(text, 7, policy=policy, explain=True) for text in texts)
        )

    texts = list(queries(4, 25, seeded_documents()))
    for policy in ("auto", "ladder", "ranked"):
        with nuthatch.open(f"sqlite:{seeded_path}", budget=200) as index:
            found = asyncio.run(search(index, texts))
            for text, results in zip(texts, found, strict=True):
                expected = index.search(text, 7, policy=policy, explain=True)
                assert results.hits == expected.hits
                assert (results.ran, results.exact) == (expected.ran, expected.exact)
                assert [(a.operator, a.tokens) for a in results.attempts] == [
                    (a.operator, a.tokens) for a in expected.attempts
                ]


FORK = """
import json, os, sys, nuthatch
from nuthatch import Document
index = nuthatch.open(f"sqlite:{sys.argv[1]}", create=True)
index.add([Document(f"doc-{n}", "", f"alpha w{n}") for n in range(30)])
index.search("alpha")
ready, told = os.pipe()
done, tell = os.pipe()
said, say = os.pipe()
child = os.fork()
if not child:
    found = [len(index.search("alpha", 100))]
    os.write(told, b".")
    os.read(done, 1)
    found.append(len(index.search("alpha", 100)))
    if sys.argv[2] == "write":
        found.append(index.add(Document("child", "", "alpha")).added)
        found.append(len(index.search("alpha", 100)))
    found.append(index.check())
    os.write(say, json.dumps(found).encode())
    index.close()
    os._exit(0)
os.read(ready, 1)
index.add(Document("parent", "", "alpha"))
mine = [len(index.search("alpha", 100))]
if sys.argv[3] == "close":
    index.close()
os.write(tell, b".")
theirs = json.loads(os.read(said, 10000))
os.waitpid(child, 0)
with nuthatch.open(f"sqlite:{sys.argv[1]}") as again:
    mine += [len(again.search("alpha", 100)), again.check()]
if sys.argv[3] != "close":
    mine.append(index.add(Document("late", "", "alpha")).added)
    index.close()
print(json.dumps([mine, theirs]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("parent", ["close", "keep"])
@pytest.mark.parametrize("work", ["read", "write"])
def test_parent_and_child_go_on_after_a_fork(path: Path, work: str, parent: str) -> None:
    """Whoever closes first takes nothing from the other: no log is deleted under a process."""
    mine, theirs = answer(FORK, path, work, parent)
    if work == "write":
        assert theirs == [30, 31, 1, 32, []]
        assert mine[:3] == [31, 32, []]
    else:
        assert theirs == [30, 31, []]
        assert mine[:3] == [31, 31, []]
    assert mine[3:] == ([1] if parent == "keep" else [])


def test_a_closed_index_says_so(open_index: Callable[..., LexicalBackend]) -> None:
    """Closing twice is fine, using it afterwards is not."""
    index = open_index()
    index.add(Document("one", "", "alpha"))
    index.search("alpha")
    index.close()
    index.close()
    for use in (
        lambda: index.search("alpha"),
        lambda: index.get("one"),
        lambda: index.add(Document("two")),
        lambda: index.delete("one"),
        lambda: list(index.documents()),
        index.info,
        index.check,
        index.optimize,
    ):
        with pytest.raises(BackendUnavailable, match="closed"):
            use()


def test_closing_lets_a_search_that_runs_come_to_its_end(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """A connection that is lent is closed when it comes back."""
    index = open_index()
    index.add(map(document, range(30)))
    documents = index.documents()
    next(documents)
    index.close()
    assert sum(1 for _ in documents) == 29
    with pytest.raises(BackendUnavailable):
        index.search("every")


@pytest.mark.parametrize("cache_bytes", [0, 2**20])
def test_a_timeout_ends_a_search_and_nothing_else(seeded_path: Path, cache_bytes: int) -> None:
    """The index answers the next query as if nothing had happened."""
    text = " ".join(seeded_documents()[8].text.split()[:8])
    with nuthatch.open(f"sqlite:{seeded_path}", cache_bytes=cache_bytes) as index:
        expected = nuthatch.open(f"sqlite:{seeded_path}").search(text)
        for _ in range(3):
            with pytest.raises(QueryTimeout, match="timeout"):
                index.search(text, timeout=1e-9)
            assert index.search(text, timeout=1000).hits == pytest.approx(expected.hits)


def test_a_deadline_stops_the_engine_in_the_middle_of_a_statement(seeded_path: Path) -> None:
    """Not only between requests: a long statement is interrupted, the connection stays good."""
    common = tuple(dict.fromkeys(" ".join(d.text for d in seeded_documents()[:40]).split()))[:40]
    with nuthatch.open(f"sqlite:{seeded_path}", cache_bytes=0, readers=1) as index:
        with pytest.raises(QueryTimeout), index.reader(deadline=0.0) as reader:
            reader.match(Rung.of("OR", common), (), 10)
        with index.reader() as reader:
            assert len(reader.match(Rung.of("OR", common), (), 10).candidates) == 10


def test_a_search_that_waits_for_a_reader_past_its_timeout_times_out(
    open_index: Callable[..., LexicalBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a timeout the wait has a bound of its own: then the index is busy, for now."""
    index = open_index(readers=1)
    index.add(map(document, range(3)))
    monkeypatch.setattr("nuthatch_sqlite.pool.WAIT", 0.05)
    for _ in index.documents():
        with pytest.raises(QueryTimeout, match="readers"):
            index.search("every", timeout=0.05)
        with pytest.raises(BackendUnavailable, match="readers") as caught:
            index.search("every")
        assert caught.value.transient
    assert len(index.search("every", timeout=60)) == 3


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_must_be_positive(index: LexicalBackend, timeout: float) -> None:
    with pytest.raises(InvalidQuery, match="timeout"):
        index.search("alpha", timeout=timeout)


def test_what_one_search_counts_is_never_half_known_to_another(
    open_index: Callable[..., LexicalBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Document frequencies are shared: while many are counted, none is there that is wrong."""
    index = open_index()
    words = ["one", "two", "three", "four", "five", "six"]
    index.add(Document("d", "", " ".join(words)))
    known: dict[str, int] = {}
    read = state.rows

    def watch(*arguments: Any) -> Iterator[Any]:
        for row in read(*arguments):
            assert 0 not in known.values()
            yield row

    monkeypatch.setattr(state, "rows", watch)
    shared: Any = SimpleNamespace(dictionary=SimpleNamespace(entries=lambda generation: known))
    with index.reader() as reader:
        own: Any = reader
        found = state.frequencies_of(own._connection, own._state, shared, words)
    assert found == known == dict.fromkeys(words, 1)
