"""What users type: quotes, a minus and a star, and all that only looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.text.analyzer import analyze, builtin_analyzer
from nuthatch.text.normalize import MAX_PHRASES, MAX_TOKENS, NormalizedQuery, normalize
from nuthatch.text.syntax import read_plain, read_web

ENGLISH = builtin_analyzer("english")
STANDARD = builtin_analyzer("standard")
assert ENGLISH is not None
assert STANDARD is not None


def read(text: str) -> NormalizedQuery:
    return normalize(STANDARD, read_web(text))


def shown(query: NormalizedQuery) -> tuple[str, str, str]:
    """Return words, phrases and exclusions, each as a text."""
    phrases, excluded = (
        " | ".join(" ".join(phrase) for phrase in some) for some in (query.phrases, query.excluded)
    )
    return " ".join(query.tokens), phrases, excluded


@pytest.mark.parametrize(
    ("text", "words", "phrases", "excluded"),
    [
        ('film "new york"', "film new york", "new york", ""),
        ('"new york" film', "new york film", "new york", ""),
        ("“new york” film", "new york film", "new york", ""),
        ("«new york»", "new york", "new york", ""),
        ('"york"', "york", "york", ""),
        ('"x y" "c d" "x y"', "x y c d x y", "x y | c d", ""),
        ("film -noir", "film", "", "noir"),
        ("-noir film", "film", "", "noir"),
        ('film -"film noir"', "film", "", "film noir"),
        ("film -don't", "film", "", "don t"),
        ("film \u2212noir", "film", "", "noir"),
        # What is text
        ("e-mail", "e mail", "", ""),
        ("noir - film", "noir film", "", ""),
        ("noir --film", "noir film", "", ""),
        ('"new york', "new york", "", ""),
        ('new york"', "new york", "", ""),
        ('15" laptop 17" screen', "15 laptop 17 screen", "", ""),
        ('film -"noir', "film noir", "", ""),
        ('""', "", "", ""),
        ('"" film', "film", "", ""),
        ('"?!" film', "film", "", ""),
        ("- film", "film", "", ""),
        ("film -", "film", "", ""),
        ("film -!", "film", "", ""),
        # Scripts without blanks
        ('电影"红楼梦"好看', "电影 红楼 楼梦 好看", "红楼 楼梦", ""),
    ],
)
def test_what_is_typed_is_understood(text: str, words: str, phrases: str, excluded: str) -> None:
    assert shown(read(text)) == (words, phrases, excluded)


@pytest.mark.parametrize(
    ("text", "completes"),
    [
        ("lap*", True),
        ("lap* ", True),
        ("big lap*", True),
        ("lap* -noir", True),
        ("lap", False),
        ("lap *", False),
        ("lap* top", False),
        ('"lap*"', False),
        ('lap* "top"', False),
        ("*", False),
    ],
)
def test_a_star_completes_the_last_word(text: str, completes: bool) -> None:
    assert read(text).completes is completes


def test_a_stop_word_may_be_the_beginning_of_a_word() -> None:
    query = normalize(ENGLISH, read_web("heat the*"))
    assert (query.tokens, query.completes, query.completed) == (("heat", "the"), True, "stopword")
    assert query.notes == ()
    plain = normalize(ENGLISH, read_web("heat the"))
    assert (plain.tokens, plain.completes, plain.completed) == (("heat",), False, "")


def test_words_in_quotes_are_known_to_be_so() -> None:
    query = read('one "two three" four')
    assert [word.is_quoted for word in query.words] == [False, True, True, False]
    assert [word.place for word in query.words] == [0, 1, 2, 3]


def test_stop_words_are_words_of_phrases_and_not_of_the_score() -> None:
    query = normalize(ENGLISH, read_web('"state of the art"'))
    assert query.tokens == ("state", "art")
    assert query.phrases == (("state", "of", "the", "art"),)


def test_phrases_and_exclusions_have_bounds_that_are_told() -> None:
    many = " ".join(f'"a{n} b"' for n in range(MAX_PHRASES + 3))
    query = read(many)
    assert len(query.phrases) == MAX_PHRASES
    assert any("phrases count of 67" in note for note in query.notes)
    long = " ".join(f"w{n}" for n in range(MAX_TOKENS + 9))
    query = read(f'x -"{long}"')
    assert [len(phrase) for phrase in query.excluded] == [MAX_TOKENS]
    assert any("words count of each of the exclusions" in note for note in query.notes)


@given(st.text(max_size=60) | st.text('ab "-*“', max_size=40))
def test_any_text_is_legal_and_loses_no_word(text: str) -> None:
    typed = read_web(text)
    parts = [segment.text for segment in typed.segments] + list(typed.excluded)
    clean = "".join(" " if "\ud800" <= char <= "\udfff" else char for char in text)
    everything = analyze(STANDARD, clean)
    split = [token for part in parts for token in analyze(STANDARD, part) if token.isascii()]
    # Characters of scripts without blanks make other pairs where a quote parts them.
    assert sorted(split) == sorted(token for token in everything if token.isascii())
    normalize(STANDARD, typed)


@given(st.text(max_size=40))
def test_plain_text_is_one_segment(text: str) -> None:
    assert normalize(STANDARD, text) == normalize(STANDARD, read_plain(text))
    assert normalize(STANDARD, text).phrases == ()


def test_alternatives_stand_for_single_words() -> None:
    synonyms = {"cars": ["automobile", "motor vehicle", "car"], "big one": ["huge"], "": ["x"]}
    synonyms |= {"CAR": ["wagon"], "plane": ["flying machine"]}  # one more, and no word of it
    query = normalize(ENGLISH, read_web('car "car" box'), alternatives=synonyms)
    first, quoted, box = query.slots
    assert first.tokens == ("car", "automobil", "wagon")
    assert quoted.is_plain
    assert box.is_plain
    assert query.extras == ("motor", "vehicl")
    assert any("'motor vehicle'" in note for note in query.notes)
    assert any("'big one'" in note for note in query.notes)
