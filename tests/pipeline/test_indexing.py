"""Adding and deleting: what is counted, what is acknowledged, what an invalid document undoes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    AddReport,
    AnalyzedBatch,
    Document,
    Durability,
    IntegerField,
    InvalidDocument,
    InvalidQuery,
    LexicalBackend,
    LexicalConfig,
    Schema,
    SkippedDocument,
    WriteOutcome,
)
from nuthatch.memory import MemoryBackend
from nuthatch.pipeline import indexing
from nuthatch.pipeline.indexing import DocumentAnalyzer


class Recorder(MemoryBackend):
    """Keeps what it was given to write: per batch the uris, and the durability."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.batches: list[list[str]] = []
        self.durabilities: list[Durability] = []
        self.words: list[dict[str, str]] = []

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        self.batches.append([row.document.uri for row in documents])
        self.words.append(dict(documents.words))
        self.durabilities.append(durability)
        return super().write(documents, durability)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        self.batches.append(list(uris))
        self.durabilities.append(durability)
        return super().remove(uris, durability)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder.open(LexicalConfig(), create=False, schema=Schema(chunker="words:2:0"))


def docs(*uris: str) -> list[Document]:
    return [Document(uri, text=f"text of {uri}") for uri in uris]


versions = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["one", "two three four"])))


@given(versions, versions, st.integers(1, 4))
def test_what_was_read_was_added_replaced_unchanged_or_superseded(
    before: list[Any], rows: list[Any], batch: int
) -> None:
    index = Recorder.open(LexicalConfig(), create=False, schema=Schema(chunker="words:2:0"))
    index.add(Document(uri, text=text) for uri, text in before)
    held = {document.uri: document.text for document in index.documents()}
    report = index.add((Document(uri, text=text) for uri, text in rows), batch=batch)
    expected = dict.fromkeys(("added", "replaced", "unchanged", "superseded"), 0)
    for first in range(0, len(rows), batch):
        latest = dict(rows[first : first + batch])
        expected["superseded"] += len(rows[first : first + batch]) - len(latest)
        for uri, text in latest.items():
            kind = "added" if uri not in held else "replaced" if held[uri] != text else "unchanged"
            expected[kind] += 1
        held |= latest
    assert {name: getattr(report, name) for name in expected} == expected
    assert report.read == len(rows) == sum(expected.values())
    assert {document.uri: document.text for document in index.documents()} == held


def test_chunks_are_counted_of_what_was_written(recorder: Recorder) -> None:
    long = Document("long", text="a b c d e")
    assert recorder.add([long, *docs("x")]).chunks == 3 + 2
    assert recorder.add([long]).chunks == 0


def test_the_last_of_a_uri_wins_and_takes_the_later_place(recorder: Recorder) -> None:
    report = recorder.add([Document("a", text="old"), Document("b"), Document("a", text="new")])
    assert recorder.batches == [["b", "a"]]
    assert recorder.get("a") == Document("a", text="new")
    assert (report.read, report.added, report.superseded) == (3, 2, 1)


def test_batches_hold_so_many_documents_and_each_is_reported(recorder: Recorder) -> None:
    reports: list[AddReport] = []
    written: list[int] = []

    def progress(report: AddReport) -> None:
        reports.append(report)
        written.append(recorder.info().documents)

    final = recorder.add(docs(*"abcde"), batch=2, progress=progress)
    assert recorder.batches == [["a", "b"], ["c", "d"], ["e"]]
    assert [report.read for report in reports] == [2, 4, 5]
    assert written == [2, 4, 5]  # acknowledged means written
    assert reports[-1] == final
    assert 0 <= reports[0].seconds <= reports[1].seconds <= final.seconds


