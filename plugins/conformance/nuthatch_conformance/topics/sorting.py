"""Sorting: hits in the order of fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from nuthatch import Document, Filter, LexicalBackend, MatchAll
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal
from nuthatch_conformance.filter_trees import TREE_SCHEMA, typed_documents, value_trees
from nuthatch_conformance.listing import WHOLE_SCHEMA, orders, sort_documents, text_searches
from nuthatch_conformance.observe import list_uris, name_chunks
from nuthatch_conformance.topic import Topic, case

#: In an order that is that of no field.
_ROWS: Sequence[tuple[str, dict[str, Any]]] = (
    ("few", {"sizes": 5, "tags": "b", "seen": True}),
    ("bare", {}),
    ("list", {"sizes": [1, 9], "tags": ["a", "\U0010ffff"], "rating": -1.5}),
    ("even", {"sizes": 3, "tags": "\ue000", "seen": False, "rating": 0.1}),
    ("also", {"sizes": [5], "seen": True, "added": "2000-01-01T00:00Z"}),
    ("late", {"sizes": [], "added": "2000-01-01T08:00:00+09:00"}),
)
_DOCUMENTS = [Document(uri, "", "aa", fields) for uri, fields in _ROWS]


def _sort(index: LexicalBackend, order: Sequence[str]) -> list[str]:
    return list_uris(index.search("aa", sort=order, policy="ranked"))


class Sorting(Topic, topic="sorting", needs="write text sort"):
    """`sort` with fields of every type, `uri` and `-score`."""

    @case(
        since=(2, 0),
        needs="count filters.tree filters.range filters.any_of",
        documents=typed_documents(),
        search=text_searches,
        tree=value_trees,
        order=orders,
        collapse=st.booleans(),
    )
    def test_sorting_permutes_the_hits(
        self,
        engine: Engine,
        documents: list[Document],
        search: dict[str, Any],
        tree: Filter,
        order: tuple[str, ...],
        collapse: bool,
    ) -> None:
        """What is found without an order is found with one: documents as their values say.

        Chunks of a document follow each other by number; `collapse` keeps the first that matches.

        Likely causes: a sort of the best hits alone; values that are compared as text; a list
        with one value stored; a collapse by score.
        """
        index = engine.index(documents, schema=TREE_SCHEMA)
        options = {**search, "filters": tree}
        # `count` makes `auto` rank, as an order does.
        plain = name_chunks(index.search(limit=engine.everything, count=True, **options))
        chunks: dict[str, list[int]] = {}
        for uri, number in sorted(plain):
            chunks.setdefault(uri, []).append(number)
        places = sort_documents([d for d in documents if d.uri in chunks], order)
        last = 1 if collapse else None
        expected = [(uri, number) for uri in places for number in chunks[uri][:last]]
        options = {**options, "sort": order, "collapse": collapse}
        found = index.search(limit=engine.everything, **options)
        equal(name_chunks(found), expected, f"hits in the order {order}")
        equal({hit.score for hit in found} | {0.0}, {0.0}, "scores of hits in an order of fields")
        page = name_chunks(index.search(limit=2, offset=1, **options))
        equal(page, expected[1:3], f"the second and third hit in the order {order}")

    @case(since=(2, 0))
    def test_documents_without_a_value_come_last(self, engine: Engine) -> None:
        """Documents without a value are last both ways; of a list the least counts where an order
        ascends, and the greatest where it descends.

        Likely causes: a missing value that is stored as zero or null; an order that is reversed as
        a whole; the first value of a list; keywords that are compared by a locale or in UTF-16.
        """
        index = engine.index(_DOCUMENTS, schema=TREE_SCHEMA)
        for order, expected in (
            ("sizes", "list even also few bare late"),
            ("-sizes", "list also few even bare late"),
            ("rating", "list even also bare few late"),
            ("-rating", "even list also bare few late"),
            ("tags", "list few even also bare late"),
            ("-tags", "list even few also bare late"),
            ("seen", "even also few bare late list"),
            ("-seen", "also few even bare late list"),
            ("added", "late also bare even few list"),
            ("-added", "also late bare even few list"),
        ):
            equal(_sort(index, [order, "uri"]), expected.split(), f"documents by {order}, uri")
        two = ["also", "few", "even", "list", "bare", "late"]
        equal(_sort(index, ["-seen", "-rating", "uri"]), two, "documents by two fields")

    @case(since=(2, 0), needs="export")
    def test_ties_of_an_order_are_in_document_order(self, engine: Engine) -> None:
        """Documents with equal values come as documents() gives them, in both directions.

        Likely causes: a sort that is not stable; one that is reversed to descend; ties by uri or
        by score.
        """
        index = engine.index(_DOCUMENTS, schema=TREE_SCHEMA)
        index.add([Document("few", "", "aa aa aa", {"sizes": 5, "seen": True})])
        stored = list(index.documents())
        for order in (["sizes"], ["-sizes"], ["seen"], ["-seen"], ["-released"]):
            equal(
                list(dict.fromkeys(_sort(index, order))),
                sort_documents(stored, order),
                f"documents by {order}, stored as {[document.uri for document in stored]}",
            )

    @case(since=(2, 0))
    def test_chunks_follow_their_document(self, engine: Engine) -> None:
        """Chunks of a document follow each other by number, and the limit cuts these; `collapse`
        keeps the first that matches, and the limit cuts documents.

        Likely causes: a collapse that keeps the best chunk, or the first of the document; a limit
        that acts before the collapse.
        """
        texts = {"one": "cc cc bb cc bb bb", "two": "bb cc", "three": "cc cc cc bb"}
        rows = [Document(uri, "", text, {"sizes": len(text)}) for uri, text in texts.items()]
        index = engine.index(rows, schema=TREE_SCHEMA)
        every = [("one", 1), ("one", 2), ("three", 1), ("two", 0)]
        firsts = [every[0], *every[2:]]
        for limit in (1, 2, 3, 9):
            for collapse, expected in ((False, every), (True, firsts)):
                found = index.search("bb", limit, sort="-sizes", collapse=collapse, policy="ranked")
                what = f"hits with the limit {limit}, collapse={collapse}"
                equal(name_chunks(found), expected[:limit], what)
        page = index.search("bb", 1, offset=1, sort="-sizes", collapse=True, policy="ranked")
        equal(name_chunks(page), firsts[1:2], "the second document")

    @case(since=(2, 0), needs="stable_scores")
    def test_an_order_may_name_the_score(self, engine: Engine) -> None:
        """With `-score` hits keep the scores that they have without an order; the best chunk of a
        document is what counts, and ties go on to the next key.

        Likely causes: scores of the first chunk; a score that is rounded; ties that the cut has
        left out.
        """
        rows = [Document(f"d{n}", "", "aa bb aa bb"[: 2 + 3 * (n % 4)]) for n in range(9)]
        for schema in (TREE_SCHEMA, WHOLE_SCHEMA):
            index = engine.index(rows, schema=schema)
            ranked = index.search("aa", engine.everything, policy="ranked")
            scores = {(hit.document_uri, hit.chunk_idx): hit.score for hit in ranked}
            best: dict[str, float] = {}
            for hit in ranked:
                best.setdefault(hit.document_uri, hit.score)
            for falls in (False, True):
                uris = sorted(sorted(best, reverse=falls), key=lambda uri: -best[uri])
                expected = [name for uri in uris for name in sorted(scores) if name[0] == uri]
                order = ("-score", "-uri" if falls else "uri")
                for limit in (2, 5, engine.everything):
                    found = index.search("aa", limit, sort=order, policy="ranked")
                    what = f"hits and scores in the order {order} with the limit {limit}"
                    named = [(*name, scores[name]) for name in expected[:limit]]
                    ours = [(hit.document_uri, hit.chunk_idx, hit.score) for hit in found]
                    equal(ours, named, what)

    @case(since=(2, 0))
    def test_browsing_shows_every_document_once(self, engine: Engine) -> None:
        """MatchAll gives each document by its first chunk, with the score 0, in any order.

        Likely causes: chunks in place of documents; a document without words that no query
        matches; a page that begins anew.
        """
        rows = [*_DOCUMENTS, Document("long", "", "bb cc bb cc", {"sizes": 2}), Document("empty")]
        index = engine.index(rows, schema=TREE_SCHEMA)
        expected = sort_documents(rows, ["-sizes", "uri"])
        query = MatchAll(sort=("-sizes", "uri"))
        found = index.search(query, engine.everything)
        firsts = [(uri, 0) for uri in expected]
        equal(name_chunks(found), firsts, "all documents by their first chunks")
        equal(found.total, len(rows), "the total of all documents")
        scores = [(hit.score, dict(hit.score_parts)) for hit in found]
        equal(scores, [(0.0, {})] * len(rows), "the scores of browsing")
        pages = [index.search(query, 3, offset=offset) for offset in (0, 3, 6, 9)]
        named = [name for page in pages for name in name_chunks(page)]
        equal(named, firsts, "pages of three documents")
        equal(pages[-1].total, len(rows), "the total beyond the last page")
        if engine.can("export"):
            stored = [document.uri for document in index.documents()]
            found = index.search(MatchAll(), engine.everything)
            equal(list_uris(found), stored, "documents in document order")
