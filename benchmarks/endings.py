"""Draws the endings of `nuthatch.text.snowball` from the frequent words of each language.

    python -m benchmarks.endings french turkish

A stemmer sees words as they are spelt; nuthatch shows it folded words whose endings got their
accents back. An ending of up to six letters is taken, the short ones first, where spelling it
brings the stem of the word as spelt back for noticeably more words, each weighed by the root of its
frequency. Printed are the shares of words, so weighed, with the right stem: folded alone, with the
endings drawn, with those in use; then the endings drawn.

The words come from `wordfreq` (on PyPI), which nothing else here needs: `pip install wordfreq`.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import Stemmer
import wordfreq

from nuthatch.text.fold import FOLDING
from nuthatch.text.snowball import endings, restore_accents

CODES = {
    "catalan": "ca",
    "czech": "cs",
    "french": "fr",
    "hungarian": "hu",
    "italian": "it",
    "lithuanian": "lt",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "turkish": "tr",
}
WORDS = 40_000
LONGEST = 6
#: Shares of the weight of all words: an ending must lack this much, and bring this much.
GAIN = 1e-4


class Word(NamedTuple):
    """A word as spelt and folded, its stem as spelt (then folded), and its weight."""

    restore_accents: str
    folded: str
    stem: str
    weight: float


class Drawing:
    """Draws the endings of one language."""

    def __init__(self, language: str) -> None:
        self._stem_of = Stemmer.Stemmer(language).stemWord
        self.words: list[Word] = []
        for word in wordfreq.top_n_list(CODES[language], WORDS):
            folded = FOLDING.line(word)
            if word.isalpha() and folded.isalpha() and len(folded) == len(word):
                weight = math.sqrt(wordfreq.word_frequency(word, CODES[language]))
                self.words.append(Word(word, folded, self._stem(word), weight))
        self.total = sum(word.weight for word in self.words)

    def _stem(self, word: str) -> str:
        return FOLDING.line(self._stem_of(word))

    def share(self, table: Mapping[str, str]) -> float:
        """Return the share of words that get the right stem with these endings."""
        right = (self._right([word], table) for word in self.words)
        return sum(right) / self.total

    def _right(self, words: list[Word], table: Mapping[str, str]) -> float:
        return sum(
            word.weight
            for word in words
            if self._stem(restore_accents(word.folded, dict(table), LONGEST)) == word.stem
        )

    def draw(self) -> dict[str, str]:
        """Return the endings, as spelt by as folded."""
        table: dict[str, str] = {}
        for size in range(1, LONGEST + 1):
            held: dict[str, list[Word]] = defaultdict(list)
            for word in self.words:
                if len(word.folded) > size:
                    held[word.folded[-size:]].append(word)
            drawn = {ending: self._best(ending, words, table) for ending, words in held.items()}
            table |= {ending: best for ending, best in drawn.items() if best is not None}
        return table

    def _best(self, ending: str, words: list[Word], table: Mapping[str, str]) -> str | None:
        """Return how an ending is best spelt, None where what shorter ones do is good enough."""
        before = self._right(words, table)
        if sum(word.weight for word in words) - before <= GAIN * self.total:
            return None
        forms = sorted({ending} | {word.restore_accents[-len(ending) :] for word in words})
        right = {form: self._right(words, {**table, ending: form}) for form in forms}
        best = max(forms, key=lambda form: right[form])
        return best if right[best] > before + GAIN * self.total else None


def main(languages: list[str]) -> None:
    """Print the endings of these languages, of all by default."""
    for language in languages or sorted(CODES):
        drawing = Drawing(language)
        drawn = drawing.draw()
        shares = [drawing.share(item) for item in ({}, drawn, endings(language))]
        print(f"{language}: folded {shares[0]:.4f}, drawn {shares[1]:.4f}, used {shares[2]:.4f}")
        print(" ", *drawn.values())


if __name__ == "__main__":
    main(sys.argv[1:])
