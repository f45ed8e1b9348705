"""An index that is opened with filters: nothing else is there, whatever is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    Exists,
    Facet,
    FilteredIndex,
    IndexNotFound,
    IntegerField,
    InvalidConfig,
    InvalidDocument,
    InvalidFilter,
    InvalidQuery,
    KeywordField,
    LexicalBackend,
    MatchAll,
    PhraseField,
    Range,
    Schema,
    SkippedDocument,
    UnsupportedQuery,
    corpus_fingerprint,
    unsupported,
)
from support.varied import MakeBackend

SCHEMA = Schema(
    chunker="words:2:0",
    fields=(KeywordField("tenant"), IntegerField("year"), PhraseField("people")),
)
ACME = AnyOf("tenant", ["acme"])


def document(uri: str, tenant: str, year: int = 2000, text: str = "red fox runs far") -> Document:
    return Document(uri, f"fox {uri}", text, {"tenant": tenant, "year": year, "people": "Ann Lee"})


DOCUMENTS = [
    document("a1", "acme", 1990),
    document("a2", "acme", 2000, "red fox"),
    document("b1", "bolt", 1990),
    document("b2", "bolt", 2010),
    Document("none", "fox", "red fox"),
]


@pytest.fixture
def whole() -> Iterator[LexicalBackend]:
    with nuthatch.open("memory:", schema=SCHEMA) as index:
        index.add(DOCUMENTS)
        yield index


@pytest.fixture
def acme(whole: LexicalBackend) -> LexicalBackend:
    return FilteredIndex(whole, ACME)


@pytest.fixture(params=["search", "search_async"])
def search(request: pytest.FixtureRequest) -> Callable[..., nuthatch.Results]:
    def ask(index: LexicalBackend, *query: Any, **options: Any) -> nuthatch.Results:
        found = getattr(index, request.param)(*query, **options)
        return asyncio.run(found) if request.param == "search_async" else found

    return ask


def uris(results: nuthatch.Results) -> list[str]:
    return sorted({hit.document_uri for hit in results})


@pytest.mark.parametrize(
    "query", ["fox", MatchAll(), EntityQuery({"people": ["ann lee"]}), EntityQuery(titles=["fox"])]
)
def test_no_search_finds_what_does_not_pass(
    acme: LexicalBackend, search: Callable[..., nuthatch.Results], query: Any
) -> None:
    assert uris(search(acme, query)) == ["a1", "a2"]
    assert search(acme, query, count=True).total == 2
    assert uris(search(acme, query, filters=Range("year", gte=2000))) == ["a2"]
    assert uris(search(acme, query, filters=AnyOf("tenant", ["bolt"]))) == []
    assert uris(search(acme, query, filters=~ACME)) == []


def test_a_query_object_has_filters_beside_those_of_the_index(acme: LexicalBackend) -> None:
    query = nuthatch.TextQuery("fox", filters=[AnyOf("tenant", ["bolt", "acme"])])
    assert uris(acme.search(query)) == ["a1", "a2"]


def test_no_facet_leaves_the_filters_of_the_index_out(acme: LexicalBackend) -> None:
    def facet(field: str, **options: Any) -> list[tuple[object, int]]:
        asked = Facet(field, without_own_filter=True)
        return [tuple(item) for item in acme.search("fox", facets=asked, **options).facets[field]]

    assert facet("tenant") == [("acme", 2)]
    assert facet("tenant", filters=AnyOf("tenant", ["bolt"])) == [("acme", 2)]
    assert facet("tenant", filters=ACME) == [("acme", 2)]
    assert facet("year", filters=Range("year", gte=2000)) == [(1990, 1), (2000, 1)]


def test_a_condition_that_names_several_fields_does_not_disturb_an_open_facet(
    whole: LexicalBackend,
) -> None:
    either = FilteredIndex(whole, ACME | Range("year", gte=2010))
    results = either.search("fox", facets=Facet("tenant", without_own_filter=True))
    assert [tuple(item) for item in results.facets["tenant"]] == [("acme", 2), ("bolt", 1)]


def test_get_and_chunks_and_documents_know_no_other_document(acme: LexicalBackend) -> None:
    found = acme.get("a1")
    assert found is not None
    assert found.uri == "a1"
    assert acme.get("b1") is None
    assert acme.get("none") is None
    assert acme.get("never") is None
    assert [chunk.text for chunk in acme.chunks("a1")] == ["red fox ", "runs far"]
    assert acme.chunks("b1") == []
    assert [document.uri for document in acme.documents()] == ["a1", "a2"]


def test_info_counts_what_passes(whole: LexicalBackend, acme: LexicalBackend) -> None:
    info = acme.info()
    assert (info.documents, info.chunks, info.corpus_fingerprint) == (2, 3, None)
    assert info.details["filters"] == "tenant=acme"
    with nuthatch.open("memory:", schema=SCHEMA) as alone:
        alone.add([row for row in DOCUMENTS if row.fields.get("tenant") == "acme"])
        fingerprint = alone.info(fingerprint=True).corpus_fingerprint
    assert acme.info(fingerprint=True).corpus_fingerprint == fingerprint
    assert whole.info(fingerprint=True).corpus_fingerprint != fingerprint
    empty = FilteredIndex(whole, AnyOf("tenant", ["nobody"])).info(fingerprint=True)
    assert (empty.documents, empty.corpus_fingerprint) == (0, corpus_fingerprint(()))


def test_a_document_that_does_not_pass_is_not_added(
    whole: LexicalBackend, acme: LexicalBackend
) -> None:
    for wrong in (document("c", "bolt"), Document("c"), {"uri": "c", "fields": {"tenant": "x"}}):
        with pytest.raises(InvalidDocument, match=r"does not pass the filters.*tenant=acme") as no:
            acme.add(wrong)
        assert (no.value.uri, no.value.reason) == ("c", "filter")
    assert whole.get("c") is None
    acme.add({"uri": "c", "fields": {"tenant": "acme"}})
    assert whole.get("c") == acme.get("c") != None  # noqa: E711


def test_a_document_of_another_is_not_replaced(whole: LexicalBackend, acme: LexicalBackend) -> None:
    with pytest.raises(InvalidDocument, match="'b1' belongs to a document that does not pass"):
        acme.add(document("b1", "acme"))
    assert whole.get("b1") == DOCUMENTS[2]
    report = acme.add(document("a1", "acme", 2020))
    assert report.replaced == 1


def test_what_is_skipped_is_told_and_the_rest_is_added(
    whole: LexicalBackend, acme: LexicalBackend
) -> None:
    skipped: list[SkippedDocument] = []
    unreadable = InvalidDocument("no JSON", where="x:1", reason="unreadable")
    rows = [document("n1", "acme"), document("n2", "bolt"), document("b2", "acme"), unreadable]
    rows += [{"uri": 7.5}, document("n3", "acme"), document("a2", "acme", 2000, "red fox")]
    report = acme.add(iter(rows), on_error=skipped.append, batch=2)
    assert (report.added, report.skipped, report.unchanged) == (2, 4, 1)
    assert [(one.position, one.reason) for one in skipped] == [
        (1, "filter"),
        (2, "filter"),
        (3, "unreadable"),
        (4, "uri"),
    ]
    assert whole.get("b2") == DOCUMENTS[3]
    with pytest.raises(InvalidDocument, match="takes a document or a list"):
        acme.add(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidDocument, match="found int at position 0"):
        acme.add([3])  # type: ignore[list-item]


def test_what_does_not_pass_is_not_deleted(whole: LexicalBackend, acme: LexicalBackend) -> None:
    assert acme.delete(["a1", "b1", "none", "never"]) == 1
    assert acme.delete("b2") == 0
    assert [row.uri for row in whole.documents()] == ["a2", "b1", "b2", "none"]
    for wrong in (3, [3], None):
        with pytest.raises(InvalidQuery):
            acme.delete(wrong)  # type: ignore[arg-type]


def test_a_single_document_is_as_safe_as_without_filters(
    whole: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def record(name: str) -> None:
        method = getattr(whole, name)

        def call(rows: Any, durability: str) -> Any:
            asked.append(durability)
            return method(rows, durability)

        monkeypatch.setattr(whole, name, call)

    record("write")
    record("remove")
    for index in (whole, FilteredIndex(whole, ACME)):
        index.add(document(f"s{len(asked)}", "acme"))
        index.add([document(f"s{len(asked)}", "acme")])
        index.add(document(f"s{len(asked)}", "acme"), durability="process")
        index.delete(["a1", "a2"])
        index.delete("s0")
    assert asked[:5] == asked[5:] == ["power", "process", "process", "process", "power"]


def test_a_view_of_a_view_has_the_filters_of_both(acme: LexicalBackend) -> None:
    both = FilteredIndex(acme, "year>=2000")
    assert uris(both.search("fox")) == ["a2"]
    facets = [Facet(name, without_own_filter=True) for name in ("tenant", "year")]
    assert both.search("fox", facets=facets).facets == {
        "tenant": (("acme", 1),),
        "year": ((2000, 1),),
    }
    assert both.get("a1") is None
    assert both.get("b2") is None


def test_nothing_reads_past_the_filters(acme: LexicalBackend) -> None:
    for past in (
        lambda: acme.reader(),
        lambda: acme.write(None, "power"),  # type: ignore[arg-type]
        lambda: acme.remove(["b1"], "power"),
    ):
        with pytest.raises(InvalidQuery, match="would pass them by"):
            past()


def test_an_index_is_opened_with_filters_or_texts(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/x.db"
    with nuthatch.open(url, create=True, schema=SCHEMA) as index:
        index.add(DOCUMENTS)
    for given in (ACME, [ACME], "tenant=acme", ["tenant=acme", Exists("year")]):
        with nuthatch.open(url, filters=given) as index:
            assert uris(index.search("fox")) == ["a1", "a2"]
    with nuthatch.open(f"{url}?filters=tenant=bolt and year%3E=2000") as index:
        assert uris(index.search("fox")) == ["b2"]
    with nuthatch.open(url, filters=()) as index:
        assert len(uris(index.search("fox"))) == 5
    with pytest.raises(InvalidConfig, match="'filters' is given in the URL and again"):
        nuthatch.open(f"{url}?filters=tenant=acme", filters=ACME)
    with pytest.raises(InvalidConfig, match="did you mean filters"):
        nuthatch.open(f"{url}?filter=tenant=acme")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("tenant=", InvalidFilter, "a value is due"),
        ("colour=red", InvalidFilter, "declares no field 'colour'"),
        (AnyOf("colour", ["red"]), InvalidQuery, "declares no such field"),
        ([ACME, 3], InvalidQuery, "a filter is a Range"),
        (3, InvalidQuery, "must be a list of filters"),
    ],
)
def test_filters_that_mean_nothing_are_refused_and_the_index_is_closed(
    tmp_path: Path, given: Any, error: type[Exception], message: str
) -> None:
    url = f"sqlite:{tmp_path}/x.db"
    with pytest.raises(error, match=message):
        nuthatch.open(url, create=True, schema=SCHEMA, filters=given)
    with pytest.raises(IndexNotFound):  # nothing was made
        nuthatch.open(url)
    nuthatch.open(url, create="new", schema=SCHEMA).close()
    with pytest.raises(error, match=message):
        nuthatch.open(url, filters=given)
    nuthatch.drop(url)  # which nothing holds


def test_an_engine_that_knows_no_such_filter_refuses_at_once(make_backend: MakeBackend) -> None:
    none = unsupported("it has no trees")
    engine = make_backend(filters=nuthatch.FilterSupport(tree=none), schema=SCHEMA)
    with pytest.raises(UnsupportedQuery, match="it has no trees"):
        FilteredIndex(engine, ~ACME)
    with pytest.raises(InvalidConfig, match="stand before an index"):
        FilteredIndex(nuthatch.Fuse(engine, engine), ACME)  # type: ignore[arg-type]


def test_an_index_that_is_not_there_yet_is_made_by_what_passes(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/x.db?filters=tenant=acme"
    with nuthatch.open(url, create=True, schema=SCHEMA) as index:
        assert not index.exists
        assert index.get("a1") is None
        assert uris(index.search(MatchAll())) == []
        with pytest.raises(InvalidDocument, match="does not pass"):
            index.add(document("b1", "bolt"))
        assert not index.exists
        index.add(document("a1", "acme"))
        assert index.exists
        assert uris(index.search("fox")) == ["a1"]


def test_an_index_that_another_made_meanwhile_is_seen_through_the_filters(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/x.db"
    for schema, given in ((SCHEMA, "tenant=acme"), (None, "all()")):
        with nuthatch.open(url, create=True, schema=schema, filters=given) as view:
            with nuthatch.open(url, create="new", schema=SCHEMA) as made:
                made.add(DOCUMENTS)
            assert uris(view.search("fox")) == (["a1", "a2"] if schema else uris(made_of(url)))
            assert (view.get("b1") is None) == (schema is not None)
        nuthatch.drop(url)


def made_of(url: str) -> nuthatch.Results:
    with nuthatch.open(url) as index:
        return index.search("fox")


def test_an_index_with_filters_is_not_dropped(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/x.db"
    with nuthatch.open(url, create=True, schema=SCHEMA) as index:
        index.add(DOCUMENTS)
    with pytest.raises(InvalidConfig, match="drop removes the whole index"):
        nuthatch.drop(f"{url}?filters=tenant=acme")
    with nuthatch.open(url) as index:
        assert index.info().documents == 5


def test_a_grounded_hit_of_a_view_verifies(tmp_path: Path) -> None:
    with nuthatch.open(
        f"sqlite:{tmp_path}/x.db", create=True, schema=SCHEMA, filters=ACME
    ) as index:
        index.add(document("a1", "acme"))
        (hit, *_) = index.search("fox", audit=nuthatch.AuditMode.GROUNDED)
        nuthatch.verify(json.loads(hit.model_dump_json()))
