"""BM25, in the order of operations of FTS5.

    score(q, d) = sum over the tokens t of q, in query order, of

                          tf * (k1 + 1)
        idf(t) * ----------------------------------
                 tf + k1 * (1 - b + b * D / avgdl)

tf: occurrences of t in chunk d; D: tokens of d; avgdl: mean D; N: chunks; n: chunks that hold t.
A token that stands twice in the query adds twice.

    idf "lucene"   ln(1 + (N - n + 0.5) / (n + 0.5))         always positive
    idf "fts5"     ln((N - n + 0.5) / (n + 0.5))             1e-6 where that is not positive

Sources: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009;
Lucene's BM25Similarity; SQLite's ext/fts5/fts5_aux.c. Lucene 8 dropped the constant factor
(k1 + 1), which orders nothing; one formula serves here, so a "lucene" score is 2.2 times Lucene's.

Floating point is part of the contract: both additions and multiplications happen in the order
that FTS5 does them, in float64. On builds of SQLite without fused multiply-add (x86-64), a score
is FTS5's own to the last bit, with the sign turned; elsewhere it is within a few units of it.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from nuthatch.contract.statistics import inverse_document_frequency

if TYPE_CHECKING:
    from nuthatch.scoring.arrays import ScoreArray

Idf = Literal["lucene", "fts5"]
Quantity = TypeVar("Quantity", float, "ScoreArray")

#: What FTS5 puts in place of an idf that is zero or negative (more than half of the chunks match).
FTS5_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class BM25:
    """Scores one term in one chunk; `k1` saturates the frequency, `b` normalizes the length."""

    k1: float = 1.2
    b: float = 0.75
    idf: Idf = "lucene"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.k1) and self.k1 >= 0):
            raise ValueError(f"k1 must be finite and not negative, found {self.k1}")
        if not 0 <= self.b <= 1:
            raise ValueError(f"b must lie between 0 and 1, found {self.b}")
        if self.idf not in get_args(Idf):
            raise ValueError(f"idf must be one of {', '.join(get_args(Idf))}, found {self.idf!r}")

    def weight(self, chunks: int, df: int) -> float:
        """Return the idf of a term that `df` of `chunks` chunks hold."""
        if not 0 <= df <= chunks:
            raise ValueError(f"df must lie between 0 and the number of chunks {chunks}, found {df}")
        if self.idf == "lucene":
            return inverse_document_frequency(chunks, df)
        logarithm = math.log((chunks - df + 0.5) / (df + 0.5))
        return logarithm if logarithm > 0 else FTS5_FLOOR

    def bound(self, weight: float) -> float:
        """Return what no impact of a term with this idf reaches, however frequent it is."""
        return weight * (self.k1 + 1.0)

    def impact(
        self, tf: Quantity, length: Quantity, *, weight: float, average_length: float
    ) -> Quantity:
        """Return what one query token adds to a chunk's score.

        `tf` and `length` (tokens) are floats, or float64 arrays of one shape; `weight` is the idf.
        """
        norm = 1 - self.b + self.b * length / average_length
        return weight * ((tf * (self.k1 + 1.0)) / (tf + self.k1 * norm))
