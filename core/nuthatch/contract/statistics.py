"""What formulas of relevance know of a whole index."""

from __future__ import annotations

from dataclasses import dataclass
from math import log


@dataclass(frozen=True, slots=True)
class CollectionStatistics:
    """The number of chunks of an index, and of their tokens."""

    chunks: int
    tokens: int

    def __post_init__(self) -> None:
        if self.chunks < 0 or self.tokens < 0:
            raise ValueError(f"counts must not be negative, found {self.chunks} and {self.tokens}")

    @property
    def average_length(self) -> float:
        """Mean tokens per chunk (avgdl); 1.0 where there are none, as it only ever divides."""
        return self.tokens / self.chunks if self.chunks and self.tokens else 1.0


def inverse_document_frequency(chunks: int, frequency: int) -> float:
    """Return the idf of a token that `frequency` of `chunks` chunks hold, in Lucene's form, which
    is always positive: ln(1 + (N - n + 0.5) / (n + 0.5))."""
    return log(1 + (chunks - frequency + 0.5) / (frequency + 0.5))
