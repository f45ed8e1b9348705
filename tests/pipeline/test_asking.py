"""Offsets, orders, totals, facets and browsing: laws that hold whatever the engine can do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    NATIVE,
    AnyOf,
    AuditMode,
    BooleanField,
    Document,
    EntityQuery,
    Exists,
    Facet,
    FilterSupport,
    Hit,
    IntegerField,
    InvalidQuery,
    KeywordField,
    LexicalBackend,
    MatchAll,
    Not,
    PhraseField,
    Range,
    Results,
    Schema,
    UnsupportedQuery,
    unsupported,
    verify,
)
from nuthatch import Any as AnyFilter
from nuthatch.memory import MemoryReader

SCHEMA = Schema(
    chunker="words:2:0",
    fields=(
        KeywordField("genre"),
        IntegerField("year"),
        BooleanField("seen"),
        PhraseField("people"),
    ),
)
WORDS = ("wolf", "fox", "bear", "owl")
DOCUMENTS = [
    Document(
        f"d{number * 7 % 24:02}",
        WORDS[number % 3],
        " ".join(WORDS[number * step % 4] for step in range(number % 7)),
        {
            "genre": [["Drama"], ["War", "Drama"], [], ["Comedy"]][number % 4],
            "people": ["ann", "bob"][: number % 3],
            "seen": number % 2 == 0,
        }
        | ({"year": 1990 + number % 5} if number % 6 else {}),
    )
    for number in range(24)
]
EVERYTHING = 1000


class WithoutColumns:
    """A reader of an engine that has neither `matching` nor `columns`, and knows flat filters."""

    def __init__(self, reader: MemoryReader) -> None:
        self.document_frequencies = reader.document_frequencies
        self.fetch = reader.fetch
        self.get = reader.get
        self.statistics = reader.statistics
        self.documents = reader.documents
        self.match = reader.match


class FlatReader(MemoryReader):
    """A reader that knows lists of ranges and choices alone, and has columns."""

    def match(self, rung: Any, filters: Sequence[Any], limit: int) -> Any:
        assert all(isinstance(item, Range | AnyOf) for item in filters)
        return super().match(rung, filters, limit)


def without_columns(documents: Any, schema: Any = None) -> WithoutColumns:
    return WithoutColumns(FlatReader(documents, SCHEMA))


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LexicalBackend]]:
    from support.varied import vary

    flat = FilterSupport(range=NATIVE, any_of=NATIVE)
    folder: Path = tmp_path_factory.mktemp("asking")
    opened = {
        "memory": nuthatch.open("memory:", create=True, schema=SCHEMA),
        "sqlite": nuthatch.open(f"sqlite:{folder}/index.db", create=True, schema=SCHEMA),
        "flat": vary(FlatReader, schema=SCHEMA, filters=flat),
        "bare": vary(
            without_columns,
            schema=SCHEMA,
            filters=FilterSupport(range=NATIVE),
            sort=nuthatch.EMULATED,
            facets=nuthatch.EMULATED,
            count=nuthatch.EMULATED,
        ),
    }
    for index in opened.values():
        index.add(DOCUMENTS)
    yield opened
    for index in opened.values():
        index.close()


@pytest.fixture(scope="module")
def whole_indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LexicalBackend]]:
    """Open indexes in which every document is one chunk, and has a year; many scores tie."""
    schema = Schema(fields=SCHEMA.fields)
    folder: Path = tmp_path_factory.mktemp("whole")
    opened = [
        nuthatch.open("memory:", create=True, schema=schema),
        nuthatch.open(f"sqlite:{folder}/index.db", create=True, schema=schema),
        nuthatch.open(f"tantivy:{folder}/index", create=True, schema=schema),
    ]
    for index in opened:
        index.add(
            Document(f"d{n:02}", "", WORDS[n % 2] + " owl" * (n % 3), {"year": 1990 + n % 4})
            for n in range(30)
        )
    yield opened
    for index in opened:
        index.close()


names = st.sampled_from(["memory", "sqlite", "flat", "bare"])
texts = st.lists(st.sampled_from([*WORDS, "unknown"]), min_size=1, max_size=3).map(" ".join)
policies = st.sampled_from(["auto", "ranked", "ladder", "all"])
leaf = st.one_of(
    st.integers(1989, 1996).map(lambda year: Range("year", gte=year)),
    st.sampled_from(["Drama", "War", "Comedy", "None"]).map(lambda one: AnyOf("genre", [one])),
    st.sampled_from(["year", "genre"]).map(Exists),
    st.booleans().map(lambda seen: AnyOf("seen", [seen])),
)
trees = st.recursive(
    leaf,
    lambda parts: st.one_of(
        st.lists(parts, max_size=2).map(lambda several: AnyFilter(*several)), parts.map(Not)
    ),
    max_leaves=3,
)
filter_lists = st.lists(trees, max_size=2)
orders = st.permutations(["genre", "year", "seen", "uri"]).flatmap(
    lambda keys: st.tuples(*(st.sampled_from([key, f"-{key}"]) for key in keys[:2]))
)
queries = st.one_of(texts, st.just(MatchAll()))


def places(results: Results) -> list[tuple[str, int]]:
    return [(hit.document_uri, hit.chunk_idx) for hit in results]


def options_for(query: object, policy: str, **options: Any) -> dict[str, Any]:
    return options if isinstance(query, MatchAll) else options | {"policy": policy}


def values_of(hit: Hit, field: str) -> list[Any]:
    if field == "uri":
        return [hit.document_uri]
    value = hit.fields.get(field, [])
    return value if isinstance(value, list) else [value]


def sort_naively(hits: Sequence[Hit], order: Sequence[str]) -> list[str]:
    """Return the uris of hits, one a document and in document order, sorted by an order."""
    for key in reversed(order):
        field, falls = key.removeprefix("-"), key.startswith("-")
        choose = max if falls else min
        present = [hit for hit in hits if values_of(hit, field)]
        absent = [hit for hit in hits if not values_of(hit, field)]
        present.sort(key=lambda hit: choose(values_of(hit, field)), reverse=falls)
        hits = present + absent
    return [hit.document_uri for hit in hits]


@given(names, queries, policies, filter_lists, orders)
def test_sorting_puts_the_same_hits_into_the_order_of_fields(
    indexes: dict[str, LexicalBackend],
    name: str,
    query: Any,
    policy: str,
    filters: list[Any],
    order: tuple[str, ...],
) -> None:
    index = indexes[name]
    options = options_for(query, policy, filters=filters)
    if not isinstance(query, MatchAll):
        options["collapse"] = True
    # `count` makes `auto` rank, as `sort` does.
    plain = index.search(query, EVERYTHING, count=True, **options)
    by_uri = {hit.document_uri: hit for hit in plain}
    stored = [by_uri[document.uri] for document in index.documents() if document.uri in by_uri]
    found = index.search(query, EVERYTHING, sort=order, **options)
    assert [hit.document_uri for hit in found] == sort_naively(stored, order)
    assert found.total == plain.total == len(plain)
    assert all((hit.score, hit.score_parts) == (0.0, {}) for hit in found)


@given(names, queries, policies, filter_lists, st.none() | orders, st.booleans(), st.data())
def test_pages_partition_the_list(
    indexes: dict[str, LexicalBackend],
    name: str,
    query: Any,
    policy: str,
    filters: list[Any],
    order: tuple[str, ...] | None,
    collapse: bool,
    data: st.DataObject,
) -> None:
    index = indexes[name]
    options = options_for(query, policy, filters=filters, sort=order)
    if not isinstance(query, MatchAll):
        options["collapse"] = collapse
    counts = data.draw(st.booleans())
    whole = index.search(query, EVERYTHING, count=counts, **options)
    size = data.draw(st.integers(1, 9))
    pages = [
        index.search(query, size, offset=offset, count=counts, **options)
        for offset in range(0, len(whole) + 1, size)
    ]
    assert [place for page in pages for place in places(page)] == places(whole)
    totals = {page.total for page in pages} - {None}
    assert totals <= {len({hit.document_uri for hit in whole})}
    if counts:
        assert {page.total for page in pages} == totals != set()


@given(names, queries, policies, filter_lists, st.booleans())
def test_facets_are_the_lengths_of_filtered_lists(
    indexes: dict[str, LexicalBackend],
    name: str,
    query: Any,
    policy: str,
    filters: list[Any],
    without_own: bool,
) -> None:
    index = indexes[name]
    ranges = [Range("year", lt=1992), Range("year", gte=1992, lt=1993), Range("year", gt=2000)]
    facets = ["genre", Facet("seen"), Facet("year", ranges=ranges)]
    # A ladder that is narrowed by one more filter may win elsewhere.
    policy = "ranked" if policy == "ladder" else policy
    options = options_for(query, policy)
    found = index.search(query, 1, filters=filters, facets=facets, **options)
    for field, counts in found.facets.items():
        for value, documents in counts:
            extra = value if isinstance(value, Range) else AnyOf(field, [value])
            narrowed = index.search(query, 1, filters=[*filters, extra], count=True, **options)
            assert narrowed.total == documents
    chosen = AnyOf("genre", ["War"])
    if without_own and not any("genre" in repr(item) for item in filters):
        facet = Facet("genre", without_own_filter=True)
        own = index.search(query, filters=[*filters, chosen], facets=[facet, "seen"], **options)
        assert own.facets["genre"] == found.facets["genre"]
        narrowed = index.search(query, filters=[*filters, chosen], facets="seen", **options)
        assert own.facets["seen"] == narrowed.facets["seen"]
        assert own.total == narrowed.total


@given(queries, policies, filter_lists, st.none() | orders, st.booleans(), st.integers(0, 9))
def test_every_engine_gives_the_same_answers(
    indexes: dict[str, LexicalBackend],
    query: Any,
    policy: str,
    filters: list[Any],
    order: tuple[str, ...] | None,
    collapse: bool,
    offset: int,
) -> None:
    """In the order of fields, for ranks are by each engine's own formula."""
    options = options_for(query, policy, filters=filters, sort=[*(order or ()), "uri"])
    options["sort"] = list({key.removeprefix("-"): key for key in options["sort"]}.values())
    if not isinstance(query, MatchAll):
        options["collapse"] = collapse
    answers = [
        index.search(query, 7, offset=offset, facets=["genre", "year", "seen"], **options)
        for index in indexes.values()
    ]
    first = answers[0]
    for found in answers[1:]:
        assert places(found) == places(first)
        assert (found.total, found.facets, found.exact) == (
            first.total,
            first.facets,
            first.exact,
        )


