"""Conjunctions with few matches: FTS5 finds them and counts their tokens, and numpy scores them.

For the document frequencies, FTS5's `bm25()` walks over every posting of every token, even to score
one match. The frequencies are known here. So where few matches are expected, FTS5 matches without
scores. It stops after a number of matches that costs little beside that walk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import apsw
import numpy as np

from nuthatch import CollectionStatistics
from nuthatch.postings import readable
from nuthatch.scoring import TopK, select_top
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.postings import MODEL

#: One match is counted for each so many postings that `bm25()` would walk over.
_COUNT = 256
#: Where that is fewer matches than this, FTS5 might as well score.
_LEAST = 16


def rank_small_conjunction(
    connection: apsw.Connection,
    statement: str,
    values: Sequence[object],
    tokens: Sequence[str],
    limit: int,
    frequencies: Mapping[str, int],
    statistics: CollectionStatistics,
) -> TopK | None:
    """Rank what holds all tokens; None if that is too much to count in, or not worth it.

    `statement` is `schema.COUNTED` with its filters, `values` are theirs.
    """
    most = sum(frequencies[token] for token in tokens) // _COUNT
    if most < _LEAST or len(frequencies) < 2:
        return None
    shares = [df / max(1, statistics.chunks) for df in frequencies.values()]
    if prod(shares) * statistics.chunks > most:  # as many as were expected of unrelated words
        return None
    expression = " AND ".join(map(schema.quote_token, tokens))
    found = list(rows(connection, statement, (expression, *values, most)))
    if len(found) == most:
        return None
    with readable("the counts in the matches"):
        ids = np.array([chunk for chunk, _ in found], dtype=np.uint32)
        counts = np.array([text.split() for _, text in found], dtype=np.float64)
        scores = np.zeros(ids.size)
        length, *times = counts.reshape(ids.size, 1 + len(tokens)).T
        for token, tf in zip(tokens, times, strict=True):
            weight = MODEL.weight(statistics.chunks, frequencies[token])
            scores += MODEL.impact(
                tf, length, weight=weight, average_length=statistics.average_length
            )
        return select_top(ids, scores, limit, total=ids.size)
