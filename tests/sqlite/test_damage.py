"""Damage: a typed error or a finding, never a bare exception and never a wrong answer unnoticed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

import nuthatch
from nuthatch import (
    BackendUnavailable,
    IndexCorrupt,
    IndexExists,
    IndexNotFound,
    LexicalBackend,
    NuthatchError,
    Schema,
)
from support.feeder import SCHEMA, document
from support.tables import tables

PAGE = 4096
GROUNDED = nuthatch.AuditMode.GROUNDED


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index without a log: everything is in the one file."""
    path = tmp_path_factory.mktemp("sound") / "index.db"
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        index.add(map(document, range(300)))
        index.delete([f"doc-{number}" for number in range(0, 300, 7)])
    assert not path.with_name("index.db-wal").exists()
    return path


QUESTIONS: list[Callable[[LexicalBackend], object]] = [
    lambda index: [(h.document_uri, h.score) for h in index.search("every word3 title", 2000)],
    lambda index: [
        (h.document_uri, h.score) for h in index.search("every word5", 2000, policy="ladder")
    ],
    lambda index: [
        (h.document_uri, h.score)
        for h in index.search("word7", 9, filters=[nuthatch.AnyOf("kind", ["1"])])
    ],
    lambda index: [nuthatch.verify(hit) for hit in index.search("word7", audit=GROUNDED)],
    lambda index: index.get("doc-120"),
    lambda index: list(index.documents()),
    lambda index: index.info(fingerprint=True).corpus_fingerprint,
]


def answers(path: Path, **options: object) -> list[object]:
    """What an index answers; a typed error is an answer too, anything else is a failure."""
    try:
        index = nuthatch.open(f"sqlite:{path}", **options)
    except NuthatchError as error:
        return [type(error)]
    found: list[object] = []
    with index:
        for question in [*QUESTIONS, lambda index: index.check()]:
            try:
                found.append(question(index))
            except NuthatchError as error:
                found.append(type(error))
    return found


@pytest.mark.parametrize("cache_bytes", [0, 2**20])
@pytest.mark.parametrize("rounds", [30, pytest.param(1000, marks=pytest.mark.nightly)])
def test_overwritten_bytes_are_found_or_change_nothing(
    sound: Path, path: Path, rounds: int, cache_bytes: int
) -> None:
    """Bytes anywhere in the file: each answer is right, a typed error, or `check` complains."""
    right = answers(sound, cache_bytes=cache_bytes)
    assert right[-1] == []
    draw = random.Random(rounds)
    size = sound.stat().st_size
    seen = set()
    for _ in range(rounds):
        shutil.copy(sound, path)
        with path.open("r+b") as file:
            for _ in range(draw.choice((1, 1, 3))):
                file.seek(draw.randrange(size))
                file.write(draw.randbytes(draw.choice((1, 4, 64, PAGE))))
            file.truncate(size)
        found = answers(path, cache_bytes=cache_bytes)
        for file in path.parent.glob("index.db-*"):
            file.unlink()
        silent = found[-1] == []
        assert not silent or found == right
        seen.update(hit for hit in found if isinstance(hit, type))
        seen.update({"silent"} if silent else set())
    assert IndexCorrupt in seen


@pytest.mark.parametrize("page", range(1, 14, 3))
def test_a_blanked_page_is_found(sound: Path, path: Path, page: int) -> None:
    """A page of zeros, as a disk that lost a write would give."""
    shutil.copy(sound, path)
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(bytes(PAGE))
    found = answers(path)
    assert IndexCorrupt in found or found[-1] != []


@pytest.mark.parametrize("left", [100, 512, PAGE, 3 * PAGE, -PAGE, -5 * PAGE])
def test_a_truncated_file_is_corrupt(sound: Path, path: Path, left: int) -> None:
    """Half a copy is not an index."""
    content = sound.read_bytes()
    path.write_bytes(content[:left])
    with pytest.raises(IndexCorrupt, match=r"index\.db"):
        nuthatch.open(f"sqlite:{path}")


@pytest.mark.parametrize("create", [False, True, "new"])
@pytest.mark.parametrize(
    "content", [b"Dear diary,\n", b"Dear diary,\n" * 1000, b"SQLite format 3\0", bytes(5000)]
)
def test_another_file_is_refused_and_left_alone(path: Path, content: bytes, create: object) -> None:
    """Whatever was asked: what is not an index is never written to."""
    path.write_bytes(content)
    with pytest.raises(IndexCorrupt) as caught:
        nuthatch.open(f"sqlite:{path}", create=create)
    assert isinstance(caught.value.__cause__, apsw.Error)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("create", "error"), [(False, IndexNotFound), (True, IndexExists), ("new", IndexExists)]
)
def test_another_database_is_refused_and_left_alone(
    path: Path, create: object, error: type[NuthatchError]
) -> None:
    """An application's database keeps its tables, its journal mode and every byte."""
    with apsw.Connection(str(path)) as database:
        database.execute("CREATE TABLE accounts (name); INSERT INTO accounts VALUES ('mine')")
    database.close()
    before = path.read_bytes()
    with pytest.raises(error, match="another kind"):
        nuthatch.open(f"sqlite:{path}", create=create)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_empty_file_is_no_index_and_can_become_one(path: Path) -> None:
    """Zero bytes hold nobody's data."""
    path.touch()
    with pytest.raises(IndexNotFound):
        nuthatch.open(f"sqlite:{path}")
    assert path.stat().st_size == 0
    with nuthatch.open(f"sqlite:{path}", create="new") as index:
        assert index.check() == []


