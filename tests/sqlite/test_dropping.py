"""Dropping an index: all of it or nothing, and nothing that is somebody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

import nuthatch
from nuthatch import (
    BackendUnavailable,
    Document,
    IndexLocked,
    IndexNotFound,
    NuthatchError,
)

DOCUMENTS = [Document(f"d{n}", "", f"bee number {n}") for n in range(50)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "films.db"


def fill(path: Path) -> None:
    with nuthatch.open(f"sqlite:{path}", create="new") as index:
        index.add(DOCUMENTS)


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def test_nothing_of_the_index_is_left_and_all_else_is(path: Path) -> None:
    fill(path)
    others = ["films.db-notes", "films.db.bak", "films.dbx", "films"]
    for name in others:
        path.with_name(name).write_text("mine")
    nuthatch.drop(f"sqlite:{path}")
    assert names(path) == sorted(others)
    fill(path)
    with nuthatch.open(f"sqlite:{path}") as index:
        assert index.info().documents == len(DOCUMENTS)


def test_an_index_in_use_is_refused_and_whole(path: Path) -> None:
    fill(path)
    with nuthatch.open(f"sqlite:{path}") as index:
        assert len(index.search("bee")) == 20
        with pytest.raises(IndexLocked):
            nuthatch.drop(f"sqlite:{path}?lock_timeout=0.05")
        index.add(Document("more", "", "bee"))
        assert index.info().documents == len(DOCUMENTS) + 1
    nuthatch.drop(f"sqlite:{path}")
    assert names(path) == []


def test_another_process_in_use_is_refused(path: Path) -> None:
    fill(path)
    code = (
        "import nuthatch, sys\n"
        f"index = nuthatch.open({f'sqlite:{path}'!r})\n"
        "index.search('bee'); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(IndexLocked):
            nuthatch.drop(f"sqlite:{path}?lock_timeout=0.05")
        other.kill()
    nuthatch.drop(f"sqlite:{path}")  # whoever was killed holds nothing
    assert names(path) == []


def test_a_handle_that_was_not_used_yet_says_that_the_index_is_gone(path: Path) -> None:
    fill(path)
    with nuthatch.open(f"sqlite:{path}") as index:
        nuthatch.drop(f"sqlite:{path}")
        for use in (lambda: index.search("bee"), lambda: index.add(DOCUMENTS), index.info):
            with pytest.raises(BackendUnavailable):
                use()
    assert names(path) == []


@pytest.mark.parametrize("made", ["nothing", "empty", "text", "database", "folder"])
def test_what_is_no_index_is_refused_and_left(path: Path, made: str) -> None:
    if made == "empty":
        path.touch()
    elif made == "text":
        path.write_text("SQLite format 3, or so I say " * 50)
    elif made == "database":
        apsw.Connection(str(path)).execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    elif made == "folder":
        path.mkdir()
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(NuthatchError) as caught:
        nuthatch.drop(f"sqlite:{path}")
    if made in ("nothing", "empty", "database"):
        assert isinstance(caught.value, IndexNotFound)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert path.exists() == (made != "nothing")


def test_a_damaged_index_goes_too(path: Path) -> None:
    fill(path)
    content = bytearray(path.read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    path.write_bytes(content)
    nuthatch.drop(f"sqlite:{path}")
    assert names(path) == []


def test_read_only_drops_nothing(path: Path) -> None:
    fill(path)
    with pytest.raises(BackendUnavailable, match="read_only"):
        nuthatch.drop(f"sqlite:{path}?read_only=true")
    assert path.exists()


def test_a_link_goes_with_what_it_names(path: Path) -> None:
    fill(path)
    link = path.with_name("link.db")
    link.symlink_to(path)
    nuthatch.drop(f"sqlite:{link}")
    assert names(path) == []


@pytest.mark.parametrize("step", range(5))
def test_whoever_dies_on_the_way_leaves_a_whole_index(path: Path, step: int) -> None:
    """The n-th removal of a file kills the process; what is left opens whole, or is gone."""
    fill(path)
    code = (
        "import os, pathlib, nuthatch\n"
        "left = " + str(step) + "\n"
        "real = pathlib.Path.unlink\n"
        "def unlink(self, missing_ok=False):\n"
        "    global left\n"
        "    if left == 0: os._exit(9)\n"
        "    left -= 1\n"
        "    real(self, missing_ok)\n"
        "pathlib.Path.unlink = unlink\n"
        f"nuthatch.drop({f'sqlite:{path}'!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == (9 if step < 4 else 0)
    if step < 4:
        with nuthatch.open(f"sqlite:{path}") as index:
            assert index.info().documents == len(DOCUMENTS)
            assert index.check() == []
        nuthatch.drop(f"sqlite:{path}")
    assert names(path) == []
