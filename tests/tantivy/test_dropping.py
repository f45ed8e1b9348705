"""Dropping an index: its folder with what is its own, under Tantivy's lock."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import nuthatch
from nuthatch import BackendUnavailable, Document, IndexLocked, IndexNotFound, NuthatchError

DOCUMENTS = [Document(f"d{n}", "", f"bee number {n}") for n in range(50)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "films"


def fill(path: Path) -> None:
    with nuthatch.open(f"tantivy:{path}", create="new") as index:
        index.add(DOCUMENTS, batch=7)
        index.delete("d1")


def test_nothing_is_left_and_the_place_can_be_used_again(path: Path) -> None:
    for _ in range(2):
        fill(path)
        nuthatch.drop(f"tantivy:{path}")
        assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("foreign", ["notes.txt", "sub", "meta.json.bak", "0" * 31 + ".store"])
def test_a_folder_with_something_else_is_left_as_it_is(path: Path, foreign: str) -> None:
    fill(path)
    other = path / foreign
    if foreign == "sub":
        other.mkdir()
    else:
        other.write_text("mine")
    before = sorted(path.iterdir())
    with pytest.raises(BackendUnavailable, match=foreign):
        nuthatch.drop(f"tantivy:{path}")
    assert sorted(path.iterdir()) == before
    with nuthatch.open(f"tantivy:{path}") as index:
        assert index.info().documents == len(DOCUMENTS) - 1


@pytest.mark.parametrize("made", ["nothing", "empty", "file", "foreign"])
def test_what_is_no_index_is_refused_and_left(path: Path, made: str) -> None:
    if made == "file":
        path.write_text("mine")
    elif made != "nothing":
        path.mkdir()
    if made == "foreign":
        (path / "notes.txt").write_text("mine")
    with pytest.raises(IndexNotFound):
        nuthatch.drop(f"tantivy:{path}")
    assert path.exists() == (made != "nothing")
    assert (path / "notes.txt").exists() == (made == "foreign")


def test_who_writes_is_waited_for(path: Path) -> None:
    fill(path)
    code = (
        "import nuthatch, sys\n"
        f"index = nuthatch.open({f'tantivy:{path}'!r})\n"
        "def work(*_):\n"
        "    print('writing', flush=True); sys.stdin.read()\n"
        "index._transact('process', work)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"writing\n"
        with pytest.raises(IndexLocked):
            nuthatch.drop(f"tantivy:{path}?lock_timeout=0.05")
        other.kill()
    with nuthatch.open(f"tantivy:{path}") as index:
        assert index.check() == []
    nuthatch.drop(f"tantivy:{path}")
    assert not path.exists()


def test_who_has_it_open_is_told(path: Path) -> None:
    fill(path)
    with nuthatch.open(f"tantivy:{path}") as index:
        assert len(index.search("bee")) == 20
        nuthatch.drop(f"tantivy:{path}")
        for use in (lambda: index.search("bee"), lambda: index.add(DOCUMENTS), index.info):
            with pytest.raises(BackendUnavailable, match="dropped or moved"):
                use()
    assert not path.exists()


@pytest.mark.parametrize("name", ["nuthatch.json", "meta.json"])
def test_a_damaged_index_goes_too(path: Path, name: str) -> None:
    fill(path)
    (path / name).write_text("{")
    nuthatch.drop(f"tantivy:{path}")
    assert not path.exists()


def test_read_only_drops_nothing(path: Path) -> None:
    fill(path)
    with pytest.raises(BackendUnavailable, match="read_only"):
        nuthatch.drop(f"tantivy:{path}?read_only=true")
    assert path.exists()


@pytest.mark.parametrize("step", [0, 1, 3, 6])
def test_whoever_dies_on_the_way_leaves_what_can_be_dropped(path: Path, step: int) -> None:
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
        f"nuthatch.drop({f'tantivy:{path}'!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    # Whoever opens it meanwhile finds what is not read yet, or is told by an error of nuthatch's.
    with suppress(NuthatchError), nuthatch.open(f"tantivy:{path}") as index:
        index.search("bee")
    nuthatch.drop(f"tantivy:{path}")
    assert list(path.parent.iterdir()) == []
