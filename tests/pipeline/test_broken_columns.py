"""What an engine breaks in `matching`, `columns` or `fetch` has a typed error."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    Facet,
    IndexCorrupt,
    IntegerField,
    KeywordField,
    MatchAll,
    PluginFailure,
    Schema,
    UnsupportedQuery,
)
from nuthatch.memory import MemoryReader
from support.varied import vary

SCHEMA = Schema(fields=(KeywordField("genre"), IntegerField("year")))
DOCUMENTS = [
    Document(f"d{number}", "", "fox", {"genre": "ab"[number % 2], "year": number})
    for number in range(5)
]


class Key:
    """A key that can be hashed, and not ordered."""

    def __init__(self, chunk: int) -> None:
        self.chunk = chunk

    def __hash__(self) -> int:
        return hash(self.chunk)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other.chunk == self.chunk


class NoOrder(MemoryReader):
    """A reader whose keys have no order."""

    def match(self, rung: Any, filters: Any, limit: int) -> Any:
        found = super().match(rung, filters, limit)
        best = [nuthatch.Candidate(Key(key), score) for key, score in found.candidates]  # type: ignore[arg-type]
        return nuthatch.Matches(best, found.total, found.exact)

    def matching(self, rung: Any, filters: Any) -> Any:
        found = super().match(rung, filters, len(DOCUMENTS))
        return [Key(key) for key in sorted(key for key, _ in found.candidates)]  # type: ignore[type-var, arg-type]

    def columns(self, fields: Sequence[str]) -> Any:
        rows = [
            nuthatch.DocumentRow(document.uri, [Key(at)], {"year": [at]})
            for at, document in enumerate(self.documents())
        ]
        return nuthatch.PlainColumns(rows)

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Any:
        return super().fetch([key.chunk for key in keys], proofs)  # type: ignore[attr-defined]


class NoKeys(MemoryReader):
    def matching(self, rung: Any, filters: Any) -> Any:
        return None


class NoColumns(MemoryReader):
    def columns(self, fields: Sequence[str]) -> Any:
        return None


class Bare:
    """A reader without columns, of which one chunk cannot be fetched, or one document is lost."""

    def __init__(self, reader: MemoryReader, lost: int = -1, unlisted: int = -1) -> None:
        self.document_frequencies = reader.document_frequencies
        self.match = reader.match
        self.get = reader.get
        self.statistics = reader.statistics
        self._reader, self._lost, self._unlisted = reader, lost, unlisted

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Any:
        rows = self._reader.fetch(keys, proofs)
        return [None if key == self._lost else row for key, row in zip(keys, rows, strict=True)]

    def documents(self) -> Any:
        return (row for at, row in enumerate(self._reader.documents()) if at != self._unlisted)


def make(reader: Any, **changes: Any) -> nuthatch.LexicalBackend:
    index = vary(reader, schema=SCHEMA, **changes)
    index.add(DOCUMENTS)
    return index


@pytest.mark.parametrize("sort", [["-score", "year"], ["-year", "-score"]])
def test_keys_need_no_order(sort: list[str]) -> None:
    found = make(lambda documents: NoOrder(documents, SCHEMA)).search("fox", sort=sort)
    years = [hit.fields["year"] for hit in found]
    assert years == sorted(years, reverse=sort[0] == "-year")


@pytest.mark.parametrize(
    ("reader", "problem"), [(NoKeys, "from matching"), (NoColumns, "from columns")]
)
def test_what_is_no_collection_and_no_columns_is_named(reader: Any, problem: str) -> None:
    index = make(lambda documents: reader(documents, SCHEMA))
    for query in ("fox", MatchAll()):
        with pytest.raises(PluginFailure, match=f"varied.*returned NoneType {problem}"):
            index.search(query, facets=["genre"])


def test_an_engine_is_never_asked_beyond_its_largest_limit() -> None:
    index = make(lambda documents: MemoryReader(documents, SCHEMA), max_limit=3)
    with pytest.raises(UnsupportedQuery, match="its largest limit is 3, and nuthatch needs"):
        index.search("fox", 1, sort=["genre", "-score"])


def test_what_is_lost_under_a_snapshot_is_not_left_out_of_a_count() -> None:
    index = make(lambda documents: Bare(MemoryReader(documents, SCHEMA), lost=2))
    for options in ({"facets": ["genre"]}, {"sort": ["genre"]}):
        with pytest.raises(IndexCorrupt, match="matched 5 chunks, and 1 of them"):
            index.search("fox", 1, **options)  # type: ignore[arg-type]


def test_a_document_that_is_not_exported_is_not_left_out_of_a_count() -> None:
    index = make(lambda documents: Bare(MemoryReader(documents, SCHEMA), unlisted=2))
    with pytest.raises(PluginFailure, match=r"matched the document 'd2'.*not among its documents"):
        index.search("fox", 1, facets=["genre"])


def test_a_cap_that_cuts_a_facet_without_its_own_filter_is_told() -> None:
    with nuthatch.open("memory:", schema=SCHEMA) as index:
        index.add(
            Document(f"d{number}", "moon star", "", {"genre": "a" if number % 200 else "rare"})
            for number in range(10_100)
        )
        found = index.search(
            EntityQuery(titles=["moon star"]),
            filters=[nuthatch.AnyOf("genre", ["rare"])],
            facets=[Facet("genre", without_own_filter=True)],
        )
        assert not found.exact
        assert any("10,000" in note for note in found.notes)


@pytest.mark.parametrize("engine", ["memory:", "sqlite:{}/index.db", "tantivy:{}/index"])
def test_fields_may_have_the_names_of_sort_keys(engine: str, tmp_path: Any) -> None:
    schema = Schema(fields=(KeywordField("uri"), IntegerField("score")))
    with nuthatch.open(engine.format(tmp_path), create=True, schema=schema) as index:
        index.add(
            Document(f"d{number}", "", "fox", {"uri": f"u{number % 2}", "score": number})
            for number in range(6)
        )
        for _ in range(3):  # once read, columns are kept
            found = index.search(
                "fox", facets=["uri", "score"], filters=[nuthatch.AnyOf("uri", ["u1"])], sort="-uri"
            )
            assert [hit.document_uri for hit in found] == ["d5", "d3", "d1"]
            assert found.facets["uri"] == (("u1", 3),)
