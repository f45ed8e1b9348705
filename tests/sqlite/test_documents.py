"""Documents: what goes in comes out, what cannot go in is refused, and only that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

import nuthatch
from nuthatch import (
    AnyOf,
    BackendUnavailable,
    DateField,
    Document,
    IntegerField,
    InvalidDocument,
    InvalidQuery,
    KeywordField,
    LexicalBackend,
    NumberField,
    Range,
    Rung,
    Schema,
)

FIELDS = (KeywordField("tags"), IntegerField("year"), NumberField("score"), DateField("day"))


@pytest.mark.parametrize(
    "row",
    [
        {"title": "no uri"},
        {"uri": ""},
        {"uri": None},
        {"uri": 7.0},
        {"uri": "a\nb"},
        {"uri": "x", "text": 5},
        {"uri": "x", "text": "\ud800"},
        {"uri": "x", "fields": ["year"]},
        {"uri": "x", "fields": {"year": "1999"}},
        {"uri": "x", "fields": {"year": 1.5}},
        {"uri": "x", "fields": {"year": True}},
        {"uri": "x", "fields": {"year": 2**63}},
        {"uri": "x", "fields": {"score": float("nan")}},
        {"uri": "x", "fields": {"tags": [1]}},
        {"uri": "x", "fields": {"tags": "a\0b"}},
        {"uri": "x", "fields": {"day": "1999-02-30"}},
        {"uri": "x", "body": "misspelt"},
        ["uri"],
    ],
    ids=repr,
)
def test_a_wrong_document_stops_its_batch_and_no_other(
    open_index: Callable[..., LexicalBackend], row: Any
) -> None:
    """Batches before stand; of its own nothing is written; the index stays usable."""
    index = open_index(schema=Schema(fields=FIELDS))
    before = [{"uri": "one"}, {"uri": "two"}]
    with pytest.raises(InvalidDocument):
        index.add([*before, {"uri": "three"}, row, {"uri": "four"}], batch=2)
    assert [document.uri for document in index.documents()] == ["one", "two"]
    index.add({"uri": name} for name in ("three", "four"))
    assert index.info().documents == 4
    assert index.check() == []


def test_a_strict_schema_refuses_what_it_does_not_declare(
    open_index: Callable[..., LexicalBackend],
) -> None:
    index = open_index(schema=Schema(fields=FIELDS, strict=True))
    with pytest.raises(InvalidDocument, match="colour"):
        index.add([Document("one", fields={"colour": "red"})])
    index.add([Document("one", fields={"year": 1999})])
    assert index.info().documents == 1


def test_what_went_in_comes_out(open_index: Callable[..., LexicalBackend]) -> None:
    """Declared or not, every field; NUL and every other character of a text."""
    index = open_index(schema=Schema(fields=FIELDS, chunker="words:3:1"))
    documents = [
        Document("plain"),
        Document("nul", "a\0b", "c\0d e f g h i j\0"),
        Document("emoji 👩‍👩‍👧", "‮right to left‬", "🏳️‍🌈 ‏ab‎ \U0010ffff"),
        Document("spaces", " ", "\n\n a  b \t\r\n c. d e f g h\n\n\n i"),
        Document(
            "fields",
            fields={
                "tags": ["b", "a", "b", ""],
                "year": -(2**63),
                "score": -0.0,
                "day": "1999-12-31",
                "other": {"deep": [1, 2.5, None, True, "ü"]},
            },
        ),
    ]
    index.add(documents)
    assert list(index.documents()) == documents
    for document in documents:
        assert index.get(document.uri) == document
    assert index.get("other") is None
    assert index.get("nul\0") is None
    assert index.get("") is None
    assert index.check() == []


def test_a_uri_twice_in_one_batch_counts_once(index: LexicalBackend) -> None:
    """The last one wins, and takes the later place."""
    report = index.add([Document("a", "", "x"), Document("b"), Document("a", "", "y")])
    assert (report.read, report.added, report.superseded) == (3, 2, 1)
    assert [(document.uri, document.text) for document in index.documents()] == [
        ("b", ""),
        ("a", "y"),
    ]


def test_the_same_again_changes_nothing(index: LexicalBackend) -> None:
    """Counted as unchanged; the index does not even count a new state."""
    documents = [Document(f"d{n}", "t", f"text {n}") for n in range(20)]
    index.add(documents)
    before = index.info(fingerprint=True)
    report = index.add(documents, batch=7)
    assert (report.added, report.replaced, report.unchanged) == (0, 0, 20)
    after = index.info(fingerprint=True)
    assert after.details["generation"] == before.details["generation"]
    assert after.corpus_fingerprint == before.corpus_fingerprint
    report = index.add([*documents[:5], Document("d5", "t", "other"), Document("new")])
    assert (report.added, report.replaced, report.unchanged) == (1, 1, 5)
    assert index.info().details["generation"] == before.details["generation"] + 1
    assert index.delete(["absent", "d5", "d5"]) == 1
    assert index.delete("absent") == 0
    assert index.info().details["generation"] == before.details["generation"] + 2


def test_an_id_is_never_given_again(index: LexicalBackend) -> None:
    """Old postings and old caches must not be taken for those of a new chunk."""
    index.add(Document("one", "", "alpha"))
    index.search("alpha")
    index.delete("one")
    assert len(index.search("alpha")) == 0
    index.add(Document("two", "", "beta"))
    assert len(index.search("alpha")) == 0
    with index.reader() as reader:
        assert reader.match(Rung.of("OR", ("beta",)), (), 1).candidates[0].key == 2


def test_a_large_batch_of_deletions_is_all_or_none(index: LexicalBackend) -> None:
    """More uris than SQLite takes variables."""
    index.add(Document(f"d{n}", "", "x") for n in range(3000))
    assert index.delete(f"d{n}" for n in range(-40_000, 2000)) == 2000
    assert index.info().documents == 1000
    assert index.check() == []


def test_a_broken_source_leaves_whole_batches(index: LexicalBackend) -> None:
    """An error in the caller's own iterator is the caller's, and no batch is half written."""

    def source() -> Iterator[Document]:
        for number in range(25):
            yield Document(f"d{number}", "", "x")
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        index.add(source(), batch=10)
    assert index.info().documents == 20
    index.add(Document("next"))
    assert index.check() == []


def test_a_failing_callback_leaves_its_batch_acknowledged(index: LexicalBackend) -> None:
    """`progress` is called for what is safe already."""

    def fail(report: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.add((Document(f"d{n}") for n in range(10)), batch=4, progress=fail)
    assert index.info().documents == 4
    index.add(Document("next"))
    assert index.info().documents == 5


@pytest.mark.parametrize("megabytes", [2, pytest.param(50, marks=pytest.mark.nightly)])
def test_a_very_long_document_is_a_document(
    open_index: Callable[..., LexicalBackend], megabytes: int
) -> None:
    """One chunk of many megabytes, with a frequency beyond sixteen bits."""
    index = open_index(schema=Schema(analyzer="ascii"))
    text = "alpha beta gamma delta " * (megabytes * 2**20 // 23) + "omega"
    index.add([Document("long", "", text), Document("short", "", "alpha omega")])
    for policy in ("ranked", "ladder"):
        for _ in range(3):
            found = index.search("alpha omega", policy=policy)
            assert [hit.document_uri for hit in found] == ["short", "long"]
    assert index.get("long") == Document("long", "", text)
    assert index.check() == []
    assert index.delete("long") == 1
    assert [hit.document_uri for hit in index.search("gamma alpha")] == ["short"]
    assert index.check() == []


def test_many_chunks_cross_the_blocks_of_lengths(open_index: Callable[..., LexicalBackend]) -> None:
    """Lengths are kept 1,024 chunks a block; deleting in the middle clears both sides."""
    index = open_index(schema=Schema(chunker="words:2:0"))
    index.add(Document(f"d{n}", "", " ".join(f"w{m}" for m in range(1300))) for n in range(4))
    assert index.info().chunks == 4 * 650
    assert index.check() == []
    assert index.delete(["d1"]) == 1
    assert index.check() == []
    index.add(Document("d2", "", "short"))
    assert index.check() == []
    assert index.info().chunks == 2 * 650 + 1
    assert {hit.chunk_idx for hit in index.search("w1299", policy="ranked")} == {649}


@pytest.mark.parametrize(
    ("condition", "passing"),
    [
        (AnyOf("tags", ["b"]), "two three"),
        (AnyOf("tags", ["a", "b"]), "one two three"),
        (AnyOf("tags", ["B"]), ""),
        (AnyOf("tags", ["ü'\"%_"]), "one"),
        (Range("tags", gte="b"), "one two three"),
        (Range("year", gte=2000), "two"),
        (Range("year", gte=1999, lte=1999), "one"),
        (Range("year", lte=1998.5), ""),
        (AnyOf("year", [1999, 2001.0]), "one two"),
        (Range("score", gte=-1, lte=0), "one three"),
        (AnyOf("score", [0]), "one"),
        (Range("day", gte="2000-01-01"), "two"),
        (AnyOf("day", ["1999-12-31"]), "one"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("policy", ["ranked", "ladder"])
@pytest.mark.parametrize("cache_bytes", [0, 2**20])
def test_filters_compare_values_as_the_schema_declares_them(
    open_index: Callable[..., LexicalBackend],
    condition: Any,
    passing: str,
    policy: Any,
    cache_bytes: int,
) -> None:
    """A document without the field fails; one of several values is enough."""
    index = open_index(schema=Schema(fields=FIELDS), cache_bytes=cache_bytes)
    index.add(
        [
            Document(
                "one",
                "",
                "x",
                {"tags": ["a", "ü'\"%_"], "year": 1999, "score": 0.0, "day": "1999-12-31"},
            ),
            Document(
                "two", "", "x y", {"tags": "b", "year": 2001, "score": 7, "day": "2001-01-01"}
            ),
            Document("three", "", "x x", {"tags": ["b", "b"], "score": -0.5}),
            Document("none", "", "x"),
            Document("null", "", "x", {"year": None, "tags": []}),
        ]
    )
    for _ in range(3):
        found = index.search("x", filters=[condition], policy=policy)
        assert {hit.document_uri for hit in found} == set(passing.split())


@pytest.mark.parametrize(
    "condition",
    [AnyOf("colour", ["x"]), Range("year", gte="x"), AnyOf("tags", [1]), Range("day", gte="now")],
    ids=repr,
)
def test_a_filter_that_means_nothing_is_refused(
    open_index: Callable[..., LexicalBackend], condition: Any
) -> None:
    index = open_index(schema=Schema(fields=FIELDS))
    with pytest.raises(InvalidQuery):
        index.search("x", filters=[condition])


def test_the_fingerprint_is_read_once_for_each_state(index: LexicalBackend) -> None:
    index.add(Document("a", "", "one"))
    assert index.info().corpus_fingerprint is None
    first = index.info(fingerprint=True).corpus_fingerprint
    assert first is not None
    assert index.info().corpus_fingerprint == first
    index.add(Document("b", "", "two"))
    assert index.info().corpus_fingerprint is None
    assert index.info(fingerprint=True).corpus_fingerprint not in (None, first)


def test_ids_that_are_used_up_refuse_the_batch_whole(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Documents stand as they were, and a copy has ids for more."""
    index = open_index(schema=Schema(fields=FIELDS))
    before = [Document("a", "", "heat"), Document("b", "", "cold")]
    index.add(before)
    writer = cast(Any, index)._writing_connection()
    writer.execute(f"UPDATE state SET next_chunk = {2**32 - 1}")
    given = [Document("a", "", "warm"), Document("c", "", "heat")]
    with pytest.raises(BackendUnavailable, match="copy it into a new one"):
        index.add(given)
    assert [*index.documents()] == before
    assert [hit.document_uri for hit in index.search("heat")] == ["a"]
    writer.execute("UPDATE state SET next_chunk = 3")  # as many as there are lengths for
    assert index.check() == []
    with nuthatch.open("memory:", create=True, schema=index.schema) as copy:
        assert copy.add(index.documents()).added == 2
        assert copy.add(given).added == 1
