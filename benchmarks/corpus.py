"""The corpora: text made by rule, of any size, and real abstracts.

    rank of a word   drawn by Zipf-Mandelbrot, p(r) ~ 1 / (r + 2.7)^1.15, 400,000 words
    topic            three words in ten come from the 2,000 words of the document's topic
    burstiness       one word in seven repeats an earlier one of its document
    length           lognormal, mean 120 words, sigma .5; the title has five

Deterministic from the seed, made in blocks, so that a million documents stream through a few
megabytes. The same seed and number give the same documents; the first n of a larger corpus are
the corpus of n.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nuthatch import Document, get_analyzer

Ids = npt.NDArray[np.int64]

_DATA = Path(__file__).parents[2] / "shared" / "data"
ARXIV = _DATA / "arxiv-50k" / "corpus.jsonl.gz"
MOVIES = _DATA / "movies" / "corpus.jsonl.gz"

_WORDS = 400_000
_TOPICS = 300
_TOPIC_WORDS = 2_000
_BLOCK = 2_000
_TITLE = 5
#: Words common enough to appear capitalized and before a comma or a full stop.
_DRESSED = 20_000
#: Slots of the table that maps a uniform number to a word.
_SLOTS = 2**22


class Synthetic:
    """Makes documents by rule; `words` is its vocabulary, most frequent first."""

    def __init__(self, seed: int = 7) -> None:
        self._seed = seed
        rng = np.random.default_rng(seed)
        cumulative = np.cumsum(1 / (np.arange(_WORDS) + 2.7) ** 1.15)
        points = (np.arange(_SLOTS) + 0.5) / _SLOTS * cumulative[-1]
        self._table = np.searchsorted(cumulative, points).astype(np.int32)
        self._topics = rng.integers(100, _WORDS // 4, (_TOPICS, _TOPIC_WORDS))

    @cached_property
    def words(self) -> list[str]:
        """The vocabulary: pronounceable, the frequent ones short, no stop word among them."""
        return _vocabulary(_WORDS)

    @cached_property
    def _forms(self) -> list[str]:
        """Each word plain, then the frequent ones capitalized, before a comma, a full stop."""
        common = self.words[:_DRESSED]
        dressed = [[word.capitalize() for word in common]]
        dressed += [[word + mark for word in common] for mark in ",."]
        return self.words + [form for forms in dressed for form in forms]

    def documents(self, number: int) -> Iterator[Document]:
        """Yield the first documents of the corpus."""
        blocks = range(0, number, _BLOCK)
        return islice((item for first in blocks for item in self._block(first)), number)

    def _block(self, first: int) -> Iterator[Document]:
        rng = np.random.default_rng((self._seed, first))
        lengths = np.maximum(rng.lognormal(np.log(120) - 0.125, 0.5, _BLOCK), 5).astype(np.int64)
        lengths += _TITLE
        ends = np.cumsum(lengths)
        starts = ends - lengths
        ids = self._ids(rng, starts, lengths)
        # Titles are words of their text, as titles are.
        for place in range(_TITLE):
            ids[starts + place] = ids[starts + (_TITLE + rng.random(_BLOCK) * 5).astype(np.int64)]
        spell = self._forms.__getitem__
        forms = _dressed(rng, ids).tolist()
        for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            title = " ".join(map(spell, forms[start : start + _TITLE]))
            text = " ".join(map(spell, forms[start + _TITLE : end])) + "."
            yield Document(f"doc/{first + number}", title, text)

    def _ids(self, rng: np.random.Generator, starts: Ids, lengths: Ids) -> Ids:
        size = int(lengths.sum())
        ids: Ids = self._table[rng.integers(0, _SLOTS, size)].astype(np.int64)
        topics = np.repeat(rng.integers(0, _TOPICS, lengths.size), lengths)
        topical = np.flatnonzero(rng.random(size) < 0.3)
        places = (rng.random(topical.size) ** 3 * _TOPIC_WORDS).astype(np.int64)
        ids[topical] = self._topics[topics[topical], places]
        begins = np.repeat(starts, lengths)
        earlier = begins + (rng.random(size) * (np.arange(size) - begins)).astype(np.int64)
        repeated = rng.random(size) < 1 / 7
        ids[repeated] = ids[earlier[repeated]]
        return ids


def _dressed(rng: np.random.Generator, ids: Ids) -> Ids:
    """Give some words a capital, a comma or a full stop."""
    roll = rng.random(ids.size)
    forms = ids.copy()
    for number, low in enumerate((0.0, 0.06, 0.14)):
        chosen = (roll >= low) & (roll < low + 0.06) & (ids < _DRESSED)
        forms[chosen] = _WORDS + number * _DRESSED + ids[chosen]
    return forms


def _vocabulary(number: int) -> list[str]:
    stopwords: frozenset[str] = getattr(get_analyzer("ascii"), "stopwords", frozenset())
    consonants = ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr"]
    syllables = [consonant + vowel for consonant in consonants for vowel in "aeiou"]
    endings = ("n", "ring", "l", "ment", "s", "tion", "r", "c")
    words: dict[str, None] = {}
    code = 0
    while len(words) < number:
        rest, ending = divmod(code * 7 + code % 5, len(endings))
        word = endings[ending]
        while rest:
            rest, syllable = divmod(rest - 1, len(syllables))
            word = syllables[syllable] + word
        if len(word) > 1 and word not in stopwords:
            words[word] = None
        code += 1
    return list(words)


def arxiv(number: int | None = None) -> Iterator[Document]:
    """Yield real titles and abstracts; the file must be there (`ARXIV.exists()`)."""
    return read(ARXIV, number)


def movies(number: int | None = None) -> Iterator[Document]:
    """Yield real titles and plots; the file must be there (`MOVIES.exists()`)."""
    return read(MOVIES, number)


def read(path: Path, number: int | None = None) -> Iterator[Document]:
    """Yield the documents of a file in BEIR's layout, without their fields."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in islice(lines, number):
            row: dict[str, Any] = json.loads(line)
            yield Document(row["_id"], row["title"], row["text"])
