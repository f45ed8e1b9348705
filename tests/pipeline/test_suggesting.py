"""Suggestions for a text that is being typed, on every engine that is at hand without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import Document, InvalidQuery, KeywordField, LexicalBackend, Schema, UnsupportedQuery
from nuthatch.pipeline.filtered_index import FilteredIndex

SCHEMA = Schema(analyzer="english", fields=(KeywordField("brand"), KeywordField("tenant")))
ROWS = [
    Document("m1", "Optical mouse", "a wireless mouse", {"brand": "Mouser", "tenant": "a"}),
    Document("m2", "Gaming mouse", "a wired mouse", {"brand": "Mouser", "tenant": "a"}),
    Document("p1", "Mousepad", "a mousepad", {"brand": "Élan", "tenant": "b"}),
    Document("k1", "Keyboard", "a wireless keyboard", {"brand": "Elan", "tenant": "b"}),
    Document("h1", "Happiness", "be happy, happily", {"tenant": "b"}),
]


@pytest.fixture(params=["memory", "sqlite", "tantivy"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LexicalBackend]:
    places = {"memory": "memory:", "sqlite": f"sqlite:{tmp_path}/x.db"}
    url = places.get(request.param, f"tantivy:{tmp_path}/x")
    with nuthatch.open(url, create=True, schema=SCHEMA) as index:
        index.add(ROWS)
        yield index


def shown(found: list[nuthatch.Suggestion]) -> list[tuple[str, str, int]]:
    return [(one.text, one.source, one.frequency) for one in found]


def test_the_last_word_is_completed_by_frequency(index: LexicalBackend) -> None:
    assert shown(index.suggest("mou")) == [("mouse", "words", 2), ("mousepad", "words", 1)]
    assert shown(index.suggest("Mou", 1)) == [("mouse", "words", 2)]
    # One word for each stem, the shortest: `happiness` is found by that of `happy`.
    assert [one.text for one in index.suggest("happ")] == ["happily", "happy"]


def test_words_before_are_kept_and_must_stand_beside(index: LexicalBackend) -> None:
    assert shown(index.suggest("wireless mou")) == [("wireless mouse", "words", 2)]
    assert shown(index.suggest("A Wireless, k")) == [("A Wireless, keyboard", "words", 1)]
    assert index.suggest("nothing mou") == []


def test_an_error_in_the_beginning_is_forgiven(index: LexicalBackend) -> None:
    assert [(one.text, one.edits) for one in index.suggest("muos")] == [
        ("mouse", 1),
        ("mousepad", 1),
    ]
    assert [one.text for one in index.suggest("kyebaor")] == []
    assert [one.text for one in index.suggest("kyeb")] == ["keyboard"]


def test_fields_may_be_named_by_what_is_read_once(index: LexicalBackend) -> None:
    once: Any = iter(["brand"])
    assert index.suggest("mou", fields=once) == index.suggest("mou", fields=["brand"])


@pytest.mark.parametrize("limit", [2**31, 2**63, 10**30])
def test_a_limit_may_be_beyond_all_that_there_is(index: LexicalBackend, limit: int) -> None:
    found = index.suggest("mou", limit, fields=["brand"], titles=True)
    assert found == index.suggest("mou", 10, fields=["brand"], titles=True)
    assert {one.source for one in found} == {"words", "brand", "titles"}


@pytest.mark.parametrize("text", ["", "  ", "mouse ", "?!", "zzz"])
def test_where_no_word_is_typed_nothing_is_suggested(index: LexicalBackend, text: str) -> None:
    assert index.suggest(text) == []


def test_values_of_fields_and_titles_are_suggested_too(index: LexicalBackend) -> None:
    found = index.suggest("mous", fields=["brand"], titles=True)
    assert set(shown(found)) == {
        ("mouse", "words", 2),
        ("Mouser", "brand", 2),
        ("mousepad", "words", 1),
        ("Optical mouse", "titles", 1),
        ("Gaming mouse", "titles", 1),
        ("Mousepad", "titles", 1),
    }
    assert [one.frequency for one in found] == sorted(
        (one.frequency for one in found), reverse=True
    )
    values = [one.text for one in index.suggest("ELA", fields=["brand"]) if one.source == "brand"]
    assert values == ["Elan", "Élan"]


def test_a_suggested_title_holds_all_words_itself(index: LexicalBackend) -> None:
    def titles(text: str) -> list[str]:
        found = index.suggest(text, 2, titles=True)
        return [one.text for one in found if one.source == "titles"]

    assert titles("wire") == []  # in texts alone
    assert titles("wireless mou") == []
    assert titles("Gaming, the mou") == ["Gaming mouse"]
    assert titles("keyboards") == ["Keyboard"]
    assert len(titles("mou")) == 2


def test_a_filtered_index_suggests_nothing_of_other_documents(index: LexicalBackend) -> None:
    view = FilteredIndex(index, "tenant=b")
    assert shown(view.suggest("mou", fields=["brand"], titles=True)) == [
        ("mousepad", "words", 1),
        ("Mousepad", "titles", 1),
    ]
    assert view.suggest("opti") == []
    told = view.search("opticl", corrections="suggest")
    assert told.did_you_mean is None
    assert index.search("opticl", corrections="suggest").did_you_mean == "optical"
    index.add(Document("m3", "Optical pen", "", {"tenant": "a"}))
    assert index.search("opticl", corrections="suggest").did_you_mean == "optical"
    assert view.search("opticl", corrections="suggest").did_you_mean is None
    assert view.search("opticl", corrections="use").corrections == {}


def test_a_view_finds_and_tells_its_own_words_among_those_of_others(index: LexicalBackend) -> None:
    index.add(
        Document(f"x{n}", "", f"secret{n:03} samsn{n % 9}g", {"tenant": "a"}) for n in range(120)
    )
    index.add([Document(f"s{n}", "", "secure samsung", {"tenant": "b"}) for n in range(2)])
    view = FilteredIndex(index, "tenant=b")
    results = view.search("sec", prefix=True)
    assert {hit.document_uri for hit in results} == {"s0", "s1"}
    assert isinstance(results.query, nuthatch.NormalizedQuery)
    assert results.query.slots[0].tokens == ("sec", "secur")
    assert [one.text for one in view.suggest("sec")] == ["secure"]
    assert view.search("samsng", corrections="use", limit=2).corrections == {"samsng": ("samsung",)}


def test_words_of_other_scripts_are_completed_where_they_begin() -> None:
    with nuthatch.open("memory:", create=True) as index:
        index.add([Document("d", "दिल्ली", ""), Document("e", "東京タワー", "")])
        assert [one.text for one in index.suggest("नई दिल्ल")] == []
        assert [one.text for one in index.suggest("दिल्ल")] == ["दिल्ली"]
        assert all(one.text.startswith("東京") for one in index.suggest("東京タワ"))


def test_an_index_that_is_not_there_yet_suggests_nothing(tmp_path: Path) -> None:
    with nuthatch.open(f"sqlite:{tmp_path}/new.db", create=True) as index:
        assert index.suggest("abcd") == []


@pytest.mark.parametrize(
    ("arguments", "options", "match"),
    [
        ((5,), {}, "suggestions are for a text"),
        (("mou", 0), {}, "at least 1"),
        (("mou", None), {}, "have a limit"),
        (("mou",), {"fields": "brand"}, "list of names"),
        (("mou",), {"fields": None}, "list of names"),
        (("mou",), {"fields": ["price"]}, "keyword fields"),
    ],
)
def test_wrong_use_is_refused(
    index: LexicalBackend, arguments: Any, options: dict[str, Any], match: str
) -> None:
    with pytest.raises(InvalidQuery, match=match):
        index.suggest(*arguments, **options)


def test_an_engine_without_a_dictionary_is_told() -> None:
    from dataclasses import replace

    from nuthatch.memory import SPEC, MemoryBackend

    class Bare(MemoryBackend):
        lacking = replace(SPEC.capabilities, dictionary=nuthatch.unsupported("it keeps none"))
        spec = replace(SPEC, capabilities=lacking)

    index = Bare.open(nuthatch.LexicalConfig(), create="new", schema=SCHEMA)
    with pytest.raises(UnsupportedQuery, match="it keeps none"):
        index.suggest("mou")
