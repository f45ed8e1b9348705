"""The Snowball analyzers: `standard` with a stemmer that sees what it needs to see."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.text.analyzer import builtin_analyzer, builtin_names
from nuthatch.text.snowball import LANGUAGES, SnowballAnalyzer

FRAGMENTS = (
    "running", "Résumés", "dying", "skies", "stability", "Häuser", "İSTANBUL", "SAVUNMASI", "ISIL",
    "красивый", "ёлка", "السَّلام", "गाँव", "東京都", "ที่", "é", "ﬁx", "½", "\u0301", "\u0640",
    "\0", "\ud800", " ", "-", "x" * 130, "ĳs",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=8).map(
    "".join
)
WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=14)
ENDINGS = (
    "", "s", "es", "ies", "ied", "ed", "ing", "ying", "ly", "y", "edly", "ingly", "eed", "eedly",
    "ational", "tional", "enci", "ency", "anci", "ancy", "izer", "ization", "ation", "ator",
    "alism", "aliti", "ality", "fulness", "ousness", "iveness", "ivity", "bility", "bly", "logy",
    "fully", "lessly", "li", "alize", "icate", "iciti", "icity", "ical", "ful", "ness", "ative",
    "ement", "ion", "ible", "able", "e", "ll", "iviti", "biliti", "ogist",
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text", "tokens"),
    [
        ("english", "Running résumés, resumes", "run resum resum"),
        ("german", "Die Häuser der Straße", "die haus der strass"),
        ("russian", "красивый красивая", "красив красив"),
        ("turkish", "SAVUNMASI savunması İstanbul", "savunmas savunmas istanbul"),
        ("turkish", "SAVUNMASI", "savunmas"),
        ("spanish", "canción canciones", "cancion cancion"),
        ("french", "garçons", "garcon"),
        ("english", "東京都 ไทย", "東京 京都 ไท ทย 東 京 都 ไ ท ย"),
        ("french", "L'université, une UNIVERSITE", "l univers une univers"),
        ("french", "Les sœurs, les soeurs", "le soeur le soeur"),
        ("portuguese", "informação informacoes", "inform inform"),
        ("russian", "Михаи́л Михаил, ёлка елка", "миха миха елк елк"),
        ("arabic", "القرآن قرآن والقرآن بالقرآن", "قران قران قران قران"),
        ("arabic", "الله اللغة لغة", "الله لغة لغة"),
        ("serbian", "Београд Beograd, шума šuma suma", "beograd beograd sum sum sum"),
        ("persian", "كتاب کتاب", "کتاب کتاب"),
        ("hindi", "ज़िंदगी जिंदगी", "जिंदग जिंदग"),
    ],
)
def test_words_become_folded_stems(language: str, text: str, tokens: str) -> None:
    analyzer = builtin_analyzer(language)
    assert analyzer is not None
    assert analyzer.tokens(text) == tokens.split()


@pytest.mark.parametrize("language", LANGUAGES)
def test_tokens_are_the_clean_stems_of_the_surfaces(language: str) -> None:
    analyzer = SnowballAnalyzer(language)

    @given(TEXTS)
    def holds(text: str) -> None:
        tokens = analyzer.tokens(text)
        asked = analyzer.stem(analyzer.surfaces(text))
        assert tokens[: len(asked)] == asked
        assert all(tokens)
        assert not re.search(r"[\sA-Z\x00-\x1f\x7f-\x9f\ud800-\udfff]", "".join(tokens))

    holds()


@pytest.mark.parametrize("language", ["english", "german"])
@given(
    word=WORDS | st.text("aeiouyhlnrstß", min_size=1, max_size=9),
    ending=st.sampled_from([*ENDINGS, "en", "heit", "lich", "er", "est", "keit"]),
)
def test_a_word_begins_as_all_words_of_its_stem_do(language: str, word: str, ending: str) -> None:
    analyzer = builtin_analyzer(language)
    assert isinstance(analyzer, SnowballAnalyzer)
    assert analyzer.beginning is not None
    folded = analyzer.fold(word + ending)
    (stem,) = analyzer.stem([folded])
    assert folded.startswith(analyzer.beginning(stem))


def test_a_stem_that_is_no_token_gives_way_to_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd:
        def stemWord(self, word: str) -> str:  # noqa: N802
            return {"gone": "", "capital": "C", "blank": "a b"}.get(word, word)

    analyzer = SnowballAnalyzer("french")
    monkeypatch.setattr(analyzer, "_stemmer", Odd())
    assert analyzer.tokens("gone capital blank été") == ["gone", "capital", "blank", "ete"]


def test_one_analyzer_serves_many_threads() -> None:
    words = [f"{beginning}ing{ending}" for beginning in "abcdefgh" for ending in ("", "s", "ly")]
    expected = [SnowballAnalyzer("english").tokens(word) for word in words]
    shared = SnowballAnalyzer("english")
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            shared.stems.clear()
            assert list(pool.map(shared.tokens, words)) == expected


def test_the_names_are_ascii_standard_and_the_current_rules_of_each_language() -> None:
    names = builtin_names()
    assert names[:3] == ("ascii", "standard", "vietnamese")
    assert {"english", "german", "arabic", "turkish", "russian"} <= set(names)
    assert "porter" not in names
    fingerprints = set()
    for name in names:
        analyzer = builtin_analyzer(name)
        assert analyzer is not None
        assert analyzer.name == name
        fingerprints.add(analyzer.fingerprint)
    assert len(fingerprints) == len(names)
    assert builtin_analyzer("klingon") is None
