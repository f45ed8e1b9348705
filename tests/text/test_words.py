"""The words of a text: one before each token, in its order, whatever was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.registry.analyzers import get_analyzer
from nuthatch.text.analyzer import analyze
from nuthatch.text.fold import _EUROPEAN, _TWO_LETTERS, FOLDING, european_line
from nuthatch.text.normalize import normalize
from nuthatch.text.snowball import LANGUAGES
from nuthatch.text.words import GRAMS, WordReader
from support.few_words import any_text

ASCII = "".join(map(chr, range(128)))
european = st.text(st.sampled_from(ASCII + _EUROPEAN + _TWO_LETTERS))
names = st.sampled_from(["ascii", "standard", "vietnamese", *LANGUAGES])


@given(name=names, text=any_text | european)
def test_each_token_has_its_word(name: str, text: str) -> None:
    analyzer = get_analyzer(name)
    reader = WordReader(analyzer)
    assert reader.tokens(reader.line(text).split()) == analyze(analyzer, text)


@given(text=european)
def test_european_text_is_folded_as_any_other(text: str) -> None:
    line = european_line(text)
    assert line is not None
    assert line.split() == FOLDING.line(text).split()


@pytest.mark.parametrize("text", ["naïve Ω", "a·l", "東京", "\u0301"])
def test_text_with_other_characters_is_not_european(text: str) -> None:
    assert european_line(text) is None


def test_the_words_of_a_query_know_their_places() -> None:
    query = normalize(get_analyzer("english"), "Who directed the Heat of the night?")
    assert [(word.surface, word.token, word.place) for word in query.words] == [
        ("directed", "direct", 1),
        ("heat", "heat", 3),
        ("night", "night", 6),
    ]


@given(name=names, text=any_text | european)
def test_a_word_is_typed_in_a_query_as_it_is_read_in_a_text(name: str, text: str) -> None:
    analyzer = get_analyzer(name)
    reader = WordReader(analyzer)
    query = normalize(analyzer, text)
    assert [word.token for word in query.words] == list(query.tokens)
    words = set(reader.line(text).split())
    assert {reader.fold(word.surface) for word in query.words if len(word.surface) < 129} <= words


@given(name=names, text=any_text | european)
def test_every_word_of_a_token_begins_as_its_needle_says(name: str, text: str) -> None:
    analyzer = get_analyzer(name)
    reader = WordReader(analyzer)
    words = reader.line(text).split()
    for word, token in zip(words, reader.tokens(words), strict=True):
        needle = reader.needle(token)
        if needle is not None:
            beginning, token_of = needle
            assert word.startswith(beginning)
            assert token_of(word) == token


def test_grams_are_those_of_the_word_between_blanks() -> None:
    assert GRAMS["heat"] == (" hea", "heat", "eat ")
    assert GRAMS["ab"] == (" ab ",)
    assert GRAMS["a"] == (" a ",)
    assert GRAMS["aaaaa"] == (" aaa", "aaaa", "aaaa", "aaa ")
