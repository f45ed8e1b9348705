"""Upserts and deletions by uri, whatever the uri and whatever the fields are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    AnyOf,
    Document,
    IntegerField,
    InvalidDocument,
    KeywordField,
    LexicalBackend,
    PhraseField,
    Range,
    Schema,
)
from nuthatch_tantivy.journal import Journal

LONG = "x" * 70_000


def test_adding_the_same_again_changes_nothing(index: LexicalBackend, few: list[Document]) -> None:
    index.add(few)
    before = index.info()
    report = index.add(few)
    assert (report.added, report.replaced, report.unchanged, report.chunks) == (0, 0, 3, 0)
    assert index.info() == before


def test_a_document_that_an_earlier_batch_added_is_replaced(index: LexicalBackend) -> None:
    rows = [Document("one", "", "first"), Document("one", "", "first"), Document("one", "", "last")]
    report = index.add(rows, batch=1)
    assert (report.added, report.unchanged, report.replaced) == (1, 1, 1)
    assert not index.search("first")
    assert [hit.document_uri for hit in index.search("last")] == ["one"]
    assert index.info().documents == index.info().chunks == 1


def test_all_chunks_of_a_document_live_and_die_together(
    open_index: Callable[..., LexicalBackend],
) -> None:
    index = open_index(schema=Schema(chunker="words:5:2"))
    long = Document("long", "Title", "one two three four five six seven eight nine ten " * 30)
    index.add([Document("other", "", "ten ducks"), long])
    assert index.get("long") == long
    assert index.info().chunks > 50
    assert len(index.search("nine", 10**6)) == 50
    index.add(Document("long", "Title", "ten ducks"))
    assert index.info().chunks == 2
    assert index.delete("long") == 1
    assert index.info().chunks == 1
    assert [hit.document_uri for hit in index.search("ten", 10**6)] == ["other"]


def test_deleting_removes_exactly_what_is_named(index: LexicalBackend, few: list[Document]) -> None:
    index.add(few)
    assert index.delete(["heat", "unknown", "hea", "Heat", "\ud800"]) == 1
    assert index.delete("heat") == 0
    assert [document.uri for document in index.documents()] == ["thief", "ducks"]
    assert index.get("heat") is None
    assert index.get("\ud800") is None


@pytest.mark.parametrize("uri", ["x" * 1990, "é" * 990, " a  b ", "a AND -b", "0", "\U0001f600"])
def test_any_uri_is_kept_apart(index: LexicalBackend, uri: str) -> None:
    one, two = Document(uri, "", "first"), Document(uri + "y", "", "second")
    index.add([one, two])
    index.add(Document(uri, "", "third"))
    assert index.get(uri + "y") == two
    assert len(index.search("first")) == 0
    assert index.search("third")[0].document_uri == uri
    assert index.delete(uri) == 1
    assert list(index.documents()) == [two]


def test_fields_may_be_called_as_tantivys_own_or_with_dots(
    open_index: Callable[..., LexicalBackend],
) -> None:
    names = ("key", "tokens", "a.b", "-x", "år", " ", "f0")
    fields = (PhraseField("who"), *(KeywordField(name) for name in names), IntegerField("order"))
    index = open_index(schema=Schema(fields=fields))
    index.add(Document("one", "", "word", {**{name: ["v", "w"] for name in names}, "order": 3}))
    for name in names:
        assert index.search("word", filters=[AnyOf(name, ["w"])])
        assert not index.search("word", filters=[AnyOf(name, ["x"])])
    assert index.search("word", filters=[Range("order", gte=3, lte=3)])


def test_a_keyword_that_is_too_long_is_refused_with_its_batch(
    open_index: Callable[..., LexicalBackend],
) -> None:
    index = open_index(schema=Schema(fields=(KeywordField("tags"),)))
    with pytest.raises(InvalidDocument, match="2000 bytes"):
        index.add([Document("good", "", "word"), Document("bad", "", "word", {"tags": LONG})])
    assert index.info().documents == 0
    index.add(Document("good", "", "word"))  # the writer's lock was let go
    assert not index.search("word", filters=[AnyOf("tags", [LONG])])


def test_the_order_of_documents_is_that_of_addition_after_many_merges(
    index: LexicalBackend,
) -> None:
    for number in range(30):
        index.add(Document(f"doc-{number}", "", f"word w{number}"), durability="process")
    index.add(Document("doc-3", "", "again"))
    expected = [number for number in range(30) if number != 3] + [3]
    assert [document.uri for document in index.documents()] == [f"doc-{n}" for n in expected]
    assert index.info().details["segments"] < 20
    assert index.check() == []


def test_the_fingerprint_is_read_once_for_each_state(index: LexicalBackend) -> None:
    index.add(Document("a", "", "one"))
    assert index.info().corpus_fingerprint is None
    first = index.info(fingerprint=True).corpus_fingerprint
    assert first is not None
    assert index.info().corpus_fingerprint == first
    index.add(Document("b", "", "two"))
    assert index.info().corpus_fingerprint is None
    assert index.info(fingerprint=True).corpus_fingerprint not in (None, first)


@pytest.mark.parametrize("other", [False, True])
def test_a_journal_that_was_written_anew_and_not_committed_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: bool
) -> None:
    """An interrupt struck `optimize` in between; every handle knows the journal before still."""
    replace = Journal.replace

    def replace_and_stop(journal: Journal, *arguments: Any) -> Journal:
        replace(journal, *arguments)
        raise KeyboardInterrupt

    url = f"tantivy:{tmp_path}/index"
    with nuthatch.open(url, create=True) as index:
        index.add([Document(f"d{number}", "", f"alpha w{number}") for number in range(50)])
        index.delete([f"d{number}" for number in range(40)])
        with nuthatch.open(url) as second:
            assert len(second.search("alpha", 50)) == 10
            monkeypatch.setattr(Journal, "replace", replace_and_stop)
            with pytest.raises(KeyboardInterrupt):
                index.optimize()
            monkeypatch.undo()
            writer = second if other else index
            writer.add(Document("new", "", "alpha beta"))
            for handle in (index, second):
                assert handle.check() == []
                assert len(handle.search("alpha", 50)) == 11
