"""What the words of a search also stand for, and what must stand in its hits, through `search`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    InvalidQuery,
    KnownWord,
    LexicalBackend,
    PluginFailure,
    Results,
    Schema,
    TextQuery,
    UnsupportedQuery,
    hookimpl,
    register_plugin,
    unregister_plugin,
    unsupported,
)
from nuthatch.memory import SPEC, MemoryBackend, MemoryReader
from nuthatch.pipeline import verifying
from nuthatch.scoring.bm25 import BM25

ROWS = [
    Document("phone", "Samsung phone", "a phone by samsung"),
    Document("laptop", "Laptop", "a cheap laptop, not by samsung"),
    Document("lapland", "Lapland", "reindeer in the snow"),
    Document("film", "Film noir", "a dark film of the forties"),
]


def make(
    schema: Schema | None = None, reader: type[MemoryReader] = MemoryReader, **entries: Any
) -> LexicalBackend:
    """Return a memory backend with another reader and other capabilities, and the rows above."""
    from contextlib import contextmanager
    from dataclasses import replace

    class Backend(MemoryBackend):
        spec = replace(SPEC, capabilities=replace(SPEC.capabilities, **entries))

        @contextmanager
        def reader(self, deadline: float | None = None) -> Iterator[Any]:
            yield reader(self._documents, self.schema, self.analyzer)

    index = Backend.open(
        nuthatch.LexicalConfig(), create="new", schema=schema or Schema(analyzer="english")
    )
    index.add(ROWS)
    return index


def uris(results: Results) -> list[str]:
    return [hit.document_uri for hit in results]


@pytest.fixture
def index() -> LexicalBackend:
    return make()


def test_a_prefix_is_the_words_that_begin_with_it(index: LexicalBackend) -> None:
    results = index.search("lap", prefix=True)
    assert set(uris(results)) == {"laptop", "lapland"}
    assert isinstance(results.query, nuthatch.NormalizedQuery)
    assert results.query.slots[0].tokens == ("lap", "lapland", "laptop")
    assert uris(index.search("cheap lap", prefix=True, policy="all")) == ["laptop"]
    assert uris(index.search("cheap lap*", syntax="web", policy="all")) == ["laptop"]
    assert uris(index.search("lap")) == []


def test_a_rare_completion_weighs_no_more_than_a_frequent_one() -> None:
    index = make()
    index.add([Document(f"wars{number}", "", "star wars") for number in range(3)])
    index.add([Document("warbow", "", "star warbow")])
    completed = index.search("star war", prefix=True, policy="ranked")
    assert uris(completed)[-1] == "warbow"
    one = index.search("star war", alternatives={"war": ["warbow"]}, policy="ranked")
    assert uris(one)[0] == "warbow"


def test_the_word_itself_weighs_most() -> None:
    index = make()
    index.add([Document(f"wars{number}", "", "star warbow") for number in range(3)])
    index.add([Document("war", "", "star war")])
    assert uris(index.search("star war", prefix=True, policy="ranked"))[0] == "war"


@given(st.lists(st.lists(st.sampled_from(["war", "wars", "warm", "wax"]), min_size=1), max_size=8))
def test_completions_weigh_what_one_word_would_that_all_of_them_were(
    texts: list[list[str]],
) -> None:
    index = nuthatch.open("memory:", create="new", schema=Schema(analyzer="standard"))
    index.add([Document(str(place), "", " ".join(words)) for place, words in enumerate(texts)])
    query = index.search("wa", prefix=True).query
    assert isinstance(query, nuthatch.NormalizedQuery)
    with index.reader() as reader:
        tokens = query.slots[0].tokens[1:]
        counts = reader.document_frequencies(tokens)
    together = min(len(texts), sum(counts.values()))
    for token, weight in query.slots[0].alternatives[1:]:
        one, all_of_them = (BM25().weight(len(texts), df) for df in (counts[token], together))
        assert weight * one == pytest.approx(all_of_them)
        assert 0 < weight <= 1


def test_a_stop_word_to_complete_is_dropped_where_nothing_begins_with_it() -> None:
    class NoWords(MemoryReader):
        def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
            return []

    results = make(reader=NoWords).search("film the", prefix=True, policy="all")
    assert uris(results) == ["film"]
    assert isinstance(results.query, nuthatch.NormalizedQuery)
    assert results.query.dropped[-1] == ("the", "stopword")


def test_corrections_are_told_of_and_used(index: LexicalBackend) -> None:
    told = index.search("samsng fone", corrections="suggest")
    assert (uris(told), dict(told.corrections)) == ([], {"samsng": ("samsung",)})
    assert told.did_you_mean == "samsung fone"
    used = index.search("Samsng, laptop!", corrections="use", policy="all")
    assert uris(used) == ["laptop"]
    assert used.did_you_mean == "samsung, laptop!"
    assert used.to_json()["did_you_mean"] == "samsung, laptop!"
    plain = index.search("samsung")
    assert (dict(plain.corrections), plain.did_you_mean) == ({}, None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('samsng -samsng "samsng"', 'samsung -samsng "samsng"'),
        ('-"samsng tv" samsng', '-"samsng tv" samsung'),
        ("samsng-tv -film", "samsung-tv -film"),
    ],
)
def test_what_is_quoted_or_excluded_is_not_corrected(
    index: LexicalBackend, text: str, meant: str
) -> None:
    assert index.search(text, syntax="web", corrections="suggest").did_you_mean == meant


def test_a_corrected_word_weighs_less(index: LexicalBackend) -> None:
    right = index.search("samsung", policy="ranked")
    wrong = index.search("samsng", corrections="use", policy="ranked")
    assert uris(wrong) == uris(right)
    for one, other in zip(wrong, right, strict=True):
        assert one.score == pytest.approx(other.score / 2)


def test_the_cost_of_alternatives_counts(index: LexicalBackend) -> None:
    """`auto` sums over all alternatives: with a budget of one posting a prefix is climbed."""
    cheap = make()
    cheap.config.__dict__["budget"] = 1
    assert cheap.search("lap", prefix=True, policy="auto").ran == "ladder"
    assert index.search("lap", prefix=True, policy="auto").ran == "ranked"


def test_conditions_alone(index: LexicalBackend) -> None:
    assert uris(index.search("", phrases=["film noir"])) == ["film"]
    nothing = index.search("-film", syntax="web")
    assert uris(nothing) == []
    assert any("exclusions alone find nothing" in note for note in nothing.notes)


def test_every_rung_keeps_the_conditions(index: LexicalBackend) -> None:
    for policy in ("ladder", "auto", "ranked"):
        found = index.search(
            "cheap samsung unheard", exclude=["laptop"], policy=policy, relevance="bm25"
        )
        assert uris(found) == ["phone"], policy
    assert index.search("samsung film", exclude=["dark film"], count=True).total == 2


@pytest.mark.parametrize(
    "options",
    [
        {"syntax": "google"},
        {"corrections": True},
        {"prefix": "yes"},
        {"phrases": "film noir"},
        {"exclude": [3]},
        {"alternatives": {"tv": "television"}},
        {"alternatives": ["tv"]},
        {"alternatives": {3: ["tv"]}},
    ],
)
def test_wrong_options_are_refused(index: LexicalBackend, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuery, match=next(iter(options))):
        index.search("film", **options)


@pytest.mark.parametrize("option", ["syntax", "prefix", "corrections", "alternatives", "phrases"])
def test_entities_have_no_words(index: LexicalBackend, option: str) -> None:
    value: Any = {"prefix": True, "alternatives": {}, "phrases": ()}.get(option, "off")
    with pytest.raises(InvalidQuery, match="belongs to text queries"):
        index.search(EntityQuery(titles=["film"]), **{option: value})


NONE = unsupported("it has none")


@pytest.mark.parametrize(
    ("options", "entry"),
    [
        ({"prefix": True}, "dictionary"),
        ({"corrections": "suggest"}, "dictionary"),
        ({"corrections": "use"}, "alternatives"),
        ({"alternatives": {"tv": ["telly"]}}, "alternatives"),
        ({"phrases": ["film noir"]}, "phrases"),
        ({"exclude": ["film"]}, "exclusions"),
    ],
)
def test_what_an_engine_cannot_do_is_refused(options: dict[str, Any], entry: str) -> None:
    index = make(**{entry: NONE})
    with pytest.raises(UnsupportedQuery, match="it has none"):
        index.search("film", **options)
    assert index.search("film")


def test_what_is_typed_is_done_as_far_as_the_engine_goes() -> None:
    index = make(dictionary=NONE)
    results = index.search("lapt*", syntax="web")
    assert uris(results) == []
    assert any("completes no word: it has none" in note for note in results.notes)
    with pytest.raises(UnsupportedQuery):  # without it the answer would be another one
        make(phrases=NONE).search('"film noir"', syntax="web")


def test_an_engine_that_declares_words_it_has_not_is_told_off() -> None:
    class Bare(MemoryReader):
        words = property()  # type: ignore[assignment]  # an attribute that is not there

    with pytest.raises(PluginFailure, match="words and neighbours"):
        make(reader=Bare).search("lap", prefix=True)

    class Strange(MemoryReader):
        def words(self, prefix: str, limit: int, edits: int = 0) -> Any:
            return ["lap"]

    with pytest.raises(PluginFailure, match="KnownWord"):
        make(reader=Strange).search("lap", prefix=True)


class Thesaurus:
    """Synonyms of one index; those of words are alternatives, those of texts extras."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, str]] = []

    @hookimpl
    def nuthatch_expand_query(self, backend: str, index: str, text: str) -> Any:
        self.asked.append((backend, index, text))
        return self.answer


