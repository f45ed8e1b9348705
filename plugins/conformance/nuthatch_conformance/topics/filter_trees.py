"""Trees of filters: `All`, `Any` and `Not` over conditions on every type of field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import nuthatch
from nuthatch import (
    All,
    AnyOf,
    Document,
    EntityQuery,
    Exists,
    Filter,
    LexicalBackend,
    Mentions,
    Not,
    Range,
    StartsWith,
)
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import same_set
from nuthatch_conformance.filter_trees import (
    TREE_SCHEMA,
    mentions,
    trees,
    typed_documents,
    value_trees,
)
from nuthatch_conformance.observe import MANY, is_match, list_uris
from nuthatch_conformance.topic import Topic, case


def _documents(name: str, values: Iterable[Any]) -> list[Document]:
    """Return documents `d0`, `d1`, … with these values of one field, and `bare` without any."""
    rows = [Document(f"d{number}", "", "aa", {name: v}) for number, v in enumerate(values)]
    return [*rows, Document("bare", "", "aa")]


def _find(index: LexicalBackend, filters: Filter | Sequence[Filter]) -> list[str]:
    limit = min(MANY, index.capabilities.max_limit or MANY)
    return list_uris(index.search("aa", limit, filters=filters, collapse=True))


class FilterTrees(
    Topic, topic="filter_trees", needs="write text filters.tree filters.range filters.any_of"
):
    """Trees on every type of field. All documents here hold the word that is searched."""

    def _expect(self, index: LexicalBackend, filters: Filter, numbers: Iterable[object]) -> None:
        uris = [number if isinstance(number, str) else f"d{number}" for number in numbers]
        same_set(_find(index, filters), uris, f"documents that pass {filters!r}")

    @case(since=(2, 0), documents=typed_documents(), tree=value_trees)
    def test_a_tree_keeps_what_passes_it(
        self, engine: Engine, documents: list[Document], tree: Filter
    ) -> None:
        """A search under a tree finds what it finds without, but for documents that do not pass.

        Likely causes: AND and OR that are taken for each other in nested branches; bounds that are
        within, or without, by one; lists of which one value is stored.
        """
        index = engine.index(documents, schema=TREE_SCHEMA)
        expected = [d.uri for d in documents if is_match(TREE_SCHEMA, d, tree)]
        same_set(_find(index, tree), expected, f"documents that pass {tree!r}")

    @case(since=(2, 0), documents=typed_documents(), one=value_trees, other=value_trees)
    def test_negations_obey_their_laws(
        self, engine: Engine, documents: list[Document], one: Filter, other: Filter
    ) -> None:
        """Not of All is Any of Nots and the reverse; a filter and its Not part all documents.

        Likely causes: a Not that is carried to the conditions without turning the branch; a
        negation that the engine matches against nothing; documents without the field.
        """
        index = engine.index(documents, schema=TREE_SCHEMA)
        same_set(_find(index, ~(one & other)), _find(index, ~one | ~other), "De Morgan on All")
        same_set(_find(index, ~(one | other)), _find(index, ~one & ~other), "De Morgan on Any")
        every = [document.uri for document in documents]
        both = [*_find(index, one), *_find(index, Not(one))]
        same_set(both, every, f"documents that pass {one!r} or its Not, each once")

    @case(since=(2, 0))
    def test_not_keeps_documents_without_the_field(self, engine: Engine) -> None:
        """Not is the complement among all documents, and of those that are there now.

        Likely causes: a complement among documents that have the field; one that is taken before
        a write.
        """
        index = engine.index(_documents("sizes", [1, 2, [], None]), schema=TREE_SCHEMA)
        self._expect(index, Not(AnyOf("sizes", [1])), [1, 2, 3, "bare"])
        self._expect(index, Not(Range("sizes", gte=2)), [0, 2, 3, "bare"])
        self._expect(index, Not(Exists("sizes")), [2, 3, "bare"])
        self._expect(index, Not(Exists("tags")), [0, 1, 2, 3, "bare"])
        index.add([Document("d0", "", "aa", {"sizes": 2}), Document("d9", "", "aa")])
        self._expect(index, Not(AnyOf("sizes", [1])), [0, 1, 2, 3, 9, "bare"])
        self._expect(index, Not(Range("sizes", gte=2)), [2, 3, 9, "bare"])

    @case(since=(2, 0))
    def test_branches_without_parts_hold_always_or_never(self, engine: Engine) -> None:
        """All() lets every document pass and Any() none, alone and among other filters.

        Likely causes: an empty disjunction that is left out; a query without clauses.
        """
        index = engine.index(_documents("sizes", [1, 2]), schema=TREE_SCHEMA)
        one, nothing = AnyOf("sizes", [1]), nuthatch.Any()
        self._expect(index, All(), [0, 1, "bare"])
        self._expect(index, nothing, [])
        self._expect(index, All(one, nothing), [])
        self._expect(index, nuthatch.Any(one, nothing), [0])
        self._expect(index, Not(nothing), [0, 1, "bare"])
        same_set(_find(index, [one, nothing]), [], "documents under a list with Any()")

    @case(since=(2, 0))
    def test_conditions_on_a_list_may_be_met_by_different_values(self, engine: Engine) -> None:
        """Two ranges joined by All may be met by two values of a list, one range by one of them.

        Likely causes: ranges on one field that are merged into one; the least and the greatest
        value stored in place of all.
        """
        index = engine.index(
            _documents("sizes", [[-1, 2**53 + 1], [0], [7, 8]]), schema=TREE_SCHEMA
        )
        self._expect(index, Range("sizes", gt=-1, lt=1), [1])
        self._expect(index, Range("sizes", gt=0) & Range("sizes", lt=0), [0])
        self._expect(index, Range("sizes", gt=7, lt=9), [2])
        self._expect(index, AnyOf("sizes", [8]) | AnyOf("sizes", [2**53 + 1]), [0, 2])
        self._expect(index, AnyOf("sizes", [7]) & Not(AnyOf("sizes", [8])), [])

    @case(since=(2, 0))
    def test_beginnings_are_compared_by_code_point(self, engine: Engine) -> None:
        """StartsWith compares code points: a letter with its accent as one is another than as two.

        Likely causes: keywords or bounds that are normalized to NFC, folded, or compared by a
        locale; a prefix that ends at the last code point, or in the surrogates.
        """
        tags = ["e\u0301t", "\u00e9t", "et", "E", "", ["x", "e"], "e\U0010ffff"]
        index = engine.index(_documents("tags", tags), schema=TREE_SCHEMA)
        self._expect(index, StartsWith("tags", "e"), [0, 2, 5, 6])
        self._expect(index, StartsWith("tags", "e\u0301"), [0])
        self._expect(index, StartsWith("tags", "\u00e9"), [1])
        self._expect(index, StartsWith("tags", "e\U0010ffff"), [6])
        self._expect(index, StartsWith("tags", ""), range(7))
        self._expect(index, Not(StartsWith("tags", "e")), [1, 3, 4, "bare"])

    @case(since=(2, 0))
    def test_instants_are_compared_whatever_their_offset(self, engine: Engine) -> None:
        """Datetimes are instants: equal at any offset, ordered in time, kept to the microsecond.

        Likely causes: text that is compared as it stands; an offset that is cut off; seconds or
        milliseconds stored; a day that is taken in another zone than UTC.
        """
        east = timezone(timedelta(hours=9))
        added = [
            "2000-01-01T00:00:00Z",
            "2000-01-01T08:00:00+09:00",
            datetime(2000, 1, 1, 9, tzinfo=east),
            "1999-12-31T23:59:59.999999Z",
            ["1970-01-01T00:00Z", "2000-01-01T23:59:59.999999-00:01"],
        ]
        index = engine.index(_documents("added", added), schema=TREE_SCHEMA)
        midnight = datetime(2000, 1, 1, tzinfo=UTC)
        self._expect(index, AnyOf("added", [midnight]), [0, 2])
        self._expect(index, Range("added", lt=midnight), [1, 3, 4])
        self._expect(index, Range("added", gt="1999-12-31T18:59:59.999999-05:00"), [0, 2, 4])
        self._expect(index, AnyOf("added", [date(2000, 1, 1)]), [0, 2])
        self._expect(index, AnyOf("added", [date(1999, 12, 31), midnight]), [0, 1, 2, 3])
        self._expect(index, Range("added", gt=date(1999, 12, 31)), [0, 2, 4])
        self._expect(index, Range("added", gte=date(2000, 1, 2)), [4])

    @case(since=(2, 0), needs="filters.mentions", documents=typed_documents(), condition=mentions)
    def test_mentions_keep_what_mentions_a_phrase(
        self, engine: Engine, documents: list[Document], condition: Filter
    ) -> None:
        """A text search under Mentions finds the documents with one of the phrases in the field.

        Likely causes: phrases that must all be mentioned; a substring field that is matched
        whole, or the reverse; phrases that are not normalized; the filter forgotten for text.
        """
        index = engine.index(documents, schema=TREE_SCHEMA)
        for tree in (condition, Not(condition)):
            expected = [d.uri for d in documents if is_match(TREE_SCHEMA, d, tree)]
            same_set(_find(index, tree), expected, f"documents that pass {tree!r}")

    @case(since=(2, 0), needs="filters.mentions")
    def test_a_replaced_document_mentions_its_new_phrases(self, engine: Engine) -> None:
        """When a document is replaced it mentions what it holds now, in all of its chunks.

        Likely causes: phrases that stay behind; a filter that reaches the first chunk alone.
        """
        long = "bb bb " * 3 + "aa"
        before = Document("d0", "", long, {"people": ["Ann Lee", "Bob"], "studios": "Warner"})
        index = engine.index(
            [before, Document("d1", "", long, {"people": "Bob"})], schema=TREE_SCHEMA
        )
        self._expect(index, Mentions("people", ["bob"]), [0, 1])
        self._expect(index, Mentions("studios", ["ARN"]), [0])
        index.add([Document("d0", "", long, {"people": ["Ann Lee"]})])
        self._expect(index, Mentions("people", ["bob"]), [1])
        self._expect(index, Mentions("people", ["bob", "ann lee"]), [0, 1])
        self._expect(index, Not(Mentions("people", ["bob"])), [0])
        self._expect(index, Mentions("studios", ["ARN"]), [])
        self._expect(index, Exists("studios"), [])
        self._expect(index, Exists("people"), [0, 1])

    @case(
        since=(2, 0),
        needs="entities fuzzy substring filters.mentions",
        documents=typed_documents(),
        tree=trees,
    )
    def test_trees_are_hard_for_entities(
        self, engine: Engine, documents: list[Document], tree: Filter
    ) -> None:
        """An entity query under a tree finds what passes it, with the scores that it had.

        Likely causes: trees that are known to text searches alone; documents that are filtered by
        one of their chunks.
        """
        index = engine.index(documents, schema=TREE_SCHEMA)
        query = EntityQuery(include={"people": ["bob"]}, titles=["aa"])
        passing = {d.uri for d in documents if is_match(TREE_SCHEMA, d, tree)}
        found, whole = (
            {hit.document_uri: round(hit.score, 9) for hit in index.search(query, MANY, filters=f)}
            for f in ([tree], [])
        )
        expected = [(uri, score) for uri, score in whole.items() if uri in passing]
        same_set(list(found.items()), expected, f"documents and scores under {tree!r}")
