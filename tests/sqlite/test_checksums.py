"""Checksums of pages and of the log: what was written is what is read, or it is refused."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

import nuthatch
from nuthatch import BackendUnavailable, IndexCorrupt, LexicalBackend
from nuthatch_sqlite import checksum
from nuthatch_sqlite.log import unread_commits
from support.feeder import SCHEMA, document

PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index without a log."""
    path = tmp_path_factory.mktemp("sound") / "index.db"
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        index.add(map(document, range(300)))
    return path


def test_a_new_file_has_checksums_and_no_part_of_a_segment_needs_two_pages(sound: Path) -> None:
    assert checksum.has_checksums(sound)
    database = apsw.Connection(str(sound), flags=apsw.SQLITE_OPEN_READONLY)
    (largest,) = database.execute("SELECT max(length(block)) FROM posting_data").fetchall()[0]
    database.close()
    assert largest <= PAGE - checksum.RESERVED - 35 - 6  # what SQLite keeps in one page


def test_any_flipped_bit_is_an_error_or_is_of_no_account(sound: Path, path: Path) -> None:
    content = sound.read_bytes()
    draw = random.Random(5)
    with nuthatch.open(f"sqlite:{sound}") as index:
        right = list(index.documents()), [h.score for h in index.search("every word3", 999)]
    refused = 0
    for _ in range(60):
        changed = bytearray(content)
        changed[draw.randrange(PAGE, len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            with nuthatch.open(f"sqlite:{path}") as index:
                found = list(index.documents()), [h.score for h in index.search("every word3", 999)]
                assert found == right
        except IndexCorrupt as error:
            refused += "does not match its checksum" in str(error)
    assert refused > 20


def test_what_another_program_wrote_is_refused(sound: Path, path: Path) -> None:
    shutil.copy(sound, path)
    database = apsw.Connection(str(path))
    database.execute("UPDATE state SET chunks = chunks + 1")
    database.close()
    with pytest.raises(IndexCorrupt, match="another program wrote"):
        nuthatch.open(f"sqlite:{path}").search("every")


def test_connections_of_others_are_not_checked(sound: Path) -> None:
    assert checksum.file_system() is not None
    assert apsw.Connection(":memory:").open_vfs != checksum.file_system()
    connection = apsw.Connection(str(sound), flags=apsw.SQLITE_OPEN_READONLY)
    assert connection.open_vfs != checksum.file_system()
    connection.close()


def test_without_the_extension_a_file_with_checksums_is_read_and_not_written(
    sound: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(sound, path)
    for module in ("checksum", "connection"):
        monkeypatch.setattr(f"nuthatch_sqlite.{module}.file_system", lambda: None)
    with nuthatch.open(f"sqlite:{path}") as index:
        assert len(index.search("every", 999)) > 0
        with pytest.raises(BackendUnavailable, match="cksumvfs"):
            index.add(document(999))
    with nuthatch.open(f"sqlite:{path.with_name('new.db')}", create=True) as index:
        index.add(document(1))
        assert not checksum.has_checksums(path.with_name("new.db"))
        assert index.check() == []


def _log(path: Path, index: LexicalBackend, at: int, change: Callable[[bytes], bytes]) -> Path:
    """Copy an open index with its log, of which one frame is changed; return the copy."""
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    log = bytearray(path.with_name(path.name + "-wal").read_bytes())
    span = slice(32 + at * (PAGE + 24), 32 + (at + 1) * (PAGE + 24))
    log[span] = change(bytes(log[span]))
    copy.with_name(copy.name + "-wal").write_bytes(log)
    return copy


@pytest.mark.parametrize("at", [0, 5])
@pytest.mark.parametrize(
    "change", [lambda frame: bytes(len(frame)), lambda frame: frame[:99] + b"?" + frame[100:]]
)
def test_commits_behind_a_damaged_part_of_the_log_are_missed(
    path: Path, at: int, change: Callable[[bytes], bytes]
) -> None:
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        for first in range(0, 60, 20):
            index.add(map(document, range(first, first + 20)))
        copy = _log(path, index, at, change)
        assert index.check() == []
        with nuthatch.open(f"sqlite:{copy}", create=True, schema=SCHEMA) as damaged:
            assert any("copy.db-wal is damaged" in item for item in damaged.check())


@pytest.mark.parametrize("kept", [24, 30, PAGE])
def test_the_head_of_a_commit_whose_page_was_never_written_is_no_damage(
    path: Path, kept: int
) -> None:
    """So a writer leaves it that is killed between the two."""
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        for first in range(0, 60, 20):
            index.add(map(document, range(first, first + 20)))
        copy = _log(path, index, 0, lambda frame: frame)
        log = copy.with_name(copy.name + "-wal")
        frames = (log.stat().st_size - 32) // (PAGE + 24)
        with log.open("r+b") as file:
            file.truncate(32 + (frames - 1) * (PAGE + 24) + kept)
        with nuthatch.open(f"sqlite:{copy}", create=True, schema=SCHEMA) as killed:
            assert not any("damaged" in item for item in killed.check())


def test_a_log_that_others_write_to_is_no_damage(path: Path) -> None:
    """Small commits, large ones, and the log that begins anew again and again."""
    with (
        nuthatch.open(f"sqlite:{path}", create="new", schema=SCHEMA) as writer,
        nuthatch.open(f"sqlite:{path}") as index,
    ):
        for number in range(0, 2000, 40):
            writer.add(map(document, range(number, number + 40)))
            index.search("every", 1)
            assert unread_commits(path, PAGE) == 0
        writer.optimize()
        writer.add(document(5000))
        assert index.check() == []
