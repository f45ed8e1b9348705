"""What people type beside words: half a word, quotes, a minus, and corrections that none needs.

Queries are two neighbouring words of a document, neither a stop word; with function words three, of
which the middle one is a stop word. All is searched with the formula of the engine alone
(`relevance="bm25"`), so that nothing else is measured.

| prefix      | the first word, and the last one's first three letters, against both words   |
| phrase      | both in quotes, against the AND of both                                       |
| exclusion   | both, without a third word, against both                                      |
| corrections | both with `corrections="use"`, against both: every word is known              |
| cold        | the index is opened for each search                                           |
| after write | a document is added before each search, with the feature and without          |

CPU time of the thread. What is promised holds for the median query (p50).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import nuthatch
from benchmarks.report import Row
from benchmarks.sqlite.stage import BATCH, Stage
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import Document, LexicalBackend, Policy, Results

SECTION = "What is typed beside words"
SAME = (
    "what is found with a phrase, or without a word, must be a part of what the words find,\n"
    "what all words find a part of what a prefix finds, and corrections must change nothing"
)
LIMIT = 20
_MOST_DRAWN = 50_000


class Typed(NamedTuple):
    """Two words that stand side by side, or around a function word, and a third word."""

    words: str
    phrase: str
    other: str

    @property
    def begun(self) -> str:
        """The words, of the last of which three letters are typed."""
        *before, last = self.words.split()
        return " ".join([*before, last[:3]])


class _Feature(NamedTuple):
    """A kind of search beside its baseline, and the least ratio that is promised."""

    what: str
    plain: Callable[[LexicalBackend, Typed], Results]
    ours: Callable[[LexicalBackend, Typed], Results]
    least: float | None


def _ranked(index: LexicalBackend, text: str, **options: Any) -> Results:
    return index.search(text, LIMIT, policy="ranked", relevance="bm25", **options)


def _all(index: LexicalBackend, text: str, **options: Any) -> Results:
    return index.search(text, LIMIT, policy="all", relevance="bm25", **options)


_FEATURES = (
    _Feature(
        "prefix, any word",
        lambda index, typed: _ranked(index, typed.words),
        lambda index, typed: _ranked(index, typed.begun, prefix=True),
        1 / 1.5,
    ),
    _Feature(
        "prefix, all words",
        lambda index, typed: _all(index, typed.words),
        lambda index, typed: _all(index, typed.begun, prefix=True),
        1 / 1.5,
    ),
    _Feature(
        "phrase",
        lambda index, typed: _all(index, typed.words),
        lambda index, typed: _all(index, f'"{typed.words}"', syntax="web"),
        1 / 2,
    ),
    _Feature(
        "exclusion",
        lambda index, typed: _ranked(index, typed.words),
        lambda index, typed: _ranked(index, f"{typed.words} -{typed.other}", syntax="web"),
        None,
    ),
    _Feature(
        "corrections",
        lambda index, typed: _ranked(index, typed.words),
        lambda index, typed: _ranked(index, typed.words, corrections="use"),
        1 / 1.2,
    ),
)
_FUNCTION_WORDS = _Feature(
    "phrase with a function word",
    lambda index, typed: _all(index, typed.words),
    lambda index, typed: _all(index, f'"{typed.phrase}"', syntax="web"),
    1 / 3,
)


def measure(engine: str, stage: Stage) -> Iterator[Row]:
    """Yield what each feature costs: cached, cold, and after a write."""
    url = f"{engine}:{stage.folder / f'typed.{engine}'}"
    with nuthatch.open(url, create="new", schema=nuthatch.Schema(analyzer="english")) as index:
        index.add(stage.documents, batch=BATCH)
        index.optimize()
        pairs = [*islice(_draw(stage, index, middle=False), stage.each)]
        triples = [*islice(_draw(stage, index, middle=True), stage.each)]
    with nuthatch.open(url) as index:
        _check(index, pairs[:3])
        for feature in _FEATURES:
            yield from _compare(stage, index, feature, pairs)
        if triples:
            yield from _compare(stage, index, _FUNCTION_WORDS, triples)
        few = pairs[: max(1, len(pairs) // 4)]
        for feature in _FEATURES:
            yield from _compare(stage, index, feature, few, before=_writer(index))
        index.delete(["new"])
    for feature in _FEATURES:
        yield from _compare_cold(stage, url, feature, few)


def _draw(stage: Stage, index: LexicalBackend, *, middle: bool) -> Iterator[Typed]:
    """Draw neighbouring words of documents; few or none of a corpus without function words."""
    rng, stop = Random(5), nuthatch.get_analyzer("english").stopwords
    for _ in range(_MOST_DRAWN):
        words = rng.choice(stage.documents).text.split()
        width = 3 if middle else 2
        at = rng.randrange(max(1, len(words) - width))
        first, *between, last = words[at : at + width] if len(words) >= width else ("", "")
        if not all(word.isalpha() and len(word) > 3 and word not in stop for word in (first, last)):
            continue
        if all(word in stop for word in between):
            yield Typed(f"{first} {last}", " ".join((first, *between, last)), rng.choice(words))


def _check(index: LexicalBackend, queries: list[Typed]) -> None:
    def find(text: str, policy: Policy = "all", **options: Any) -> set[str]:
        return {hit.document_uri for hit in index.search(text, 100_000, policy=policy, **options)}

    for typed in queries:
        every = find(typed.words)
        assert find(f'"{typed.words}"', syntax="web") <= every, typed
        assert every <= find(typed.begun, prefix=True), typed
        assert find(typed.words, corrections="use") == every, typed
        some = find(typed.words, "ranked")
        assert find(f"{typed.words} -{typed.other}", "ranked", syntax="web") <= some, typed


def _compare(
    stage: Stage,
    index: LexicalBackend,
    feature: _Feature,
    queries: list[Typed],
    before: Callable[[], object] | None = None,
) -> Iterator[Row]:
    sides = {
        "plain": Side(lambda typed: feature.plain(index, typed), before),
        "ours": Side(lambda typed: feature.ours(index, typed), before),
    }
    if before is None:
        by_turns(sides, queries, 3)  # what is used again is cached
    seconds = by_turns(sides, queries, stage.rounds)
    what = feature.what if before is None else f"{feature.what}, after a write"
    least = feature.least if before is None else None
    yield _row(what, Ratio.of(seconds["plain"], seconds["ours"]), least)


def _compare_cold(stage: Stage, url: str, feature: _Feature, queries: list[Typed]) -> Iterator[Row]:
    def cold(search: Callable[[LexicalBackend, Typed], Results]) -> Side:
        def run(typed: Typed) -> object:
            with nuthatch.open(url) as opened:
                return search(opened, typed)

        return Side(run)

    sides = {"plain": cold(feature.plain), "ours": cold(feature.ours)}
    seconds = by_turns(sides, queries, stage.rounds)
    yield _row(f"{feature.what}, cold", Ratio.of(seconds["plain"], seconds["ours"]), None)


def _row(what: str, ratio: Ratio, least: float | None) -> Row:
    return Row(
        SECTION,
        what,
        "the same words alone",
        ratio,
        value=f"**{ratio.p50:.2f}** (p50)",
        goal="" if least is None else f"≥ {least:.2f} (p50)",
        met=None if least is None else ratio.p50 >= least,
    )


def _writer(index: LexicalBackend) -> Callable[[], object]:
    """Return what adds a document, another one each time."""
    numbers = iter(range(10**6))
    return lambda: index.add(Document("new", "New", f"A new document {next(numbers)}."))
