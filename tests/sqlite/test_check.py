"""`check` finds each way in which the tables can contradict each other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import nuthatch
from support.feeder import SCHEMA, document
from support.tables import tables


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "index.db"
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        index.add(map(document, range(200)))
        index.delete(["doc-3", "doc-77"])
        index.add(document(3))
    return path


TAMPERINGS = {
    "a length of a chunk": """
        UPDATE length
        SET lengths = CAST(substr(lengths, 1, 4) || x'07' || substr(lengths, 6) AS BLOB)
        WHERE block = 0""",
    "a length where no chunk is": """
        UPDATE length SET lengths = CAST(x'01' || substr(lengths, 2) AS BLOB) WHERE block = 0""",
    "a lost block of lengths": "DELETE FROM length WHERE block = 0",
    "the number of documents": "UPDATE state SET documents = documents + 1",
    "the number of chunks": "UPDATE state SET chunks = chunks - 1",
    "the number of tokens": "UPDATE state SET tokens = tokens + 1",
    "the next chunk": "UPDATE state SET next_chunk = 5",
    "a root": "UPDATE document SET root = zeroblob(32) WHERE uri = 'doc-9'",
    "a leaf": "UPDATE document SET leaves = zeroblob(length(leaves)) WHERE uri = 'doc-9'",
    "a header": """
        UPDATE document SET header = CAST(replace(header, 'Title', 'Tytle') AS BLOB)
        WHERE uri = 'doc-9'""",
    "a uri": "UPDATE document SET uri = 'doc-x' WHERE uri = 'doc-9'",
    "the text of a chunk": "UPDATE chunk SET text = (SELECT text FROM chunk WHERE id = 2) "
    "WHERE id = 1",
    "a text that cannot be unpacked": "UPDATE chunk SET text = x'00' WHERE id = 1",
    "a start": "UPDATE chunk SET start = start + 1 WHERE id = (SELECT max(id) FROM chunk)",
    "a lost chunk": "DELETE FROM chunk WHERE id = 1",
    "a lost document": "DELETE FROM document WHERE uri = 'doc-9'",
    "a logged document that is not there": """
        UPDATE column_log
        SET data = CAST(replace(data, '[[', '[[999999,1,[]],[') AS BLOB)
        WHERE generation = (SELECT max(generation) FROM column_log)""",
    "a lost row of the log": """
        DELETE FROM column_log WHERE generation = (SELECT max(generation) FROM column_log)""",
    "a changed value in the log": """
        UPDATE column_log SET data = CAST(replace(data, '[0,["', '[0,["x') AS BLOB)
        WHERE generation = 1""",
    "a lost posting": "DELETE FROM posting WHERE rowid = 1",
    "a posting of no chunk": "INSERT INTO posting (rowid, text) VALUES (99999, 'stray')",
    "a posting twice": "INSERT INTO posting (rowid, text) VALUES (1, 'again')",
    "a size in FTS5": "UPDATE posting_docsize SET sz = x'63' WHERE id = 1",
    "a lost size in FTS5": "DELETE FROM posting_docsize WHERE id = 1",
    "the averages of FTS5": "UPDATE posting_data SET block = x'0101' WHERE id = 1",
    "a lost segment of FTS5": "DELETE FROM posting_data WHERE id > 1000",
}


def tampered(sound: Path, path: Path, statement: str) -> None:
    shutil.copy(sound, path)
    database = tables(path)
    before = database.total_changes()
    database.execute(statement)
    assert database.total_changes() > before
    database.close()


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_contradiction_is_found(sound: Path, path: Path, what: str) -> None:
    """Each side table in turn; also where the index may only be read."""
    tampered(sound, path, TAMPERINGS[what])
    for read_only in (False, True):
        with nuthatch.open(f"sqlite:{path}", read_only=read_only) as index:
            assert index.check() != []


def test_a_sound_index_has_nothing_to_report(sound: Path) -> None:
    """Deleted, replaced and multi-chunk documents are all in order."""
    for read_only in (False, True):
        with nuthatch.open(f"sqlite:{sound}", read_only=read_only) as index:
            assert index.check() == []


def test_checking_holds_no_lock(sound: Path, path: Path) -> None:
    """A check reads one state: a writer need not wait, and is not half seen."""
    shutil.copy(sound, path)
    with nuthatch.open(f"sqlite:{path}", lock_timeout=0) as index:
        writer = tables(path)
        writer.execute("BEGIN IMMEDIATE; UPDATE state SET chunks = 0")
        assert index.check() == []
        writer.execute("ROLLBACK")
        writer.close()


def test_what_others_wrote_since_is_not_taken_for_damage(path: Path) -> None:
    """FTS5's check trusts the structure that its connection saw last: it must be a new one."""
    url = f"sqlite:{path}"
    with nuthatch.open(url, create="new") as writer, nuthatch.open(url, cache_bytes=0) as index:
        for number in range(40):
            writer.add(document(number))
            assert index.check() == []
            assert len(index.search("every", 100)) == number + 1
