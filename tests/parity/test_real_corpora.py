"""On real corpora every engine matches, counts and proves what memory does, and ranks much alike.

Rankings differ where engines approximate (lengths in one byte, another idf), so they are reported
as overlap of the ten best with memory's, over a floor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    AnyOf,
    AuditMode,
    Document,
    Filter,
    IntegerField,
    KeywordField,
    LexicalBackend,
    Operator,
    Range,
    Rung,
    Schema,
    get_analyzer,
)
from nuthatch.corpora import Corpus
from nuthatch_conformance.observe import name_chunks
from support.corpora import DATA

from .engines import Engine

FILMS = (IntegerField("year"), KeywordField("genres"))


@dataclass(frozen=True)
class Sample:
    """Names a corpus, how it is indexed, and which part of it is looked at."""

    corpus: str
    analyzer: str
    chunker: str = "whole"
    fields: tuple[Any, ...] = ()
    every: int = 1
    queries: int = 12

    @property
    def schema(self) -> Schema:
        return Schema(analyzer=self.analyzer, chunker=self.chunker, fields=self.fields)


SAMPLES = [
    Sample("cranfield", "english"),
    Sample("cacm", "english", "words:40:5", every=2),
    Sample("xquad-en", "english", "words:60:10"),
    Sample("xquad-de", "german"),
    Sample("xquad-ar", "arabic"),
    Sample("xquad-tr", "turkish"),
    Sample("xquad-zh", "standard"),
    Sample("movies", "english", fields=FILMS, every=16),
]
#: All of each corpus, but a quarter of the films: memory reads all it has for each search.
WHOLE = [replace(sample, every=4 if sample.fields else 1, queries=60) for sample in SAMPLES]
QUERIES = {"movies": ["silent comedy", "world war ii romance", "alien invasion of earth"]}
CONDITIONS: dict[str, list[list[Filter]]] = {
    "movies": [
        [Range("year", gte=1950, lte=1975)],
        [AnyOf("genres", ["Comedy", "Western"])],
        [Range("year", gte=1990), AnyOf("genres", ["Drama"])],
    ]
}
#: Means of the overlap below this tell of a fault, not of an approximation.
FLOOR = 0.8
#: Hits of a rung that are proven; more would take long and tell nothing new.
PROVEN = 20


@cache
def documents(sample: Sample) -> list[Document]:
    if not (DATA / sample.corpus).is_dir():
        pytest.skip(f"the corpus {sample.corpus} is not at {DATA}")
    return list(Corpus([str(DATA / sample.corpus)]))[:: sample.every]


@cache
def texts(sample: Sample) -> list[str]:
    if sample.corpus in QUERIES:
        titles = [document.title for document in documents(sample) if document.title]
        return [*QUERIES[sample.corpus], *titles[:: max(1, len(titles) // sample.queries)]]
    lines = (DATA / sample.corpus / "queries.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[:: max(1, len(lines) // sample.queries)]]


def rungs(sample: Sample) -> Iterator[tuple[Operator, tuple[str, ...]]]:
    """Yield AND of each query's two longest tokens, and OR of all."""
    analyzer = get_analyzer(sample.analyzer)
    for text in texts(sample):
        tokens = tuple(dict.fromkeys(analyzer.tokens(text)))
        if tokens:
            yield "AND", tuple(sorted(tokens, key=len)[-2:])
            yield "OR", tokens


@dataclass(frozen=True)
class Observation:
    """Everything that is compared."""

    sets: list[tuple[list[tuple[str, int]], int | None]]
    frequencies: dict[str, int]
    proofs: list[dict[tuple[str, int], tuple[str, Any]]]
    best: list[list[tuple[str, int]]]


def observe(index: LexicalBackend, sample: Sample) -> Observation:
    """Load the corpus, then read sets, frequencies, proofs and rankings at once."""
    index.add(documents(sample))
    sets, tokens = [], set()
    with index.reader() as reader:
        for operator, words in rungs(sample):
            tokens.update(words)
            for conditions in [[], *CONDITIONS.get(sample.corpus, [])]:
                matches = reader.match(Rung.of(operator, words), conditions, 10**6)
                rows = reader.fetch([candidate.key for candidate in matches.candidates], False)
                found = sorted((row.uri, row.chunk_idx) for row in rows if row is not None)
                sets.append((found, matches.total))
        counts = dict(reader.document_frequencies(sorted(tokens)))
    proofs, best = [], []
    for text in texts(sample):
        found = index.search(text, PROVEN, policy="ladder", audit=AuditMode.GROUNDED)
        proven = [(hit.document_root, hit.evidence) for hit in found]
        proofs.append(dict(zip(name_chunks(found), proven, strict=True)))
        best.append(name_chunks(index.search(text, 10, policy="ranked")))
    return Observation(sets, counts, proofs, best)


@cache
def by_memory(sample: Sample) -> Observation:
    with nuthatch.open("memory:", schema=sample.schema) as memory:
        return observe(memory, sample)


def compare(engine: Engine, sample: Sample) -> str:
    """Assert what must be equal; return a line about the rankings."""
    expected = by_memory(sample)
    with engine.index(sample.schema) as index:
        found = observe(index, sample)
    for (ours, total), (theirs, known), rung in zip(
        found.sets, expected.sets, _pair_conditions(sample), strict=True
    ):
        assert ours == theirs, rung
        assert total in (None, known), rung
    assert found.frequencies == expected.frequencies
    for ours, theirs, text in zip(found.proofs, expected.proofs, texts(sample), strict=True):
        # Where more match than are shown, ties and approximations decide which.
        assert len(ours) == len(theirs), text
        assert len(ours) == PROVEN or ours.keys() == theirs.keys(), text
        both = ours.keys() & theirs.keys()
        assert {name: ours[name] for name in both} == {name: theirs[name] for name in both}, text
    shares = [
        len(set(ours) & set(theirs)) / len(theirs)
        for ours, theirs in zip(found.best, expected.best, strict=True)
        if theirs
    ]
    mean = sum(shares) / len(shares)
    assert mean >= FLOOR
    return (
        f"{sample.corpus:<10} {engine.name:<8} {len(shares):>3} queries  "
        f"mean {mean:.3f}  lowest {min(shares):.1f}"
    )


def _pair_conditions(sample: Sample) -> list[tuple[Any, list[Filter]]]:
    conditions = [[], *CONDITIONS.get(sample.corpus, [])]
    return [(rung, condition) for rung in rungs(sample) for condition in conditions]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.corpus)
def test_a_sample_is_searched_as_memory_does(
    sample: Sample, engine: Engine, record_property: Any
) -> None:
    record_property("overlap", compare(engine, sample))


@pytest.mark.nightly
@pytest.mark.parametrize("sample", WHOLE, ids=lambda sample: sample.corpus)
def test_the_whole_corpus_is_searched_as_memory_does(
    sample: Sample, engine: Engine, record_property: Any
) -> None:
    record_property("overlap", compare(engine, sample))
