"""What the kit does not ask: Whoosh's own traps, other processes, death, and the power."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    BackendUnavailable,
    Document,
    IndexExists,
    IndexLocked,
    IndexNotFound,
    InvalidConfig,
    LexicalBackend,
)

from .conftest import EXAMPLE

_LOADER = """
import sys
import nuthatch
from nuthatch_whoosh.plugin import SPEC

class Example:
    @nuthatch.hookimpl
    def nuthatch_register_backends(self):
        return [SPEC]

if not any(True for _ in __import__("importlib.metadata").metadata.entry_points(
    group="nuthatch.backends", name="whoosh"
)):
    nuthatch.register_plugin(Example(), "example")
start = int(sys.argv[2])
documents = (nuthatch.Document(f"k{n}", "", "falcon") for n in range(start, start + 10_000))
with nuthatch.open(sys.argv[1]) as index:
    index.add(documents, batch=3, progress=lambda report: print(report.read, flush=True))
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"whoosh:{tmp_path}/index"


@pytest.fixture
def index(url: str) -> Iterator[LexicalBackend]:
    with nuthatch.open(url, create="new") as opened:
        yield opened


def uris(index: LexicalBackend) -> list[str]:
    return [document.uri for document in index.documents()]


def test_a_batch_that_was_acknowledged_survives_kill(url: str, index: LexicalBackend) -> None:
    acknowledged: set[str] = set()
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE)}
    for start in range(0, 50_000, 10_000):
        loader = subprocess.Popen(
            [sys.executable, "-c", _LOADER, url, str(start)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert loader.stdout is not None
        # The pipe is read until some batches are reported; the loader is then between two others.
        counts = [int(loader.stdout.readline()) for _ in range(1 + start // 10_000)]
        loader.send_signal(signal.SIGKILL)
        counts += [int(line) for line in loader.communicate()[0].split()]
        acknowledged |= {f"k{number}" for number in range(start, start + counts[-1])}
        found = set(uris(index))
        assert acknowledged <= found
        assert len(found) % 3 == 0, "half a batch is there"
        assert {hit.document_uri for hit in index.search("falcon", limit=1000)} == found
        acknowledged = found
    assert len(acknowledged) >= 3 * (1 + 2 + 3 + 4 + 5)


def test_a_commit_is_synced_before_it_is_named(
    index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, rename = os.fsync, os.rename

    def note_fsync(handle: int) -> None:
        events.append(f"sync {Path(os.readlink(f'/proc/self/fd/{handle}')).name}")
        fsync(handle)

    def note_rename(source: str, target: str) -> None:
        events.append(f"rename {Path(target).name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "rename", note_rename)
    index.add([Document("a", "", "falcon")], durability="power")
    at = events.index("rename _MAIN_1.toc")
    synced = [Path(event.removeprefix("sync ")).suffix for event in events[:at]]
    assert ".seg" in synced
    assert any(event.startswith("sync _MAIN_1.toc.") for event in events[:at]), "the list itself"
    assert events[at + 1] == "sync index", "the folder, after the list has its name"


def test_another_process_that_writes_is_waited_for_and_then_reported(url: str) -> None:
    with (
        nuthatch.open(url, create="new") as one,
        nuthatch.open(url, lock_timeout=0.1) as other,
    ):

        def add_elsewhere(writer: Any) -> None:
            with pytest.raises(IndexLocked, match="lock_timeout") as caught:
                other.add(Document("a"))
            assert caught.value.__cause__ is not None
            writer.cancel()

        one._change(add_elsewhere)  # type: ignore[attr-defined]
        assert other.add(Document("a")).added == 1


def test_threads_take_turns_however_short_the_timeout(url: str) -> None:
    with nuthatch.open(url, create="new", lock_timeout=0.0) as index:
        errors: list[Exception] = []

        def add(name: str) -> None:
            try:
                for number in range(5):
                    index.add([Document(f"{name}{number}")])
            except Exception as error:  # noqa: BLE001  raised by the main thread
                errors.append(error)

        threads = [Thread(target=add, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert index.info().documents == 15


def test_whoever_reads_or_opens_beside_a_writer_is_not_disturbed(
    url: str, index: LexicalBackend
) -> None:
    errors: list[Exception] = []
    done = Event()

    def look() -> None:
        while not done.is_set():
            try:
                index.info()
                index.search("falcon")
                nuthatch.open(url).close()
            except Exception as error:  # noqa: BLE001  raised by the main thread
                errors.append(error)

    threads = [Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(60):
        index.add([Document(f"d{number % 5}", "", f"falcon {number}")])
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_opening_tries_again_when_a_commit_comes_in_between(
    url: str, index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nuthatch_whoosh.schema import Folder

    opened, failures = Folder.open_file, iter(range(3))

    def vanish(folder: Folder, name: str, *rest: object, **more: object) -> object:
        if next(failures, None) is not None:
            raise FileNotFoundError(name)
        return opened(folder, name, *rest, **more)

    monkeypatch.setattr(Folder, "open_file", vanish)
    nuthatch.open(url).close()
    assert next(failures, None) is None


def test_a_file_that_vanishes_while_sizes_are_added_up_does_not_count(
    index: LexicalBackend, tmp_path: Path
) -> None:
    before = index.info().bytes
    (tmp_path / "index" / "gone").symlink_to("nowhere")
    assert index.info().bytes == before > 0


def test_frequencies_do_not_count_what_was_deleted(index: LexicalBackend) -> None:
    index.add(Document(f"d{number}", "", "falcon") for number in range(200))
    index.delete([f"d{number}" for number in range(150)])
    with index.reader() as reader:
        assert reader.document_frequencies(["falcon", "absent"]) == {"falcon": 50, "absent": 0}


def test_the_best_are_the_same_at_every_limit(index: LexicalBackend) -> None:
    """Whoosh skips blocks of postings that cannot reach the best: no shortcut may show."""
    words = ["falcon", "kite", "merlin", "osprey", "buzzard"]
    for part in range(3):
        index.add(
            Document(f"{part}-{n}", "", " ".join(words[: 1 + n % 5] * (1 + n * n % 7)))
            for n in range(400)
        )
    for query in ("falcon kite", "osprey merlin buzzard buzzard", "kite"):
        everything = [hit.document_uri for hit in index.search(query, limit=2000)]
        for limit in (1, 10, 100):
            assert [hit.document_uri for hit in index.search(query, limit=limit)] == everything[
                :limit
            ]


def test_a_word_that_stands_twice_counts_twice(index: LexicalBackend) -> None:
    index.add([Document("a", "", "falcon"), Document("b", "", "kite")])
    once, twice = (index.search(text, policy="ranked")[0].score for text in ("kite", "kite kite"))
    assert twice == pytest.approx(2 * once)


def test_adding_the_same_again_writes_nothing(index: LexicalBackend, tmp_path: Path) -> None:
    index.add([Document("a", "", "falcon")])
    before = sorted(tmp_path.rglob("*"))
    assert index.add([Document("a", "", "falcon")]).unchanged == 1
    assert index.delete(["absent"]) == 0
    assert sorted(tmp_path.rglob("*.toc")) == [path for path in before if path.suffix == ".toc"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_index_is_neither_read_nor_overwritten(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "other"
    if kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "mine").write_text("mine")
    for create in (True, "new"):
        with pytest.raises(IndexExists):
            nuthatch.open(f"whoosh:{place}", create=create)
    with pytest.raises(IndexNotFound):
        nuthatch.open(f"whoosh:{place}")
    assert [path.name for path in tmp_path.iterdir()] == ["other"], "nothing is left behind"
    assert (place if kind == "file" else place / "mine").read_text() == "mine"


def test_a_path_without_a_parent_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="check the path") as caught:
        nuthatch.open(f"whoosh:{tmp_path}/no/index", create=True)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(InvalidConfig, match=r"whoosh:films\.idx"):
        nuthatch.open("whoosh:", create=True)


def test_it_is_about_as_long_as_a_page_or_two() -> None:
    """Imports, docstrings and the book of capabilities aside, it stays readable in one sitting."""
    import ast

    lines = 0
    for path in (EXAMPLE / "nuthatch_whoosh").glob("*.py"):
        if path.name == "plugin.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.stmt) and not isinstance(
                node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
            ):
                value = getattr(node, "value", None)
                lines += not (isinstance(node, ast.Expr) and isinstance(value, ast.Constant))
    assert lines <= 135