@given(texts, filter_lists)
def test_the_policy_all_is_the_conjunction_and_nothing_else(
    indexes: dict[str, LexicalBackend], text: str, filters: list[Any]
) -> None:
    words = set(text.split())
    for index in indexes.values():
        every = index.search(text, EVERYTHING, filters=filters, policy="all", count=True)
        slots = [
            set(places(index.search(word, EVERYTHING, filters=filters, policy="ranked")))
            for word in words
        ]
        assert set(places(every)) == set.intersection(*slots)
        assert (every.ran, every.policy) == ("all", "all")
        assert every.total == len({hit.document_uri for hit in every})


def test_entities_are_counted_and_sorted(indexes: dict[str, LexicalBackend]) -> None:
    query = EntityQuery({"people": ["ann", "bob"]}, titles=["wolf"])
    for name in ("memory", "sqlite"):
        index = indexes[name]
        whole = index.search(query, EVERYTHING)
        found = index.search(query, 5, offset=2, sort=["-year", "uri"], facets=["genre", "seen"])
        documents = sorted(whole, key=lambda hit: hit.document_uri)
        expected = sort_naively(documents, ["-year", "uri"])
        assert [hit.document_uri for hit in found] == expected[2:7]
        assert found.total == whole.total == len(whole)
        assert (found[0].score, found[0].score_parts) == (0.0, {})
        for value, count in found.facets["genre"]:
            narrowed = index.search(query, EVERYTHING, filters=[AnyOf("genre", [value])])
            assert count == len(narrowed)
        page = index.search(query, 5, offset=2)
        assert places(page) == places(whole)[2:7]
        war = AnyOf("genre", ["War"])
        own = Facet("genre", without_own_filter=True)
        chosen = index.search(query, EVERYTHING, filters=[war], facets=[own, "seen"])
        assert chosen.facets["genre"] == found.facets["genre"]
        assert chosen.total == len(chosen) < found.total
        assert sum(count for _, count in chosen.facets["seen"]) == len(chosen)


