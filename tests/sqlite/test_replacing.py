"""An index file that is replaced while it is open: its old and new documents never mix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

import nuthatch
from nuthatch import BackendUnavailable, Document, LexicalBackend

USES: dict[str, Callable[[LexicalBackend], object]] = {
    "search": lambda index: index.search("alpha"),
    "get": lambda index: index.get("old"),
    "documents": lambda index: list(index.documents()),
    "info": lambda index: index.info(),
    "check": lambda index: index.check(),
    "add": lambda index: index.add(Document("more", "", "alpha")),
    "delete": lambda index: index.delete("old"),
    "optimize": lambda index: index.optimize(),
}


def make(path: Path, *documents: Document) -> None:
    """An index of generation 1, all of it in one file."""
    with nuthatch.open(f"sqlite:{path}", create="new") as index:
        index.add(documents)


@pytest.fixture
def used(path: Path, open_index: Callable[..., LexicalBackend]) -> LexicalBackend:
    """An open index with a reading and a writing connection, and with full caches."""
    make(path, Document("old", "", "alpha"))
    index = open_index(create=False)
    assert index.add(Document("old", "", "alpha")).unchanged == 1
    assert [hit.document_uri for hit in index.search("alpha", policy="ranked")] == ["old"]
    return index


def replace(path: Path) -> None:
    """What a script that builds anew does; the log and its memory go with the file."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    make(path, Document("first", "", "beta"), Document("new", "", "alpha"))


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_an_index_whose_file_was_replaced_says_so(
    used: LexicalBackend, path: Path, use: Callable[[LexicalBackend], object]
) -> None:
    """Caches go by generations, and both files are of the first."""
    replace(path)
    with pytest.raises(BackendUnavailable, match="was replaced by another file; open it again"):
        use(used)
    with nuthatch.open(f"sqlite:{path}") as again:
        assert [hit.document_uri for hit in again.search("alpha", policy="ranked")] == ["new"]
        assert again.check() == []


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_an_index_whose_file_is_gone_says_so(
    used: LexicalBackend, path: Path, use: Callable[[LexicalBackend], object]
) -> None:
    """Nothing is written to a file without a name, and no new one is made."""
    path.rename(path.with_name("moved.db"))
    with pytest.raises(BackendUnavailable, match="was replaced by another file; open it again"):
        use(used)
    assert not path.exists()


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_file_with_the_old_ones_inode_is_told_apart(
    open_index: Callable[..., LexicalBackend],
    path: Path,
    use: Callable[[LexicalBackend], object],
) -> None:
    """While no connection holds the file, a system may give its inode again."""
    make(path, Document("old", "", "alpha"))
    index = open_index(create=False)
    other = path.with_name("other.db")
    make(other, Document("first", "", "beta"), Document("new", "", "alpha"))
    before = path.stat().st_ino
    path.write_bytes(other.read_bytes())
    assert path.stat().st_ino == before
    with pytest.raises(BackendUnavailable, match="was replaced by another file; open it again"):
        use(index)


def test_a_database_of_another_kind_is_not_touched(
    open_index: Callable[..., LexicalBackend], path: Path
) -> None:
    """It is not even put into WAL mode."""
    index = open_index()
    other = path.with_name("other.db")
    database = apsw.Connection(str(other))
    database.execute("CREATE TABLE mine (x)")
    database.close()
    path.write_bytes(other.read_bytes())
    with pytest.raises(BackendUnavailable, match="was replaced"):
        index.add(Document("one"))
    assert path.read_bytes() == other.read_bytes()


def test_a_link_that_is_turned_to_another_index_is_a_replacement(path: Path) -> None:
    old, new = path.with_name("old.db"), path.with_name("new.db")
    make(old, Document("old", "", "alpha"))
    make(new, Document("first", "", "beta"), Document("new", "", "alpha"))
    path.symlink_to(old)
    with nuthatch.open(f"sqlite:{path}") as index:
        assert [hit.document_uri for hit in index.search("alpha")] == ["old"]
        path.with_name("link").symlink_to(new)
        os.replace(path.with_name("link"), path)
        with pytest.raises(BackendUnavailable, match="was replaced"):
            index.search("alpha")


def test_what_is_being_read_comes_to_its_end(used: LexicalBackend, path: Path) -> None:
    """A reader has one state of one file."""
    with used.reader() as reader:
        replace(path)
        assert [document.uri for document in reader.documents()] == ["old"]


def test_the_log_may_vanish_while_an_index_is_described(
    used: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that closes last removes it, at any moment."""
    stat = os.stat

    def stat_without_log(path: object, *args: object, **options: object) -> os.stat_result:
        if str(path).endswith("-wal"):
            raise FileNotFoundError(path)
        return stat(path, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "exists", lambda self: True)
    monkeypatch.setattr(os, "stat", stat_without_log)
    assert used.info().bytes > 0
