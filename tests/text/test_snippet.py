"""Snippets against what analyzing the marked and the unmarked parts says."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nuthatch.text.analyzer import Analyzer, analyze, builtin_analyzer
from nuthatch.text.cut import inside_character
from nuthatch.text.fold import FOLDING, Folding
from nuthatch.text.locate import SIMPLE, word_spans
from nuthatch.text.runs import words
from nuthatch.text.snippet import render, snippet

#: Texts are many-sided here: the default number of examples misses too much.
THOROUGH = settings(max_examples=max(200, settings().max_examples))


class Plain:
    """A third party's analyzer with nothing but the protocol."""

    name = "plain"
    fingerprint = "1"

    def tokens(self, text: str) -> list[str]:
        return [word.removesuffix("s") or "s" for word in re.findall(r"\w+", text.lower())]


NAMES = (
    "standard", "english", "german", "russian", "turkish", "arabic", "hindi", "french",
)  # fmt: skip
FRAGMENTS = (
    "run", "Running", "RUNS", "runs.", "Résumé", "resumes", "re\u0301sume\u0301", "Straße",
    "STRASSE", "ﬁsh", "fishes", "İstanbul", "ISIL", "ışıl", "ｒｕｎ", "½", "1", "3d", "d", "東京都",
    "東京", "京", "run東京", "がく", "か\u3099く", "ｶﾞｸ", "ガク", "한국어", "น้ำที่", "น้ำ", "हिन्दी",
    "السَّلام", "السلام", "كـتاب", "красивый", "красивая", "ɪ", "👩‍👩‍👧", "e\u0301\u0302", "dying",
    "x" * 129, "_", "-", "'s", "\0", "\u200d", "\u00ad", "\u200b", "\ud800", "\u0e31", "ᾳ", "ŉ",
)  # fmt: skip
SEPARATORS = st.sampled_from((" ", "  ", "\n", "\u3000", "", "", ", ", "."))
TEXTS = st.lists(
    st.tuples(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=3)), SEPARATORS).map("".join),
    max_size=25,
).map("".join)
LATIN = st.lists(
    st.sampled_from(
        ("run", "Running", "runs,", "cat", "Café", "straße", "dog's", "3d", "of ", "x")
    ),
    max_size=60,
).map(" ".join)


def analyzers(name: str) -> Analyzer:
    return builtin_analyzer(name) or Plain()


def asked(analyzer: Analyzer, query: str) -> list[str]:
    """Return what a query asks for, which may be less than what a text is found by."""
    if isinstance(analyzer, Plain):
        return analyze(analyzer, query)
    return analyzer.stem(analyzer.surfaces(query))  # type: ignore[attr-defined,no-any-return]


