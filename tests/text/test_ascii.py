"""The analyzer `ascii` against the regular expression that defines it."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from nuthatch.text.analyzer import builtin_analyzer
from nuthatch.text.standard import alphabetic_line, alphanumeric_line

TRICKY = st.text(alphabet="aZ09_ -\n\0éßİ中\ud800\U0001f600", max_size=40)
ASCII = st.text(alphabet=st.characters(max_codepoint=127), max_size=60)


@given(st.one_of(st.text(), TRICKY, ASCII))
@example("3d 12ab a_b 3 d3 9")
@example("9")
@example("aéb中c\ud800d")
@example("")
def test_the_tokens_are_those_of_the_regular_expression(text: str) -> None:
    analyzer = builtin_analyzer("ascii")
    assert analyzer is not None
    expected = [word.lower() for word in re.findall(r"[A-Za-z][A-Za-z0-9]*", text)]
    assert analyzer.tokens(text) == expected


@given(st.one_of(st.text(), TRICKY))
def test_a_line_keeps_every_word_in_its_place(text: str) -> None:
    line = alphabetic_line(text)
    assert len(line) == len(text)
    places = [(m.start(), m[0].lower()) for m in re.finditer(r"[A-Za-z][A-Za-z0-9]*", text)]
    assert [(m.start(), m[0]) for m in re.finditer(r"[^ ]+", line)] == places


@given(ASCII)
def test_a_line_of_letters_and_digits_keeps_words_that_begin_with_a_digit(text: str) -> None:
    expected = [word.lower() for word in re.findall(r"[A-Za-z0-9]+", text)]
    assert alphanumeric_line(text).split() == expected
