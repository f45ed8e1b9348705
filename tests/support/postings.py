"""Small collections of postings with a BM25 spelt out in plain Python beside them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from nuthatch import CollectionStatistics
from nuthatch.scoring import BM25, PostingList, TermScores, TopK


@dataclass(frozen=True)
class Corpus:
    """Chunks as {id: ({term: tf}, length)}, and the same as scored terms."""

    chunks: dict[int, tuple[dict[int, int], int]]
    vocabulary: int
    idf: Any

    @property
    def tokens(self) -> int:
        return sum(length for _, length in self.chunks.values())

    def terms(self) -> list[TermScores]:
        model = BM25(idf=self.idf)
        statistics = CollectionStatistics(len(self.chunks), self.tokens)
        scored = []
        for term in range(self.vocabulary):
            found = {key: chunk for key, chunk in self.chunks.items() if term in chunk[0]}
            postings = PostingList.of(
                np.array(list(found), dtype=np.int64),
                np.array([tfs[term] for tfs, _ in found.values()], dtype=np.int64),
                np.array([length for _, length in found.values()], dtype=np.int64),
            )
            scored.append(TermScores.of(postings, model, statistics))
        return scored

    def oracle(self, query: list[int]) -> list[tuple[int, float]]:
        """Score every matching chunk, best first, with nothing from the package."""
        count = len(self.chunks)
        average = self.tokens / count if self.tokens else 1.0
        scores: dict[int, float] = {}
        for term in query:
            df = sum(term in tfs for tfs, _ in self.chunks.values())
            odds = (count - df + 0.5) / (df + 0.5)
            if self.idf == "lucene":
                idf = math.log(1 + odds)
            else:
                idf = math.log(odds) if odds > 1 else 1e-6
            for key, (tfs, length) in self.chunks.items():
                if term in tfs:
                    tf = tfs[term]
                    gain = idf * ((tf * 2.2) / (tf + 1.2 * (1 - 0.75 + 0.75 * length / average)))
                    scores[key] = scores.get(key, 0.0) + gain
        return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Few distinct frequencies and lengths, so that ties abound; ids dense or sparse."""
    vocabulary = draw(st.integers(1, 6))
    gap = draw(st.sampled_from([st.just(1), st.sampled_from([1, 2, 1000, 2**25])]))
    chunks: dict[int, tuple[dict[int, int], int]] = {}
    key = draw(st.integers(0, 5))
    tf = st.sampled_from([0, 0, 1, 1, 2, 70_000])
    for _ in range(draw(st.integers(1, 30))):
        drawn = draw(st.lists(tf, min_size=vocabulary, max_size=vocabulary))
        tfs = {term: tf for term, tf in enumerate(drawn) if tf}
        chunks[key] = (tfs, sum(drawn) + draw(st.sampled_from([0, 1, 5])))
        key += draw(gap)
    return Corpus(chunks, vocabulary, draw(st.sampled_from(["lucene", "fts5"])))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Corpus, list[int], Any, set[int]]:
    """Draw a corpus, a query with repeats, a filter in one of its forms, and what it allows."""
    corpus = draw(corpora())
    query = draw(st.lists(st.integers(0, corpus.vocabulary - 1), max_size=8))
    keys = list(corpus.chunks)
    form = draw(st.sampled_from(["none", "ids", "mask"]))
    if form == "none" or (form == "mask" and keys[-1] > 10**5):
        return corpus, query, None, set(keys)
    chosen = {key for key in keys if draw(st.booleans())}
    if form == "ids":
        strangers = {key + 1 for key in keys if draw(st.booleans())} - set(keys)
        both = sorted(chosen | strangers)
        return corpus, query, np.array(both, dtype=draw(st.sampled_from(["u4", "i8"]))), chosen
    mask = np.zeros(draw(st.integers(0, keys[-1] + 3)), dtype=np.bool_)
    mask[[key for key in chosen if key < mask.size]] = True
    return corpus, query, mask, {key for key in chosen if key < mask.size}


def pairs(answer: TopK) -> list[tuple[int, float]]:
    return list(zip(answer.ids.tolist(), answer.scores.tolist(), strict=True))
