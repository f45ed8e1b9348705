"""Normalization: what a query asks, what is dropped, and why."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuthatch.errors import PluginFailure, QueryTimeout
from nuthatch.text.analyzer import Analyzer, analyze, builtin_analyzer, builtin_names
from nuthatch.text.normalize import (
    LONGEST_TEXT,
    MAX_REPETITIONS,
    MAX_TOKENS,
    Dropped,
    NormalizedQuery,
    normalize,
)
from nuthatch.text.runs import is_unspaced
from nuthatch.text.stopwords import languages, stopwords

TEXTS = st.lists(
    st.one_of(
        st.sampled_from(("the", "who", "does", "x", "duck", "Ducks", "東", "東京", "é", "7", "не")),
        st.text(max_size=4),
    ),
    max_size=10,
).map(" ".join)


class Plain:
    """A third party's analyzer with nothing but the protocol."""

    name = "plain"
    fingerprint = "1"

    def tokens(self, text: str) -> list[str]:
        return text.lower().split()


def builtin(name: str) -> Analyzer:
    analyzer = builtin_analyzer(name)
    assert analyzer is not None
    return analyzer


def asked(name: str, text: str, *extras: str) -> NormalizedQuery:
    return normalize(builtin(name), text, extras)


def test_stop_words_and_single_characters_are_dropped_and_reported_in_order() -> None:
    query = asked("ascii", "Who is the x of Ducks, ducks")
    assert query.tokens == ("ducks", "ducks")
    assert query.dropped == (
        Dropped("who", "stopword"),
        Dropped("is", "stopword"),
        Dropped("the", "stopword"),
        Dropped("x", "one_character"),
        Dropped("of", "stopword"),
    )
    assert not query.only_stopwords


def test_stop_words_are_judged_before_stemming() -> None:
    query = asked("english", "does doe beings being")
    assert query.tokens == ("doe", "be")
    assert [dropped.token for dropped in query.dropped] == ["does", "being"]


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("german", "Wer hat die Häuser für München gebaut?", ("haus", "munch", "gebaut")),
        ("french", "Où est né Hergé ?", ("ne", "herg")),
        ("french", "l'université d'Orsay", ("univers", "orsay")),
        ("french", "Ou est ne Herge ?", ("herg",)),
        ("russian", "Кто является президентом?", ("президент",)),
        ("turkish", "Panthers savunması kaç sayı?", ("panthers", "savunmas", "sa")),
        ("arabic", "من هو رئيس", ("رييس",)),
        ("arabic", "أين رئيس إلى", ("رييس",)),
    ],
)
def test_a_language_has_stop_words_of_its_own(
    name: str, text: str, tokens: tuple[str, ...]
) -> None:
    assert asked(name, text).tokens == tokens


@pytest.mark.parametrize(
    ("name", "text", "tokens", "dropped"),
    [
        ("ascii", "to be or not to be x", "to be or not to be", "x"),
        ("standard", "to be a", "to be a", ""),
        ("ascii", "a", "", "a"),
        ("standard", "a", "a", ""),
        ("standard", "I'm", "i", "m"),
        ("english", "the", "the", ""),
        ("standard", "the 東", "東", "the"),
    ],
)
def test_a_query_of_nothing_else_keeps_them(
    name: str, text: str, tokens: str, dropped: str
) -> None:
    query = asked(name, text)
    assert query.tokens == tuple(tokens.split())
    assert [token for token, _ in query.dropped] == dropped.split()
    assert query.only_stopwords == ("東" not in text)


@pytest.mark.parametrize("text", ["東", "駅 tower", "ไ"])
def test_one_character_of_chinese_or_thai_is_a_word(text: str) -> None:
    query = asked("standard", text)
    assert query.tokens == tuple(text.split())
    assert not query.only_stopwords


@pytest.mark.parametrize("text", ["", " ", "!?", "\0", "👻"])
def test_a_query_without_words_is_not_one_of_stop_words(text: str) -> None:
    query = asked("standard", text)
    assert query == NormalizedQuery(text, (), (), (), only_stopwords=False)


