"""Phrases: one spelling for names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.text.standard import normalize_phrase


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Spider-Man", "spider man"),
        ("  Amélie   POULAIN ", "amelie poulain"),
        ("x_y", "x y"),
        ("宮崎 駿", "宮崎 駿"),
        ("東京tower物語", "東京tower物語"),
        ("ﬁlm Ａ２４", "film a24"),
        ("\u0301!? 👻", ""),
        ("\u0e31ไทย \u0e31", "ไทย"),
        ("", ""),
        ("a\ud800b\0c", "a b c"),
    ],
)
def test_a_phrase_is_its_folded_runs_joined_by_blanks(text: str, phrase: str) -> None:
    assert normalize_phrase(text) == phrase


@given(st.text())
def test_a_normalized_phrase_stays_as_it_is(text: str) -> None:
    phrase = normalize_phrase(text)
    assert normalize_phrase(phrase) == phrase
    assert phrase == " ".join(phrase.split())


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_phrases_fold_as_others_do(text: str) -> None:
    assert normalize_phrase(text + " é").removesuffix("e").strip() == normalize_phrase(text)
