"""BM25 with FTS5's idf, spelt out over lists of tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence


def fts5_scores(chunks: Sequence[Sequence[str]], tokens: Sequence[str]) -> list[float]:
    """The score of every chunk for the tokens, a repeated one counted again."""
    average = sum(map(len, chunks)) / len(chunks)
    scores = [0.0] * len(chunks)
    for token in tokens:
        holders = sum(token in chunk for chunk in chunks)
        idf = math.log((len(chunks) - holders + 0.5) / (holders + 0.5))
        idf = max(idf, 1e-6)
        for at, chunk in enumerate(chunks):
            tf = chunk.count(token)
            if tf:
                norm = 0.25 + 0.75 * len(chunk) / average
                scores[at] += idf * tf * 2.2 / (tf + 1.2 * norm)
    return scores