def test_a_hit_of_browsing_is_a_hit_like_any_other(indexes: dict[str, LexicalBackend]) -> None:
    for index in indexes.values():
        found = index.search(MatchAll(audit=AuditMode.GROUNDED), EVERYTHING)
        assert [hit.document_uri for hit in found] == [one.uri for one in index.documents()]
        assert (found.total, found.exact, found.notes) == (24, True, ())
        for hit in found:
            verify(hit)
            assert hit.title == index.get(hit.document_uri).title  # type: ignore[union-attr]


def test_sorted_by_score_hits_keep_their_scores(indexes: dict[str, LexicalBackend]) -> None:
    for index in indexes.values():
        ranked = index.search("wolf fox", EVERYTHING, policy="ranked")
        scores = {place: hit.score for place, hit in zip(places(ranked), ranked, strict=True)}
        found = index.search("wolf fox", EVERYTHING, sort=["seen", "-score", "uri"])
        assert {place: hit.score for place, hit in zip(places(found), found, strict=True)} == scores
        best: dict[str, float] = {}
        for (uri, _), score in scores.items():
            best[uri] = max(score, best.get(uri, score))
        seen = {hit.document_uri: hit.fields["seen"] for hit in found}
        order = sorted(best, key=lambda uri: (seen[uri], -best[uri], uri))
        assert list(dict.fromkeys(hit.document_uri for hit in found)) == order
        assert all(hit.score_parts for hit in found)


