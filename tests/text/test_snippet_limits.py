"""Snippets at the limits: no match, long words, long texts, where a cut may fall."""

from __future__ import annotations

import re
import time

import pytest

from nuthatch.text import window as module
from nuthatch.text.analyzer import Analyzer, analyze, builtin_analyzer
from nuthatch.text.snippet import Snippet, snippet


class Plain:
    """A third party's analyzer with nothing but the protocol."""

    name = "plain"
    fingerprint = "1"

    def tokens(self, text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())


def analyzer_of(name: str) -> Analyzer:
    return builtin_analyzer(name) or Plain()


def test_of_equal_windows_the_earliest_is_shown() -> None:
    found = snippet(analyzer_of("standard"), "run " + "x " * 100 + "run", ["run"], width=20)
    assert found.marks == ((0, 3),)


def test_a_cut_is_moved_out_of_a_matched_word() -> None:
    standard = analyzer_of("standard")
    long = "r" * 100
    tokens = [long, "cat", "dog"]
    assert snippet(standard, f"{long} {'x ' * 10}cat dog", tokens, width=110).start >= 100
    assert snippet(standard, f"cat dog {'x ' * 10}{long}", tokens, width=110).end <= 28


def test_a_cut_prefers_white_space_and_spares_accents() -> None:
    standard = analyzer_of("standard")
    assert snippet(standard, "(word)\n" * 50, ["x"], width=22).end == 20
    assert snippet(standard, "e\u0301" * 100, ["x"], width=5).end == 4


def test_a_long_word_in_one_block_does_not_hide_a_match_in_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BLOCK", 1000)
    text = "x" * 300 + " y" * 600 + " duck"
    found = snippet(analyzer_of("standard"), text, analyze(Plain(), text), width=240)
    assert found.marks
    found = snippet(analyzer_of("standard"), text, [*analyze(Plain(), "x" * 300), "duck"])
    assert [text[slice(*mark)] for mark in found.marks] == ["duck"]


def test_without_a_match_the_start_of_the_text_is_shown() -> None:
    english = analyzer_of("english")
    text = "One two three. " * 40
    found = snippet(english, text, ["cat"], width=20)
    assert found == Snippet("One two three.…", 0, 14, ())
    found = snippet(english, text.replace(". ", ", "), ["cat"], width=20)
    assert found == Snippet("One two three, One…", 0, 18, ())
    assert snippet(english, "short", [], width=20) == Snippet("short", 0, 5, ())
    assert snippet(english, "", ["cat"]) == Snippet("", 0, 0, ())
    assert snippet(analyzer_of("ascii"), "", ["cat"]) == Snippet("", 0, 0, ())
    assert snippet(english, "short", [""]) == Snippet("short", 0, 5, ())


def test_a_width_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="width 0"):
        snippet(analyzer_of("ascii"), "text", ["text"], width=0)


@pytest.mark.parametrize("name", ["standard", "english", "german", "arabic", "plain"])
def test_a_word_longer_than_the_snippet_is_not_shown(name: str) -> None:
    text = "x" * 100_000 + " duck"
    analyzer = analyzer_of(name)
    found = snippet(analyzer, text, set(analyze(analyzer, text)))
    assert found.end - found.start <= 240
    assert text[slice(*found.marks[0])] == "duck"


def test_a_character_with_more_marks_than_fit_is_cut() -> None:
    found = snippet(analyzer_of("standard"), "e" + "\u0301" * 5000, ["e"], width=50)
    assert (found.start, found.end) == (0, 50)


def test_of_a_word_longer_than_the_snippet_ascii_shows_a_part() -> None:
    ascii_ = analyzer_of("ascii")
    found = snippet(ascii_, "duck " + "x" * 100_000, analyze(ascii_, "x" * 100_000))
    assert found.start == 0
    assert found.marks[0][0] == 5
    assert found.end <= 5 + 96 + 240


@pytest.mark.parametrize("filler", ["one two ", "é ", "東", "x"])
@pytest.mark.parametrize("name", ["standard", "english", "ascii", "plain"])
def test_matches_are_found_block_by_block(
    monkeypatch: pytest.MonkeyPatch, name: str, filler: str
) -> None:
    monkeypatch.setattr(module, "BLOCK", 100)
    monkeypatch.setattr(module, "SCAN", 1000)
    analyzer = analyzer_of(name)
    token = analyze(analyzer, "duck")
    for at in range(0, 1300, 37):
        before = (filler * 1300)[:at]
        text = f"{before} duck {filler * 300}"
        found = snippet(analyzer, text, token)
        if at < (850 if (filler * 1300).isascii() else 150):
            assert [text[slice(*mark)] for mark in found.marks] == ["duck"]
        if at > 1100:
            assert found.marks == ()
            assert found.start == 0


@pytest.mark.parametrize("filler", ["Some words. ", "Größe é ", "東京都", "x", "\u0301", "น้ำ"])
@pytest.mark.parametrize("name", ["ascii", "standard", "english"])
def test_a_chunk_of_any_size_takes_no_seconds(name: str, filler: str) -> None:
    text = filler * (5_000_000 // len(filler))
    began = time.process_time()
    snippet(analyzer_of(name), text, ["duck", "goos"])
    assert time.process_time() - began < 5
