"""What people type, against the plain search: half a word, quotes, a minus, a wrong letter.

| search               | plain search                          | times of it that are promised |
|----------------------|---------------------------------------|-------------------------------|
| `quantum ener*`      | quantum energy                        | 1.5                           |
| `"field theory"`     | both words, as `policy="all"`         | 2                             |
| `"state of the art"` | state art, as `policy="all"`          | 3                             |
| `energy -dark`       | energy                                |                               |
| corrections, right   | the same without corrections          | 1.2                           |
| corrections, wrong   | the word as it was before the mistake |                               |

Both are whole searches by the policy `ranked` where no other is named, and nobody reads the hits.
What judges the best once more by their text costs both the same, and is left out. CPU time of the
thread; each query was made before.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import nuthatch
from benchmarks.report import Row
from benchmarks.sqlite.stage import BATCH, Stage
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Document, LexicalBackend, Schema, TextQuery

SECTION = "What people type"
_LIMIT = 20
#: Hits that are compared before anything is timed; where more match they are not.
_COMPARED = 1_000


class Pair(NamedTuple):
    """A query as people type it, and the plain one that it is held against."""

    typed: TextQuery
    plain: TextQuery


class Kind(NamedTuple):
    """Queries of one kind; `times` is what they may take of the plain ones' time."""

    what: str
    pairs: Sequence[Pair]
    times: float | None = None
    is_subset: bool = False


def measure(engine: str, stage: Stage) -> Iterator[Row]:
    """Yield each kind of query against the plain ones."""
    url = f"{engine}:{stage.folder / f'typed.{engine}'}"
    with nuthatch.open(url, create="new", schema=Schema(analyzer="english")) as index:
        index.add(stage.documents, batch=BATCH)
    with nuthatch.open(url) as index:
        for kind in make_kinds(stage.documents, stage.each):
            for pair in kind.pairs:
                _check(index, kind, pair)
            sides = {
                "plain": Side(lambda pair: index.search(pair.plain, _LIMIT)),
                "typed": Side(lambda pair: index.search(pair.typed, _LIMIT)),
            }
            seconds = by_turns(sides, kind.pairs, stage.rounds)
            ratio = Ratio.of(seconds["plain"], seconds["typed"])
            yield Row(
                SECTION,
                f"{engine}, {kind.what}",
                "the plain search",
                goal=f"≤ {kind.times:g} times" if kind.times else "",
                value=(
                    f"**{1 / ratio.total:.2f} times** the time, "
                    f"{ratio.baseline_ms:.2f} / {ratio.ms:.2f} ms"
                ),
                met=1 / ratio.total <= kind.times if kind.times else None,
            )


def make_kinds(documents: Sequence[Document], each: int) -> list[Kind]:
    """Return queries drawn from documents."""
    runs = _Runs(documents)
    right = [" ".join(runs.of_content(3)) for _ in range(each)]
    phrases = [_phrase(runs.of_content(2 + at % 2)) for at in range(each)]
    with_stops = [_phrase(runs.around_stopwords(4)) for _ in range(each)]
    corrected = [Pair(_query(text, corrections="use"), _query(text)) for text in right]
    wrong = [Pair(_query(_mistype(text), corrections="use"), _query(text)) for text in right]
    return [
        Kind("prefix of 4 letters", [_prefix(*runs.of_content(2)) for _ in range(each)], 1.5),
        Kind("prefix of 2 letters", [_prefix(*runs.of_content(2), 2) for _ in range(each)]),
        Kind("phrase", phrases, 2, is_subset=True),
        Kind("phrase with function words", with_stops, 3, is_subset=True),
        Kind("exclusion", [_exclusion(*runs.of_content(2)) for _ in range(each)], is_subset=True),
        Kind("corrections, no word is wrong", corrected, 1.2, is_subset=True),
        Kind("corrections, one word is wrong", wrong),
    ]


def _check(index: LexicalBackend, kind: Kind, pair: Pair) -> None:
    """Search for both, and hold that what only filters finds nothing else with another score."""
    found, plain = (
        {(hit.document_uri, hit.chunk_idx): hit.score for hit in index.search(query, _COMPARED)}
        for query in pair
    )
    if len(plain) == _COMPARED:
        return
    if kind.is_subset and not found.items() <= plain.items():
        raise AssertionError(f"{pair.typed.text!r} finds more than {pair.plain.text!r}")
    if pair.typed.corrections == "use" and kind.times and found != plain:
        raise AssertionError(f"{pair.typed.text!r} was corrected")


class _Runs:
    """Draws words that follow one another in a document."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._random = random.Random(5)
        analyzer: Any = nuthatch.get_analyzer("english")
        self._stopwords: frozenset[str] = frozenset(analyzer.stopwords)

    def of_content(self, length: int) -> list[str]:
        """Return a run of words of six letters and more, none of them a function word."""
        return self._draw(length, lambda words: all(map(_is_long, words)))

    def around_stopwords(self, length: int) -> list[str]:
        """Return a run that begins and ends with a long word, with function words between."""
        return self._draw(
            length,
            lambda words: (
                _is_long(words[0])
                and _is_long(words[-1])
                and self._stopwords.issuperset(words[1:-1])
            ),
        )

    def _draw(self, length: int, fits: Callable[[Sequence[str]], bool]) -> list[str]:
        while True:
            words = self._random.choice(self._documents).text.lower().split()
            runs = [words[at : at + length] for at in range(len(words) - length + 1)]
            if fitting := [run for run in runs if fits(run)]:
                return self._random.choice(fitting)


def _is_long(word: str) -> bool:
    return len(word) >= 6 and word.isascii() and word.isalpha()


def _prefix(first: str, last: str, letters: int = 4) -> Pair:
    return Pair(_query(f"{first} {last[:letters]}", prefix=True), _query(f"{first} {last}"))


def _phrase(words: Sequence[str]) -> Pair:
    # Of a plain query function words are dropped; within quotes they must be there.
    text = " ".join(words)
    return Pair(_query(f'"{text}"', syntax="web", policy="all"), _query(text, policy="all"))


def _exclusion(first: str, last: str) -> Pair:
    return Pair(_query(f"{first} -{last}", syntax="web"), _query(first))


def _mistype(text: str) -> str:
    """Return a text with two letters of its first word swapped."""
    return text[0] + text[2] + text[1] + text[3:]


def _query(text: str, **options: Any) -> TextQuery:
    return TextQuery(text, **{"policy": "ranked", "relevance": "bm25", **options})
