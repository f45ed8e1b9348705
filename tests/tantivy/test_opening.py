"""An index is made whole or not at all, and never read with the wrong schema."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import nuthatch
from nuthatch import (
    AnalyzerMismatch,
    BackendUnavailable,
    Document,
    FormatMismatch,
    IndexExists,
    IndexNotFound,
    InvalidConfig,
    LexicalBackend,
    Schema,
    SchemaMismatch,
)
from support.processes import answer, shared_folder

Open = Callable[..., LexicalBackend]


def test_a_missing_index_is_not_made_unasked(path: Path, open_index: Open) -> None:
    with pytest.raises(IndexNotFound):
        open_index(create=False)
    assert not path.exists()
    with pytest.raises(IndexNotFound):
        open_index(read_only=True)
    with pytest.raises(BackendUnavailable):
        nuthatch.open(f"tantivy:{path}/in/no/folder", create=True)


def test_what_was_added_is_there_when_it_is_opened_again(
    open_index: Open, few: list[Document]
) -> None:
    schema = Schema(analyzer="english", chunker="words:4:1")
    with open_index(create="new", schema=schema) as index:
        index.add(few)
    with open_index(create=False) as index:
        assert index.schema == schema
        assert list(index.documents()) == few
        assert index.search("detectives")[0].document_uri == "heat"
    with pytest.raises(IndexExists):
        open_index(create="new")


def test_nothing_is_left_beside_the_index(path: Path, open_index: Open) -> None:
    open_index().close()
    assert os.listdir(path.parent) == [path.name]


def test_an_empty_folder_is_filled_and_another_is_left_alone(path: Path, open_index: Open) -> None:
    path.mkdir()
    with pytest.raises(IndexNotFound):
        open_index(create=False)
    open_index().close()
    other = path.parent / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    for create, error in ((True, IndexExists), (False, IndexNotFound)):
        for place in (other, other / "letter.txt"):
            with pytest.raises(error):
                nuthatch.open(f"tantivy:{place}", create=create)
    assert os.listdir(other) == ["letter.txt"]


def test_another_schema_analyzer_or_format_is_refused(path: Path, open_index: Open) -> None:
    open_index(schema=Schema(analyzer="english")).close()
    with pytest.raises(AnalyzerMismatch):
        open_index(schema=Schema(analyzer="ascii"))
    with pytest.raises(SchemaMismatch):
        open_index(schema=Schema(analyzer="english", chunker="words:9:0"))
    record = path / "nuthatch.json"
    stored = json.loads(record.read_text())
    record.write_text(json.dumps({**stored, "fingerprint": "another"}))
    with pytest.raises(AnalyzerMismatch):
        open_index()
    record.write_text(json.dumps({**stored, "format": 99}))
    with pytest.raises(FormatMismatch):
        open_index()


def test_options_are_checked(path: Path) -> None:
    for location in ("", f"{path}?heap_bytes=3", f"{path}?color=red", f"{path}?lock_timeout=-1"):
        with pytest.raises(InvalidConfig):
            nuthatch.open(f"tantivy:{location}", create=True)


def test_read_only_refuses_to_write(open_index: Open, few: list[Document]) -> None:
    open_index().add(few)
    index = open_index(read_only=True)
    with pytest.raises(BackendUnavailable, match="read_only"):
        index.add(few)
    with pytest.raises(BackendUnavailable, match="read_only"):
        index.delete("heat")
    assert len(index.search("thief")) == 2


def test_a_closed_index_says_so(open_index: Open, few: list[Document]) -> None:
    index = open_index()
    index.close()
    index.close()
    with pytest.raises(BackendUnavailable, match="closed"):
        index.search("thief")
    with pytest.raises(BackendUnavailable, match="closed"):
        index.add(few)


_AS_NOBODY = """
import json, os, sys, tempfile
import nuthatch, nuthatch_tantivy.backend
from support.processes import become_nobody
become_nobody()
index = nuthatch.open("tantivy:" + sys.argv[1])
found = [len(index.search("thief", audit="grounded")), len(list(index.documents())), index.check()]
try:
    index.add(nuthatch.Document("new", "", "new"))
except nuthatch.BackendUnavailable as error:
    found.append("cannot be written" in str(error))
print(json.dumps([*found, os.listdir(tempfile.gettempdir())]))
"""


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX here")
def test_a_folder_that_cannot_be_written_is_read(
    few: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    with shared_folder() as folder:
        path = folder / "films.idx"
        with nuthatch.open(f"tantivy:{path}", create=True) as index:
            index.add(few)
            index.delete("ducks")
        for file in path.glob(".*.lock"):
            file.unlink()
        for file in path.iterdir():
            file.chmod(0o444)  # Tantivy lets the owner only read meta.json
        path.chmod(0o555)
        (folder / "temporary").mkdir()
        (folder / "temporary").chmod(0o777)
        monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
        assert answer(_AS_NOBODY, path) == [2, 2, [], True, []]
        assert not list(path.glob(".*.lock"))
        path.chmod(0o755)
