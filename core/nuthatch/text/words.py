"""Words: what stands before each token of a text, and the grams of which it is made.

    "Die Häuser am See"      german
     die hauser am see       words: folded, not stemmed
     die haus   am see       tokens

Words are in the order of the tokens, one for each, so that the place of a word in a text is that
of its token. All words of a text are one line, with blanks between them: what searches in it runs
in compiled code.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Final, cast

from nuthatch.text.analyzer import OWN, Analyzer, analyze, words_of
from nuthatch.text.snowball import SnowballAnalyzer
from nuthatch.text.standard import AsciiAnalyzer, StandardAnalyzer
from nuthatch.text.token import LONGEST, Memo, shorten_all

#: How many characters a gram has; that of a word of one character has fewer.
GRAM: Final = 4


def _cut_grams(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    starts = range(max(1, len(padded) - GRAM + 1))
    # Interned, for most grams are in many words.
    return tuple([intern(padded[start : start + GRAM]) for start in starts])


#: The character 4-grams of a word between blanks, in order; about 10 MB when it is full.
GRAMS: Final[Memo[tuple[str, ...]]] = Memo(_cut_grams, 32_768)


class WordReader:
    """A reader of the words of texts, for one search; knows the tokens of the words it has read."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._own = (
            cast(AsciiAnalyzer | StandardAnalyzer, analyzer) if type(analyzer) in OWN else None
        )
        self._tokens: dict[str, str] = {}

    @property
    def keeps_length(self) -> bool:
        """Whether the line of ASCII text has each character in its place."""
        return self._own is not None

    @property
    def is_european(self) -> bool:
        """Whether `line` folds each letter of Europe as `european()` says."""
        return self._own is not None and self._own.is_european

    def fold(self, surface: str) -> str:
        """Return a word of a query as it is read in a text."""
        return surface if self._own is None else self._own.fold(surface)

    def line(self, text: str) -> str:
        """Return the word before each token of a text, one or more blanks between them.

        Of a third party's analyzer that tells no words the tokens are the words.
        """
        if self._own is not None:
            return self._own.word_line(text)
        words = words_of(self._analyzer, text)
        tokens = analyze(self._analyzer, text)
        read = [("".join(surface.split()) or token, token) for surface, token in words]
        read += [(token, token) for token in tokens[len(words) :]]
        self._tokens.update(read)
        return " ".join(word for word, _ in read)

    def needle(self, token: str) -> tuple[str, Callable[[str], str]] | None:
        """Return what every word of a token begins with, and what tells a word's token.

        None where that is not known: all words have to be looked at then.
        """
        if self._own is None or len(token) > LONGEST:
            return None
        if not isinstance(self._own, SnowballAnalyzer):
            return token, str
        beginning = self._own.beginning
        return None if beginning is None else (beginning(token), self._own.stems.__getitem__)

    def tokens(self, words: list[str]) -> list[str]:
        """Return the token of each word."""
        if self._own is not None:
            return shorten_all(self._own.stem(words))
        return list(map(self._tokens.__getitem__, words))
