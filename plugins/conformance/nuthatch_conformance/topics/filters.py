"""Filters: hard conditions that act before a rung wins and before the limit cuts."""

from __future__ import annotations

from hypothesis import strategies as st

from nuthatch import (
    AnyOf,
    Document,
    Filter,
    IntegerField,
    KeywordField,
    Policy,
    Range,
    Rung,
    Schema,
    TextQuery,
)
from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.corpora import (
    SCHEMA,
    any_ofs,
    corpora,
    filter_pairs,
    operators,
    policies,
    queries,
    ranges,
    token_lists,
)
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, same_set
from nuthatch_conformance.hostile_text import FIELD_NAMES, KEYWORDS
from nuthatch_conformance.observe import find_winner, is_match, list_uris, match_rungs, name_chunks
from nuthatch_conformance.subject import find_support
from nuthatch_conformance.topic import Topic, case

#: Around the largest integers that a double holds exactly, and at the ends of int64.
_INTEGERS = (2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63 - 2, -(2**63), -1, 0)
_rungs = st.builds(Rung.of, operators, token_lists)


class Filters(Topic, topic="filters", needs="write text"):
    """`Range` and `AnyOf` on every type of field."""

    def _compare_with_post_filter(
        self, engine: Engine, documents: list[Document], rung: Rung, conditions: list[Filter]
    ) -> None:
        for feature in ("filters.range", "filters.any_of"):
            if find_support(engine.capabilities, feature).level == "emulated":
                raise NotApplicable(f"declares {feature} as emulated: no reader is given it")
        index = engine.index(documents)
        stored = {document.uri: document for document in documents}
        every, found = match_rungs(index, [(rung, ()), (rung, conditions)])
        expected = [
            name
            for name in every
            if all(is_match(SCHEMA, stored[name[0]], condition) for condition in conditions)
        ]
        what = f"chunks for {rung.operator} of {rung.words} under {conditions}"
        equal(engine.in_order(found), engine.in_order(expected), what)

    @case(
        since=(2, 0),
        needs="filters.range",
        documents=corpora(min_size=1, fields=True),
        rung=_rungs,
        condition=ranges(),
    )
    def test_a_range_keeps_what_lies_within_its_bounds(
        self, engine: Engine, documents: list[Document], rung: Rung, condition: Filter
    ) -> None:
        """A range keeps the hits, and their order, of documents with a value within its bounds.

        Likely causes: a bound that is left out; a document without the field that passes; numbers
        compared as text, or text by a locale; one bound met by one value and one by another.
        """
        self._compare_with_post_filter(engine, documents, rung, [condition])

    @case(
        since=(2, 0),
        needs="filters.any_of",
        documents=corpora(min_size=1, fields=True),
        rung=_rungs,
        condition=any_ofs(),
    )
    def test_any_of_keeps_what_has_one_of_the_values(
        self, engine: Engine, documents: list[Document], rung: Rung, condition: Filter
    ) -> None:
        """A choice of values keeps the hits, each once, of documents with one of them.

        Likely causes: only the first of several values is stored, or looked for; a join that
        gives a hit once for each value; values that are folded, stripped or cut into words.
        """
        self._compare_with_post_filter(engine, documents, rung, [condition])

    @case(
        since=(2, 0),
        needs="filters.range filters.any_of",
        documents=corpora(min_size=1, fields=True),
        rung=_rungs,
        conditions=filter_pairs(),
    )
    def test_several_filters_must_all_hold(
        self,
        engine: Engine,
        documents: list[Document],
        rung: Rung,
        conditions: list[Filter],
    ) -> None:
        """Filters are joined by AND, also two on one field, which two values may satisfy.

        Likely causes: filters joined by OR; the last of a field wins; an OR of the query that
        binds weaker than the AND of the filters.
        """
        self._compare_with_post_filter(engine, documents, rung, conditions)
        years = [Document(f"y{year}", "", "aa", {"year": year}) for year in (1, 2, 3)]
        both: list[Filter] = [Range("year", gte=2), Range("year", lte=2)]
        self._compare_with_post_filter(engine, years, Rung.of("OR", ["aa"]), both)

    @case(
        since=(2, 0),
        needs="filters.range",
        documents=corpora(min_size=1, fields=True),
        query=queries,
        condition=ranges(),
        policy=policies,
        limit=st.integers(1, 2),
    )
    def test_filters_act_before_a_rung_wins_and_before_the_cut(
        self,
        engine: Engine,
        documents: list[Document],
        query: str,
        condition: Filter,
        policy: Policy,
        limit: int,
    ) -> None:
        """A rung that only filtered chunks match does not win, and the limit counts what is left.

        Likely causes: hits filtered after the best were taken; a first rung found without the
        filters.
        """
        index, oracle = engine.index(documents), engine.oracle(documents)
        text_query = TextQuery(query, filters=[condition], policy=policy, limit=engine.everything)
        found, right = index.search(text_query), oracle.search(text_query)
        if policy != "auto":
            equal(find_winner(found), find_winner(right), f"the rung that wins under {policy}")
            same_set(name_chunks(found), name_chunks(right), f"hits under {policy}")
        head, whole = name_chunks(index.search(text_query, limit)), name_chunks(found)
        if engine.can("stable_scores"):
            equal(head, whole[:limit], f"filtered hits with the limit {limit}")
        equal(len(head), len(whole[:limit]), f"the number of hits with the limit {limit}")
        holds(set(head) <= set(whole), f"{head} are hits with the limit {limit}, not of {whole}")

    @case(since=(2, 0), needs="filters.range")
    def test_a_range_is_met_by_one_value(self, engine: Engine) -> None:
        """Of several values of a field one lies within both bounds, or the document fails.

        Likely causes: each bound is looked for by itself; the least and the greatest value are
        stored in place of all.
        """
        index = engine.index(
            [
                Document("around", "", "aa", {"tags": ["a", "z"]}),
                Document("within", "", "aa", {"tags": ["a", "m", "z"]}),
                Document("below", "", "aa", {"tags": ["a"]}),
            ]
        )
        found = list_uris(index.search("aa", filters=[Range("tags", gte="b", lte="y")]))
        same_set(found, ["within"], "documents with a tag from b to y")

    @case(since=(2, 0), needs="filters.range filters.any_of")
    def test_integers_are_compared_exactly(self, engine: Engine) -> None:
        """All integers of 64 bits are distinct, also those that a double cannot hold.

        Likely causes: integers stored or compared as floating point; unsigned columns.
        """
        schema = Schema(fields=(IntegerField("size"),))
        documents = [Document(f"{n}", "", "aa", {"size": n}) for n in _INTEGERS]
        index = engine.index(documents, schema=schema)
        for number in _INTEGERS:
            found = list_uris(index.search("aa", filters=[AnyOf("size", [number])]))
            same_set(found, [f"{number}"], f"documents with the size {number}")
            found = list_uris(index.search("aa", filters=[Range("size", gte=number)]))
            expected = [f"{n}" for n in _INTEGERS if n >= number]
            same_set(found, expected, f"documents of size {number} or more")

    @case(since=(2, 0), needs="filters.range filters.any_of")
    def test_keywords_are_compared_whole_and_by_code_point(self, engine: Engine) -> None:
        """Keywords are equal or ordered by their code points, never by case, locale or words.

        Likely causes: a collation; an analyzer on keyword fields; order by UTF-16 units; a
        separator inside a joined list; values that are stripped or normalized.
        """
        schema = Schema(fields=(KeywordField("tag"),))
        numbered = dict(enumerate(KEYWORDS))
        documents = [Document(f"k{n}", "", "aa", {"tag": [word]}) for n, word in numbered.items()]
        index = engine.index(documents, schema=schema)
        many = engine.everything
        for number, word in numbered.items():
            found = list_uris(index.search("aa", many, filters=[AnyOf("tag", [word])]))
            same_set(found, [f"k{number}"], f"documents with the keyword {word!r}")
            found = list_uris(index.search("aa", many, filters=[Range("tag", gte=word)]))
            expected = [f"k{n}" for n, other in numbered.items() if other >= word]
            same_set(found, expected, f"documents with a keyword from {word!r} on")

    @case(since=(2, 0), needs="filters.any_of")
    def test_a_replaced_document_passes_by_its_new_values(self, engine: Engine) -> None:
        """When a document is replaced or deleted its old values match nothing any more.

        Likely causes: rows of values that stay behind; values that are written for new documents
        only.
        """
        one = Document("one", "", "aa", {"year": 1, "tags": ["x", "y"]})
        index = engine.index([one, Document("other", "", "aa", {"year": 1})])
        index.add([Document("one", "", "aa", {"year": 2, "tags": ["y"]})])
        for condition, expected in (
            (AnyOf("year", [1]), ["other"]),
            (AnyOf("year", [2]), ["one"]),
            (AnyOf("tags", ["x"]), []),
            (AnyOf("tags", ["y"]), ["one"]),
        ):
            same_set(list_uris(index.search("aa", filters=[condition])), expected, f"{condition}")

    @case(since=(2, 0), needs="filters.any_of")
    def test_any_field_name_is_legal(self, engine: Engine) -> None:
        """A declared field may be called anything; its name is data, not part of a statement.

        Likely causes: names pasted into SQL or a query string; columns or internal fields of the
        same name; dots read as paths.
        """
        schema = Schema(fields=tuple(KeywordField(name) for name in FIELD_NAMES))
        documents = [Document(f"f{n}", "", "aa", {f: "x"}) for n, f in enumerate(FIELD_NAMES)]
        index = engine.index(documents, schema=schema)
        for number, name in enumerate(FIELD_NAMES):
            found = list_uris(index.search("aa", filters=[AnyOf(name, ["x"])]))
            same_set(found, [f"f{number}"], f"documents with a value in the field {name!r}")
