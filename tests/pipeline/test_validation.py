"""From what is asked to a task or a typed refusal: arguments, capabilities, limits."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    EMULATED,
    NATIVE,
    All,
    AnyOf,
    AuditMode,
    BackendSpec,
    DateTimeField,
    Document,
    EntityQuery,
    Exists,
    Filter,
    FilterSupport,
    IntegerField,
    InvalidDocument,
    InvalidQuery,
    KeywordField,
    LexicalBackend,
    Matches,
    Mentions,
    PhraseField,
    PluginFailure,
    QueryTimeout,
    Range,
    Rung,
    Schema,
    SearchBackend,
    Shadow,
    StartsWith,
    TextQuery,
    UnsupportedQuery,
    hookimpl,
    register_plugin,
    unregister_plugin,
    unsupported,
)
from nuthatch.memory import SPEC, MemoryReader

BROKEN = unsupported("broken on purpose")


def fill(backend: LexicalBackend) -> LexicalBackend:
    backend.add(Document(f"doc{n}", text="heat", fields={"year": 1990 + n}) for n in range(30))
    return backend


def uris(results: Any) -> list[str]:
    return [hit.document_uri for hit in results]


def test_an_argument_overrides_the_query_objects_own(index: LexicalBackend) -> None:
    fill(index)
    late, early = Range("year", gte=2000), Range("year", lte=1991)
    grounded = AuditMode.GROUNDED
    query = TextQuery("heat", limit=3, policy="ladder", filters=[late], audit=grounded)
    own = index.search(query)
    assert (len(own), own.policy, own[0].audit_mode) == (3, "ladder", grounded)
    assert uris(own) == ["doc10", "doc11", "doc12"]
    over = index.search(query, 2, policy="ranked", filters=[early], audit=AuditMode.UNGROUNDED)
    assert (uris(over), over.policy) == (["doc0", "doc1"], "ranked")
    assert over[0].evidence is None


def test_an_empty_list_overrides_and_none_does_not(index: LexicalBackend) -> None:
    fill(index)
    query = TextQuery("heat", limit=50, filters=[Range("year", gte=2000)])
    assert len(index.search(query, filters=None)) == 20
    assert len(index.search(query, filters=[])) == 30


def test_extra_tokens_can_be_given_either_way(index: LexicalBackend) -> None:
    fill(index)
    assert index.search("nothing", extra_or_tokens=["heat"])
    assert index.search(TextQuery("nothing", extra_or_tokens=["heat"]))
    assert not index.search(TextQuery("nothing", extra_or_tokens=["heat"]), extra_or_tokens=[])


def test_every_option_of_a_query_is_an_argument_of_search() -> None:
    """In the declaration and where it is written, for both kinds of callers."""
    options = {field.name for kind in (TextQuery, EntityQuery) for field in fields(kind)}
    options -= {"text", "include", "titles"}  # `exclude` is a list for texts
    for kind in (SearchBackend, LexicalBackend, Shadow):
        for search in (kind.search, kind.search_async):
            given = inspect.signature(search).parameters
            assert set(given) - {"self", "query", "explain", "timeout"} == options
            assert all(item.kind is item.KEYWORD_ONLY for item in list(given.values())[3:])


def test_collapse_can_be_given_either_way(index: LexicalBackend) -> None:
    fill(index).add(Document("doc0", "heat", "heat"))
    plain, collapsed = TextQuery("heat"), TextQuery("heat", collapse=True)
    assert uris(index.search(plain, collapse=True)) == uris(index.search(collapsed))
    assert not index.search(plain, collapse=True).exact
    assert index.search(collapsed, collapse=False).exact


def test_the_limit_defaults_to_20(index: LexicalBackend) -> None:
    assert len(fill(index).search("heat")) == 20


@pytest.mark.parametrize("limit", [31, 2**31, 2**63, 10**30])
def test_a_limit_beyond_the_index_gives_what_there_is(index: LexicalBackend, limit: int) -> None:
    assert len(fill(index).search("heat", limit)) == 30


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "3"])
def test_a_limit_that_is_none_is_refused(index: LexicalBackend, limit: Any) -> None:
    with pytest.raises(InvalidQuery, match="limit"):
        index.search("heat", limit)


@pytest.mark.parametrize("query", [None, 7, b"heat", ["heat"], Range("year", gte=1)])
def test_a_query_of_another_type_is_refused(index: LexicalBackend, query: Any) -> None:
    with pytest.raises(
        InvalidQuery, match="a query is a str, a TextQuery, an EntityQuery or MatchAll"
    ):
        index.search(query)


@pytest.mark.parametrize("extras", [[], ["heat"]])
@pytest.mark.parametrize("text", ["", "   ", "?!", "\ud800"])
def test_a_query_without_words_has_no_hits_and_says_why(
    index: LexicalBackend, text: str, extras: list[str]
) -> None:
    results = fill(index).search(text, extra_or_tokens=extras)
    assert (list(results), results.exact) == ([], True)
    assert results.notes == ("the query holds no word to look for",)


@pytest.mark.parametrize(
    ("text", "extras", "note"),
    [
        (
            " ".join(f"word{n}" for n in range(101)),
            [],
            "the first 64 distinct words are used, 37 were left out",
        ),
        ("heat " * 101, [], None),
        (
            "heat",
            [f"word{n}" for n in range(66)],
            "the first 64 synonyms are used, 2 were left out",
        ),
        ("heat " * 64, [f"word{n}" for n in range(64)], None),
    ],
)
def test_a_query_that_is_cut_says_so(
    index: LexicalBackend, text: str, extras: list[str], note: str | None
) -> None:
    results = fill(index).search(text, extra_or_tokens=extras)
    assert results.notes == ((note,) if note else ())


@pytest.mark.parametrize("text", ["\ufdfa" * 60_000, "\xbd " * 30_000, "\uff9e\u0316" * 30_000])
def test_of_a_long_text_that_folding_lengthens_a_part_is_read(
    index: LexicalBackend, text: str
) -> None:
    """So that it ends by its timeout, which is looked at before the engine is asked."""
    asked: list[str] = []
    analyzer = index.analyzer

    class Listening:
        name, fingerprint = analyzer.name, analyzer.fingerprint

        def tokens(self, text: str) -> list[str]:
            asked.append(text)
            return analyzer.tokens(text)

    index.analyzer = Listening()
    results = index.search(text, extra_or_tokens=[text])
    assert [len(item) for item in asked] == [16_384] * 2
    assert "the first 16384 characters are read of 60000" in results.notes
    with pytest.raises(QueryTimeout):
        index.search(text, timeout=1e-9)


@pytest.mark.parametrize(
    "arguments", [{"extra_or_tokens": ["thriller"]}, {"policy": "ranked"}, {"collapse": True}]
)
def test_entities_and_the_arguments_of_text_do_not_mix(
    index: LexicalBackend, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidQuery, match=f"{next(iter(arguments))} belongs to text queries"):
        index.search(EntityQuery(titles=["heat"]), **arguments)


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("text", {"text": BROKEN}, {}),
    ("grounding", {"grounding": BROKEN}, {"audit": AuditMode.GROUNDED}),
    (
        "filters.range",
        {"filters": FilterSupport(range=BROKEN, any_of=NATIVE)},
        {"filters": [AnyOf("year", [1990]), Range("year", gte=1990)]},
    ),
    (
        "filters.any_of",
        {"filters": FilterSupport(range=NATIVE, any_of=BROKEN)},
        {"filters": [Range("year", gte=1990), AnyOf("year", [1990])]},
    ),
]


@pytest.mark.parametrize(
    ("feature", "book", "arguments"), REFUSALS, ids=[feature for feature, _, _ in REFUSALS]
)
def test_what_the_book_denies_is_refused_before_the_engine_is_asked(
    make_backend: Any, feature: str, book: dict[str, Any], arguments: dict[str, Any]
) -> None:
    backend = make_backend(reader=None, **book)  # no reader: asking the engine would be a TypeError
    with pytest.raises(UnsupportedQuery, match="varied does not support") as caught:
        backend.search("heat", **arguments)
    assert (caught.value.feature, caught.value.reason) == (feature, "broken on purpose")
    assert "memory" in caught.value.alternatives
    assert "varied" not in caught.value.alternatives


@pytest.mark.parametrize("argument", ["range", "any_of"])
def test_the_other_filter_still_works(make_backend: Any, argument: str) -> None:
    entries = {"range": NATIVE, "any_of": NATIVE} | {argument: BROKEN}
    backend = fill(make_backend(filters=FilterSupport(**entries)))
    filters = {"range": AnyOf("year", [1990]), "any_of": Range("year", lte=1990)}
    assert uris(backend.search("heat", filters=[filters[argument]])) == ["doc0"]


@pytest.mark.parametrize(
    ("feature", "call"),
    [
        ("write", lambda backend: backend.add([])),
        ("delete", lambda backend: backend.delete("doc0")),
        ("export", lambda backend: list(backend.documents())),
        ("check", lambda backend: backend.check()),
        ("optimize", lambda backend: backend.optimize()),
        ("async_native", lambda backend: backend.async_reader()),
    ],
)
def test_operations_are_refused_as_arguments_are(
    make_backend: Any, feature: str, call: Any
) -> None:
    with pytest.raises(UnsupportedQuery) as caught:
        call(make_backend(**{feature: BROKEN}))
    assert (caught.value.feature, caught.value.reason) == (feature, "broken on purpose")


@pytest.mark.parametrize("feature", ["check", "optimize", "async_reader"])
def test_an_operation_that_is_declared_and_not_defined_says_so(
    make_backend: Any, feature: str
) -> None:
    backend = make_backend(check=NATIVE, optimize=NATIVE, async_native=NATIVE)
    with pytest.raises(PluginFailure, match="the backend 'varied' declares") as caught:
        getattr(backend, feature)()
    assert caught.value.stage == "shape"
    assert "Report it" in caught.value.hint


def test_a_limit_above_the_engines_largest_is_refused(make_backend: Any) -> None:
    backend = fill(make_backend(max_limit=25))
    assert len(backend.search("heat", 25)) == 25
    with pytest.raises(UnsupportedQuery, match="a limit of 26: its largest limit is 25"):
        backend.search("heat", 26)


def test_the_refusal_of_a_limit_names_who_gives_as_many(
    make_backend: Any,
) -> None:
    class Others:
        @hookimpl
        def nuthatch_register_backends(self) -> list[BackendSpec]:
            return [
                replace(SPEC, name=f"upto{n}", capabilities=replace(SPEC.capabilities, max_limit=n))
                for n in (25, 26)
            ]

    name = register_plugin(Others())
    try:
        with pytest.raises(UnsupportedQuery) as caught:
            make_backend(max_limit=25).search("heat", 26)
    finally:
        unregister_plugin(name)
    assert {"memory", "upto26"} <= set(caught.value.alternatives)
    assert not {"varied", "upto25"} & set(caught.value.alternatives)


def test_the_default_limit_keeps_to_the_engines_largest(make_backend: Any) -> None:
    assert len(fill(make_backend(max_limit=7)).search("heat")) == 7


@pytest.mark.parametrize("timeout", [0, -1, -0.5, math.nan, math.inf, 10**400, "5", True, [1]])
def test_a_timeout_is_positive_and_finite(index: LexicalBackend, timeout: Any) -> None:
    with pytest.raises(InvalidQuery, match="the timeout must be positive and finite"):
        index.search("heat", timeout=timeout)


def test_the_policy_of_the_configuration_holds_where_the_query_names_none(
    make_backend: Any,
) -> None:
    backend = fill(make_backend(config={"policy": "ladder"}))
    assert backend.search("heat").policy == "ladder"
    assert backend.search("heat", policy="ranked").policy == "ranked"


@pytest.mark.parametrize(
    ("native_top_k", "config", "ran"),
    [
        (EMULATED, {"budget": 29}, "ladder"),
        (EMULATED, {"budget": 30}, "ranked"),
        (EMULATED, {"budget": None}, "ranked"),
        (NATIVE, {}, "ranked"),
        (NATIVE, {"budget": 29}, "ladder"),
    ],
)
def test_an_engine_with_its_own_top_k_has_no_budget_unless_told(
    make_backend: Any, native_top_k: Any, config: dict[str, Any], ran: str
) -> None:
    assert fill(make_backend(native_top_k=native_top_k, config=config)).search("heat").ran == ran


class CommonWord(MemoryReader):
    """Every word in a billion chunks."""

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(tokens, 10**9)


@pytest.mark.parametrize(("native_top_k", "ran"), [(NATIVE, "ranked"), (EMULATED, "ladder")])
def test_the_default_budget_binds_only_engines_without_a_top_k_of_their_own(
    make_backend: Any, native_top_k: Any, ran: str
) -> None:
    assert fill(make_backend(CommonWord, native_top_k=native_top_k)).search("heat").ran == ran


def test_filters_are_checked_against_the_schema(index: LexicalBackend) -> None:
    with pytest.raises(InvalidQuery, match="declares no such field"):
        index.search("heat", filters=[Range("director", gte="a")])


def test_the_query_object_is_left_as_it_was(index: LexicalBackend) -> None:
    query = TextQuery("heat", limit=3)
    before = replace(query)
    fill(index).search(query, 2, policy="ranked")
    assert query == before


WRONG: list[tuple[Callable[[LexicalBackend], Any], str]] = [
    (lambda index: index.search("x", filters="year>=1"), "filters must be a list of"),  # type: ignore[arg-type]
    (lambda index: index.search("x", extra_or_tokens=5), "extra_or_tokens must be a list"),  # type: ignore[arg-type]
    (lambda index: index.add([], batch="10"), "batch='10'"),  # type: ignore[arg-type]
    (lambda index: index.add([], batch=True), "batch=True"),
    (lambda index: index.add([], durability="ram"), "'ram' is not known; use process or power"),  # type: ignore[arg-type]
    (lambda index: index.delete("a", durability="ram"), "use process or power"),  # type: ignore[arg-type]
    (lambda index: index.delete(None), "delete takes a uri or a list of them; found None"),  # type: ignore[arg-type]
    (lambda index: index.delete([["a"]]), "a uri is text"),  # type: ignore[list-item]
    (lambda index: index.get(["a"]), "a uri is text"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_arguments_of_another_type_are_refused(
    index: LexicalBackend, call: Callable[[LexicalBackend], Any], problem: str
) -> None:
    with pytest.raises(InvalidQuery, match=re.escape(problem)):
        call(index)


@pytest.mark.parametrize("documents", [None, 7, "heat", [None]])
def test_what_is_no_document_is_refused(index: LexicalBackend, documents: Any) -> None:
    with pytest.raises(InvalidDocument, match="add takes"):
        index.add(documents)


def test_a_uri_that_cannot_be_is_not_there_and_the_engine_is_not_asked(make_backend: Any) -> None:
    assert make_backend(reader=None).get("a\ud800") is None
    assert fill(make_backend()).delete(["a\ud800", "doc1"]) == 1


def test_documents_are_refused_at_the_call(make_backend: Any) -> None:
    with pytest.raises(UnsupportedQuery):
        make_backend(export=BROKEN).documents()


class Flat(MemoryReader):
    """A reader that knows lists of ranges and choices."""

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        assert all(isinstance(item, Range | AnyOf) for item in filters)
        for item in filters:
            assert not isinstance(item, Range) or set(item.bounds) <= {"gte", "lte"}
        return super().match(rung, filters, limit)


FLAT_SCHEMA = Schema(
    fields=(IntegerField("year"), KeywordField("tag"), DateTimeField("at"), PhraseField("people"))
)
FLAT: list[tuple[Filter, list[str]]] = [
    (Range("year", gt=1990, lt=1993), ["one", "two"]),
    (StartsWith("tag", "a"), ["one"]),
    (Exists("tag"), ["one", "two"]),
    (All(Range("year", gt=1991), All(Exists("tag"), All())), ["two"]),
    (AnyOf("at", [date(2024, 5, 1)]), ["one"]),
]


@pytest.fixture
def flat(make_backend: Any) -> LexicalBackend:
    index: LexicalBackend = make_backend(
        reader=Flat, schema=FLAT_SCHEMA, filters=FilterSupport(range=NATIVE, any_of=NATIVE)
    )
    index.add(
        [
            Document("one", "", "heat", {"year": 1991, "tag": "ab", "at": "2024-05-01T12:00Z"}),
            Document("two", "", "heat", {"year": 1992, "tag": "b"}),
            Document("old", "", "heat", {"year": 1990}),
        ]
    )
    return index


def test_an_engine_of_flat_lists_is_given_ranges_and_choices(flat: LexicalBackend) -> None:
    for tree, expected in FLAT:
        assert sorted(uris(flat.search("heat", filters=tree))) == sorted(expected), tree


@pytest.mark.parametrize(
    "tree",
    [
        nuthatch.Any(Range("year", gt=1990), Exists("tag")),
        nuthatch.Not(Exists("tag")),
        [AnyOf("year", [1990, 1992]), AnyOf("at", [date(2024, 5, 1), date(2024, 5, 3)])],
        nuthatch.Any(),
    ],
)
def test_core_looks_up_trees_for_an_engine_of_flat_lists(
    flat: LexicalBackend, make_backend: Any, tree: Filter
) -> None:
    oracle = make_backend(schema=FLAT_SCHEMA)
    oracle.add(flat.documents())
    for limit in (1, 20):
        found, expected = (index.search("heat", limit, filters=tree) for index in (flat, oracle))
        assert uris(found) == uris(expected)
        assert found.exact


@pytest.mark.parametrize("tree", [Mentions("people", ["ann"]), Exists("people")])
def test_an_engine_of_flat_lists_refuses_phrases_with_its_reason(
    flat: LexicalBackend, tree: Filter
) -> None:
    reason = str(flat.capabilities.filters.mentions.reason)
    with pytest.raises(UnsupportedQuery, match=f"filters.mentions.*{reason}"):
        flat.search("heat", filters=tree)
