"""Snippets of ten hits against tokenizing and a window over the tokens."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import nuthatch
from benchmarks.baselines.snippets import matches, tokenize_and_window
from benchmarks.corpus import ARXIV, arxiv
from benchmarks.report import Row
from benchmarks.sqlite.stage import LIMIT, Stage
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch.text.locate import locator
from nuthatch.text.snippet import Snippets
from nuthatch.text.snowball import SnowballAnalyzer

SECTION = "Snippets"
_BASELINE = "tokenize and window, same analyzer"


class _Hits(NamedTuple):
    tokens: frozenset[str]
    texts: list[str]


def measure(stage: Stage) -> Iterator[Row]:
    """Yield each size of document, analyzer `english`; of real text where there is some."""
    analyzer = cast(SnowballAnalyzer, nuthatch.get_analyzer("english"))
    documents = stage.documents[:20_000]
    if ARXIV.exists():
        documents = list(arxiv(min(20_000, 5 * len(documents))))
    ascii_texts = [document.text for document in documents if document.text.isascii()]
    for name, size in (("850-byte documents", 850), ("5-KB documents", 5_000)):
        queries = _hits(analyzer, ascii_texts, size, stage.each)
        for query in queries:
            for text in query.texts:
                spans = [(start, end) for start, end, _ in locator(analyzer, query.tokens)(text)]
                assert spans == matches(analyzer, text, query.tokens), (query.tokens, text)
        sides = {
            "baseline": Side(lambda query: _baseline(analyzer, query)),
            "ours": Side(lambda query: _ours(analyzer, query)),
        }
        seconds = by_turns(sides, queries, stage.rounds)
        ratio = Ratio.of(seconds["baseline"], seconds["ours"])
        yield Row(SECTION, f"ten hits, {name}", _BASELINE, ratio, 10)


def _hits(analyzer: SnowballAnalyzer, texts: Sequence[str], size: int, number: int) -> list[_Hits]:
    """Make ten texts of about `size` characters and three words of the first for each query."""
    rng = random.Random(5)
    queries = []
    for _ in range(number):
        found = []
        for _ in range(LIMIT):
            text = rng.choice(texts)
            while len(text) < size:
                text += "\n\n" + rng.choice(texts)
            found.append(text[:size])
        stems = sorted(set(analyzer.tokens(found[0])) - analyzer.stopwords)
        queries.append(_Hits(frozenset(rng.sample(stems, min(3, len(stems)))), found))
    return queries


def _baseline(analyzer: SnowballAnalyzer, query: _Hits) -> None:
    for text in query.texts:
        tokenize_and_window(analyzer, text, query.tokens)


def _ours(analyzer: SnowballAnalyzer, query: _Hits) -> None:
    snippets = Snippets(analyzer, query.tokens, width=240)
    for text in query.texts:
        snippets.cut(text)