SINGLE = [
    ("standard", "H&M store", "h m store", ""),
    ("standard", 'laptop 15.6"', "laptop 15 6", ""),
    ("standard", '12.9" or 3.5mm', "12 9 3 5mm", "or"),
    ("standard", "python 3.9", "python 3 9", ""),
    ("standard", "X-Men", "x men", ""),
    ("standard", "part 02091-C-71", "part 02091 c 71", ""),
    ("standard", "AT&T, at&t", "at t at t", ""),
    ("standard", "R&D at A&E", "r d a e", "at"),
    ("standard", "usb-a", "usb a", ""),
    ("standard", "C-3PO", "c 3po", ""),
    ("standard", "vitamin A", "vitamin a", ""),
    ("standard", "vitamin a", "vitamin", "a"),
    ("standard", "A vitamin", "vitamin", "a"),
    ("standard", "plan B.", "plan b", ""),
    ("standard", "J. R. Smith, A.J. Perlis", "smith perlis", "j r a j"),
    ("standard", "colours, e.g. v.2 red", "colours v 2 red", "e g"),
    ("standard", "E.T.", "e t", ""),
    ("standard", "(b) or “C”", "b c", "or"),
    ("standard", "i, robot", "i robot", ""),
    ("standard", "I robot", "robot", "i"),
    ("standard", "What do I need for World War I?", "need world war i", "what do i for"),
    ("standard", "group (A)", "group a", ""),
    ("standard", "film(s) of Anna's", "film anna", "s of s"),
    ("standard", "O'Brien", "o brien", ""),
    ("standard", "rock 'n' roll", "rock n roll", ""),
    ("standard", "state-of-the-art", "state art", "of the"),
    ("standard", "C++ and C#", "c c", "and"),
    ("standard", "7 × 5", "7 5", ""),
    ("standard", "lettre e\u0301", "lettre e", ""),
    ("english", "hepatitis b vaccine", "hepat b vaccin", ""),
    ("russian", "группа А", "групп а", ""),
    ("russian", "группа а", "групп", "а"),
    ("greek", "ομάδα Β", "ομαδ β", ""),
    ("french", "plan C", "plan c", ""),
    ("italian", "dell'arte, l'arte", "dell arte arte", "l"),
    ("vietnamese", "chữ ý", "chữ ý", ""),
    ("ascii", "vitamin C, USB-C", "vitamin usb", "c c"),
]


@pytest.mark.parametrize(("name", "text", "tokens", "dropped"), SINGLE)
def test_single_characters_stay_where_they_are_meant(
    name: str, text: str, tokens: str, dropped: str
) -> None:
    query = asked(name, text)
    assert query.tokens == tuple(tokens.split())
    assert [token for token, _ in query.dropped] == dropped.split()


@pytest.mark.parametrize(
    ("name", "text", "notes"),
    [
        ("standard", "vitamin a", ["left out as stop words: a"]),
        ("standard", "songs by The Who", ["left out as stop words: The, Who"]),
        ("standard", "what is the capital of France", []),
        ("standard", "What is a cat's paw? WHO KNOWS", ["left out as stop words: WHO"]),
        ("standard", "WHO IS THE CAPTAIN", []),
        ("standard", "C++ and C#", ["+ and # are not searched: C++, C#"]),
        ("ascii", "vitamin C", ["left out as single characters: C"]),
        ("ascii", "Anna's cat", []),
        ("standard", "J. Smith, e.g. his book", ["left out as single characters: J"]),
        ("french", "l'université", []),
        ("standard", "", []),
    ],
)
def test_what_could_have_told_hits_apart_is_noted(name: str, text: str, notes: list[str]) -> None:
    assert list(asked(name, text).notes) == notes


def test_a_third_partys_words_are_judged_as_they_were_typed() -> None:
    analyzer = Plain()
    analyzer.stopwords = frozenset({"a"})  # type: ignore[attr-defined]
    assert normalize(analyzer, "plan b a vitamin A").tokens == ("plan", "b", "vitamin", "a")


def test_the_first_64_distinct_words_are_used_and_the_rest_reported() -> None:
    words = [f"w{number}" for number in range(MAX_TOKENS + 3)]
    query = asked("ascii", " ".join(["the", *words, "w0"]))
    assert query.tokens == (*words[:MAX_TOKENS], "w0")
    assert query.dropped == (
        Dropped("the", "stopword"),
        *(Dropped(word, "too_long") for word in words[MAX_TOKENS:]),
    )
    assert query.notes == (f"the first {MAX_TOKENS} distinct words are used, 3 were left out",)


def test_a_repeated_word_leaves_room_for_others_and_counts_up_to_a_bound() -> None:
    assert asked("ascii", "duck " * 500 + "goose").tokens == (*["duck"] * 500, "goose")
    query = asked("ascii", "duck " * 1000 + "goose")
    assert query.tokens == (*["duck"] * (MAX_REPETITIONS + 1), "goose")
    assert query.notes == ("the first 960 repetitions of words are used, 39 were left out",)


