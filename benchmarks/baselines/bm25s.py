"""bm25s, the numpy search library, over the same tokens with the same formula.

Its "robertson" variant is FTS5's BM25 without the constant factor 2.2, in float32, so that answers
can be held against each other. `get_scores` and a partition beat its own `retrieve`, which builds
result objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import bm25s
import numpy as np

#: bm25s leaves out the (k1 + 1) of the formula.
FACTOR = 2.2


class Bm25sSearch:
    """A bm25s index in memory."""

    def __init__(self, token_lists: Iterable[Sequence[str]]) -> None:
        self._index = bm25s.BM25(method="robertson", k1=1.2, b=0.75, backend="numpy")
        self._index.index(list(token_lists), show_progress=False)

    def search(self, tokens: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Return positions and score, the best first."""
        scores = self._index.get_scores(list(tokens))
        top = np.argpartition(scores, -limit)[-limit:]
        top = top[np.argsort(-scores[top])]
        return list(zip(top.tolist(), (scores[top] * FACTOR).tolist(), strict=True))
