"""`Fuse`: one list from several, by reciprocal rank.

    score(d) = Σ 1 / (k + rank of d in an engine's list)        ranks count from 1

Reciprocal rank fusion, Cormack, Clarke and Büttcher, SIGIR 2009; k = 60 as there. Only ranks
count, so the engines' scores need not be comparable. Under `collapse` the ranks are those of
documents, and the best ranked of the engines' chunks is shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from math import fsum
from time import perf_counter

from nuthatch.combine.combination import (
    MIXING,
    Call,
    Caller,
    Combination,
    HitKey,
    choose_key,
    combine_capabilities,
    cut_page,
    merge_results,
    same_rungs,
)
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities, unsupported
from nuthatch.contract.hit import Hit, Origin
from nuthatch.contract.query import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.errors import InvalidConfig


class Fuse(Combination):
    """A searcher that fuses the lists of all engines; a hit of several engines rises.

    `depth` hits are fused from each engine whatever the limit, so that a larger limit only
    extends the list; it is also the largest limit. `score_parts` tell what each engine added,
    `Hit.origin` the engine that ranked the hit best, with that engine's own score. One engine's
    error is the whole search's. Raises `InvalidConfig`.
    """

    kind = "fuse"

    def __init__(
        self,
        *engines: SearchBackend,
        k: float = 60.0,
        depth: int = 100,
        names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(engines, names)
        if not k > 0:
            raise InvalidConfig(f"k must be positive; found {k!r}")
        if depth < 1:
            raise InvalidConfig(f"depth must be at least 1; found {depth!r}")
        self.k = k
        limits = [engine.capabilities.max_limit for engine in engines]
        self.depth = min(limit for limit in (depth, *limits) if limit is not None)

    def _combine_capabilities(self, by_engine: Mapping[str, Capabilities]) -> Capabilities:
        return combine_capabilities(
            by_engine,
            self.kind,
            explain=unsupported("a score is a sum over ranks; no token has a part in it"),
            native_top_k=unsupported("no engine ranks by the fused score"),
            **MIXING,
            max_limit=self.depth,
        )

    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        begun = perf_counter()
        query = replace(request.query, offset=0, limit=self.depth)
        deep = replace(request, query=query, explain=False)
        answers = await call([Call(engine, deep) for engine in self.engines.values()])
        by_name = dict(zip(self.engines, answers, strict=True))
        key = choose_key(request.query)
        hits = cut_page(request, self._fuse(by_name, key))
        return merge_results(by_name, hits, 1000 * (perf_counter() - begun))

    def _fuse(self, answers: Mapping[str, Results], key: HitKey) -> list[Hit]:
        """Return the fused list, ordered by rung, fused score, best rank and first engine."""
        found: dict[Hashable, list[tuple[int, str, Hit]]] = {}
        for name, results in answers.items():
            for rank, hit in enumerate(results, 1):
                found.setdefault(key(hit), []).append((rank, name, hit))
        keep_rungs = same_rungs(list(answers.values()))
        fused = [self._one(ranked, keep_rungs) for ranked in found.values()]
        best_rank = {known: min(rank for rank, _, _ in ranks) for known, ranks in found.items()}
        return sorted(fused, key=lambda hit: (hit.rung, -hit.score, best_rank[key(hit)]))

    def _one(self, ranked: Sequence[tuple[int, str, Hit]], keep_rungs: bool) -> Hit:
        parts = {name: 1 / (self.k + rank) for rank, name, _ in ranked}
        _, name, best = min(ranked, key=lambda place: place[0])
        return best.model_copy(
            update={
                "score": fsum(parts.values()),  # whatever the order of the engines
                "score_parts": parts,
                "origin": Origin(backend=name, score=best.score),
                "rung": min(hit.rung for _, _, hit in ranked) if keep_rungs else 0,
            }
        )