def test_a_text_that_folding_may_lengthen_is_read_up_to_a_bound() -> None:
    query = asked("standard", "duck " + "\ufdfa" * LONGEST_TEXT + " goose")
    assert query.tokens[0] == "duck"
    assert "goose" not in query.tokens
    assert query.notes[-1] == f"the first 16384 characters are read of {LONGEST_TEXT + 11}"
    assert asked("standard", "duck " * LONGEST_TEXT + " goose").tokens[-1] == "goose"


def test_a_deadline_that_has_passed_ends_normalization() -> None:
    with pytest.raises(QueryTimeout):
        normalize(builtin("standard"), "duck", deadline=0.0)
    with pytest.raises(QueryTimeout):
        normalize(builtin("standard"), "", ["goose"], deadline=0.0)


def test_lone_surrogates_are_dropped_and_recorded_once() -> None:
    query = asked("english", "\ud800duck\udfff \ud812goose")
    assert query.tokens == ("duck", "goos")
    assert query.dropped == (Dropped("", "surrogate"),)
    query.text.encode()


def test_synonyms_are_analyzed_and_kept_in_order_without_repetition() -> None:
    query = asked("english", "big ducks", "New York", "DUCK", "new Goose", "the", "goose does", "x")
    assert query.tokens == ("big", "duck")
    assert query.extras == ("new", "york", "goos", "x")


def test_synonyms_are_bounded_like_tokens() -> None:
    query = asked("ascii", "duck", *(f"w{number}" for number in range(70)))
    assert len(query.extras) == MAX_TOKENS
    assert len(query.dropped) == 6
    assert {reason for _, reason in query.dropped} == {"too_long"}


def test_a_plain_analyzer_has_no_stop_words_unless_it_says_so() -> None:
    assert normalize(Plain(), "Who is it").tokens == ("who", "is", "it")
    analyzer = Plain()
    analyzer.stopwords = frozenset({"who"})  # type: ignore[attr-defined]
    assert normalize(analyzer, "Who is it").tokens == ("is", "it")


def test_synonyms_of_a_plain_analyzer_are_compared_without_case() -> None:
    class Keeping(Plain):
        def tokens(self, text: str) -> list[str]:
            return text.split()

    assert normalize(Keeping(), "éa", ["Éa", "Éb", "éb"]).extras == ("Éb",)


def test_an_analyzer_whose_stems_do_not_pair_with_its_words_fails() -> None:
    class Losing(Plain):
        def surfaces(self, text: str) -> list[str]:
            return text.split()

        def stem(self, words: list[str]) -> list[str]:
            return words[1:]

    with pytest.raises(PluginFailure, match="one for each"):
        normalize(Losing(), "two words")


@given(TEXTS, st.sampled_from(builtin_names()), st.lists(TEXTS, max_size=3))
@example("\ud800" * 3 + "東" * 200, "standard", [])
def test_every_word_is_used_or_dropped_with_a_reason(
    text: str, name: str, extras: list[str]
) -> None:
    analyzer = builtin(name)
    query = normalize(analyzer, text, extras)
    raw = analyze(analyzer, text)
    reasons = [reason for _, reason in query.dropped]
    assert len(set(query.tokens)) <= MAX_TOKENS
    if not any(map(is_unspaced, raw)):  # else a text is found by more than a query asks for
        assert len(query.tokens) + len(reasons) - reasons.count("surrogate") >= len(raw)
    remaining = iter(raw)
    assert all(token in remaining for token in query.tokens), "a subsequence, with multiplicity"
    assert not set(query.extras) & set(query.tokens)
    assert len(set(query.extras)) == len(query.extras)
    if raw and name != "ascii":
        assert query.tokens
    if name == "ascii" and not query.only_stopwords:
        assert not set(query.tokens) & analyzer.stopwords  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", languages())
def test_a_list_holds_single_words_as_the_analyzer_spells_them(language: str) -> None:
    analyzer = builtin(language)
    listed = stopwords(language)
    assert len(listed) > 40
    for word in listed:
        assert analyzer.surfaces(word) == [word] or word not in {  # type: ignore[attr-defined]
            surface
            for other in listed
            for surface in analyzer.surfaces(other)  # type: ignore[attr-defined]
        }
    spelt = {surface for word in listed for surface in analyzer.surfaces(word)}  # type: ignore[attr-defined]
    assert spelt <= listed


def test_languages_without_a_list_have_no_stop_words() -> None:
    assert stopwords("basque") == frozenset()
    assert all(language in builtin_names() for language in languages())
    assert not any(is_unspaced(word) for language in languages() for word in stopwords(language))
