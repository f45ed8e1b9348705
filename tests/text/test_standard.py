"""The analyzer `standard`: folding, scripts without blanks, and what must hold for any text."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuthatch.text.analyzer import builtin_analyzer
from nuthatch.text.fold import FOLDING
from nuthatch.text.runs import UNSPACED, character_spans, characters, is_unspaced, spans, words
from nuthatch.text.standard import StandardAnalyzer
from nuthatch.text.token import LONGEST_KEY, Memo

FRAGMENTS = (
    "Straße", "İstanbul", "ırmak", "ﬁlm", "Ａｂ３", "½", "東京都", "が", "が", "ｶﾞ", "한국어",
    "각", "น้ำที่", "ไทย", "ລາວ", "မြန်မာ", "ខ្មែរ", "हिन्दी", "தமிழ்", "السَّلام", "كـتاب",
    "שָׁלוֹם", "йод", "ёлка", "Άλφα", "ᾳ", "e\u0301", "\u0301", "\u0e31", "\u200d", "\u200b",
    "\u00ad", "👩‍👩‍👧", "1️⃣", "_", "-", ".", " ", "\n", "\0", "\u200f", "\ud800", "ǅ", "´", "abc",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=12).map(
    "".join
)
ANALYZER = StandardAnalyzer()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Spider-Man 3d x_y", "spider man 3d x y"),
        ("Łódź, Straße ﬁlm Ｆｕｌｌ２", "lodz strasse film full2"),
        ("İstanbul ISPARTA Irmak ırmak", "istanbul isparta irmak irmak"),
        ("cafe\u0301 café", "cafe cafe"),
        ("السَّلامُ كـتاب أحمد ٢٠٢٠", "السلام كتاب احمد 2020"),
        ("שָׁלוֹם", "שלום"),
        ("Ёлка Йод", "елка иод"),
        ("हिन्दी தமிழ்", "हिन्दी தமிழ்"),
        ("東京都 東", "東京 京都 東"),
        ("2008年", "2008 年"),
        ("東京tower", "東京 tower"),
        ("ｶﾞﾗｽ がか", "ガラ ラス がか"),
        ("한국어", "한국 국어"),
        ("ไทย", "ไท ทย"),
        ("ที่นี่", "ที่นี่"),
        ("co\u00adoperate می\u200cخواهم", "cooperate میخواهم"),
        ("one\u200btwo", "one two"),
        ("👩‍👩‍👧 🇩🇪 \u0301 \u0e31 \0 \u200f", ""),
        ("½ ①  ㎏", "1 2 1 kg"),
    ],
)
def test_text_folds_and_splits_as_its_script_asks(text: str, tokens: str) -> None:
    assert ANALYZER.surfaces(text) == tokens.split()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("東京都 tower 城", "東京 京都 tower 城 東 京 都"),
        ("ｶﾞﾗｽ", "ガラ ラス ガ ラ ス"),
        ("한국어", "한국 국어 한 국 어"),
        ("กิน", "กิน กิ น ก"),
        ("ที่", "ที่ ท"),
        ("ខ្មែរ", "ខ្មែ មែរ ខ្ មែ រ ខ ម"),
        ("2008年", "2008 年"),
    ],
)
def test_a_text_is_found_by_its_single_characters_too(text: str, tokens: str) -> None:
    assert ANALYZER.tokens(text) == tokens.split()


@given(TEXTS)
def test_a_text_is_found_by_what_it_asks_for(text: str) -> None:
    asked = ANALYZER.surfaces(text)
    tokens = ANALYZER.tokens(text)
    assert tokens[: len(asked)] == asked
    assert all(is_unspaced(token) for token in tokens[len(asked) :])


@given(TEXTS)
@example("\u0f77" * 3)
def test_words_analyze_to_themselves(text: str) -> None:
    words = ANALYZER.surfaces(text)
    assert ANALYZER.surfaces(" ".join(words)) == words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Les sœurs ŒUVRE", "les soeurs oeuvre"),
        ("Encyclopædia ǽ", "encyclopaedia ae"),
        ("Guðmundsson Þór", "gudmundsson thor"),
        ("Øresund Łódź đak ħal ŧ", "oresund lodz dak hal t"),
        ("Straße ẞ", "strasse ss"),
        ("ıĸŋȷ ƶ ɗ", "iqnj z d"),
        ("col·lecció coŀlecció", "colleccio colleccio"),
    ],
)
def test_letters_of_latin_fold_as_in_unaccent(text: str, folded: str) -> None:
    assert FOLDING.line(text) == folded


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hòa bình, Hoà Bình", "hoà bình hoà bình"),
        ("thúy thuý, quý", "thuý thuý quý"),
        ("má ma mà mạ", "má ma mà mạ"),
        ("Đà Nẵng đi dì", "đà nẵng đi dì"),
        (unicodedata.normalize("NFD", "tiếng Việt"), "tiếng việt"),
        ("the of a in", "the of a in"),
    ],
)
def test_vietnamese_keeps_its_tone_marks(text: str, tokens: str) -> None:
    vietnamese = builtin_analyzer("vietnamese")
    assert vietnamese is not None
    assert vietnamese.tokens(text) == tokens.split()
    assert vietnamese.stopwords == frozenset()  # type: ignore[attr-defined]


@given(TEXTS)
def test_tokens_hold_nothing_that_an_engine_could_stumble_over(text: str) -> None:
    for token in ANALYZER.tokens(text):
        assert token
        assert not re.search(r"[\sA-Z_]", token)
        assert token[0].isalnum()
        assert all(unicodedata.category(char)[0] in "LNM" for char in token)


@given(TEXTS)
def test_canonically_equal_texts_have_equal_tokens(text: str) -> None:
    assert ANALYZER.tokens(unicodedata.normalize("NFD", text)) == ANALYZER.tokens(text)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_fast_path_for_ascii_gives_what_folding_gives(text: str) -> None:
    slow = [word for piece in text.split() for word in words(FOLDING.line(piece))]
    assert ANALYZER.tokens(text) == slow


@given(TEXTS)
def test_white_space_never_matters_to_the_words_beside_it(text: str) -> None:
    line = FOLDING.line(text)
    assert words(line) + characters(line) == ANALYZER.tokens(text)


@given(TEXTS)
def test_words_and_characters_with_places_are_those_without(text: str) -> None:
    line = FOLDING.line(text)
    placed = list(spans(line))
    assert [word for word, _, _ in placed] == words(line)
    assert all(line[start:end] == word for word, start, end in placed)
    single = list(character_spans(line))
    assert [char for char, _, _ in single] == characters(line)
    assert all(line[start:end].startswith(char) for char, start, end in single)


def test_folding_any_character_twice_is_folding_it_once() -> None:
    everything = " ".join(map(chr, range(sys.maxunicode + 1)))
    once = FOLDING.line(everything)
    assert FOLDING.line(once) == once
    assert not re.search("[A-Z\x00-\x1f\x7f-\xa0\ud800-\udfff]", once)


def test_no_mark_counts_as_a_letter_of_a_script_without_blanks() -> None:
    unspaced = re.compile(f"[{UNSPACED}]")
    found = [chr(code) for code in range(sys.maxunicode + 1) if unspaced.match(chr(code))]
    assert "東" in found
    assert [char for char in found if unicodedata.category(char).startswith("M")] == []


def test_a_hundred_thousand_marks_fold_in_linear_time() -> None:
    import time

    began = time.process_time()
    assert ANALYZER.tokens("a" + "\u0301\u0316" * 50_000 + "b") == ["a", "b"]
    assert time.process_time() - began < 2


def test_a_memo_computes_once_and_forgets_when_full() -> None:
    asked: list[str] = []

    def make(key: str) -> str:
        asked.append(key)
        return key.upper()

    memo = Memo(make, limit=2)
    long = "x" * (LONGEST_KEY + 1)
    assert [memo[key] for key in ("a", "a", "b", "c", long, long)] == [
        "A", "A", "B", "C", long.upper(), long.upper(),
    ]  # fmt: skip
    assert asked == ["a", "b", "c", long, long]
    assert list(memo) == ["c"]


def test_the_builtin_is_one_object_and_has_a_fingerprint() -> None:
    standard = builtin_analyzer("standard")
    assert standard is builtin_analyzer("standard")
    assert isinstance(standard, StandardAnalyzer)
    assert standard.name == "standard"
    assert standard.fingerprint
