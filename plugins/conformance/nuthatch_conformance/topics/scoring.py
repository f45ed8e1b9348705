"""Scoring: a score is called BM25 only where it is.

    score = Σ over the words   idf · tf · (k1 + 1) / (tf + k1 · (1 − b + b · length / average))

Of one word, 1 / score is therefore a + b / tf + c · length / tf, with a > 0 and b, c ≥ 0, whatever
k1, b and the idf are. Three chunks give a, b and c; all others must lie on the same plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import isclose
from typing import Final

from nuthatch import Document, LexicalBackend, Schema
from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.topic import Topic, case

#: Of chunks, in words; engines that keep lengths in one byte keep these as they are.
_LENGTHS: Final = (8, 16, 24, 32)
_COUNTS: Final = (1, 2, 4, 7)
#: Scores may be of single precision.
_CLOSE: Final = 1e-4

#: By how often a word stands in a chunk, and the chunk's length.
Scores = Mapping[tuple[int, int], float]


class Scoring(Topic, topic="scoring", needs="write text"):
    """The name of a score in the backend's spec, and the formula behind it."""

    @case(since=(2, 0))
    def test_a_part_is_called_bm25_where_the_spec_says_so(self, engine: Engine) -> None:
        """The score of a hit has the one part "bm25" if the spec says so, and else none of it.

        Likely causes: hits made by the engine in place of core; a spec that was changed alone.
        """
        index = engine.index([Document("d0", "", "aa bb"), Document("d1", "", "aa")])
        for hit in index.search("aa bb", policy="ranked"):
            if index.spec.score == "bm25":
                equal(hit.score_parts, {"bm25": hit.score}, "the parts of a score")
            else:
                holds(
                    "bm25" not in hit.score_parts,
                    "a part is called bm25, which the spec does not say",
                )

    @case(since=(2, 0), needs="stable_scores")
    def test_a_score_that_is_called_bm25_is(self, engine: Engine) -> None:
        """BM25 saturates with frequency, falls with length, adds up, and weighs rare words more.

        Any k1, b and idf will do.

        Likely causes: a spec copied from another engine; a boost, a square root or a logarithm of
        the score; the best word in place of the sum; another similarity by the engine's default.
        """
        index = engine.index(_grid("common", "rare"), schema=Schema())
        if index.spec.score != "bm25":
            raise NotApplicable("its spec does not say that its scores are BM25")
        common, rare, both = (
            _read_scores(index, text, engine.everything)
            for text in ("common", "rare", "common rare")
        )
        _check_plane(common)
        for place in rare:
            holds(rare[place] > common[place], f"the rarer word weighs no more at {place}")
            total = rare[place] + common[place]
            close = isclose(both[place], total, rel_tol=_CLOSE)
            holds(close, f"two words score {both[place]} at {place}; their sum is {total}")


def _grid(common: str, rare: str) -> list[Document]:
    """Return chunks of every count and length with one word, and every second with another too."""
    documents = []
    for number, (count, length) in enumerate(product(_COUNTS, _LENGTHS)):
        for words in ((common,), (common, rare)):
            used = [word for word in words for _ in range(count)]
            if len(used) <= length:
                others = [f"other{place}" for place in range(length - len(used))]
                uri = f"{len(words)} {count} {length} {number}"
                documents.append(Document(uri, "", " ".join((*used, *others))))
    return documents


def _read_scores(index: LexicalBackend, text: str, limit: int) -> Scores:
    """Return the scores of the chunks with both words."""
    hits = index.search(text, limit, policy="ranked")
    places = [(hit.document_uri.split(), hit.score) for hit in hits]
    return {
        (int(count), int(length)): score
        for (words, count, length, _), score in places
        if words == "2"
    }


def _check_plane(scores: Scores) -> None:
    """Fail unless 1 / score is a + b / tf + c · length / tf, with a > 0 and b, c ≥ 0."""
    few, many = _COUNTS[0], _COUNTS[1]
    short, long = _LENGTHS[0], _LENGTHS[-1]
    inverse = {place: 1 / score for place, score in scores.items() if score > 0}
    holds(len(inverse) == len(scores), "a score of BM25 is above zero")
    c = (inverse[few, long] - inverse[few, short]) * few / (long - short)
    steep = (inverse[few, short] - inverse[many, short]) / (1 / few - 1 / many)
    b = steep - c * short
    a = inverse[few, short] - steep / few
    least = -_CLOSE * inverse[few, short]
    holds(a > -least, "the score grows with the frequency of a word without end")
    holds(b >= least and c >= least, "the score does not fall with the length of a chunk")
    for (count, length), value in inverse.items():
        expected = a + b / count + c * length / count
        holds(
            isclose(value, expected, rel_tol=_CLOSE),
            f"a chunk of {length} words, {count} of them the query's, scores {1 / value}; "
            f"the others make it {1 / expected}",
        )