def test_nothing_is_no_index(path: Path) -> None:
    """Opening without `create` makes no file, not even an empty one."""
    with pytest.raises(IndexNotFound):
        nuthatch.open(f"sqlite:{path}")
    with pytest.raises(IndexNotFound):
        nuthatch.open(f"sqlite:{path}", create=True, read_only=True)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("create", [False, True])
def test_a_folder_is_no_index(tmp_path: Path, create: bool) -> None:
    with pytest.raises(IndexNotFound, match="folder"):
        nuthatch.open(f"sqlite:{tmp_path}", create=create)


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    """A misspelt path must not become a tree of folders."""
    with pytest.raises(BackendUnavailable):
        nuthatch.open(f"sqlite:{tmp_path}/misspelt/index.db", create=True)
    assert not list(tmp_path.iterdir())


def test_a_name_that_the_system_refuses_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="too long"):
        nuthatch.open(f"sqlite:{tmp_path}/{'x' * 300}", create=True)


@pytest.mark.parametrize("name", ["a b.db", "ä#€.db", "100%.db", "it's.db", "index"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    """Names are quoted for SQLite's URI and mean the file that they name."""
    with nuthatch.open(f"sqlite:{tmp_path}/{name}", create=True) as index:
        index.add(nuthatch.Document("one"))
    assert (tmp_path / name).exists()
    with nuthatch.open(f"sqlite:{tmp_path}/{name}") as index:
        assert index.info().documents == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = 'no JSON'",
        "UPDATE meta SET value = '{}'",
        "UPDATE meta SET value = x'ff00'",
        "UPDATE meta SET value = CAST(x'ff' AS TEXT)",
        "DELETE FROM meta",
        "DROP TABLE meta",
    ],
)
def test_an_index_that_lost_its_description_is_corrupt(
    sound: Path, path: Path, change: str
) -> None:
    """Without schema and analyzer its tokens mean nothing."""
    shutil.copy(sound, path)
    database = tables(path)
    database.execute(change)
    database.close()
    with pytest.raises(IndexCorrupt):
        nuthatch.open(f"sqlite:{path}", schema=Schema())


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM state",
        "DROP TABLE state",
        "UPDATE state SET chunks = 'many'",
        "UPDATE length SET lengths = x'00'",
        "UPDATE length SET lengths = zeroblob(4096)",
        "DELETE FROM length",
        "UPDATE length SET block = block + 900000000000",
        "UPDATE state SET next_chunk = 1 << 60",
        "UPDATE document SET header = 'no JSON'",
        "UPDATE document SET header = '{}'",
        "UPDATE document SET header = x'ff'",
        "UPDATE document SET uri = CAST(x'ff' || uri AS TEXT)",
        "UPDATE document SET leaves = x'00'",
        "UPDATE document SET root = x'00'",
        "UPDATE chunk SET text = x'00'",
        "UPDATE chunk SET text = 5",
        "DELETE FROM chunk",
        "DROP TABLE posting",
        "DELETE FROM posting_docsize",
    ],
)
@pytest.mark.parametrize("cache_bytes", [0, 2**20])
def test_a_contradiction_is_a_typed_error_or_a_finding(
    sound: Path, path: Path, change: str, cache_bytes: int
) -> None:
    """What a foreign hand can do to the tables: never a bare exception, and `check` says so."""
    shutil.copy(sound, path)
    database = tables(path)
    database.execute(change)
    database.close()
    found = answers(path, cache_bytes=cache_bytes)
    assert found[-1] != []


def test_memory_that_lacks_is_no_damage(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lengths are as many as the index says, so the index is not to blame."""
    numpy = pytest.importorskip("numpy")
    from nuthatch_sqlite import postings

    class WithoutMemory:
        def __getattr__(self, name: str) -> object:
            return getattr(numpy, name)

        def zeros(self, *_: object, **__: object) -> object:
            raise MemoryError

    monkeypatch.setattr(postings, "np", WithoutMemory())
    with nuthatch.open(f"sqlite:{sound}", read_only=True) as index:
        for _ in range(2):  # many chunks match, so their postings are read at once
            with pytest.raises(MemoryError):
                index.search("every word5")