@given(texts, filter_lists, st.integers(1, 9), st.integers(0, 9), st.booleans())
def test_ties_of_scores_are_sorted_alike_whatever_the_page(
    whole_indexes: list[LexicalBackend],
    text: str,
    filters: list[Any],
    limit: int,
    offset: int,
    counts: bool,
) -> None:
    """Where a document is one chunk, only the best are read, and those that tie with the last."""
    for index in whole_indexes:
        ranked = index.search(text, EVERYTHING, filters=filters, policy="ranked")
        order = sorted(ranked, key=lambda hit: (-hit.score, -hit.fields["year"], hit.document_uri))
        found = index.search(
            text,
            limit,
            offset=offset,
            filters=filters,
            sort=["-score", "-year", "uri"],
            count=counts,
            policy="ranked",
        )
        assert places(found) == places(order)[offset : offset + limit]  # type: ignore[arg-type]
        assert found.total in ({len(ranked)} if counts else {len(ranked), None})


def test_asynchronous_callers_get_the_same(indexes: dict[str, LexicalBackend]) -> None:
    options: dict[str, Any] = {"sort": "-year", "facets": "genre", "offset": 2, "count": True}
    for index in indexes.values():
        for query in ("wolf bear", MatchAll()):
            found = index.search(query, 5, **options)
            again = asyncio.run(index.search_async(query, 5, **options))
            assert (places(found), found.facets) == (places(again), again.facets)