@pytest.fixture
def thesaurus(request: pytest.FixtureRequest) -> Iterator[Thesaurus]:
    plugin = Thesaurus(request.param)
    name = register_plugin(plugin)
    yield plugin
    unregister_plugin(name)


@pytest.mark.parametrize("thesaurus", [{"notebook": ["laptop"]}], indirect=True)
def test_synonyms_of_a_plugin_stand_for_words(thesaurus: Thesaurus) -> None:
    index = make()
    assert uris(index.search("cheap notebook", policy="all")) == ["laptop"]
    assert thesaurus.asked == [("memory", "", "cheap notebook")]
    more = index.search("notebook", alternatives={"notebook": ["lapland"]}, policy="all")
    assert set(uris(more)) == {"laptop", "lapland"}
    plain = make(alternatives=NONE)
    results = plain.search("cheap notebook", policy="ranked")
    assert uris(results) == ["laptop"]
    assert any("synonyms only add hits" in note for note in results.notes)
    assert uris(plain.search("cheap notebook", policy="all")) == []


@pytest.mark.parametrize("thesaurus", [{"notebook": "laptop"}, {"a": [1]}], indirect=True)
def test_synonyms_must_be_lists_of_texts(thesaurus: Thesaurus) -> None:
    with pytest.raises(PluginFailure, match="such lists by word"):
        make().search("notebook")


