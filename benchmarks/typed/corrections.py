"""What corrections bring back, and that they leave alone what is right.

    title or judged query ─▶ one error in one word, which no document has then
                          ├─ nDCG@10 as it was, as it was mistyped, with `corrections="use"`
                          └─ hits of the right query with corrections and without

The error is an insertion, a deletion, a substitution or a transposition, in a word of at least four
letters and no digit, of all that are left after it as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple, cast

import nuthatch
from benchmarks import corpus
from benchmarks.report import Row
from benchmarks.titles.draw import ERRORS, mistype
from benchmarks.typed.place import Place
from nuthatch import DictionaryReader, Document, LexicalBackend, Schema
from nuthatch.contract.query import Corrections
from nuthatch.corpora import Corpus
from nuthatch.demo.judged import load, ndcg

SECTION = "Corrections: nDCG@10"
UNTOUCHED = "Corrections where every word is known"
#: The least share of the right query's nDCG@10.
LEAST = 0.9
_LIMIT = 10
_WORD = re.compile(r"[^\W\d_]{4,}")
Grades = Mapping[str, int]


class Judged(NamedTuple):
    """A query, and what its documents are worth."""

    text: str
    grades: Grades


class Mistyped(NamedTuple):
    """A query with one error, beside the right one."""

    judged: Judged
    text: str
    error: str


class Judgments(NamedTuple):
    """A corpus by name, and its queries."""

    name: str
    documents: Iterable[Document]
    queries: Sequence[Judged]


def corpora(data: Path, queries: int) -> Iterator[Judgments]:
    """Yield the corpora that are there: titles of films, each of which is to find its film, and
    searches of a shop."""
    films = data / "movies" / "corpus.jsonl.gz"
    if films.exists():
        documents = [*corpus.read(films)]
        drawn = Random(6).sample(documents, min(len(documents), 2 * queries))
        titles = [Judged(film.title, {film.uri: 1}) for film in drawn if film.title]
        yield Judgments("titles of films", documents, titles)
    shop = data / "chorus-icecat"
    if shop.is_dir():
        judged = load(shop, Schema(analyzer="english"))
        asked = [Judged(judged.queries[name], judged.judgments[name]) for name in judged.judgments]
        # A query has few words, so that several errors are drawn in each.
        asked = [one for one in asked if any(grade > 0 for grade in one.grades.values())]
        yield Judgments("searches of a shop", Corpus([str(shop)]), asked * 8)


def measure(place: Place, data: Path, queries: int) -> Iterator[Row]:
    """Yield what is found of each corpus, and what differs though it need not."""
    for judgments in corpora(data, queries):
        with (
            place.index("corrections", judgments.documents) as url,
            nuthatch.open(url) as index,
        ):
            what = f"{place.engine}, {judgments.name}"
            pairs = [*_draw(index, judgments.queries, queries)]
            yield from _gains(index, what, pairs)
            yield _count_differences(index, what, judgments.queries[: 2 * queries])


def _draw(index: LexicalBackend, queries: Sequence[Judged], most: int) -> Iterator[Mistyped]:
    """Yield queries with one error, each sort of error in turn."""
    rng, drawn = Random(7), 0
    for judged in queries:
        words = [*_WORD.finditer(judged.text)]
        if not words or drawn == most:
            continue
        word, error = rng.choice(words), ERRORS[drawn % len(ERRORS)]
        wrong = mistype(rng, word[0], error)
        if wrong != word[0] and not any(_frequencies(index, wrong)):
            drawn += 1
            text = judged.text[: word.start()] + wrong + judged.text[word.end() :]
            yield Mistyped(judged, text, error)


def _frequencies(index: LexicalBackend, text: str) -> list[int]:
    """Return how many chunks hold each word of a text."""
    tokens = index.analyzer.tokens(text)
    with index.reader() as reader:
        known = cast(DictionaryReader, reader).document_frequencies(tokens)
    return [known[token] for token in tokens]


def _gains(index: LexicalBackend, what: str, pairs: Sequence[Mistyped]) -> Iterator[Row]:
    gains = [
        (
            _gain(index, pair.judged.text, pair.judged.grades),
            _gain(index, pair.text, pair.judged.grades),
            _gain(index, pair.text, pair.judged.grades, "use"),
        )
        for pair in pairs
    ]
    yield _row(what, gains, LEAST)
    for error in ERRORS:
        some = [gain for gain, pair in zip(gains, pairs, strict=True) if pair.error == error]
        if some:
            yield _row(f"{what}, {error}", some, None)


def _gain(
    index: LexicalBackend, text: str, grades: Grades, corrections: Corrections = "off"
) -> float:
    results = index.search(text, _LIMIT, corrections=corrections)
    return ndcg([*dict.fromkeys(hit.document_uri for hit in results)], grades)


def _row(what: str, gains: Sequence[tuple[float, float, float]], least: float | None) -> Row:
    clean, wrong, used = (sum(column) / len(gains) for column in zip(*gains, strict=True))
    share = used / clean if clean else 1.0
    return Row(
        SECTION,
        f"{what}, {len(gains):,} queries",
        f"as it was {clean:.3f}, mistyped {wrong:.3f}, corrected {used:.3f}",
        value=f"**{share:.3f}**",
        goal="" if least is None else f"≥ {least:g} of as it was",
        met=None if least is None else share >= least,
    )


def _count_differences(index: LexicalBackend, what: str, queries: Sequence[Judged]) -> Row:
    """Count the queries of known words that corrections change."""
    texts = [
        text for text in dict.fromkeys(query.text for query in queries) if _is_known(index, text)
    ]
    different = 0
    for text in texts:
        plain, corrected = (
            [(hit.document_uri, hit.score) for hit in index.search(text, _LIMIT, corrections=mode)]
            for mode in cast(tuple[Corrections, ...], ("off", "use"))
        )
        different += plain != corrected
    return Row(
        UNTOUCHED,
        f"{what}, {len(texts):,} queries",
        "hits and scores without corrections",
        value=f"**{different}** differ",
        goal="0 differ",
        met=not different,
    )


def _is_known(index: LexicalBackend, text: str) -> bool:
    return all(_frequencies(index, text))
