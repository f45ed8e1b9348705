"""Opening: an index is only read with the schema, analyzer and format that it was made with."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    AnalyzerMismatch,
    BackendUnavailable,
    Document,
    FormatMismatch,
    IndexExists,
    IntegerField,
    InvalidConfig,
    NuthatchError,
    Schema,
    SchemaMismatch,
)
from support.tables import tables

MADE = Schema(analyzer="standard", fields=(IntegerField("year"),))


@pytest.fixture
def made(path: Path) -> Path:
    """An index with a schema of its own and one document."""
    with nuthatch.open(f"sqlite:{path}", create="new", schema=MADE) as index:
        index.add(Document("one", "", "alpha", {"year": 1999}))
    return path


def describe(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what an index says of itself."""
    database = tables(path)
    (text,) = database.execute("SELECT value FROM meta WHERE key = 'index'").fetchone()
    description = json.loads(text)
    change(description)
    database.execute("UPDATE meta SET value = ?", (json.dumps(description),))
    database.close()


@pytest.mark.parametrize("create", [False, True])
def test_an_index_knows_its_schema(made: Path, create: bool) -> None:
    """Without a schema, or with the same one, it opens as it was made."""
    for schema in (None, MADE):
        with nuthatch.open(f"sqlite:{made}", create=create, schema=schema) as index:
            assert index.schema == MADE
            assert index.info().documents == 1


@pytest.mark.parametrize(
    "schema",
    [
        Schema(),
        Schema(fields=(IntegerField("years"),)),
        Schema(fields=MADE.fields, chunker="words:5:1"),
        Schema(fields=MADE.fields, strict=True),
    ],
)
@pytest.mark.parametrize("create", [False, True])
def test_another_schema_is_refused(made: Path, schema: Schema, create: bool) -> None:
    with pytest.raises(SchemaMismatch):
        nuthatch.open(f"sqlite:{made}", create=create, schema=schema)


def test_another_analyzer_is_refused(made: Path) -> None:
    """Tokens of one analyzer mean nothing to another."""
    with pytest.raises(AnalyzerMismatch, match="'standard'"):
        nuthatch.open(f"sqlite:{made}", schema=MADE.model_copy(update={"analyzer": "english"}))


def test_another_version_of_the_analyzer_is_refused(made: Path) -> None:
    """The fingerprint tells versions of one name apart."""
    describe(made, lambda description: description.update(fingerprint="standard/0"))
    with pytest.raises(AnalyzerMismatch, match="standard/0"):
        nuthatch.open(f"sqlite:{made}")


def test_an_analyzer_that_is_not_installed_is_named(made: Path) -> None:
    describe(made, lambda description: description["schema"].update(analyzer="elvish"))
    with pytest.raises(NuthatchError, match="elvish"):
        nuthatch.open(f"sqlite:{made}")


@pytest.mark.parametrize("format", [0, 1, 2, 99])
def test_another_format_is_refused_before_anything_else_is_read(made: Path, format: int) -> None:
    """A later version may have changed everything but the number."""
    describe(made, lambda description: description.clear() or description.update(format=format))
    with pytest.raises(FormatMismatch, match=f"format {format}"):
        nuthatch.open(f"sqlite:{made}", create=True)


def test_new_means_new(made: Path) -> None:
    """An index that is there is neither opened nor emptied."""
    with pytest.raises(IndexExists):
        nuthatch.open(f"sqlite:{made}", create="new", schema=MADE)
    with nuthatch.open(f"sqlite:{made}") as index:
        assert index.info().documents == 1


def test_an_unknown_analyzer_leaves_no_file(path: Path) -> None:
    """What cannot be made is refused before a file is touched."""
    with pytest.raises(NuthatchError):
        nuthatch.open(f"sqlite:{path}", create=True, schema=Schema(analyzer="elvish"))
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        lambda description: description.update(fingerprint="standard/0"),
        lambda description: description["schema"].update(analyzer="elvish"),
    ],
    ids=["another-version", "not-installed"],
)
def test_documents_can_be_read_out_whatever_the_analyzer(
    made: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    """With export_only: what needs the analyzer is refused, everything else works."""
    describe(made, change)
    with pytest.raises(NuthatchError, match="copy it into a new index"):
        nuthatch.open(f"sqlite:{made}")
    with nuthatch.open(f"sqlite:{made}?export_only=true") as index:
        expected = Document("one", "", "alpha", {"year": 1999})
        assert list(index.documents()) == [expected]
        assert index.get("one") == expected
        assert index.info().documents == 1
        assert index.check() == []
        for use in (
            lambda: index.search("alpha"),
            lambda: index.search(""),
            lambda: index.add(Document("two")),
            lambda: index.delete("one"),
        ):
            with pytest.raises(BackendUnavailable, match="opened with export_only"):
                use()


def test_a_file_name_may_hold_any_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are no UTF-8, and characters that mean something in a URI."""
    monkeypatch.chdir(tmp_path)
    for name in (os.fsdecode(b"\xff.db"), "a#b c;d%41.db", "\u2603.db"):
        url = "sqlite:" + name.replace("%", "%25")
        with nuthatch.open(url, create=True) as index:
            index.add(Document("one", "", "alpha"))
            assert len(index.search("alpha")) == 1
        assert name in os.listdir(tmp_path)


def test_a_path_may_begin_with_slashes(made: Path) -> None:
    for slashes in ("", "//", "///"):
        with nuthatch.open(f"sqlite:{slashes}{made}") as index:
            assert index.info().documents == 1


def test_a_url_with_a_host_is_refused() -> None:
    with pytest.raises(InvalidConfig, match=r"write sqlite:films\.db"):
        nuthatch.open("sqlite://films.db", create=True)


@pytest.mark.parametrize("url", ["sqlite:", "sqlite::memory:", "sqlite:x\0y"])
def test_an_index_is_a_file(url: str) -> None:
    with pytest.raises(InvalidConfig):
        nuthatch.open(url, create=True)


@pytest.mark.parametrize(
    ("option", "value"),
    [("readers", 0), ("lock_timeout", -1), ("cache_bytes", -1), ("budget", -1), ("reader", 1)],
)
def test_options_are_checked(path: Path, option: str, value: int) -> None:
    with pytest.raises(InvalidConfig, match=option):
        nuthatch.open(f"sqlite:{path}", create=True, **{option: value})
    assert not path.exists()


def test_the_file_is_all_there_is(made: Path) -> None:
    """Closing merges the log: the file can be copied or moved by itself."""
    with nuthatch.open(f"sqlite:{made}") as index:
        index.add(Document("two"))
        assert len(list(made.parent.iterdir())) > 1
    assert [file.name for file in made.parent.iterdir()] == [made.name]