def emulated(schema: Schema, reader: type[MemoryReader] = MemoryReader) -> LexicalBackend:
    return make(schema, reader, phrases=nuthatch.EMULATED, exclusions=nuthatch.EMULATED)


class Watched(MemoryReader):
    """A reader that must not see a phrase."""

    def match(self, rung: Any, filters: Any, limit: int) -> Any:
        assert not rung.phrases
        assert not rung.excluded
        return super().match(rung, filters, limit)


def test_an_index_without_positions_finds_phrases_all_the_same() -> None:
    class NoLongPhrases(MemoryReader):
        def match(self, rung: Any, filters: Any, limit: int) -> Any:
            assert all(len(phrase) == 1 for phrase in (*rung.phrases, *rung.excluded))
            return super().match(rung, filters, limit)

    index = make(Schema(analyzer="english", positions=False), NoLongPhrases)
    assert uris(index.search('"film noir"', syntax="web")) == ["film"]
    assert uris(index.search('"dark film of"', syntax="web", policy="all", count=True)) == ["film"]
    assert uris(index.search("samsung", exclude=["cheap laptop"])) == ["phone"]
    assert uris(index.search("samsung", exclude=["cheap"])) == ["phone"]


@pytest.mark.parametrize("count", [1, 7, 50])
def test_core_reads_texts_up_to_a_bound_and_refuses_what_takes_more(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(verifying, "MOST_READ", 20)
    index = emulated(Schema(), Watched)
    rows = [Document(f"d{n}", "", "alpha beta beta alpha alpha") for n in range(count)]
    rows += [Document(f"e{n}", "", "alpha alpha beta gamma delta epsilon") for n in range(count)]
    index.add(rows)

    results = index.search("alpha", 3, phrases=["beta gamma"], policy="ranked")
    assert set(uris(results)) <= {row.uri for row in rows[count:]}
    assert (len(results), results.exact) == (min(3, count), True)
    if 2 * count > 20:  # a filter never gives fewer hits
        for options in ({"limit": 40}, {"count": True}):
            with pytest.raises(UnsupportedQuery, match="texts are read, and at most 20"):
                index.search("alpha", phrases=["beta gamma"], policy="ranked", **options)  # type: ignore[arg-type]


def test_a_chunk_that_vanishes_while_texts_are_read_has_no_phrase() -> None:
    class Losing(Watched):
        def fetch(self, keys: Sequence[Any], proofs: bool) -> Any:
            return [
                None if key == 0 else row
                for key, row in zip(keys, super().fetch(keys, proofs), strict=True)
            ]

    index = make(
        None,
        Losing,
        phrases=nuthatch.EMULATED,
        exclusions=nuthatch.EMULATED,
        snapshot=unsupported("chunks go"),
    )
    assert uris(index.search("samsung", phrases=["samsung phone"])) == []


def test_a_query_may_be_given_as_a_value(index: LexicalBackend) -> None:
    query = TextQuery("lap", prefix=True, exclude=["snow"])
    assert hash(query) == hash(TextQuery("lap", prefix=True, exclude=["snow"]))
    assert uris(index.search(query)) == ["laptop"]
    assert set(uris(index.search(query, exclude=[]))) == {"laptop", "lapland"}
