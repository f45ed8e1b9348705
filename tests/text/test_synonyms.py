"""Synonyms are analyzed once for an analyzer, whatever class it is of."""

from __future__ import annotations

import gc
from weakref import ref

import pytest

from nuthatch.text.slot import Alternative
from nuthatch.text.synonyms import Synonyms

FILE = {"tv": ["television", "flat screen"], "colour tv": ["tv"], "film": ["movie"]}


class Lower:
    """Counts the texts that it is given."""

    name = "lower"
    fingerprint = "lower"

    def __init__(self) -> None:
        self.analyzed: list[str] = []

    def tokens(self, text: str) -> list[str]:
        self.analyzed.append(text)
        return text.lower().split()


class Slotted(Lower):
    """Has no hash, and so can be no key."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other


@pytest.mark.parametrize("kind", [Lower, Slotted])
def test_only_single_words_stand_for_a_word_of_the_query(kind: type[Lower]) -> None:
    synonyms = Synonyms(kind(), FILE, ["tv"])
    assert synonyms.of("tv") == (Alternative("television"),)
    assert synonyms.of("film") == ()
    assert synonyms.phrases == ["flat screen"]
    assert any("colour tv" in note for note in synonyms.notes)


def test_a_file_is_analyzed_once() -> None:
    analyzer = Lower()
    first = Synonyms(analyzer, FILE, ["tv", "film"])
    seen = len(analyzer.analyzed)
    again = Synonyms(analyzer, FILE, ["tv", "film"])
    assert len(analyzer.analyzed) == seen > 0
    assert [again.of(token) for token in ("tv", "film")] == [
        first.of(token) for token in ("tv", "film")
    ]


def test_what_is_remembered_keeps_no_analyzer() -> None:
    analyzer = Lower()
    Synonyms(analyzer, FILE, ["tv"])
    weak = ref(analyzer)
    del analyzer
    gc.collect()
    assert weak() is None