@st.composite
def searches(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple[Analyzer, str, set[str]]:
    analyzer = analyzers(draw(st.sampled_from((*NAMES, "plain"))))
    text = draw(texts)
    tokens = sorted(set(analyze(analyzer, text)))
    chosen = draw(st.sets(st.sampled_from(tokens), max_size=4)) if tokens else set()
    return analyzer, text, chosen


def test_matches_are_marked_where_only_the_stem_matches() -> None:
    english = analyzers("english")
    found = snippet(english, "The man runs; he was Running.", ["run", "cat"])
    assert found.text == "The man [runs]; he was [Running]."
    assert found.marks == ((8, 12), (21, 28))


@pytest.mark.parametrize(
    ("name", "text", "query", "rendered"),
    [
        ("standard", "Die STRASSE, die Straße", "straße", "Die [STRASSE], die [Straße]"),
        ("standard", "ﬁlm Ｆｉｌｍ Film films", "film", "[ﬁlm] [Ｆｉｌｍ] [Film] films"),
        ("standard", "İstanbul'da", "istanbul", "[İstanbul]'da"),
        ("standard", "这是东京都的", "东京都", "这是[东京都]的"),
        ("standard", "東京 東 京都", "東", "[東]京 [東] 京都"),
        ("standard", "東京都 京", "京", "東[京]都 [京]"),
        ("standard", "กิน", "ก", "[กิ]น"),
        ("vietnamese", "Hòa bình.", "hoà", "[Hòa] bình."),
        ("standard", "น้ำที่นี่", "น้ำที่", "[น้ำที่]นี่"),
        ("standard", "caffe cafe\u0301s cafe\u0301", "café", "caffe cafe\u0301s [cafe\u0301]"),
        ("standard", "foo-bar foobar", "bar", "foo-[bar] foobar"),
        ("standard", "tower東京tower", "tower", "[tower]東京[tower]"),
        ("standard", "rerun 2run run", "run", "rerun 2run [run]"),
        ("german", "Die Häuser.", "haus", "Die [Häuser]."),
        ("russian", "красивый дом", "красивая", "[красивый] дом"),
        ("arabic", "السَّلامُ عليكم", "سلام", "[السَّلامُ] عليكم"),
        ("english", "Dying, died, die", "die", "[Dying], [died], [die]"),
        ("english", "run runs running", "run", "[run] [runs] [running]"),
        ("standard", "\u1100\u1161\u11a8-b", "각", "[\u1100\u1161\u11a8]-b"),
        ("standard", "ｶﾞｸ-b", "ガク", "[ｶﾞｸ]-b"),
        ("standard", "run東京 tower", "run 東京", "[run東京] tower"),
        ("plain", "Dogs (dog) dog's", "dog", "[Dogs] ([dog]) [dog]'s"),
    ],
)
def test_what_folds_to_a_token_is_marked_as_it_is_written(
    name: str, text: str, query: str, rendered: str
) -> None:
    analyzer = analyzers(name)
    assert snippet(analyzer, text, asked(analyzer, query)).text == rendered


@THOROUGH
@given(searches(TEXTS))
def test_every_mark_analyzes_to_a_token(search: tuple[Analyzer, str, set[str]]) -> None:
    analyzer, text, tokens = search
    for width in (3, 12, 240):
        for first, last in snippet(analyzer, text, tokens, width=width).marks:
            assert tokens & set(analyze(analyzer, text[first:last]))


@THOROUGH
@given(searches(TEXTS))
@example((analyzers("english"), "é " + "x" * 129, set(analyze(analyzers("ascii"), "x" * 129))))
@example((analyzers("english"), "x" * 129 + " y", set(analyze(analyzers("ascii"), "x" * 129))))
def test_no_match_is_left_unmarked(search: tuple[Analyzer, str, set[str]]) -> None:
    """Without the marked words nothing is left that matches."""
    analyzer, text, tokens = search
    assume(not (analyzer.name == "plain" and not text.isascii()))
    assume(not any(" " in FOLDING.line(char).strip() for char in text))  # ½ is two words
    marks = snippet(analyzer, text, tokens, width=len(text) + 1).marks
    for first, last in reversed(marks):
        text = f"{text[:first]}〇 〇{text[last:]}"
    assert not tokens & set(analyze(analyzer, text))


@THOROUGH
@given(searches(LATIN))
def test_a_mark_covers_no_more_than_its_word(search: tuple[Analyzer, str, set[str]]) -> None:
    analyzer, text, tokens = search
    for first, last in snippet(analyzer, text, tokens, width=300).marks:
        assert set(analyze(analyzer, text[first:last])) <= tokens
        assert text[first].isalnum()
        assert text[last - 1].isalnum()


@THOROUGH
@given(searches(st.one_of(TEXTS, LATIN)), st.integers(1, 80))
def test_a_snippet_is_well_formed(search: tuple[Analyzer, str, set[str]], width: int) -> None:
    analyzer, text, tokens = search
    found = snippet(analyzer, text, tokens, width=width)
    assert 0 <= found.start <= found.end <= len(text)
    assert found.end - found.start <= width + 32
    assert found.start < found.end or not re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", "", text[:width])
    assert found.text == render(text, found.start, found.end, found.marks)[0]
    edges = [found.start, *(edge for mark in found.marks for edge in mark), found.end]
    assert edges == sorted(edges)
    assert all(first < last for first, last in found.marks)
    assert all(a[1] < b[0] for a, b in zip(found.marks, found.marks[1:], strict=False))


@THOROUGH
@given(searches(LATIN), st.integers(20, 120))
def test_a_window_shows_the_marks_of_the_whole_text(
    search: tuple[Analyzer, str, set[str]], width: int
) -> None:
    analyzer, text, tokens = search
    everything = snippet(analyzer, text, tokens, width=len(text) + 1).marks
    found = snippet(analyzer, text, tokens, width=width)
    inside = [m for m in everything if found.start <= m[0] and m[1] <= found.end]
    assert list(found.marks) == inside
    for first, last in everything:
        assert last <= found.start or first >= found.end or (first, last) in found.marks


@THOROUGH
@given(searches(LATIN), st.integers(40, 120))
def test_words_are_not_cut(search: tuple[Analyzer, str, set[str]], width: int) -> None:
    analyzer, text, tokens = search
    found = snippet(analyzer, text, tokens, width=width)
    for cut in (found.start, found.end):
        assert not (0 < cut < len(text) and text[cut - 1].isalnum() and text[cut].isalnum())
    if tokens and 0 < found.start < found.end < len(text):
        assert not text[found.start].isspace()
        assert not text[found.end - 1].isspace()


@THOROUGH
@given(searches(TEXTS), st.integers(5, 60))
@example((analyzers("standard"), "น้ำที่ -run run _ ", {"run"}), 16)
@example((analyzers("standard"), "aaaa ำx run", {"run"}), 8)
def test_characters_are_not_cut_from_their_marks(
    search: tuple[Analyzer, str, set[str]], width: int
) -> None:
    analyzer, text, tokens = search
    assume(analyzer.name != "plain")
    found = snippet(analyzer, text, tokens, width=width)
    assume(not all(unicodedata.category(c) in ("Mn", "Cf") for c in text[1 : found.end]))
    for cut in (found.start, found.end):
        assert not inside_character(text, cut)
        assert cut == len(text) or not unicodedata.combining(text[cut])


@THOROUGH
@given(TEXTS)
def test_the_fast_path_for_ascii_finds_what_the_slow_one_finds(text: str) -> None:
    text = text.encode("ascii", "ignore").decode()
    for name in ("standard", "english", "german"):
        analyzer = analyzers(name)
        tokens = set(analyze(analyzer, text)[::2])
        fast = snippet(analyzer, text, tokens, width=1000).marks
        slow = snippet(analyzer, text + " 東", tokens, width=1000).marks
        assert fast == slow


@THOROUGH
@given(TEXTS)
def test_the_places_of_words_are_those_of_the_folded_words(text: str) -> None:
    for piece in text.split():
        placed = word_spans(piece, FOLDING)
        assert [word for word, _, _ in placed] == words(FOLDING.line(piece))
        for word, start, end in placed:
            assert word in FOLDING.line(piece[start:end])


def test_simple_characters_fold_to_one_each() -> None:
    simple = re.compile(f"[{SIMPLE}]")
    found = [chr(code) for code in range(0x11000) if simple.match(chr(code))]
    assert len(found) > 30_000
    assert [char for char in found if len(FOLDING.line(char)) != 1] == []
    assert len(FOLDING.line("".join(found))) == len(found)


def test_a_piece_whose_units_do_not_add_up_is_marked_whole() -> None:
    class Odd(Folding):
        def line(self, text: str) -> str:
            return "one two" if text == "ä-ö" else super().line(text)

    assert word_spans("ä-ö", Odd()) == [("one", 0, 3), ("two", 0, 3)]


def test_a_third_partys_characters_are_found_inside_a_run() -> None:
    class Characters(Plain):
        def tokens(self, text: str) -> list[str]:
            return [char for char in text if char.isalnum()]

    assert snippet(Characters(), "東京都 (京)", ["京"]).text == "東[京]都 ([京])"
