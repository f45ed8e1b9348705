"""A word is one word however it was typed: with its accents, without, decomposed, in capitals.

    université  Universite  UNIVERSITÉ  u n i v e r s i t e ´   ──►  one token

Index and query use one analyzer, so one token for all of them is what makes them find each other.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.text.analyzer import builtin_analyzer
from nuthatch.text.fold import FOLDING
from nuthatch.text.runs import words
from nuthatch.text.snowball import LANGUAGES, SnowballAnalyzer, endings, restore_accents
from nuthatch.text.stopwords import stopwords
from support.corpora import DATA

#: Words of each language that bear accents, as they are spelt.
VOCABULARY = {
    "arabic": "القُرْآن أحمد إسلام آداب مُعلّم مدرسة رئيس مسؤول",
    "catalan": "informació anàlisi història català àrees qüestió plaça història col·lecció",
    "czech": "příliš žluťoučký kůň úpěl ďábelské ódy nejúžasnější městských republiky",
    "danish": "æbler øer årsag smørrebrød København blåbær",
    "dutch": "coördinatie ideeën café financiële geïnteresseerd",
    "english": "résumés naïve cafés façade Brontë encyclopædias",
    "esperanto": "ĉiuj ŝipoj ĝardeno ĥoro ĵurnalo antaŭ",
    "estonian": "öötöö jäääär õpilased üliõpilane",
    "finnish": "päivää hyvästi työllisyys ääni Jyväskylä",
    "french": "université égalités œuvres garçons hôpitaux créée maïs référendum élèves naïveté",
    "german": "Häuser größte Straßen Übungen öffentlich Mädchen",
    "greek": "Ελλάδα ιστορία προϊόντα Αθήνας ταΐζω",
    "hindi": "ज़िंदगी सड़कें फ़िल्में",
    "hungarian": "könyvekről árvíztűrő tükörfúrógép működés népességét városból",
    "irish": "údarás Éireannach foghlaim úsáideoirí rialtóirí",
    "italian": "città università perché virtù possibilità",
    "lithuanian": "žmonėms šalčiausias įėjimų ąžuolų miestų",
    "norwegian": "blåbærsyltetøy kjærlighet påskeøl årene",
    "polish": "żółtych źródło łąkami święta większość gęślą",
    "portuguese": "informação informações coração públicos você avó pôde ciência",
    "romanian": "știință științei țărani fântână împărăției",
    "russian": "ёлка красивый моско́вский российской первый трёх",
    "serbian": "ђаци џеп љубав њега шћућурити đaci ljubav šuma",
    "spanish": "canción canciones niños también pingüino había públicos",
    "swedish": "människor smörgåsar ändå öarna Åland",
    "turkish": "ışıklar görüşmeler İstanbul öğretmenliği çalışıyor DIYARBAKIR düşünceler",
    "yiddish": "אַמעריקע יאָר",
}


def one_token(analyzer: SnowballAnalyzer, *forms: str) -> None:
    """Assert that all forms of one word give the same tokens."""
    tokens = {form: analyzer.stem(analyzer.surfaces(form)) for form in forms}
    assert len(set(map(tuple, tokens.values()))) == 1, tokens


def forms(word: str) -> Iterator[str]:
    """Yield a word as it may be typed."""
    yield word
    yield FOLDING.line(word)
    yield unicodedata.normalize("NFD", word)
    yield word.upper()
    yield FOLDING.line(word).upper()
    yield FOLDING.line(word).title()


@pytest.mark.parametrize("language", sorted(VOCABULARY))
def test_a_word_is_one_word_however_it_was_typed(language: str) -> None:
    analyzer = SnowballAnalyzer(language)
    for word in VOCABULARY[language].split():
        one_token(analyzer, *forms(word))


@pytest.mark.parametrize("language", sorted({name for name in LANGUAGES if stopwords(name)}))
def test_so_are_the_function_words_of_each_language(language: str) -> None:
    analyzer = SnowballAnalyzer(language)
    for word in sorted(stopwords(language)):
        one_token(analyzer, *forms(word))


@pytest.mark.parametrize(
    ("corpus", "language"),
    [("de", "german"), ("tr", "turkish"), ("ar", "arabic"), ("en", "english")],
)
def test_so_is_every_word_of_a_real_corpus(corpus: str, language: str) -> None:
    folder = DATA / f"xquad-{corpus}"
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {folder}")
    lines = (folder / "queries.jsonl").read_text("utf-8").splitlines()
    analyzer = SnowballAnalyzer(language)
    vocabulary = {word for line in lines for word in json.loads(line)["text"].split()}
    assert len(vocabulary) > 3000
    for word in vocabulary:
        one_token(analyzer, word, FOLDING.line(word), unicodedata.normalize("NFD", word))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_token_depends_on_the_folded_word_alone(language: str) -> None:
    analyzer = SnowballAnalyzer(language)

    @given(st.text(st.characters(categories=["L", "M", "N"]), max_size=12))
    def holds(word: str) -> None:
        for part in words(analyzer.folding.line(word)):
            one_token(analyzer, part, FOLDING.line(part))

    holds()


@pytest.mark.parametrize("article", ["ال", "وال", "بال", "كال", "فال", "وبال"])
def test_an_arabic_noun_is_one_word_with_the_article_and_without(article: str) -> None:
    nouns = "قرآن كتاب مدينة رئيس حكومة فيلم بلاد جامعات إنسان لغات"
    for noun in nouns.split():
        one_token(SnowballAnalyzer("arabic"), noun, article + noun)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_ending_is_spelt_with_accents_and_changes_nothing_else(language: str) -> None:
    table = endings(language)
    longest = max(map(len, table), default=0)
    assert longest <= 6
    for folded, ending in table.items():
        assert FOLDING.line(ending) == folded
        word = restore_accents("x" + folded, table, longest)
        assert FOLDING.line(word) == "x" + folded
        assert word.endswith(ending)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("french", "universites", "université"),
        ("french", "cités", "cite"),
        ("portuguese", "informacao", "informações"),
        ("spanish", "canciones", "canción"),
        ("romanian", "natiune", "națiunii"),
        ("polish", "jezyka", "językiem"),
        ("czech", "ceskych", "českého"),
        ("hungarian", "varosban", "városból"),
        ("turkish", "gorusmelerinde", "görüşmeleri"),
        ("russian", "новои", "новая"),
    ],
)
def test_a_word_without_accents_meets_its_other_forms(language: str, one: str, other: str) -> None:
    one_token(SnowballAnalyzer(language), one, other)


def test_accents_that_tell_words_apart_still_decide_what_is_a_stop_word() -> None:
    french = builtin_analyzer("french")
    assert french is not None
    assert french.surfaces("né ne") == ["né", "ne"]  # type: ignore[attr-defined]
