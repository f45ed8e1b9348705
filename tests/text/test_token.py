"""What core lets pass from an analyzer, its own or a third party's."""

from __future__ import annotations

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.errors import PluginFailure
from nuthatch.text.analyzer import (
    Analyzer,
    SurfaceWords,
    analyze,
    builtin_analyzer,
    builtin_names,
    words_of,
)
from nuthatch.text.token import holds_long_piece


class Foreign:
    """A third party's analyzer that gives what it is told to give."""

    name = "foreign"
    fingerprint = "1"

    def __init__(self, *given: object) -> None:
        self.given = list(given)

    def tokens(self, text: str) -> list[str]:
        return self.given  # type: ignore[return-value]


class Subclassed(type(builtin_analyzer("standard"))):  # type: ignore[misc]
    def tokens(self, text: str) -> list[str]:
        return ["OOPS"]


def shortened(token: str) -> str:
    return token[:96] + "_" + blake2b(token.encode(), digest_size=16).hexdigest()


@pytest.mark.parametrize(
    "bad", ["", "a b", "a\n", "\u2028", "\u3000", "\0", "\x85", "\ud800", "Abc", "ab\x7f", 7, None]
)
def test_a_token_that_breaks_the_rules_is_the_plugins_failure(bad: object) -> None:
    with pytest.raises(PluginFailure, match="foreign") as caught:
        analyze(Foreign("fine", bad), "text")
    assert caught.value.stage == "analyzer"


@pytest.mark.parametrize("given", ["abc", None, {"a": 1}, 3])
def test_what_is_no_list_is_the_plugins_failure(given: object) -> None:
    analyzer = Foreign()
    analyzer.given = given  # type: ignore[assignment]
    with pytest.raises(PluginFailure):
        analyze(analyzer, "text")


def test_an_analyzer_that_raises_is_the_plugins_failure_with_its_cause() -> None:
    class Raising(Foreign):
        def tokens(self, text: str) -> list[str]:
            raise KeyError("x")

    with pytest.raises(PluginFailure) as caught:
        analyze(Raising(), "text")
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_analyzer_derived_from_one_of_ours_is_still_a_third_partys() -> None:
    with pytest.raises(PluginFailure):
        analyze(Subclassed(), "text")


def test_good_tokens_pass_in_order_with_their_repetitions() -> None:
    assert analyze(Foreign("b", "É", "東京", "b", "a_b"), "text") == ["b", "É", "東京", "b", "a_b"]


@pytest.mark.parametrize("length", [127, 128, 129, 100_000])
@pytest.mark.parametrize("name", ["ascii", "standard", "english", "foreign"])
@pytest.mark.parametrize("around", ["", "some words before \n and after ", "é "])
def test_a_token_over_128_code_points_is_abridged_and_hashed(
    length: int, name: str, around: str
) -> None:
    token = "x" * length
    analyzer: Analyzer = builtin_analyzer(name) or Foreign(token)
    found = analyze(analyzer, around + token + " " + around)
    assert (token if length <= 128 else shortened(token)) in found
    assert max(map(len, found)) <= 129


def test_a_short_text_can_fold_to_a_long_token() -> None:
    standard = builtin_analyzer("standard")
    assert standard is not None
    assert analyze(standard, "ﬃ" * 100) == [shortened("ffi" * 100)]


def test_a_stem_longer_than_its_word_is_no_way_round_the_limit() -> None:
    turkish = builtin_analyzer("turkish")
    assert turkish is not None
    assert turkish.tokens("jared") == ["jaredi"]
    assert analyze(turkish, "ja" * 63 + "ed") == ["ja" * 63 + "ed"]


@given(st.text(alphabet="ab \n", max_size=900))
def test_the_quick_look_never_misses_a_long_piece(text: str) -> None:
    has = any(len(piece) > 128 for piece in text.split(" "))
    assert holds_long_piece(text) >= has


@given(st.lists(st.integers(1, 140), min_size=1, max_size=12))
def test_the_quick_look_is_right_where_only_blanks_separate(lengths: list[int]) -> None:
    text = " ".join("x" * length for length in lengths)
    assert holds_long_piece(text) == (max(lengths) > 128)


@pytest.mark.parametrize("name", builtin_names())
def test_any_text_can_be_analyzed(name: str) -> None:
    analyzer = builtin_analyzer(name)
    assert analyzer is not None
    assert isinstance(analyzer, Analyzer)

    @given(st.text())
    def holds(text: str) -> None:
        analyze(analyzer, text)

    holds()
    for text in ("\0", "\ud800", "\udfff\ud800", "🦆" * 1000, "\u0301" * 1000, "é" * 100_000):
        analyze(analyzer, text)


@given(name=st.sampled_from(builtin_names()), texts=st.lists(st.text(), max_size=3))
def test_surface_words_come_with_what_analyze_gives(name: str, texts: list[str]) -> None:
    analyzer = builtin_analyzer(name)
    assert analyzer is not None
    words = SurfaceWords(analyzer)
    assert [words.analyze(text) for text in texts] == [analyze(analyzer, text) for text in texts]
    known = (word for text in texts for word in words_of(analyzer, text))
    assert words == {surface: token for surface, token in known if len(surface) <= 128}


def test_surface_words_of_a_stemmer_of_a_third_party() -> None:
    class Cutting(Foreign):
        def surfaces(self, text: str) -> list[str]:
            return text.split()

        def stem(self, words: list[str]) -> list[str]:
            return [word[:3] for word in words]

    words = SurfaceWords(Cutting("bir", "see"))
    assert words.analyze("birds seen") == ["bir", "see"]
    assert words == {"birds": "bir", "seen": "see"}


def test_surface_words_without_stems_are_the_tokens() -> None:
    words = SurfaceWords(Foreign("bird"))
    assert words.analyze("Bird") == ["bird"]
    assert words == {"bird": "bird"}


def test_words_that_are_too_long_are_not_kept() -> None:
    analyzer = builtin_analyzer("english")
    assert analyzer is not None
    words = SurfaceWords(analyzer)
    assert len(words.analyze(f"short {'x' * 129} words")) == 3
    assert words == {"short": "short", "words": "word"}
