"""Traps of Tantivy: each test springs one on a bare index, and shows that ours is free of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import tantivy
from tantivy import Query

from nuthatch import Document, EntityQuery, InvalidQuery, LexicalBackend, UnsupportedQuery

HUGE = 2**62


def bare(*texts: str) -> tuple[tantivy.Index, tantivy.Schema]:
    """A bare index in memory with numbered texts in one segment."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=True, indexed=True)
    builder.add_text_field("text", stored=True)
    schema = builder.build()
    index = tantivy.Index(schema)
    writer = index.writer(15_000_000, 1)
    for number, text in enumerate(texts):
        row = tantivy.Document()
        row.add_unsigned("id", number)
        row.add_text("text", text)
        writer.add_document(row)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index, schema


def delete(index: tantivy.Index, field: str, value: object) -> tantivy.Searcher:
    """Delete by a term and return a searcher of what is left."""
    writer = index.writer(15_000_000, 1)
    writer.delete_documents_by_term(field, value)
    writer.commit()
    index.reload()
    return index.searcher()


def uris(hits: Sequence[object]) -> set[str]:
    return {hit.document_uri for hit in hits}  # type: ignore[attr-defined]


def test_a_deletion_by_an_unsigned_term_does_nothing_and_ours_go_by_text(
    index: LexicalBackend,
) -> None:
    raw, _ = bare("heat", "ducks")
    assert delete(raw, "id", 1).num_docs == 2
    index.add([Document("0", "", "heat"), Document("1", "", "ducks")])
    assert index.delete("1") == 1
    assert index.info().documents == 1
    assert not index.search("ducks")


@pytest.mark.parametrize("limit", [0, HUGE])
def test_some_limits_panic_past_every_except_and_ours_are_refused_or_clamped(
    limit: int, index: LexicalBackend, few: list[Document]
) -> None:
    raw, _ = bare("heat")
    with pytest.raises(BaseException) as caught:  # noqa: PT011  # its type cannot be imported
        raw.searcher().search(Query.all_query(), limit)
    assert not isinstance(caught.value, Exception)
    assert type(caught.value).__name__ == "PanicException"
    index.add(few)
    if limit:
        assert uris(index.search("angeles", limit)) == {"heat", "ducks"}
    else:
        with pytest.raises(InvalidQuery, match="limit"):
            index.search("angeles", limit)


def test_frequencies_count_the_deleted_until_a_merge_and_ours_do_not(
    open_index: Callable[..., LexicalBackend],
) -> None:
    raw, _ = bare("heat one", "heat two", "ducks")
    searcher = delete(raw, "text", "two")
    assert searcher.num_docs == 2
    assert searcher.doc_freq("text", "heat") == 2
    index = open_index()
    index.add([Document("1", "", "heat one"), Document("2", "", "heat two")])
    index.add(Document("3", "", "ducks"))
    assert index.delete("2") == 1
    with index.reader() as reader:
        assert reader.document_frequencies(("heat", "two", "ducks")) == {
            "heat": 1,
            "two": 0,
            "ducks": 1,
        }


def test_fuzzy_scores_are_constant_and_ours_tell_a_close_title_from_a_loose_one(
    index: LexicalBackend,
) -> None:
    raw, schema = bare("heat", "heat of the long night in the city", "heap")
    hits = raw.searcher().search(Query.fuzzy_term_query(schema, "text", "heat"), 10).hits
    assert len(hits) == 3
    assert {score for score, _ in hits} == {1.0}
    index.add([Document("close", "Heat", ""), Document("loose", "Heat of the Long Night", "")])
    try:
        found = index.search(EntityQuery(titles=["heap"]))
    except UnsupportedQuery:
        # Without entity search nothing is fuzzy: scores are BM25 throughout.
        assert not index.search("heap")
        found = index.search("heat")
    scores = {hit.document_uri: hit.score for hit in found}
    assert scores["close"] > scores["loose"]
