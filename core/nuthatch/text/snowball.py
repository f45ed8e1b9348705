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
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from threading import Lock

import Stemmer

from nuthatch.text.endings import endings, spelt
from nuthatch.text.fold import FOLDING, Folding
from nuthatch.text.guard import LONGEST, is_clean
from nuthatch.text.memo import Memo
from nuthatch.text.runs import words
from nuthatch.text.standard import REVISION, StandardAnalyzer
from nuthatch.text.stopwords import stopwords

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


_ACCENTED = Folding(keep_diacritics=True)
_BEGINNINGS = {"english": _english_beginning}


class SnowballAnalyzer(StandardAnalyzer):
    """Gives the stems of the words of one language; safe under threads."""

    def __init__(self, language: str) -> None:
        super().__init__(language, _ACCENTED, stopwords(language))
        self.fingerprint = f"{language}/{REVISION}+snowball{_SNOWBALL}"
        self._stemmer = Stemmer.Stemmer(language, 0)  # its own cache is slower than ours
        self._lock = Lock()
        self._letters = _LETTERS.get(language)
        self._endings = endings(language)
        self._longest_ending = max(map(len, self._endings), default=0)
        #: Gives what all words of a stem begin with; None: not known.
        self.beginning = _BEGINNINGS.get(language)
        #: Stem by word.
        self.stems: Memo[str] = Memo(self._stem)

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

    def stem(self, words: list[str]) -> list[str]:
        """Return the stems of words that `surfaces` gave."""
        return list(map(self.stems.__getitem__, words))

    def _stem(self, word: str) -> str:
        if not word.isascii():
            word = FOLDING.line(word)
        if self._letters is not None:
            word = word.translate(self._letters)
        if len(word) > LONGEST:
            return word
        if self.name == "arabic":
            return self._arabic(word)
        stem = self._stemmed(spelt(word, self._endings, self._longest_ending))
        # Turkish stems may outgrow their word.
        return stem if len(stem) <= LONGEST and is_clean(stem) else word

    def _arabic(self, word: str) -> str:
        """Return the shortest of the stems with and without the article that leaves enough."""
        bare = _WITH_ARTICLE.sub("", word, count=1)
        stems = (self._stemmed(bare), self._stemmed(_ARTICLE + bare).removeprefix(_ARTICLE))
        return min(
            (stem for stem in stems if len(stem) >= 3 and is_clean(stem)), key=len, default=bare
        )

    def _stemmed(self, word: str) -> str:
        with self._lock:  # a Stemmer keeps its state in one buffer
            stem: str = self._stemmer.stemWord(word)
        return stem if stem.isascii() else FOLDING.line(stem)
