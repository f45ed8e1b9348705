"""The catalog in memory follows the index, batch by batch, and is what a new reader reads."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    IntegerField,
    KeywordField,
    LexicalBackend,
    MatchAll,
    PhraseField,
    Schema,
)
from nuthatch_opensearch.backend import OpenSearchBackend
from nuthatch_opensearch.catalog import Catalog, CatalogRow
from nuthatch_opensearch.client import Request
from nuthatch_opensearch.marker import Closed, Hole, Marker
from nuthatch_opensearch.write import Writer

Open = Callable[..., OpenSearchBackend]
FILMS = Schema(
    chunker="words:4:1",
    fields=(PhraseField("people"), IntegerField("year"), KeywordField("genre")),
)
NAMES = ("tom hanks", "zoë saldaña", "ada", "tom")
WORDS = ("wolf", "fox", "the", "night", "river", "wolves")


def make_film(rng: random.Random, uri: str) -> Document:
    fields: dict[str, Any] = {"people": rng.sample(NAMES, rng.randint(0, 2))}
    if rng.random() < 0.8:
        fields["year"] = rng.randint(1990, 1995)
    if rng.random() < 0.8:
        fields["genre"] = rng.sample(["War", "Crime", "Drama"], rng.randint(1, 2))
    text = " ".join(rng.choices(WORDS, k=rng.randint(0, 12)))
    return Document(uri, " ".join(rng.choices(WORDS, k=2)), text, fields)


def describe(index: LexicalBackend) -> list[Any]:
    """Return the answers that the catalog has a part in."""
    found: list[Any] = []
    for query in (
        EntityQuery({"people": ["tom"]}),
        EntityQuery({"people": ["zoë saldaña"]}, titles=["nigt river"]),
        EntityQuery(titles=["the wolf"]),
    ):
        hits = index.search(query, 50, facets=["genre"], count=True)
        scores = sorted((hit.document_uri, round(hit.score, 9)) for hit in hits)
        found.append((scores, hits.total, hits.facets))
    for sort in (["-year", "uri"], ["genre", "uri"]):
        page = index.search("wolf night", 50, sort=sort, policy="ranked", facets=["year"])
        found.append(([(hit.document_uri, hit.chunk_idx) for hit in page], page.facets))
    every = index.search(MatchAll(), 50, sort=["uri"], count=True)
    return [*found, [hit.document_uri for hit in every], every.total]


@pytest.mark.parametrize("seed", range(2))
def test_it_follows_batches_as_memory_does(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    index, other = open_index(schema=FILMS), open_index()
    oracle = nuthatch.open("memory:", create=True, schema=FILMS)
    index.add([make_film(rng, f"d{n}") for n in range(8)])
    oracle.add(index.documents())
    assert describe(index) == describe(oracle)
    read_whole = Catalog.of
    monkeypatch.setattr(Catalog, "of", None)  # from here on only changes may be read
    for _ in range(6):
        writer = rng.choice([index, other])
        if rng.random() < 0.3:
            gone = [f"d{rng.randrange(12)}" for _ in range(2)]
            writer.delete(gone)
            oracle.delete(gone)
        else:
            films = [make_film(rng, f"d{rng.randrange(12)}") for _ in range(rng.randint(1, 4))]
            writer.add(films)
            oracle.add(films)
        assert describe(index) == describe(oracle)
    monkeypatch.setattr(Catalog, "of", read_whole)
    assert describe(other) == describe(oracle)
    index.optimize()
    assert describe(index) == describe(other) == describe(oracle)
    assert index.check() == []


def test_a_batch_that_was_slower_than_a_later_one_comes_before_it(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(schema=FILMS), open_index()
    commit = Writer.commit

    def commit_later(writer: Writer, *arguments: Any, **options: Any) -> bool:
        if writer is index._writer:
            monkeypatch.undo()
            other.add(Document("b", "wolf", "", {"people": ["ada"]}))
            assert len(other.search(EntityQuery({"people": ["ada"]}))) == 1
        return commit(writer, *arguments, **options)

    monkeypatch.setattr(Writer, "commit", commit_later)
    index.add(Document("a", "wolf", "", {"people": ["ada"]}))
    for handle in (index, other):
        found = handle.search(EntityQuery({"people": ["ada"]}, titles=["wolf"]))
        assert [hit.document_uri for hit in found] == ["a", "b"]
        assert [hit.document_uri for hit in handle.search(MatchAll())] == ["a", "b"]


def count_parts(index: OpenSearchBackend, kind: str) -> int:
    body = {"query": {"term": {"part": kind}}, "size": 0, "track_total_hits": True}
    path = f"/{index._index.alias}/_search"
    answer = index._client.send(Request("POST", path, body=json.dumps(body)))
    total: int = answer["hits"]["total"]["value"]
    return total


def read_words(index: OpenSearchBackend) -> set[str]:
    with index.reader() as reader:
        return set(reader.read_words())


def test_optimize_leaves_few_parts_and_the_words_that_are_left(open_index: Open) -> None:
    index, other = open_index(schema=Schema(analyzer="english")), open_index()
    for number, text in enumerate(("running wolves", "running foxes", "a river", "running")):
        (index, other)[number % 2].add(Document(f"d{number}", "", text))
    index.add(Document("d0", "", "running again"))
    index.delete("d1")
    assert count_parts(index, "rows") == 5
    assert count_parts(index, "gone") == 2
    assert read_words(index) == {"running", "wolves", "foxes", "a", "river", "again"}
    index.optimize()
    assert [count_parts(index, kind) for kind in ("rows", "gone", "words")] == [1, 0, 1]
    assert read_words(index) == {"running", "a", "river", "again"}
    # What this writer has known to be stored is stored no more.
    index.add(Document("d5", "", "wolves"))
    other.add(Document("d6", "", "foxes"))
    assert {"wolves", "foxes"} <= read_words(index)
    assert index.check() == other.check() == []


def test_a_writer_stores_a_word_once(open_index: Open) -> None:
    index = open_index()
    for number in range(3):
        index.add(Document(f"d{number}", "", "the same words"))
    assert count_parts(index, "words") == 1


def test_compaction_begins_again_where_others_commit(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(), open_index()
    index.add(Document("a", "", "wolf"))
    index.add(Document("b", "", "wolf"))
    commit = Writer.commit

    def commit_later(writer: Writer, *arguments: Any, **options: Any) -> bool:
        if writer is index._writer:
            monkeypatch.undo()
            other.delete("a")
            other.add(Document("c", "", "fox"))
        return commit(writer, *arguments, **options)

    monkeypatch.setattr(Writer, "commit", commit_later)
    index.optimize()
    assert count_parts(index, "rows") == 1
    assert [hit.document_uri for hit in other.search(MatchAll(), sort=["uri"])] == ["b", "c"]
    assert index.check() == []


@pytest.mark.parametrize(
    ("closed", "holes", "expected"),
    [
        ([], [(3, 10)], [(3, 3)]),
        ([(1, 2)], [(3, 10), (5, 10)], [(1, 3), (5, 5)]),
        ([(1, 2), (4, 4)], [(3, 10)], [(1, 4)]),
        ([], [(3, 99)], []),
    ],
)
def test_neighbours_among_closed_batches_are_one(
    closed: Iterable[tuple[int, int]],
    holes: Iterable[tuple[int, int]],
    expected: list[tuple[int, int]],
) -> None:
    marker = Marker(
        ceiling=9,
        holes=tuple(Hole(*one) for one in holes),
        closed=tuple(Closed(*c) for c in closed),
    )
    after = marker.close(latest=50)
    assert [tuple(one) for one in after.closed] == expected
    assert sorted(after.uncommitted) == sorted(marker.uncommitted)
    assert [hole.batch for hole in after.holes] == [batch for batch, at in holes if at > 50]
    assert Marker.from_json(json.loads(json.dumps(after.to_json()))) == after


def test_damage_is_named(index: OpenSearchBackend) -> None:
    index.add(Document("a", "Wolf", "night"))
    row = CatalogRow(2**32, 1, "b", "Wolf", {}, {})
    with index.reader() as reader:
        marker = reader.read_marker()
    from nuthatch_opensearch.catalog import pack_rows

    batch = marker.ceiling
    body = {"part": "rows", "version": f"rows.{batch}", "batch": batch, "place": batch * 2**32}
    body["catalog"] = next(iter(pack_rows([row])))
    path = f"/{index._index.alias}/_doc/rows.{batch}.0"
    index._client.send(Request("PUT", path, {"refresh": "true"}, json.dumps(body)))
    with nuthatch.open(f"opensearch:{index.config.location}?index={index.config.index}") as other:
        problems = other.check()
    assert any("'a'" in problem and "catalog" in problem for problem in problems)
    assert any("'b'" in problem for problem in problems)


def test_every_document_of_an_index_has_tokens(index: OpenSearchBackend) -> None:
    """Where one has none, Lucene looks up the norm of each posting; see `schema.NO_TOKENS`."""
    index.add([Document("full", "Heat", "A thief."), Document("empty", "", "")])
    index.add(Document("full", "Heat", "Another thief."))
    lacking = {"query": {"bool": {"must_not": [{"exists": {"field": "tokens"}}]}}, "size": 10}
    assert index._writer.search(lacking) == []
    names = {hit["_id"].partition(".")[0] for hit in index._writer.search({"size": 100})}
    assert names >= {"marker", "counter", "rows", "words", "gone"}
