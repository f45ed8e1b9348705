"""The order is total, independent of the limit, and by BM25."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nuthatch
from nuthatch import AnyOf, Document, LexicalBackend, Range, Rung, Schema
from support.corpora import queries, seeded_documents, vocabulary


@pytest.fixture(scope="module")
def seeded(seeded_path: Path) -> Iterator[LexicalBackend]:
    with nuthatch.open(f"tantivy:{seeded_path}") as index:
        yield index


def keys(index: LexicalBackend, rung: Rung, limit: int) -> list[tuple[object, float]]:
    with index.reader() as reader:
        return [tuple(candidate) for candidate in reader.match(rung, (), limit).candidates]


@pytest.mark.parametrize("operator", ["AND", "OR"])
def test_a_bigger_limit_extends_the_list(seeded: LexicalBackend, operator: str) -> None:
    draw = random.Random(3)
    for _ in range(40):
        tokens = tuple(draw.choices(vocabulary()[:60], k=draw.randint(1, 5)))
        rung = Rung.of(operator, tokens)  # type: ignore[arg-type]
        everything = keys(seeded, rung, 10**9)
        assert [score for _, score in everything] == sorted(
            (score for _, score in everything), reverse=True
        )
        for limit in (1, 2, 7, 20, 333):
            assert keys(seeded, rung, limit) == everything[:limit]


def test_ties_come_in_the_order_of_addition_whatever_the_limit(index: LexicalBackend) -> None:
    for start in range(0, 60, 5):  # a segment each, so that merges shuffle them
        index.add(
            [Document(f"doc-{number}", "", "same words") for number in range(start, start + 5)]
        )
    assert index.info().details["segments"] > 1
    expected = [f"doc-{number}" for number in range(60)]
    for limit in (1, 3, 20, 59, 60, 61, 10**9):
        found = [hit.document_uri for hit in index.search("words", limit)]
        assert found == expected[:limit]
    index.optimize()
    assert [hit.document_uri for hit in index.search("words", 30)] == expected[:30]


def test_tied_chunks_of_a_document_come_in_order(
    open_index: Callable[..., LexicalBackend],
) -> None:
    index = open_index(schema=Schema(chunker="words:2:0"))
    index.add([Document("one", "", "a1 x9 " * 40), Document("two", "", "a1 x9 " * 40)])
    found = [(hit.document_uri, hit.chunk_idx) for hit in index.search("x9", 50)]
    assert found == [*(("one", at) for at in range(40)), *(("two", at) for at in range(10))]


def test_every_limit_is_legal(index: LexicalBackend, few: list[Document]) -> None:
    assert len(index.search("thief", 10**9)) == 0
    index.add(few)
    for limit in (1, 2, 3, 2**31 - 1, 10**9, 10**30):
        assert len(index.search("thief", limit)) == min(limit, 2)


def test_a_repeated_word_weighs_double(index: LexicalBackend, few: list[Document]) -> None:
    index.add(few)
    once = {hit.document_uri: hit.score for hit in index.search("angeles", policy="ranked")}
    twice = {hit.document_uri: hit.score for hit in index.search("angeles angeles")}
    assert twice == {uri: pytest.approx(2 * score) for uri, score in once.items()}


def test_the_parts_of_a_score_add_up(seeded: LexicalBackend) -> None:
    for text in queries(5, 20, seeded_documents()):
        results = seeded.search(text, 5, explain=True)
        for hit in results:
            assert sum(hit.score_parts.values()) == pytest.approx(hit.score, rel=1e-5)


def test_auto_always_ranks(seeded: LexicalBackend) -> None:
    for text in queries(6, 20, seeded_documents()):
        results = seeded.search(text)
        if any(count for _, count in results.frequencies):
            assert results.ran == "ranked"
            assert results.exact


def test_filters_keep_the_order_and_the_scores(seeded: LexicalBackend) -> None:
    conditions = [
        AnyOf("lang", ["de", "sv"]),
        Range("year", gte=1995, lte=2010),
        Range("tags", gte="b"),
    ]
    for text in queries(7, 20, seeded_documents()):
        for policy in ("ranked", "ladder"):
            options = {"policy": policy, "filters": conditions}
            filtered = seeded.search(text, 10**6, **options)  # type: ignore[arg-type]
            rung = Rung.of(filtered.attempts[-1].operator, filtered.attempts[-1].tokens)
            kept = {hit.document_uri: hit.score for hit in filtered}
            with seeded.reader() as reader:
                whole = reader.match(rung, (), 10**9).candidates
                rows = reader.fetch([item.key for item in whole], False)
            assert list(kept.items()) == [
                (row.uri, each.score)
                for row, each in zip(rows, whole, strict=True)
                if row is not None and row.uri in kept
            ]


def test_the_count_of_matches_is_known_once_all_are_returned(seeded: LexicalBackend) -> None:
    with seeded.reader() as reader:
        rung = Rung.of("OR", (vocabulary()[0],))
        total = reader.match(rung, (), 10**9).total
        assert total == reader.document_frequencies(rung.words)[rung.words[0]]
        assert reader.match(rung, (), total).total == total
        assert reader.match(rung, (), total - 1).total is None


def test_frequencies_leave_deleted_chunks_out(index: LexicalBackend) -> None:
    index.add([Document(f"doc-{number}", "", "word") for number in range(10)])
    index.delete([f"doc-{number}" for number in range(4)])
    assert index.info().details["deleted_chunks"] == 4
    assert index.search("word", explain=True).frequencies == (("word", 6),)
    assert len(index.search("word")) == 6
    index.delete([f"doc-{number}" for number in range(10)])
    assert len(index.search("word")) == 0
