"""`english`, `german`, `arabic`, …: `standard` with a Snowball stemmer.

    "Les sœurs à l'Université"      as typed
     les sœurs à l  université      surfaces: accents kept, for stop words are judged by them
     les soeurs a l universite      folded, so that it is one word however it was typed
     les soeurs a l université      its ending spelt as the stemmer knows it (`endings`)
     le  soeur  a l univers         tokens

The token depends on the folded word alone. So a question finds a word typed with or without its
accents, and a text that has or lacks them, in every language.

The Arabic article, with what is written before it in one word, goes before the stemmer: القرآن,
بالقرآن and قرآن are one. The stemmer sees the word with the article too, for it takes plural
endings off only there, and initial letters only elsewhere; the shorter stem of three letters or
more counts.

Endings. A stemmer knows the endings of its language by their accents: it takes `ação` off, and
leaves `acao`. A word is folded first, so that it is one word however it was typed, and then gets
the accents of its ending back: those that most words with that ending have.

    informacao, informação  ──►  informacao  ──►  informação  ──► Snowball ──►  inform
          as typed                 folded           spelt                        the stem

Each list holds endings as they are spelt, those without an accent too where a shorter ending would
bring one. The longest that fits counts. They were taken from the 40,000 most frequent words of each
language: every ending up to six letters that brings noticeably more of the stems of the words as
spelt (`benchmarks/endings.py`). A language that is not listed needs none: its stemmer does as well
on folded words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from threading import Lock

import Stemmer

from nuthatch.text.fold import FOLDING, Folding, european_line
from nuthatch.text.runs import words
from nuthatch.text.standard import REVISION, StandardAnalyzer
from nuthatch.text.stopwords import stopwords
from nuthatch.text.token import LONGEST, Memo, is_clean

_LISTS = {
    "catalan": """
        ça ícia licia ància òria talá nllà ístic rquè íem prén ó do eo ho lo elló so to xo
        éixer ícies àncies òries ravés iós llós òsit
    """,
    "czech": """
        číná míná odiče těte žete ách pěch ích ejich ašich ých ybych pěči zemí ími omí ými
        tí lověk ám znam gram ětem ím ům ium zkum trum ým oveň mín ého seho ího rát brat
        írat esát očet ému ímu žimu činů ý činy
    """,
    "french": """
        jà oilà ée ifié itié ère té nte ste yé ccès ées fiés ères près ités yés èrent
    """,
    "hungarian": """
        éka salád grád őbe vésbé éke őre ssé tővé míg éki dák ják kák ónak sták tták zzák
        adék ándék alék őnek aték ették iók elők etők ezők ékkal nál nnal onal ztivál óval
        nél nnel ővel ól őből nám nyám zám onóm ánban óban ján óan őben ején ően éppen szín
        ódon ö co oo épp át hat ijat kat iókat mat jét őket smét ténet ránt ént dent óként
        lent ment ódot iót ékot lót rót etőt zót aért éért iért zért szert
    """,
    "italian": """
        derà rerà terà irà icità ilità vità
    """,
    "lithuanian": """
        čia škią žią ėja ėtoja šką dėta ač ėje čioje žioje škę kėlė čiame ėjome ęsė cesę
        čiuose umėte eitę ėjote čiai žiai ėjai ėtojai škai nį čiasi ėnesį ėjosi ėjusi ėti
        aktį škinti čiuoti pręsti čiui žiui dėl čiam čio škio žio ėjo ško čias ąsias ėjas
        ėtojas škas dėtas ėjęs mės čiais žiais škis ėmis ėtis ietis čiams ėjams nėms tėms
        čios žios ėjos škos čiaus čius žius ėjus iejus čiant žiant čiau žiau ėjau ių čiu
        škiu ysiu žių ėjų iejų veju ėtojų ųjų čiųjų šku ėtų ietų netų tetų
    """,
    "polish": """
        ą ąca łacą racą ła hwilą ć ąc ęć umieć mnieć zieć ść ące lace race nięcie jęcie ście
        oszę ących ącej ł jął nął konał znał łam łem łabym łbym ącym ącego ło ś łaś łeś ów
        łaby łby łoby ący racy ły śmy
    """,
    "portuguese": """
        uída guida ância ência iária nária itária ãe ável ível bém abem guém eguem ão ção
        uído guido uídas ências árias ães ocês ções uguês ravés áveis íamos
    """,
    "romanian": """
        că țiunea ția ră mpăra eață fața nță ză ând land ție țiile ățile țiune ște ției
        tății eții iții nții uții țiuni și ți tati ietăți ști mântul țiilor nților mânt ându
    """,
    "russian": """
        айте й ли ми йшего айт йших йся
    """,
    "spanish": """
        abía ecía olicía ndía fía gía omía enía ría aria staría oria yoría tria tía uía
        odavía enderá irá uí ían ncian drán irán bién ibió eció cedió ndió tió uió olvió
        fías gías erías demás nterés pués áis éis ábamos íamos
    """,
    "turkish": """
        kça ınca ğda ğımda ında ğında ğunda ğa ğla ıyla ğıyla ızla ına ğına ğuna ışa ıza hçe
        kçe ğimde ümde ğinde ünde ğünde üzde ğe ğiyle öyle üme ğine üne öre üre üze ağ açı
        aldı andı ardı aydı azdı ği ağı ajı ındaki ündeki alı amı ğımı anı ğını asını pı arı
        ası atı aktı ltı antı ptı aştı attı ayı azı ğımızı ğınızı rtık kşam andım ardım ğım
        anım attım ayım ğüm ından ğından ğundan ümden ğinden ünden üzden ükten ğın lgin ngın
        rgin ygin zgin amın anın acının ğinin ağının amının nının arının asının arın ıların
        masın aksın arsın azsın ltın öğün uğun ğunun ılar ırlar ışlar ızlar ükler ümler
        ünler ürler şler üler özler adır alıdır asıdır andır ardır atır aktır ştir ştur ş
        almış nmış enmiş pmış armış aşmış atmış ğdu ğu ğumu ğunu ğız eğiz ğımız anız ğınız
        arız aşız ayız ğümüz ğünüz
    """,
}


@cache
def endings(language: str) -> dict[str, str]:
    """Return the endings of a language as they are spelt, by how they are folded."""
    return {FOLDING.line(ending): ending for ending in _LISTS.get(language, "").split()}


def restore_accents(word: str, endings: dict[str, str], longest: int) -> str:
    """Return a folded word with the accents that its ending usually has."""
    for size in range(min(longest, len(word) - 1), 0, -1):
        ending = endings.get(word[-size:])
        if ending is not None:
            return word[:-size] + ending
    return word


#: Older rules for a language that has newer ones.
_SUPERSEDED = frozenset({"porter", "dutch_porter"})
# Snowball changes its rules in minor versions, not in patches.
_SNOWBALL = ".".join(Stemmer.version().split(".")[:2])

LANGUAGES: tuple[str, ...] = tuple(sorted(set(Stemmer.algorithms()) - _SUPERSEDED))


#: Letters of a second spelling, after folding: Persian letters on Arabic keyboards and the reverse,
#: Serbian in Cyrillic.
_LETTERS: dict[str, Mapping[int, int] | Mapping[int, str]] = {
    "arabic": str.maketrans("ىیک", "ييك"),
    "persian": str.maketrans("ىيك", "ییک"),
    "serbian": str.maketrans(
        dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgddezzijklmnoprstcufhccs", strict=True))
        | {"љ": "lj", "њ": "nj", "џ": "dz"}
    ),
}
_ARTICLE = "ال"
#: The Arabic article with the conjunctions and prepositions before it, where three letters follow.
_WITH_ARTICLE = re.compile("^[وف]?(?:[بك]?ال|لل)(?=...)")


def _english_beginning(stem: str) -> str:
    """Return what every word with a stem begins with: the stem, or all but what rules rewrite.

    They put an `i` for a `y` (`happy`), an `e` after what they cut (`hoping`: `hope`), `bl` for
    `bili` (`stability`: `stabl`), `sky` for `skies` and, alone to change two letters, `die` for
    `dying` and its like.
    """
    if stem[-1] in "eiy" or stem.endswith("bl"):
        kept = 2 if len(stem) == 3 and stem.endswith("ie") else 1
        return stem[: max(1, len(stem) - kept)]
    return stem


def _german_beginning(stem: str) -> str:
    """Return what every word with a stem begins with: the stem up to its first a, o or u.

    Behind these the stemmer takes an `e` off (`israel`: `isral`), for it spells an umlaut.
    """
    return next((stem[: place + 1] for place, char in enumerate(stem) if char in "aou"), stem)


_ACCENTED = Folding(keep_diacritics=True)
_BEGINNINGS = {"english": _english_beginning, "german": _german_beginning}


class SnowballAnalyzer(StandardAnalyzer):
    """An analyzer: the stems of the words of one language; safe under threads."""

    def __init__(self, language: str) -> None:
        super().__init__(language, _ACCENTED, stopwords(language))
        self.fingerprint = f"{language}/{REVISION}+snowball{_SNOWBALL}"
        self.is_european = True
        self._stemmer = Stemmer.Stemmer(language, 0)  # its own cache is slower than ours
        self._lock = Lock()
        self._letters = _LETTERS.get(language)
        self._endings = endings(language)
        self._longest_ending = max(map(len, self._endings), default=0)
        #: Gives what all words of a stem begin with; None: not known.
        self.beginning = _BEGINNINGS.get(language)
        #: Stem by word.
        self.stems: Memo[str] = Memo(self._stem)
        self.folded_pieces = Memo(self._fold_piece)

    def tokens(self, text: str) -> list[str]:
        """Return the stems of the words in order."""
        line = self.line(text)
        if line is not None:
            return list(map(self.stems.__getitem__, line.split()))
        return super().tokens(text)

    def surfaces(self, text: str) -> list[str]:
        """Return the words as a question asks for them, with accents, before stemming."""
        line = self.line(text)
        if line is not None:
            return line.split()
        return [word for piece in text.split() for word in words(self.folding.line(piece))]

    def word_line(self, text: str) -> str:
        """Return the word before each token between blanks, folded and not stemmed."""
        line = self.line(text) or european_line(text)
        return " ".join(self.join(self.folded_pieces, text.split())) if line is None else line

    def fold(self, word: str) -> str:
        """Return a word without its accents: one word however it was typed."""
        return word if word.isascii() else FOLDING.line(word)

    def _fold_piece(self, piece: str) -> tuple[str, ...]:
        return self.convert_piece(piece, lambda words: list(map(self.fold, words)))

    def stem(self, words: list[str]) -> list[str]:
        """Return the stems of words that `surfaces` or `word_line` gave."""
        return list(map(self.stems.__getitem__, words))

    def _stem(self, word: str) -> str:
        word = self.fold(word)
        if self._letters is not None:
            word = word.translate(self._letters)
        if len(word) > LONGEST:
            return word
        if self.name == "arabic":
            return self._arabic(word)
        stem = self._stem_word(restore_accents(word, self._endings, self._longest_ending))
        # Turkish stems may outgrow their word.
        return stem if len(stem) <= LONGEST and is_clean(stem) else word

    def _arabic(self, word: str) -> str:
        """Return the shortest of the stems with and without the article that leaves enough."""
        bare = _WITH_ARTICLE.sub("", word, count=1)
        stems = (self._stem_word(bare), self._stem_word(_ARTICLE + bare).removeprefix(_ARTICLE))
        return min(
            (stem for stem in stems if len(stem) >= 3 and is_clean(stem)), key=len, default=bare
        )

    def _stem_word(self, word: str) -> str:
        with self._lock:  # a Stemmer keeps its state in one buffer
            stem: str = self._stemmer.stemWord(word)
        return stem if stem.isascii() else FOLDING.line(stem)
