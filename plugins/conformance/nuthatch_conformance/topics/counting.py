"""Counting: totals and facets over all that match, not over what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    Facet,
    Filter,
    LexicalBackend,
    MatchAll,
    Range,
    Schema,
)
from nuthatch_conformance.corpora import POLICIES
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal
from nuthatch_conformance.filter_trees import (
    TREE_SCHEMA,
    typed_documents,
    value_conditions,
    value_trees,
)
from nuthatch_conformance.listing import (
    FIELDS,
    SIZE_RANGES,
    WHOLE_SCHEMA,
    compared_values,
    count_values,
    describe_list,
    orders,
    schemas,
    searches,
)
from nuthatch_conformance.observe import is_match, list_uris
from nuthatch_conformance.topic import Topic, case

#: Two chunks of each document match `aa`; lists have values twice, in one range, in several.
_LONG = "aa bb aa bb"
_ROWS: Sequence[dict[str, Any]] = (
    {"tags": ["a", "a", "b"], "sizes": [0, 1], "seen": True, "added": "2000-01-01T00:00Z"},
    {"tags": ["b"], "sizes": [2, 2**53 + 1], "seen": True, "added": "2000-01-01T09:00+09:00"},
    {"tags": "c", "sizes": 2, "seen": [True, False], "added": "1999-12-31T23:59:59.999999Z"},
    {"tags": ["b", "a"], "sizes": []},
    {},
)
#: By their greatest sizes.
_ORDER = ("-sizes", "uri")
_DOCUMENTS = [Document(f"d{n}", "", _LONG, fields) for n, fields in enumerate(_ROWS)]


def _count(
    index: LexicalBackend, facets: Sequence[Facet | str], filters: Sequence[Filter] = ()
) -> Mapping[str, Sequence[tuple[Any, int]]]:
    """Return the facets of a search that shows one hit."""
    found = index.search("aa", 1, filters=filters, facets=facets, policy="all")
    return {field: list(counts) for field, counts in found.facets.items()}


def _check_all(index: LexicalBackend, tags: Sequence[tuple[str, int]], uris: str) -> None:
    """Compare what all documents are counted and sorted as; all of them hold `aa`."""
    for query in ("aa", MatchAll()):
        found = index.search(query, sort=_ORDER, facets=["tags"], count=True)
        equal(list(dict.fromkeys(list_uris(found))), uris.split(), "documents by their sizes")
        equal([*found.facets["tags"]], tags, "the facet on tags")
        equal(found.total, len(uris.split()), "the total")


class Counting(Topic, topic="counting", needs="write text count facets"):
    """`Results.total` and `Results.facets`."""

    @case(
        since=(2, 0),
        needs="sort filters.tree filters.range filters.any_of",
        documents=typed_documents(),
        schema=schemas,
        search=searches,
        tree=value_trees,
    )
    def test_counts_are_those_of_the_whole_list(
        self,
        engine: Engine,
        documents: list[Document],
        schema: Schema,
        search: dict[str, Any],
        tree: Filter,
    ) -> None:
        """A total is the length of the list of documents; a facet counts the values in it.

        Likely causes: counts of the hits that are shown; chunks that are counted; filters that the
        counts do not know; a total that is estimated.
        """
        index = engine.index(documents, schema=schema)
        options = {**search, "filters": tree, "count": True}
        whole = set(list_uris(index.search(limit=engine.everything, **options)))
        listed = [document for document in documents if document.uri in whole]
        facets = [Facet(name, 3) for name in FIELDS]
        found = index.search(limit=1, facets=facets, **options)
        equal(found.total, len(whole), "the total")
        for name in FIELDS:
            counts = compared_values(name, found.facets[name])
            equal(counts, count_values(listed, name, 3), f"the facet on {name}")
        found = index.search(limit=1, facets=Facet("sizes", ranges=SIZE_RANGES), **options)
        right = [
            (bounds, sum(is_match(TREE_SCHEMA, document, bounds) for document in listed))
            for bounds in SIZE_RANGES
        ]
        equal([*found.facets["sizes"]], right, "the ranges of sizes")

    @case(
        since=(2, 0),
        needs="sort filters.tree filters.range filters.any_of",
        documents=typed_documents(),
        schema=schemas,
        search=searches,
        order=orders,
        filters=st.lists(value_conditions(), max_size=2),
        page=st.tuples(st.integers(1, 4), st.integers(0, 3)),
        own=st.sampled_from(FIELDS),
    )
    def test_pages_orders_and_counts_are_the_oracles(
        self,
        engine: Engine,
        documents: list[Document],
        schema: Schema,
        search: dict[str, Any],
        order: tuple[str, ...],
        filters: list[Filter],
        page: tuple[int, int],
        own: str,
    ) -> None:
        """A page in an order that ends with the uri, its total and its facets are the oracle's.

        One facet leaves out the filters on its own field.

        Likely causes: what is right by itself, and wrong with another: an order under filters, a
        facet beside an offset, a total on the ladder.
        """
        limit, offset = page
        facets = [Facet(name, without_own_filter=name == own) for name in FIELDS]
        found, right = (
            describe_list(
                index.search(
                    limit=limit,
                    offset=offset,
                    sort=order,
                    filters=filters,
                    facets=facets,
                    count=True,
                    **search,
                )
            )
            for index in (
                engine.index(documents, schema=schema),
                engine.oracle(documents, schema=schema),
            )
        )
        equal(found, right, "hits, total and facets")

    @case(since=(2, 0))
    def test_a_total_counts_documents(self, engine: Engine) -> None:
        """A total counts each document once, with `collapse` and without, under every policy.

        Likely causes: chunks that are counted; the total of a match taken for one of documents; a
        total of the page; the policy `ladder` counted as `ranked`.
        """
        texts = ["aa bb aa bb", "aa bb aa bb aa", "aa aa aa aa", "cc"]
        rows = [Document(f"d{n}", "", text) for n, text in enumerate(texts)]
        for schema in (TREE_SCHEMA, WHOLE_SCHEMA):
            index = engine.index(rows, schema=schema)
            for collapse in (False, True):
                for text, policy, expected in (
                    *(("aa", policy, 3) for policy in POLICIES),
                    *(("aa bb", policy, 2) for policy in ("all", "ladder")),
                    *(("aa bb", policy, 3) for policy in ("auto", "ranked")),
                    ("cc zz", "all", 0),
                    ("cc zz", "ladder", 1),
                ):
                    found = index.search(text, 1, policy=policy, collapse=collapse, count=True)
                    what = f"the total of {text!r} under {policy}, collapse={collapse}"
                    equal(found.total, expected, what)

    @case(since=(2, 0))
    def test_facets_count_each_document_once(self, engine: Engine) -> None:
        """A document counts once for each of its values; the greatest number first, then by value.

        Booleans are shown as such, instants in UTC; without a match there is no value.

        Likely causes: chunks that are counted, or the values of a list; values that are counted
        over the hits that are shown; ties by first appearance, or by text; a size that cuts
        before the counts are sorted.
        """
        index = engine.index(_DOCUMENTS, schema=TREE_SCHEMA)
        facets = (Facet("tags", 2), "sizes", "seen", "added")
        expected: dict[str, list[tuple[Any, int]]] = {
            "tags": [("b", 3), ("a", 2)],
            "sizes": [(2, 2), (0, 1), (1, 1), (2**53 + 1, 1)],
            "seen": [(True, 3), (False, 1)],
            "added": [("2000-01-01T00:00:00Z", 2), ("1999-12-31T23:59:59.999999Z", 1)],
        }
        equal(_count(index, facets), expected, "the facets")
        most = _count(index, [Facet("added", 1)])["added"]
        equal(most, expected["added"][:1], "the most frequent value")
        kinds = {type(value) for value, _ in _count(index, facets)["seen"]}
        equal(kinds, {bool}, "the types of the values of a boolean field")
        nothing: dict[str, list[Any]] = {name: [] for name in expected}
        found = index.search("zz", facets=facets)
        equal({name: [*counts] for name, counts in found.facets.items()}, nothing, "no facets")

    @case(since=(2, 0))
    def test_ranges_count_what_lies_within(self, engine: Engine) -> None:
        """Ranges are counted in their order, each document once by any of its values, zeros too.

        Likely causes: a list of which one value is compared; ranges that part the documents; a
        bound that is within, or without, by one; a range that is left out as it is empty.
        """
        index = engine.index(_DOCUMENTS, schema=TREE_SCHEMA)
        ranges = [
            Range("sizes", gt=2**53),
            Range("sizes", lt=0),
            Range("sizes", lte=1),
            Range("sizes", gt=0, lt=2**53),
            Range("sizes", gt=0, lt=2),
        ]
        found = _count(index, [Facet("sizes", ranges=ranges)])["sizes"]
        equal(found, [*zip(ranges, (1, 0, 1, 3, 1), strict=True)], "the ranges of sizes")
        days = [Range("added", lt="2000-01-01T00:00+00:00"), Range("added", gte="2000-01-01")]
        found = _count(index, [Facet("added", ranges=days)])["added"]
        equal([count for _, count in found], [1, 2], "the ranges of instants")

    @case(since=(2, 0), needs="filters.range filters.any_of")
    def test_a_facet_may_leave_out_the_filters_on_its_field(self, engine: Engine) -> None:
        """With `without_own_filter` a facet counts what the filters on other fields let pass.

        The other facets, the total and the hits obey all of them.

        Likely causes: all filters left out, or none; the filters left out for all facets; a count
        that is kept from another search.
        """
        index = engine.index(_DOCUMENTS, schema=TREE_SCHEMA)
        own = [Facet(name, without_own_filter=True) for name in ("tags", "seen")]
        tags, sizes, seen = AnyOf("tags", ["c"]), Range("sizes", gte=2), AnyOf("seen", [False])
        for _ in range(2):
            found = index.search(
                "aa", filters=[tags, sizes, seen], facets=[*own, "sizes"], count=True
            )
            equal([*found.facets["tags"]], [("c", 1)], "the facet on tags without its own filter")
            both = [*found.facets["seen"]]
            equal(both, [(False, 1), (True, 1)], "the facet on seen without its own filter")
            equal([*found.facets["sizes"]], [(2, 1)], "the facet on sizes with its own filter")
            equal((found.total, set(list_uris(found))), (1, {"d2"}), "total and documents")
            counts = _count(index, [own[0]], [tags, sizes])["tags"]
            equal(counts, [("b", 1), ("c", 1)], "the facet without its own filter")
            counts = _count(index, ["tags"], [tags, sizes])["tags"]
            equal(counts, [("c", 1)], "the facet with its own filter")

    @case(since=(2, 0), needs="sort")
    def test_counts_follow_every_write(self, engine: Engine) -> None:
        """After a write totals, facets, orders and browsing are those of what is stored then.

        Likely causes: values that are kept from before the write; values of a replaced or deleted
        document that stay; a new document that has none.
        """
        index = engine.index(_DOCUMENTS, schema=TREE_SCHEMA)
        _check_all(index, [("b", 3), ("a", 2), ("c", 1)], "d1 d2 d0 d3 d4")
        index.add([Document("d4", "", "aa", {"tags": "c", "sizes": 7}), Document("e", "", "aa")])
        _check_all(index, [("b", 3), ("a", 2), ("c", 2)], "d1 d4 d2 d0 d3 e")
        index.add([Document("d1", "", "aa", {"tags": ["d"]})])
        _check_all(index, [("a", 2), ("b", 2), ("c", 2), ("d", 1)], "d4 d2 d0 d1 d3 e")
        if engine.can("delete"):
            index.delete(["d2", "d0"])
            _check_all(index, [("a", 1), ("b", 1), ("c", 1), ("d", 1)], "d4 d1 d3 e")
        if engine.can("persistent"):
            counts = _count(index, ["tags"])["tags"]
            uris = list_uris(index.search(MatchAll(sort=_ORDER)))
            _check_all(engine.reopen(index), counts, " ".join(uris))

    @case(since=(2, 0), needs="sort entities")
    def test_entities_are_counted_and_sorted(self, engine: Engine) -> None:
        """An entity query has the total, the facets, the order and the pages of what it matches.

        Likely causes: counts of the documents that are shown; an order by score; keys of entity
        search and of columns that are not the same.
        """
        people: Sequence[list[Any]] = (["Ann", "Bob"], ["Bob"], ["Ann"], ["Bob"], [])
        rows = [
            Document(document.uri, "", document.text, {**document.fields, "people": names})
            for document, names in zip(_DOCUMENTS, people, strict=True)
        ]
        index = engine.index(rows, schema=TREE_SCHEMA)
        query = EntityQuery({"people": ["bob", "ann"]}, sort=_ORDER, facets=("tags",), count=True)
        expected = ["d1", "d2", "d0", "d3"]
        for limit, offset in ((9, 0), (2, 0), (2, 1), (1, 4)):
            found = index.search(query, limit, offset=offset)
            equal(list_uris(found), expected[offset : offset + limit], "entities by their sizes")
            equal(found.total, 4, "the total of entities")
            equal([*found.facets["tags"]], [("b", 3), ("a", 2), ("c", 1)], "the facet of entities")
        ranked = index.search(replace(query, sort=()), engine.everything)
        equal((ranked[0].document_uri, ranked.total), ("d0", 4), "the best entity and the total")
