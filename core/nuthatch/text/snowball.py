"""`english`, `german`, `arabic`, …: `standard` with a Snowball stemmer.

    "Die Häuser der Straße"  ->  die haus der strass

A stemmer that knows the accents of its language wants to see them: there the word is stemmed
first and folded then (`красивый` loses its ending only while `й` is `й`). Where the rules do
without accents the word is folded first, so that `resumes` and `résumés` meet.
"""

from __future__ import annotations

from threading import Lock

import Stemmer

from nuthatch.text.fold import FOLDING, Folding
from nuthatch.text.guard import LONGEST, is_clean
from nuthatch.text.memo import Memo
from nuthatch.text.runs import words
from nuthatch.text.standard import REVISION, StandardAnalyzer
from nuthatch.text.stopwords import stopwords

#: Older rules for a language that has newer ones.
_SUPERSEDED = frozenset({"porter", "dutch_porter"})
#: Languages whose stemmer works as well on folded words.
_FOLD_FIRST = frozenset({"arabic", "danish", "dutch", "english", "finnish", "german"}) | frozenset(
    {"indonesian", "norwegian", "sesotho", "swedish"}
)
# Snowball changes its rules in minor versions, not in patches.
_SNOWBALL = ".".join(Stemmer.version().split(".")[:2])

LANGUAGES: tuple[str, ...] = tuple(sorted(set(Stemmer.algorithms()) - _SUPERSEDED))


def _english_beginning(stem: str) -> str:
    """Returns what every word with a stem begins with: the stem, or all but what rules rewrite.

    They put an `i` for a `y` (`happy`), an `e` after what they cut (`hoping`: `hope`), `bl` for
    `bili` (`stability`: `stabl`), `sky` for `skies` and, alone to change two letters, `die` for
    `dying` and its like.
    """
    if stem[-1] in "eiy" or stem.endswith("bl"):
        kept = 2 if len(stem) == 3 and stem.endswith("ie") else 1
        return stem[: max(1, len(stem) - kept)]
    return stem


_BEGINNINGS = {"english": _english_beginning}


class SnowballAnalyzer(StandardAnalyzer):
    """Gives the stems of the words of one language; safe under threads."""

    def __init__(self, language: str) -> None:
        self._turkish = language == "turkish"
        self._folds_first = language in _FOLD_FIRST
        keeping = Folding(keep_diacritics=True, turkish=self._turkish)
        super().__init__(language, FOLDING if self._folds_first else keeping)
        self.fingerprint = f"{language}/{REVISION}+snowball{_SNOWBALL}"
        self.stopwords = stopwords(language)
        self._stemmer = Stemmer.Stemmer(language, 0)  # its own cache is slower than ours
        self._lock = Lock()
        #: Gives what all words of a stem begin with; None: not known.
        self.beginning = _BEGINNINGS.get(language)
        #: Stem by word.
        self.stems: Memo[str] = Memo(self._stem)

    def tokens(self, text: str) -> list[str]:
        """Returns the stems of the words in order."""
        line = self.line(text)
        if line is not None:
            return list(map(self.stems.__getitem__, line.split()))
        return super().tokens(text)

    def surfaces(self, text: str) -> list[str]:
        """Returns the words before stemming, one for each token."""
        line = self.line(text)
        if line is not None:
            return line.split()
        return [word for piece in text.split() for word in words(self.folding.line(piece))]

    def stem(self, words: list[str]) -> list[str]:
        """Returns the stems of words that `surfaces` gave."""
        return list(map(self.stems.__getitem__, words))

    def line(self, text: str) -> str | None:
        """Returns ASCII text with its words in their places; a Turkish `I` is not ASCII's."""
        return None if self._turkish and "I" in text else super().line(text)

    def _tokens_of_piece(self, piece: str) -> tuple[str, ...]:
        return tuple(map(self.stems.__getitem__, words(self.folding.line(piece))))

    def _stem(self, word: str) -> str:
        if len(word) > LONGEST:
            stem = word
        else:
            with self._lock:  # a Stemmer keeps its state in one buffer
                stem = self._stemmer.stemWord(word)
        if not self._folds_first and not stem.isascii():
            stem = FOLDING.line(stem)
        if len(stem) <= LONGEST and is_clean(stem):  # Turkish stems may outgrow their word
            return stem
        return FOLDING.line(word)
