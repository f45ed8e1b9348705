"""How good a policy's answers are on judged queries, and how fast.

nDCG@10 as trec_eval computes it (`ndcg_cut_10`): the gain is the grade itself,

    DCG = Σ grade(rank) / log2(rank + 1)   over the first 10 ranks,

divided by the DCG of the best possible order. A query without hits counts as 0; one without a
relevant document is not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import mean, median

from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.query import Policy
from nuthatch.demo.judged import Judged

_CUT = 10


@dataclass(frozen=True, slots=True)
class Quality:
    """Sums up one policy: mean nDCG@10, queries without a hit, median time of a search."""

    ndcg10: float
    zero_results: int
    median_ms: float
    queries: int


def ndcg(uris: Sequence[str], grades: Mapping[str, int], cut: int = _CUT) -> float:
    """Return nDCG of a ranking at the given cut, from 0 to 1."""
    ideal = _dcg(sorted(grades.values(), reverse=True)[:cut])
    return _dcg(grades.get(uri, 0) for uri in uris[:cut]) / ideal if ideal else 0.0


def _dcg(grades: Iterable[int]) -> float:
    return sum(max(grade, 0) / log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def measure(index: SearchBackend, judged: Judged, policy: Policy) -> Quality:
    """Run every query that has a relevant document once and returns what came of it."""
    gains: list[float] = []
    times: list[float] = []
    empty = 0
    for name, grades in judged.judgments.items():
        if not any(grade > 0 for grade in grades.values()):
            continue
        results = index.search(judged.queries[name], _CUT, policy=policy)
        # A document may be found by several chunks; its first one counts.
        uris = list(dict.fromkeys(hit.document_uri for hit in results))
        gains.append(ndcg(uris, grades))
        times.append(results.took_ms)
        empty += not results.hits
    if not gains:
        return Quality(0.0, 0, 0.0, 0)
    return Quality(mean(gains), empty, median(times), len(gains))
