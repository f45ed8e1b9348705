"""Several processes and threads: kills, locks, forks, and seeing what others write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nuthatch import Document, IndexLocked, LexicalBackend

Open = Callable[..., LexicalBackend]

_WRITER = """
import sys, nuthatch
from nuthatch import Document
index = nuthatch.open("tantivy:" + sys.argv[1], create=True)
def rows():
    for number in range(1_000_000):
        yield Document(f"doc-{number}", "", f"word w{number} " * 20)
index.add(rows(), batch=100, progress=lambda report: print(report.read, flush=True))
"""


def start(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("batches", [1, 4, 9])
def test_kill_loses_no_acknowledged_batch(path: Path, open_index: Open, batches: int) -> None:
    with start(_WRITER, path) as writer:
        assert writer.stdout is not None
        for _ in range(batches):
            writer.stdout.readline()
        time.sleep(0.02 * batches)  # somewhere in the next batch
        writer.kill()
        acknowledged = [100 * batches, *map(int, writer.stdout.read().split())][-1]
    index = open_index(create=False)
    documents = index.info().documents
    # The batch under way is in the index or is not; it may have been committed unacknowledged.
    assert documents in (acknowledged, acknowledged + 100)
    assert [document.uri for document in index.documents()] == [
        f"doc-{n}" for n in range(documents)
    ]
    assert index.check() == []
    assert index.add(Document("new", "", "word")).added == 1
    assert len(index.search("word", 10**6)) == documents + 1


_HOLDER = """
import sys, tantivy
writer = tantivy.Index.open(sys.argv[1]).writer(15_000_000, 1)
print("writing", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_waits_and_is_then_told(
    path: Path, open_index: Open, few: list[Document]
) -> None:
    index = open_index(lock_timeout=0.2)
    index.add(few)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        begun = time.monotonic()
        with pytest.raises(IndexLocked) as caught:
            index.add(Document("new", "", "word"))
        assert time.monotonic() - begun >= 0.2
        assert isinstance(caught.value.__cause__, ValueError)
        assert len(index.search("thief")) == 2  # readers go on
        patient = open_index(lock_timeout=30)
        threading.Timer(0.3, holder.stdin.close).start()
        assert patient.add(Document("new", "", "word")).added == 1


def test_no_lock_is_held_between_batches(open_index: Open) -> None:
    one, two = open_index(lock_timeout=0), open_index(lock_timeout=0)

    def other(report: object) -> None:
        two.add(Document("other", "", str(report)))

    one.add([Document("a"), Document("b")], batch=1, progress=other)
    assert one.info().documents == 3


def test_two_processes_write_in_turns(path: Path, open_index: Open) -> None:
    index = open_index(lock_timeout=30)
    code = _WRITER.replace("1_000_000", "300").replace("doc-", "child-")
    with start(code, path) as child:
        for number in range(5):
            index.add(Document(f"mine-{number}", "", "word"))
        child.communicate()
    assert child.returncode == 0
    assert len(index.search("word", 10**6)) == 305
    assert index.check() == []


def test_what_another_process_commits_is_seen_by_the_next_reader(
    path: Path, open_index: Open, few: list[Document]
) -> None:
    index = open_index()
    code = "import sys, nuthatch; i = nuthatch.open('tantivy:' + sys.argv[1])\n"
    with index.reader() as before:
        with start(code + "i.add(nuthatch.Document('new', '', 'fresh'))", path) as child:
            pass
        assert child.returncode == 0
        assert before.get("new") is None  # a reader is one state
        assert len(index.search("fresh")) == 1


def test_threads_search_while_one_writes(open_index: Open) -> None:
    index = open_index()
    index.add(Document(f"doc-{number}", "", "word") for number in range(50))
    done = threading.Event()

    def search() -> set[int]:
        counts = set()
        while not done.is_set():
            counts.add(len(index.search("word", 10**6)))
        return counts

    with ThreadPoolExecutor(5) as pool:
        searching = [pool.submit(search) for _ in range(3)]
        writing = [
            pool.submit(index.add, [Document(f"t{thread}-{n}", "", "word") for n in range(10)])
            for thread in range(2)
        ]
        for entry in writing:
            entry.result()
        done.set()
        for item in searching:
            assert item.result() <= {50, 60, 70}
    assert len(index.search("word", 10**6)) == 70


def in_child(work: Callable[[], bool]) -> bool:
    pid = os.fork()
    if not pid:
        good = False
        try:
            good = work()
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(not good)
    for _ in range(300):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status == 0
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_reads_and_writes(open_index: Open, few: list[Document]) -> None:
    index = open_index()
    index.add(few)
    assert in_child(
        lambda: (
            len(index.search("thief")) == 2
            and index.add(Document("child", "", "thief")).added == 1
            and len(index.search("thief")) == 3
        )
    )
    assert len(index.search("thief")) == 3
    assert index.add(Document("parent", "", "thief")).added == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_forked_while_a_thread_writes_holds_no_lock(open_index: Open) -> None:
    index = open_index(lock_timeout=10)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            index.add(Document(f"doc-{number}", "", "word"), durability="process")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for number in range(3):
            time.sleep(0.05)
            child = f"child-{number}"
            assert in_child(lambda uri=child: index.add(Document(uri)).added == 1)  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()
    assert {document.uri for document in index.documents()} >= {"child-0", "child-1", "child-2"}
    assert index.check() == []


def test_the_spec_does_not_import_the_driver() -> None:
    code = "import sys, nuthatch_tantivy.plugin as p; print('tantivy' in sys.modules, p.SPEC.name)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "tantivy"]
