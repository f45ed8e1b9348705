"""Files and folders that may not be written: reading works wherever it can be right."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import nuthatch
from nuthatch import BackendUnavailable, Document, LexicalBackend
from support.processes import answer, shared_folder

READ = """
import json, sys, nuthatch
from support.processes import become_nobody
become_nobody()
options = json.loads(sys.argv[2])
found = {}
def ask(name, question):
    try:
        found[name] = question()
    except nuthatch.NuthatchError as error:
        found[name] = f"{type(error).__name__}: {error}"
try:
    index = nuthatch.open(f"sqlite:{sys.argv[1]}", **options)
except nuthatch.NuthatchError as error:
    found["open"] = f"{type(error).__name__}: {error}"
else:
    with index:
        ask("search", lambda: [hit.document_uri for hit in index.search("alpha")])
        ask("again", lambda: [hit.document_uri for hit in index.search("alpha", policy="ranked")])
        ask("get", lambda: index.get("one").text)
        ask("info", lambda: index.info().documents)
        ask("check", lambda: index.check())
        ask("add", lambda: index.add(nuthatch.Document("two")).added)
        ask("delete", lambda: index.delete("one"))
        ask("optimize", lambda: index.optimize())
print(json.dumps(found))
"""
READABLE = {"search": ["one"], "again": ["one"], "get": "alpha beta", "info": 1, "check": []}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that nobody in particular can enter, with an index of one document."""
    with shared_folder() as folder:
        with nuthatch.open(f"sqlite:{folder}/index.db", create=True) as index:
            index.add(Document("one", "", "alpha beta"))
        yield folder
        os.chmod(folder, 0o755)


def read_as_nobody(path: Path, **options: object) -> dict[str, object]:
    """What a user without rights finds; pytest's own user where that is not root."""
    found: dict[str, object] = answer(READ, path, json.dumps(options))
    return found


def assert_only_readable(found: dict[str, object]) -> None:
    assert {name: found[name] for name in READABLE} == READABLE
    for write in ("add", "delete", "optimize"):
        assert str(found[write]).startswith("BackendUnavailable"), found


def test_a_file_and_folder_without_the_right_to_write_can_be_read(folder: Path) -> None:
    """SQLite needs no log where nothing can change: the file is opened as immutable."""
    os.chmod(folder / "index.db", 0o444)
    os.chmod(folder, 0o555)
    assert_only_readable(read_as_nobody(folder / "index.db"))
    os.chmod(folder, 0o755)
    assert [item.name for item in folder.iterdir()] == ["index.db"]


def test_a_file_without_the_right_to_write_in_a_writable_folder_can_be_read(folder: Path) -> None:
    os.chmod(folder, 0o777)
    os.chmod(folder / "index.db", 0o444)
    assert_only_readable(read_as_nobody(folder / "index.db"))


@pytest.mark.parametrize("rights", [0o555, 0o777])
def test_read_only_is_kept_to(folder: Path, rights: int) -> None:
    """The option forbids what the rights would allow."""
    os.chmod(folder, rights)
    os.chmod(folder / "index.db", 0o666)
    found = read_as_nobody(folder / "index.db", read_only=True)
    assert_only_readable(found)
    assert "read_only" in str(found["add"])


def test_a_log_that_nobody_may_merge_is_an_error_and_not_an_old_answer(folder: Path) -> None:
    """What was acknowledged lies in the log: leaving it out would be a wrong answer."""
    with nuthatch.open(f"sqlite:{folder}/index.db") as writer:
        writer.add(Document("three", "", "alpha"))
        log = folder / "index.db-wal"
        assert log.stat().st_size
        for file in folder.iterdir():
            os.chmod(file, 0o444)
        saved = [(file.name, file.read_bytes()) for file in (folder / "index.db", log)]
    for name, content in saved:
        (folder / name).write_bytes(content)
    os.chmod(folder, 0o555)
    found = read_as_nobody(folder / "index.db")
    assert set(found) == {"open"}
    assert str(found["open"]).startswith("BackendUnavailable")
    assert "write-ahead log" in str(found["open"])


def test_an_index_cannot_be_made_where_nobody_may_write(folder: Path) -> None:
    os.chmod(folder, 0o555)
    found = read_as_nobody(folder / "new.db", create=True)
    assert str(found["open"]).startswith("BackendUnavailable")
    assert not (folder / "new.db").exists()


def test_a_file_that_may_not_be_read_is_a_typed_error(folder: Path) -> None:
    os.chmod(folder / "index.db", 0o000)
    assert str(read_as_nobody(folder / "index.db")["open"]).startswith("BackendUnavailable")


def test_a_folder_that_may_not_be_entered_is_a_typed_error(folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir(mode=0o700)
    if os.getuid() != 0:
        os.chmod(inner, 0)
    assert str(read_as_nobody(inner / "index.db")["open"]).startswith("BackendUnavailable")
    os.chmod(inner, 0o700)


def test_read_only_leaves_the_file_as_it_is(path: Path, index: LexicalBackend) -> None:
    """Not a byte changes, and no writing connection is made."""
    index.add(Document("one", "", "alpha"))
    index.close()
    before = path.read_bytes()
    with nuthatch.open(f"sqlite:{path}", read_only=True) as reading:
        assert len(reading.search("alpha")) == 1
        assert reading.check() == []
        for write in (
            lambda: reading.add(Document("two")),
            lambda: reading.delete("one"),
            reading.optimize,
        ):
            with pytest.raises(BackendUnavailable, match="read_only"):
                write()
    assert path.read_bytes() == before
