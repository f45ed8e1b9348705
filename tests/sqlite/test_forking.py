"""Forks while other threads use the index: the child begins anew, with locks of its own."""

from __future__ import annotations

import os

import pytest

from support.processes import child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

BEGIN = """
import json, os, sys, threading, nuthatch, nuthatch_sqlite.backend
from nuthatch import Document, Lease
nuthatch_sqlite.backend._FORK_WAIT = float(sys.argv[2])
index = nuthatch.open(f"sqlite:{sys.argv[1]}", create="new", lock_timeout=1)
index.add([Document(f"doc-{n}", "", f"alpha w{n}") for n in range(30)])
index.search("alpha", policy="ranked")
holding, done = threading.Event(), threading.Event()

def in_child(work):
    said, say = os.pipe()
    number = os.fork()
    if not number:
        try:
            answer = work()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(say, json.dumps(answer).encode())
        os._exit(0)
    answer = json.loads(os.read(said, 10000))
    os.waitpid(number, 0)
    return answer

def all_there_is():
    added = index.add(Document("child", "", "alpha")).added
    found = len(index.search("alpha", 100, policy="ranked"))
    problems = index.check()
    index.close()
    return [added, found, problems]

class writing:
    def __enter__(self):
        self._lease = Lease()
        index._take_turn(self._lease)
        index._writing_connection().execute("BEGIN IMMEDIATE")

    def __exit__(self, *error):
        index._writer.execute("ROLLBACK")
        index._turns.release(self._lease)

class turn(writing):
    def __enter__(self):
        self._lease = Lease()
        index._take_turn(self._lease)

    def __exit__(self, *error):
        index._turns.release(self._lease)

def hold(lend):
    def holder():
        with lend:
            holding.set()
            done.wait(60)
    thread = threading.Thread(target=holder)
    thread.start()
    holding.wait(60)
    return thread
"""
END = """
done.set()
thread.join()
mine = [len(index.search("alpha", 100)), index.add(Document("late", "", "alpha")).added]
print(json.dumps([theirs, mine, index.check()]))
index.close()
"""


def run(path: object, script: str, wait: float = 0.2) -> list[object]:
    """What child and parent say; the whole must not hang."""
    with child(BEGIN + script + END, path, wait) as started:
        answer = started.read()
        assert started.process.wait(60) == 0
    assert isinstance(answer, list)
    return answer


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "lock", ["turn()", "index._caches.dictionary._lock", "index._caches.terms._lock"]
)
def test_a_child_has_locks_of_its_own(path: object, lock: str) -> None:
    """Those that a thread of the parent held would never be let go there."""
    script = f"""
index._close_writer()  # no connection is in use, only the lock is
thread = hold({lock})
theirs = in_child(all_there_is)
"""
    assert run(path, script) == [[1, 31, []], [31, 1], []]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("use", ["writing()", "index.reader()"])
def test_a_fork_waits_for_what_other_threads_do(path: object, use: str) -> None:
    """A batch or a search that ends in time leaves the child nothing to inherit."""
    script = f"""
thread = hold({use})
threading.Timer(0.5, done.set).start()
theirs = in_child(all_there_is)
"""
    assert run(path, script, 30) == [[1, 31, []], [31, 1], []]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("use", ["writing()", "index.reader()"])
def test_a_file_that_was_in_use_all_the_time_is_refused_in_the_child(
    path: object, use: str
) -> None:
    """SQLite would take the parent's locks for its own: a lost batch is worse than an error."""
    script = f"""
with {use}:
    theirs = [in_child(all_there_is), in_child(index.close)]
    theirs.append(in_child(lambda: nuthatch.open(f"sqlite:{{sys.argv[1]}}").close()))
thread = threading.Thread()
thread.start()
"""
    theirs, *mine = run(path, script)
    assert isinstance(theirs, list)
    told, closed, opened = theirs
    assert told.startswith("BackendUnavailable: this process was forked while")
    assert closed is None
    assert opened.startswith("BackendUnavailable: this process was forked while")
    assert mine == [[30, 1], []]


@pytest.mark.timeout(60)
def test_a_closed_index_stays_closed_in_a_child(path: object) -> None:
    script = """
thread = threading.Thread()
thread.start()
closed = nuthatch.open(f"sqlite:{sys.argv[1]}")
closed.close()
theirs = in_child(lambda: closed.search("alpha").hits)
"""
    theirs, *_ = run(path, script)
    assert isinstance(theirs, str)
    assert "was closed; open it again" in theirs


@pytest.mark.timeout(60)
def test_threads_that_fork_at_once_do_not_wait_for_ever(path: object) -> None:
    script = """
theirs = []
threads = [
    threading.Thread(target=lambda: theirs.append(in_child(lambda: len(index.search("alpha", 99)))))
    for _ in range(4)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    assert run(path, script, 30) == [[30] * 4, [30, 1], []]