def test_a_batch_is_bounded_by_its_text_too(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_BATCH_TEXT", 10)
    recorder.add([Document("a", text="x" * 4), Document("b", text="x" * 6), Document("c")])
    assert recorder.batches == [["a", "b"], ["c"]]


def test_documents_are_taken_as_they_come() -> None:
    """Nothing is read ahead of the batch that is being written, so a stream may be endless."""
    index = Recorder.open(LexicalConfig(), create=False, schema=Schema())
    read = 0

    def stream() -> Iterator[Document]:
        nonlocal read
        for document in docs(*"abcdef"):
            read += 1
            yield document

    seen: list[int] = []
    index.add(stream(), batch=2, progress=lambda report: seen.append(read))
    assert seen == [2, 4, 6]


INVALID: dict[str, Any] = {
    "no uri": {"text": "x"},
    "unknown key": {"uri": "x", "body": "x"},
    "wrong type": 7,
    "wrong field": {"uri": "x", "fields": {"year": "late"}},
}


@pytest.mark.parametrize("kind", INVALID)
def test_an_invalid_document_undoes_its_batch_and_no_other(
    index: LexicalBackend, kind: str
) -> None:
    reports: list[AddReport] = []
    rows = [*docs("a", "b", "c"), INVALID[kind], *docs("d", "e")]
    with pytest.raises(InvalidDocument):
        index.add(rows, batch=2, progress=reports.append)
    assert [document.uri for document in index.documents()] == ["a", "b"]
    assert [report.read for report in reports] == [2]


def test_a_batch_that_fails_to_be_written_is_not_acknowledged(recorder: Recorder) -> None:
    reports: list[AddReport] = []

    def write(documents: Any, durability: Any) -> WriteOutcome:
        if documents[0].document.uri == "c":
            raise OSError("disk full")
        return WriteOutcome(added=len(documents))

    recorder.write = write  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk full"):
        recorder.add(docs(*"abcde"), batch=2, progress=reports.append)
    assert [report.read for report in reports] == [2]


def test_mappings_are_read_as_json_documents(index: LexicalBackend) -> None:
    index.add([{"uri": "a", "title": "T"}, {"_id": "b", "metadata": {"year": 1995}}])
    assert list(index.documents()) == [Document("a", "T"), Document("b", fields={"year": 1995})]


@pytest.mark.parametrize("rows", [["text"], [None], [["a"]], "text"])
def test_anything_else_is_refused_by_type_and_position(index: LexicalBackend, rows: Any) -> None:
    with pytest.raises(InvalidDocument, match=r"found \w+ at position 0"):
        index.add(rows)


def test_adding_nothing_writes_nothing(recorder: Recorder) -> None:
    report = recorder.add([])
    assert report == AddReport(seconds=report.seconds)
    assert recorder.batches == []


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_holds_at_least_one_document(index: LexicalBackend, batch: int) -> None:
    with pytest.raises(InvalidQuery, match="at least one document"):
        index.add([], batch=batch)


def test_a_single_write_survives_the_power_and_a_bulk_the_process(recorder: Recorder) -> None:
    recorder.add(Document("a"))
    recorder.add([Document("b")])
    recorder.add([Document("c")], durability="power")
    recorder.add(Document("d"), durability="process")
    recorder.delete("a")
    recorder.delete(["b"])
    recorder.delete(["c", "d"])
    recorder.delete(["c", "d"], durability="power")
    assert recorder.durabilities == [
        "power",
        "process",
        "power",
        "process",
        "power",
        "power",
        "process",
        "power",
    ]


def test_deleting_counts_what_was_there_and_each_uri_once(recorder: Recorder) -> None:
    recorder.add(docs("a", "b"))
    assert recorder.delete(["a", "a", "never"]) == 1
    assert recorder.batches[-1] == ["a", "never"]
    assert [document.uri for document in recorder.documents()] == ["b"]
    assert recorder.delete("b") == 1
    assert recorder.delete("b") == 0
    assert recorder.delete([]) == 0


def test_a_uri_to_delete_is_text(index: LexicalBackend) -> None:
    index.add(docs("a"))
    with pytest.raises(InvalidQuery, match="a uri is text; found 7"):
        index.delete(["a", 7])  # type: ignore[list-item]
    assert index.get("a") is not None


def test_what_is_indexed_are_the_titles_tokens_followed_by_the_chunks_own() -> None:
    preparer = DocumentAnalyzer(Schema(chunker="words:2:0"), nuthatch.get_analyzer("standard"))
    row = preparer.prepare(Document("a", "The Heat", "One two three"))
    assert [chunk.tokens for chunk in row.chunks] == [
        ["the", "heat", "one", "two"],
        ["the", "heat", "three"],
    ]
    assert [(chunk.start, chunk.text) for chunk in row.chunks] == [(0, "One two "), (8, "three")]


good_or_bad = st.lists(
    st.sampled_from(["a", "b", "c", "no uri", "unknown key", "wrong type", "wrong field"])
)


@given(good_or_bad, st.integers(1, 4))
def test_what_is_skipped_is_told_and_all_others_are_written(kinds: list[str], batch: int) -> None:
    """The law of skipping: the index is that of the good documents alone, and nothing is lost."""
    rows = [INVALID.get(kind, {"uri": kind, "text": kind}) for kind in kinds]
    schema = Schema(fields=(IntegerField("year"),))
    told: list[SkippedDocument] = []
    with (
        Recorder.open(LexicalConfig(), create=False, schema=schema) as index,
        Recorder.open(LexicalConfig(), create=False, schema=schema) as expected,
    ):
        report = index.add(rows, batch=batch, on_error=told.append)
        expected.add(row for kind, row in zip(kinds, rows, strict=True) if kind not in INVALID)
        assert (
            index.info(fingerprint=True).corpus_fingerprint
            == expected.info(fingerprint=True).corpus_fingerprint
        )
        assert index.add(rows, on_error="skip").skipped == len(told)
    bad = [at for at, kind in enumerate(kinds) if kind in INVALID]
    assert [item.position for item in told] == bad
    assert report.skipped == len(bad)
    assert report.first_skipped == tuple(told)
    parts = (report.added, report.replaced, report.unchanged, report.superseded, report.skipped)
    assert report.read == len(rows) == sum(parts)


def test_a_skipped_document_is_told_with_its_reason() -> None:
    schema = Schema(fields=(IntegerField("year"),), strict=True)
    rows: list[Any] = [
        7,
        {"text": "x"},
        {"uri": "u\n"},
        {"uri": "a", "title": 7},
        {"uri": "b", "fields": {"year": "late"}},
        {"uri": "c", "fields": {"colour": "red"}},
        {"uri": "d", "fields": {"year": float("nan")}},
        InvalidDocument("torn", where="films.csv:7", reason="unreadable"),
    ]
    with nuthatch.open("memory:", schema=schema) as index:
        report = index.add(rows, on_error="skip")
    told = [(entry.reason, entry.uri, entry.field, entry.where) for entry in report.first_skipped]
    assert told == [
        ("shape", None, None, None),
        ("uri", None, None, "position 1"),
        ("uri", "u\n", None, None),
        ("text", "a", None, None),
        ("field", "b", "year", None),
        ("undeclared", "c", "colour", None),
        ("field", "d", "year", None),
        ("unreadable", None, None, "films.csv:7"),
    ]
    assert all(item.message for item in report.first_skipped)


def test_all_skipped_documents_are_counted_and_the_first_are_kept() -> None:
    told: list[int] = []
    with nuthatch.open("memory:") as index:
        report = index.add(
            ({"text": "no uri"} for _ in range(1000)),
            batch=300,
            on_error=lambda skipped: told.append(skipped.position),
        )
    assert report.skipped == 1000
    assert [item.position for item in report.first_skipped] == list(range(100))
    assert told == list(range(1000))


def test_a_bad_document_names_itself_and_tells_what_is_safe(index: LexicalBackend) -> None:
    rows = [*docs("a", "b", "c"), {"uri": "bad", "fields": {"year": "late"}}, *docs("d")]
    with pytest.raises(InvalidDocument) as caught:
        index.add(rows, batch=2)
    error = caught.value
    assert (error.uri, error.field, error.position, error.acknowledged) == ("bad", "year", 3, 2)
    assert "2 documents before it are safe" in error.__notes__[0]
    assert [document.uri for document in index.documents()] == ["a", "b"]


def test_only_what_can_be_done_is_taken_for_on_error(index: LexicalBackend) -> None:
    with pytest.raises(InvalidQuery, match="on_error is 'raise', 'skip' or a function"):
        index.add([], on_error="ignore")  # type: ignore[arg-type]


def test_one_mapping_is_one_document(recorder: Recorder) -> None:
    report = recorder.add({"uri": 42, "text": "the answer"})
    assert (report.read, report.added) == (1, 1)
    assert recorder.get("42") == Document("42", text="the answer")
    assert recorder.durabilities == ["power"]


class Counting:
    """Counts the texts that it analyzes."""

    name, fingerprint = "counting", "1"

    def __init__(self) -> None:
        self.texts = 0

    def tokens(self, text: str) -> list[str]:
        self.texts += 1
        return text.lower().split()


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_what_is_unchanged_is_neither_analyzed_nor_written(batch: int) -> None:
    analyzer = Counting()
    index = Recorder(LexicalConfig(), Schema(chunker="words:2:0"), analyzer)
    rows = [Document(f"d{n}", f"t{n}", "a b c d e") for n in range(1200)]
    index.add(rows)
    analyzer.texts = 0
    index.batches = []
    changed = Document("d7", "t7", "a b c d f")
    report = index.add([*rows[:7], changed, *rows[8:]], batch=batch)
    assert (report.unchanged, report.replaced, report.chunks) == (1199, 1, 3)
    assert analyzer.texts == 1 + 3
    assert index.batches == [["d7"]]


def test_a_batch_has_the_words_of_its_documents_with_their_tokens() -> None:
    index = Recorder.open(LexicalConfig(), create=False, schema=Schema(analyzer="english"))
    first = Document("a", title="Running", text="Happy birds")
    index.add([first, Document("b", text="the birds ran"), Document("c", text="Café")], batch=2)
    assert index.words == [
        {"running": "run", "happy": "happi", "birds": "bird", "the": "the", "ran": "ran"},
        {"café": "cafe"},
    ]


def test_a_batch_has_no_words_of_documents_that_it_does_not_write() -> None:
    index = Recorder.open(LexicalConfig(), create=False, schema=Schema(analyzer="english"))
    rows = [Document("a", text="runs"), Document("b", text="birds"), Document("a", "Wren", "ran")]
    index.add(rows)
    assert index.words == [{"birds": "bird", "wren": "wren", "ran": "ran"}]


def test_a_chunk_tells_the_tokens_of_the_title_from_its_own() -> None:
    schema = Schema(chunker="words:2:0")
    analyzer = Recorder.open(LexicalConfig(), create=False, schema=schema).analyzer
    row = DocumentAnalyzer(schema, analyzer).prepare(Document("a", "The Title", "one two three"))
    assert [(chunk.title_line, chunk.text_line) for chunk in row.chunks] == [
        ("the title", "one two"),
        ("the title", "three"),
    ]
    assert [chunk.tokens for chunk in row.chunks] == [
        ["the", "title", "one", "two"],
        ["the", "title", "three"],
    ]
    assert [chunk.length for chunk in row.chunks] == [4, 3]
