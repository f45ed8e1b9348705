"""Locks: one writer at a time, who waits no longer than asked; readers never wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import apsw
import pytest

import nuthatch
from nuthatch import Document, IndexExists, IndexLocked, LexicalBackend
from support.feeder import SCHEMA, document
from support.processes import Child, child

HOLD = """
import apsw, sys
database = apsw.Connection(sys.argv[1])
database.execute("BEGIN IMMEDIATE")
print('"held"', flush=True)
sys.stdin.readline()
database.execute("COMMIT")
print('"free"', flush=True)
sys.stdin.readline()
"""
#: No bound on speed: only that nobody waits for ever.
GENEROUS = 30


@pytest.fixture
def holder(path: Path, index: LexicalBackend) -> Iterator[Child]:
    """Another process that holds the write lock of an index with one document."""
    index.add(Document("one", "", "alpha"))
    with child(HOLD, path) as started:
        assert started.read() == "held"
        yield started


@pytest.mark.parametrize("timeout", [0, 0.4])
@pytest.mark.parametrize(
    "write",
    [
        lambda index: index.add(Document("two")),
        lambda index: index.add([Document("two"), Document("three")]),
        lambda index: index.delete("one"),
        lambda index: index.optimize(),
    ],
    ids=["add", "add-many", "delete", "optimize"],
)
def test_a_writer_waits_for_lock_timeout_and_no_longer(
    holder: Child,
    open_index: Callable[..., LexicalBackend],
    timeout: float,
    write: Callable[[LexicalBackend], object],
) -> None:
    """`IndexLocked` says who is in the way and what to raise; nothing was written."""
    index = open_index(lock_timeout=timeout)
    begun = monotonic()
    with pytest.raises(IndexLocked, match="lock_timeout"):
        write(index)
    assert timeout <= monotonic() - begun < GENEROUS
    assert index.info().documents == 1


def test_readers_go_on_while_another_process_writes(
    holder: Child, open_index: Callable[..., LexicalBackend]
) -> None:
    """Everything that reads, in an index opened before and after."""
    with open_index(lock_timeout=0) as index:
        assert [hit.document_uri for hit in index.search("alpha")] == ["one"]
        assert index.get("one") is not None
        assert index.info().documents == 1
        assert len(list(index.documents())) == 1
        assert index.check() == []


def test_a_writer_gets_its_turn_when_the_other_lets_go(
    holder: Child, open_index: Callable[..., LexicalBackend]
) -> None:
    """Waiting is what lock_timeout is for."""
    index = open_index(lock_timeout=GENEROUS)
    threading.Timer(0.3, holder.tell).start()
    index.add(Document("two"))
    assert holder.read() == "free"
    assert index.info().documents == 2


def test_threads_of_one_process_take_turns(open_index: Callable[..., LexicalBackend]) -> None:
    """One backend shared by threads, and one each: nobody's batch is lost."""
    shared = open_index(lock_timeout=GENEROUS)
    own = open_index(lock_timeout=GENEROUS)
    failures: list[BaseException] = []

    def add(index: LexicalBackend, first: int) -> None:
        try:
            index.add((document(first + number) for number in range(40)), batch=4)
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            failures.append(error)

    threads = [
        threading.Thread(target=add, args=(each, 40 * number))
        for number, each in enumerate((shared, shared, own, own))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert shared.info().documents == 160
    assert shared.check() == []


def test_a_thread_that_writes_makes_another_wait_no_longer_than_asked(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Within one backend the lock is a thread's: the same timeout, the same error."""
    index = open_index(lock_timeout=0.2)
    holding, done = threading.Event(), threading.Event()

    def documents() -> Iterator[Document]:
        yield Document("one")

    def hold() -> None:
        index._transact("process", lambda _: (holding.set(), done.wait(GENEROUS)))

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(GENEROUS)
    begun = monotonic()
    with pytest.raises(IndexLocked, match="thread"):
        index.add(documents())
    assert 0.2 <= monotonic() - begun < GENEROUS
    done.set()
    thread.join()
    index.add(documents())


ADD = """
import sys, nuthatch
from support.feeder import SCHEMA, document
first = int(sys.argv[2])
print('"ready"', flush=True)
sys.stdin.readline()
with nuthatch.open(f"sqlite:{sys.argv[1]}", create=True, schema=SCHEMA, lock_timeout=60) as index:
    index.add((document(first + n) for n in range(100)), batch=5)
print('"done"', flush=True)
sys.stdin.readline()
"""


def test_processes_that_create_and_write_at_once_all_finish(path: Path) -> None:
    """They race for making the tables, then for each batch."""
    writers = [Child(ADD, path, first) for first in (0, 60, 200)]
    try:
        assert [writer.read() for writer in writers] == ["ready"] * 3
        for writer in writers:
            writer.tell()
        assert [writer.read() for writer in writers] == ["done"] * 3
    finally:
        for writer in writers:
            writer.close()
    with nuthatch.open(f"sqlite:{path}", schema=SCHEMA) as index:
        numbers = {*range(160), *range(200, 300)}
        assert {item.uri for item in index.documents()} == {f"doc-{n}" for n in numbers}
        assert index.check() == []


@pytest.mark.parametrize("create", [True, "new"])
def test_threads_that_create_at_once_make_one_index(path: Path, create: object) -> None:
    """With "new" exactly one of them may have made it."""
    together = threading.Barrier(4)
    outcomes: list[object] = []

    def make() -> None:
        together.wait()
        try:
            nuthatch.open(f"sqlite:{path}", create=create, lock_timeout=GENEROUS).close()
            outcomes.append("made")
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            outcomes.append(type(error))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("made") == (4 if create is True else 1)
    assert set(outcomes) <= {"made", IndexExists}


@pytest.fixture
def other(path: Path) -> Iterator[apsw.Connection]:
    """Another who is about to make tables in a new file: the write lock is theirs."""
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 1)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_who_creates_waits_where_sqlite_itself_does_not(path: Path, other: apsw.Connection) -> None:
    """For the lock that turning the log on takes: SQLite refuses it at once."""
    begun = monotonic()
    threading.Timer(0.3, other.close, [True]).start()
    with nuthatch.open(f"sqlite:{path}", create="new", lock_timeout=GENEROUS) as index:
        assert monotonic() - begun >= 0.3
        assert index.check() == []


@pytest.mark.parametrize("timeout", [0, 0.3])
def test_who_creates_waits_no_longer_than_asked(
    path: Path, other: apsw.Connection, timeout: float
) -> None:
    """Then the error is that of any other wait, and nothing was made."""
    begun = monotonic()
    with pytest.raises(IndexLocked, match="lock_timeout"):
        nuthatch.open(f"sqlite:{path}", create="new", lock_timeout=timeout)
    assert timeout <= monotonic() - begun < GENEROUS
    assert other.pragma("application_id") == 0