def test_nothing_to_look_for_is_counted_as_nothing(indexes: dict[str, LexicalBackend]) -> None:
    ranges = [Range("year", lt=1992)]
    facets = ["genre", Facet("year", ranges=ranges)]
    for index in indexes.values():
        for text in ("?!", "unknown"):
            for policy in ("auto", "ladder", "all"):
                found = index.search(text, facets=facets, sort="year", policy=policy)  # type: ignore[arg-type]
                assert (found.total, len(found)) == (0, 0)
                assert found.facets == {"genre": (), "year": ((ranges[0], 0),)}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"offset": -1}, "the offset must be an integer from 0"),
        ({"offset": True}, "the offset must be an integer from 0"),
        ({"sort": 7}, "sort is a list of field names"),
        ({"sort": [7]}, "a sort key is a text"),
        ({"sort": "people"}, "a phrase field has neither facets nor an order"),
        ({"sort": "nothing"}, "the schema declares no such field"),
        ({"sort": ["year", "-year"]}, "sort names 'year' twice"),
        ({"sort": "score"}, "write -score|MatchAll gives no scores"),
        ({"facets": 7}, "facets are a list of Facet"),
        ({"facets": ["genre", "genre"]}, "two facets are on 'genre'"),
        ({"facets": "people"}, "a phrase field has neither facets nor an order"),
        ({"count": 1}, "count is True or False"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    indexes: dict[str, LexicalBackend], options: dict[str, Any], problem: str
) -> None:
    for query in ("wolf", MatchAll(), EntityQuery(titles=["wolf"])):
        with pytest.raises(InvalidQuery, match=problem):
            indexes["memory"].search(query, **options)


def test_browsing_has_no_scores_to_sort_by(indexes: dict[str, LexicalBackend]) -> None:
    with pytest.raises(InvalidQuery, match="MatchAll gives no scores to sort by"):
        indexes["memory"].search(MatchAll(), sort=["year", "-score"])
    with pytest.raises(InvalidQuery, match="policy belongs to text queries; this is MatchAll"):
        indexes["memory"].search(MatchAll(), policy="all")


def test_what_an_engine_cannot_do_is_refused_with_its_reason() -> None:
    from support.varied import vary

    lack = unsupported("it counts nothing")
    index = vary(schema=SCHEMA, sort=lack, facets=lack, count=lack)
    index.add(DOCUMENTS)
    for feature, call in {
        "sort": lambda: index.search("wolf", sort="year"),
        "facets": lambda: index.search("wolf", facets="year"),
        "count": lambda: index.search("wolf", count=True),
    }.items():
        with pytest.raises(UnsupportedQuery, match="it counts nothing") as caught:
            call()
        assert caught.value.feature == feature
        assert {"memory", "sqlite"} <= set(caught.value.alternatives)
    with pytest.raises(UnsupportedQuery, match="sort"):
        index.search(MatchAll())


def test_the_largest_limit_bounds_offset_and_limit_together() -> None:
    from support.varied import vary

    bare: dict[str, Any] = dict.fromkeys(("sort", "facets", "count"), nuthatch.EMULATED)
    index = vary(without_columns, schema=SCHEMA, max_limit=25, filters=FilterSupport(), **bare)
    index.add(DOCUMENTS)
    assert len(index.search("owl", offset=20)) <= 5
    for options in ({"limit": 10, "offset": 16}, {"offset": 25}):
        with pytest.raises(UnsupportedQuery, match=f"an offset of {options['offset']}"):
            index.search("owl", **options)
    # More chunks match than it gives: core would have to leave some out.
    for options in ({"count": True}, {"sort": "year"}, {"filters": [Exists("year")]}):
        with pytest.raises(UnsupportedQuery, match="its largest limit is 25, and nuthatch needs"):
            index.search("wolf fox bear owl", **options)  # type: ignore[arg-type]
    assert index.search(MatchAll(), sort="-uri", count=True).total == 24
