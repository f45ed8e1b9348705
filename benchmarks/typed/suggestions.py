"""What a suggestion costs at each key stroke, beside a search of the same index.

    s su sup supe super …      the first eight letters of a word of some document
    … suqe suqer suqern        the same with one letter wrong, from four letters on

| before | each was typed before: what somebody types, others did                                  |
| new    | none was typed before, since the index was opened                                       |
| words  | words are typed letter by letter after the index was opened: what comes again is known  |

The search is for two words of a document and ten hits, each done before. So what is promised is of
strokes that were done before, too. Both are processor time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from random import Random
from string import ascii_lowercase
from typing import NamedTuple, cast

import numpy as np

import nuthatch
from benchmarks.report import Row
from benchmarks.timing import Ratio, Seconds, Side, by_turns
from benchmarks.typed.place import Place
from nuthatch import DictionaryReader, Document, LexicalBackend

SECTION = "Suggestions"
#: A suggestion takes at most half the time of a search.
TARGET = 2.0
LETTERS = 8
#: From so many letters on an error is forgiven.
_FORGIVEN = 4
_LIMIT = 10


class Stroke(NamedTuple):
    """What is typed so far, beside a search that is done before or after it."""

    text: str
    query: str


def measure(place: Place, documents: Sequence[Document], words: int, rounds: int) -> Iterator[Row]:
    """Yield what suggestions cost, of so many words that are typed."""
    drawn, queries = _draw(documents, words)
    right = [word[:end] for word in drawn for end in range(1, len(word) + 1)]
    wrong = [*_with_error(right)]
    with place.index("suggestions", documents) as url:
        typed = _Typed(place, url, queries)
        yield typed.describe()
        for name, texts in (("", right), (", one error", wrong)):
            what = f"{place.engine}{name}"
            yield _row(f"{what}, typed before", typed.again(texts, rounds), TARGET)
            yield _row(f"{what}, words typed from the start", typed.once(texts, rounds), None)
            for length in range(1 if texts is right else _FORGIVEN, LETTERS + 1):
                some = [*dict.fromkeys(text for text in texts if len(text) == length)]
                if some:
                    yield _row(f"{what}, new, letters: {length}", typed.once(some, rounds), None)


class _Typed:
    """Key strokes and searches of one index."""

    def __init__(self, place: Place, url: str, queries: Sequence[str]) -> None:
        self._place = place
        self._url = url
        self._queries = queries

    def describe(self) -> Row:
        """Return how long the first suggestion takes, which reads the words of the index."""
        with nuthatch.open(self._url) as index:
            begun = self._place.clock()
            index.suggest("zzzz", _LIMIT)
            taken = self._place.clock() - begun
            with index.reader() as reader:
                number = len(cast(DictionaryReader, reader).words("", 10**6))
        what = f"{self._place.engine}, the first one after the index was opened"
        return Row(SECTION, what, f"{number:,} stems", value=f"{1000 * taken:.0f} ms")

    def again(self, texts: Sequence[str], rounds: int) -> Ratio:
        """Compare strokes that were all done before."""
        with nuthatch.open(self._url) as index:
            strokes = self._warm(index, texts)
            by_turns(self._sides(index), strokes, 1, self._place.clock)
            return _compare(by_turns(self._sides(index), strokes, rounds, self._place.clock))

    def once(self, texts: Sequence[str], rounds: int) -> Ratio:
        """Compare strokes on an index that is opened anew for each round."""
        found = []
        for _ in range(rounds):
            with nuthatch.open(self._url) as index:
                strokes = self._warm(index, texts)
                found.append(by_turns(self._sides(index), strokes, 1, self._place.clock))
        return _compare({name: np.concatenate([one[name] for one in found]) for name in found[0]})

    def _warm(self, index: LexicalBackend, texts: Iterable[str]) -> list[Stroke]:
        """Do each search, and what is done once after the index was opened; return the strokes."""
        for _ in range(3):
            for query in self._queries:
                index.search(query, _LIMIT)
        index.suggest("zzzz", _LIMIT)
        return [*map(Stroke, texts, cycle(self._queries))]

    def _sides(self, index: LexicalBackend) -> dict[str, Side]:
        return {
            "search": Side(lambda one: index.search(one.query, _LIMIT)),
            "suggest": Side(lambda one: index.suggest(one.text, _LIMIT)),
        }


def _compare(seconds: dict[str, Seconds]) -> Ratio:
    return Ratio.of(seconds["search"], seconds["suggest"])


def _row(what: str, ratio: Ratio, target: float | None) -> Row:
    return Row(SECTION, what, "a warm search of ten", ratio, target)


def _draw(documents: Sequence[Document], number: int) -> tuple[list[str], list[str]]:
    """Return words that are typed, their first letters, and searches of two words."""
    rng = Random(8)
    words: list[str] = []
    queries: list[str] = []
    while len(words) < number:
        held = [word for word in rng.choice(documents).text.split() if word.isalpha()]
        held = [word.lower() for word in held if len(word) > 3]
        if len(held) > 2:
            words.append(rng.choice(held)[:LETTERS])
            queries.append(" ".join(rng.sample(held, 2)))
    return words, queries


def _with_error(texts: Iterable[str]) -> Iterator[str]:
    rng = Random(9)
    for text in texts:
        if len(text) >= _FORGIVEN:
            at = rng.randrange(len(text))
            yield text[:at] + rng.choice(ascii_lowercase.replace(text[at], "")) + text[at + 1 :]
