"""What people type: half a word, quotes, a minus, a wrong letter; against the plain search.

| search               | plain search                          | promised, in times of it |
|----------------------|---------------------------------------|--------------------------|
| `quantum ener*`      | quantum energy                        | 1.5                      |
| `"field theory"`     | both words, as `policy="all"`         | 2                        |
| `"state of the art"` | state art, as `policy="all"`          | 3                        |
| `energy -dark`       | energy                                |                          |
| corrections, right   | the same without corrections          | 1.2                      |
| corrections, wrong   | the word as it was before the mistake |                          |

`cached`: each query was made before, as what is kept is kept for. `after a write`: a document is
added before each. `nothing kept`: the caches are emptied before each, the dictionary of words too.
The clock is the processor time of this process and of its sessions on the server.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple, cast

import psycopg

import nuthatch
from benchmarks import corpus
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Document, Schema, TextQuery
from nuthatch_postgres.backend import PostgresBackend
from nuthatch_postgres.search.cache import Caches

SECTION = "What people type"
_LIMIT = 20
#: Documents; there are as many in the real corpus.
_MOST = 50_000
#: Documents that are looked at for one run of words.
_MOST_DRAWN = 1_000
_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'nuthatch'"


class Pair(NamedTuple):
    """A query as people type it, and the plain one that it is held against."""

    typed: TextQuery
    plain: TextQuery


def measure(url: str, number: int, rounds: int, queries: int) -> Iterator[Row]:
    """Yield each kind of query against plain ones: cached, after a write, and with nothing kept."""
    place = f"{url}?index=typed"
    documents = list(_documents(min(number, _MOST)))
    with nuthatch.open(place, create="new", schema=Schema(analyzer="english")) as made:
        made.add(documents)
        made.optimize()
    kinds = _kinds(documents, queries)
    with closing(nuthatch.open(place)) as opened, psycopg.connect(url, autocommit=True) as session:
        index = cast(PostgresBackend, opened)
        _check(index, kinds)
        clock = _processor_time(session)
        for kind, (pairs, times) in kinds.items():
            for state, before in (
                ("cached", None),
                ("after a write", _writer(index)),
                ("nothing kept", _emptier(index)),
            ):
                if before is None:
                    _repeat(index, pairs)
                sides = {
                    "plain": Side(lambda pair: index.search(pair.plain, _LIMIT), before),
                    "typed": Side(lambda pair: index.search(pair.typed, _LIMIT), before),
                }
                seconds = by_turns(sides, pairs, rounds, clock)
                ratio = Ratio.of(seconds["plain"], seconds["typed"])
                least = 1 / times if times and before is None else None
                what = f"{kind}, {state}"
                yield Row(SECTION, what, "the plain search", ratio, least)
    nuthatch.drop(place)


def _documents(number: int) -> Iterator[Document]:
    if corpus.ARXIV.exists():
        return corpus.arxiv(number)
    return corpus.Synthetic().documents(number)


def _kinds(
    documents: Sequence[Document], each: int
) -> Mapping[str, tuple[list[Pair], float | None]]:
    """Return pairs of queries by kind, drawn from the documents, and how many times is promised."""
    rng = random.Random(5)
    stopwords = nuthatch.get_analyzer("english").stopwords
    runs = _Runs(rng, documents, frozenset(stopwords))
    # A corpus of words by rule has no function words.
    with_stops = [run for _ in range(each) if (run := runs.of_both(4))]
    kinds: dict[str, tuple[list[Pair], float | None]] = {
        "prefix of 4 letters": ([_prefix(*runs.of_content(2)) for _ in range(each)], 1.5),
        "phrase": ([_phrase(runs.of_content(2 + at % 2)) for at in range(each)], 2),
        "phrase with function words": ([_phrase(run) for run in with_stops], 3),
        "exclusion": ([_exclusion(*runs.of_content(2)) for _ in range(each)], None),
        "corrections, no word is wrong": (
            [_corrections(" ".join(runs.of_content(3)), None) for _ in range(each)],
            1.2,
        ),
        "corrections, one word is wrong": (
            [_corrections(" ".join(runs.of_content(3)), rng) for _ in range(each)],
            None,
        ),
    }
    return {kind: drawn for kind, drawn in kinds.items() if drawn[0]}


class _Runs:
    """Draws words that follow one another in a document; none where few documents have such."""

    def __init__(
        self, rng: random.Random, documents: Sequence[Document], stopwords: frozenset[str]
    ) -> None:
        self._rng, self._documents, self._stopwords = rng, documents, stopwords

    def of_content(self, length: int) -> list[str]:
        """Return words of six letters and more, none of them a function word."""
        return self._draw(length, lambda words: all(map(_is_long, words)))

    def of_both(self, length: int) -> list[str]:
        """Return a run that begins and ends with a content word, with function words between."""
        return self._draw(
            length,
            lambda words: (
                _is_long(words[0])
                and _is_long(words[-1])
                and all(word in self._stopwords for word in words[1:-1])
            ),
        )

    def _draw(self, length: int, fits: Callable[[Sequence[str]], bool]) -> list[str]:
        for _ in range(_MOST_DRAWN):
            words = self._rng.choice(self._documents).text.lower().split()
            runs = [words[at : at + length] for at in range(len(words) - length + 1)]
            fitting = [run for run in runs if fits(run)]
            if fitting:
                return self._rng.choice(fitting)
        return []


def _is_long(word: str) -> bool:
    return len(word) >= 6 and word.isascii() and word.isalpha()


def _prefix(first: str, last: str) -> Pair:
    return Pair(_query(f"{first} {last[:4]}", prefix=True), _query(f"{first} {last}"))


def _phrase(words: Sequence[str]) -> Pair:
    text = " ".join(words)
    # Of a plain query stop words are dropped; within quotes they must be there.
    return Pair(
        _query(f'"{text}"', syntax="web", policy="all"),
        _query(text, policy="all"),
    )


def _exclusion(first: str, last: str) -> Pair:
    return Pair(_query(f"{first} -{last}", syntax="web"), _query(first))


def _corrections(text: str, rng: random.Random | None) -> Pair:
    typed = text
    if rng is not None:
        at = rng.randrange(1, text.index(" ") - 1)
        typed = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return Pair(_query(typed, corrections="use"), _query(text))


def _query(text: str, **options: Any) -> TextQuery:
    # What judges the best once more by their text costs both sides the same; it is left out.
    return TextQuery(text, **{"policy": "ranked", "relevance": "bm25", **options})


def _check(
    index: PostgresBackend, kinds: Mapping[str, tuple[Sequence[Pair], float | None]]
) -> None:
    """Hold that phrases are found, and that nothing is corrected where no word is wrong."""
    for pair in kinds["phrase"][0]:
        found = index.search(pair.typed, 100_000)
        every = {hit.document_uri for hit in index.search(pair.plain, 100_000)}
        assert found.hits, pair
        assert {hit.document_uri for hit in found} <= every, pair
    for pair in kinds["corrections, no word is wrong"][0]:
        ours, theirs = index.search(pair.typed, _LIMIT), index.search(pair.plain, _LIMIT)
        assert [hit.score for hit in ours] == [hit.score for hit in theirs], pair


def _repeat(index: PostgresBackend, pairs: Sequence[Pair]) -> None:
    """Search until all is cached: a long list is read in part at first."""
    for _ in range(3):
        for pair in pairs:
            index.search(pair.typed, _LIMIT)
            index.search(pair.plain, _LIMIT)


def _writer(index: PostgresBackend) -> Callable[[], None]:
    numbers = iter(range(10**6))

    def write() -> None:
        number = next(numbers)
        text = f"A new document with a word{number} of its own."
        index.add([Document(f"new{number % 5}", "New", text)])

    return write


def _emptier(index: PostgresBackend) -> Callable[[], None]:
    def empty() -> None:
        index._caches = Caches(index.config.cache_bytes, index.schema)

    return empty


def _processor_time(session: psycopg.Connection[Any]) -> Callable[[], float]:
    """Return a clock of the processor time of this process, and of its sessions on the server.

    What it takes to read the clock is left out.
    """
    sessions = [Path(f"/proc/{pid}/schedstat") for (pid,) in session.execute(_SESSIONS).fetchall()]
    own = 0.0

    def clock() -> float:
        nonlocal own
        begun = process_time()
        nanoseconds = sum(int(path.read_text().split()[0]) for path in sessions)
        now = process_time()
        own += now - begun
        return now - own + nanoseconds / 1e9

    return clock
