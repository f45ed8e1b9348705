"""The memory backend: its numbers by hand, its order, and that it keeps what it was given."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    AnyOf,
    AuditMode,
    BackendUnavailable,
    Document,
    IntegerField,
    LexicalBackend,
    Range,
    Schema,
)
from support.few_words import any_text, corpora, field_values, queries

SCHEMA = Schema(fields=(IntegerField("year"),))


def index_of(documents: list[Document], **schema: Any) -> LexicalBackend:
    index = nuthatch.open("memory:", schema=SCHEMA.model_copy(update=schema))
    index.add(documents)
    return index


def uris(hits: Any) -> list[str]:
    return [hit.document_uri for hit in hits]


def test_scores_are_bm25_worked_out_by_hand() -> None:
    """Three chunks of 2, 3 and 1 tokens, 2 on average; `heat` is in two of them.

    idf = ln(1 + (3 - 2 + 0.5) / (2 + 0.5)) = ln 1.6
    a: tf 1, length 2: 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 2)) = 2.2 / 2.2 = 1
    b: tf 2, length 3: 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)) = 4.4 / 3.65
    """
    index = index_of(
        [
            Document("a", text="heat wave"),
            Document("b", "heat", "heat two"),
            Document("c", text="x"),
        ]
    )
    hits = index.search("heat")
    assert uris(hits) == ["b", "a"]
    assert hits[1].score == pytest.approx(math.log(1.6), abs=1e-12)
    assert hits[0].score == pytest.approx(math.log(1.6) * 4.4 / 3.65, abs=1e-12)
    assert hits[1].score == pytest.approx(0.4700036292457356, abs=1e-12)


def test_a_repeated_word_of_the_query_weighs_double() -> None:
    index = index_of([Document("a", text="heat wave")])
    (once,) = index.search("heat")
    (twice,) = index.search("heat heat", explain=True)
    assert twice.score == pytest.approx(2 * once.score)
    assert twice.score_parts == {"heat": pytest.approx(twice.score)}


def test_the_title_is_searched_in_every_chunk() -> None:
    index = index_of([Document("a", "Heat", "one two three four")], chunker="words:2:0")
    assert [hit.chunk_idx for hit in index.search("heat")] == [0, 1]
    assert [hit.chunk_idx for hit in index.search("heat three", policy="ladder")] == [1]


def test_ties_go_by_the_order_of_addition_then_by_chunk() -> None:
    texts = {"z": "heat one heat one", "a": "heat one"}
    index = index_of([Document(uri, text=text) for uri, text in texts.items()], chunker="words:2:0")
    assert [(hit.document_uri, hit.chunk_idx) for hit in index.search("heat")] == [
        ("z", 0),
        ("z", 1),
        ("a", 0),
    ]


def test_a_replaced_document_comes_last_and_an_unchanged_one_stays() -> None:
    index = index_of([Document(uri, text="heat") for uri in "abc"])
    index.add([Document("b", text="heat")])
    assert uris(index.search("heat")) == ["a", "b", "c"]
    index.add([Document("a", "", "heat", {"year": 1})])
    assert uris(index.search("heat")) == ["b", "c", "a"]
    assert [document.uri for document in index.documents()] == ["b", "c", "a"]


@given(corpora())
def test_adding_the_same_again_changes_nothing(documents: list[Document]) -> None:
    index = index_of(documents)
    before = index.info(), list(index.documents())
    report = index.add(documents)
    assert (report.unchanged, report.chunks) == (len(documents), 0)
    assert (index.info(), list(index.documents())) == before


@given(corpora(min_size=1), queries, st.data())
def test_deleting_removes_exactly_one(
    documents: list[Document], text: str, data: st.DataObject
) -> None:
    index = index_of(documents)
    before = set(uris(index.search(text, policy="ranked")))
    gone = data.draw(st.sampled_from(documents)).uri
    assert index.delete(gone) == 1
    assert set(uris(index.search(text, policy="ranked"))) == before - {gone}
    assert index.get(gone) is None
    assert index.info().documents == len(documents) - 1


@given(corpora(), corpora(), queries)
def test_deleting_what_was_added_restores_the_answers(
    documents: list[Document], more: list[Document], text: str
) -> None:
    index = index_of(documents)
    before = index.search(text).hits
    added = [Document(f"more/{document.uri}", text=document.text) for document in more]
    index.add(added)
    index.delete(document.uri for document in added)
    assert index.search(text).hits == before


@given(corpora(), st.randoms())
def test_the_fingerprint_is_that_of_the_set_of_documents(
    documents: list[Document], random: Any
) -> None:
    shuffled = list(documents)
    random.shuffle(shuffled)
    one, other = index_of(documents), index_of(shuffled)
    assert (
        one.info(fingerprint=True).corpus_fingerprint
        == other.info(fingerprint=True).corpus_fingerprint
    )
    other.add(Document("one more"))
    assert (
        one.info(fingerprint=True).corpus_fingerprint
        != other.info(fingerprint=True).corpus_fingerprint
    )


@given(corpora(), queries, st.integers(1, 3), st.integers(1, 3))
def test_a_filter_before_the_cut_is_a_filter_after_it(
    documents: list[Document], text: str, low: int, high: int
) -> None:
    index = index_of(documents)
    everything = index.search(text, 1000, policy="ranked")
    wanted = [hit for hit in everything if low <= hit.fields["year"] <= high]
    asked = Range("year", gte=low, lte=high)
    assert list(index.search(text, policy="ranked", filters=[asked])) == wanted
    both = [asked, AnyOf("year", [2])]
    assert list(index.search(text, policy="ranked", filters=both)) == [
        hit for hit in wanted if hit.fields["year"] == 2
    ]


@given(any_text, any_text, st.dictionaries(any_text, field_values, max_size=3))
def test_a_document_is_given_back_as_it_was_added(
    title: str, text: str, fields: dict[str, Any]
) -> None:
    index = nuthatch.open("memory:", schema=Schema(chunker="words:2:1"))
    document = Document("a", title, text, fields)
    index.add(document)
    assert index.get("a") == document
    assert list(index.documents()) == [document]
    assert index.get("b") is None


@given(st.text(max_size=200))
def test_any_text_is_a_legal_query(text: str) -> None:
    index = index_of([Document("a", text="heat"), Document("b", text="東京")])
    for policy in ("auto", "ladder", "ranked"):
        assert len(index.search(text, policy=policy)) <= 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["AND OR NOT NEAR", '"heat"', "heat*", "-heat", "a:heat", "(", "'"]
)
def test_operators_of_engines_are_words_like_others(text: str) -> None:
    index = index_of([Document("a", text="heat")])
    assert uris(index.search(text)) == (["a"] if "heat" in text else [])


def test_every_index_in_memory_is_its_own() -> None:
    one, other = index_of([Document("a", text="heat")]), index_of([])
    assert one.search("heat")
    assert not other.search("heat")


@pytest.mark.parametrize(
    "use",
    [
        lambda index: index.search("heat"),
        lambda index: index.add([Document("b")]),
        lambda index: index.delete("a"),
        lambda index: index.get("a"),
        lambda index: index.info(),
        lambda index: list(index.documents()),
    ],
    ids=["search", "add", "delete", "get", "info", "documents"],
)
def test_a_closed_index_is_of_no_use_and_may_be_closed_again(use: Any) -> None:
    with index_of([Document("a", text="heat")]) as index:
        use(index)
    index.close()
    with pytest.raises(BackendUnavailable, match="was closed") as caught:
        use(index)
    assert caught.value.transient is False


def test_what_is_given_out_may_be_changed_and_the_index_does_not() -> None:
    given = Document("a", text="heat", fields={"year": 1, "cast": ["x"]})
    index = index_of([given])
    held = [index.get("a"), next(iter(index.documents())), *index.search("heat"), given]
    for item in held:
        item.fields["year"] = 2
        item.fields["cast"].append("y")
    expected = {"year": 1, "cast": ["x"]}
    assert index.get("a").fields == expected  # type: ignore[union-attr]
    assert index.search("heat")[0].fields == expected
    nuthatch.verify(index.search("heat", audit=AuditMode.GROUNDED)[0])


def test_getting_a_document_counts_no_words(monkeypatch: Any) -> None:
    index = index_of([Document("a", text="heat")])
    monkeypatch.setattr("nuthatch.memory.Counter", None)
    assert index.get("a") == Document("a", text="heat")
