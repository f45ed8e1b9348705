"""Slips in what a score is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nuthatch import Candidate, Filter, Matches, PlannedSearch, Results, Rung
from nuthatch.memory import MemoryReader

from .working import Working


class RootsAreCalledBM25(Working):
    """Scores are squeezed into a handier range, which keeps the order of hits."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            matches = super().match(rung, filters, limit)
            rows = [Candidate(key, score**0.5) for key, score in matches.candidates]
            return matches._replace(candidates=rows)


class ShareOfTheBestIsCalledBM25(Working):
    """Scores are given as shares of the best one."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            matches = super().match(rung, filters, limit)
            best = matches.candidates[0].score if matches.candidates else 1
            rows = [Candidate(key, score / best) for key, score in matches.candidates]
            return matches._replace(candidates=rows)


class HitsNameTheirOwnFormula(Working):
    """The engine names the parts of its scores by itself."""

    def run(self, search: PlannedSearch) -> Results:
        results = super().run(search)
        hits: Any = [hit.model_copy(update={"score_parts": {"tf": hit.score}}) for hit in results]
        return replace(results, hits=tuple(hits))
