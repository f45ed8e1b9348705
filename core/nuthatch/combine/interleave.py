"""`Interleave`: one list drafted from two, so that clicks tell which engine users prefer.

    round by round the team with fewer picks, or at a tie a coin, drafts its best hit that is
    not on the list yet; the hit is credited to the team that drafted it

Team-draft interleaving, Radlinski, Kurup and Joachims, CIKM 2008. The coin is a hash of salt,
unit and query: reloading or paging shows a user the same list. Under `collapse` documents are
drafted, so that one is never shown, nor credited, twice by two of its chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from time import perf_counter

from nuthatch.combine.book import MIXING, shared_book
from nuthatch.combine.combination import Call, Caller, Combination, HitKey, choose_key
from nuthatch.combine.mixing import mixed
from nuthatch.combine.unit import bits, text_of, unit_of
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities, unsupported
from nuthatch.contract.hit import Hit, Origin
from nuthatch.contract.query import DEFAULT_LIMIT
from nuthatch.contract.request import SearchRequest
from nuthatch.contract.results import Results


class Interleave(Combination):
    """Asks both engines side by side and drafts one list, as long as the limit says.

    `Hit.origin` names the team that drafted the hit, with that engine's own score; the hit's
    score is 1/rank. `unit` is called for each search and names the user or session, a context
    variable's `get`, say. Where one team has no hit left the other goes on, to its own credit.
    """

    kind = "interleave"

    def __init__(
        self,
        a: SearchBackend,
        b: SearchBackend,
        *,
        unit: Callable[[], str],
        salt: str = "",
        names: Sequence[str] | None = None,
    ) -> None:
        super().__init__((a, b), names)
        self._unit = unit
        self._salt = salt

    def _book(self, books: Mapping[str, Capabilities]) -> Capabilities:
        return shared_book(
            books,
            self.kind,
            explain=unsupported("a score is 1/rank; no token has a part in it"),
            native_top_k=unsupported("no engine ranks by the draft"),
            **MIXING,
        )

    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        begun = perf_counter()
        coin = bits(self._salt, unit_of(self._unit), text_of(request.query))
        plain = replace(request, explain=False)
        answers = await call([Call(engine, plain) for engine in self.engines.values()])
        by_name = dict(zip(self.engines, answers, strict=True))
        limit = request.query.limit or DEFAULT_LIMIT
        key = choose_key(request.query)
        picks = draft([each.hits for each in answers], limit, coin, key)
        teams = list(self.engines)
        hits = [
            hit.model_copy(
                update={
                    "score": 1 / rank,
                    "score_parts": {"1/rank": 1 / rank},
                    "origin": Origin(backend=teams[team], score=hit.score),
                }
            )
            for rank, (team, hit) in enumerate(picks, 1)
        ]
        return mixed(by_name, hits, 1000 * (perf_counter() - begun))


def draft(
    lists: Sequence[Sequence[Hit]], limit: int, coin: Iterator[bool], key: HitKey
) -> list[tuple[int, Hit]]:
    """Return (team, hit) in the order of the draft, one hit for each key.

    The coin says whether team 1 goes first.
    """
    left = [iter(hits) for hits in lists]
    ahead = [next(hits, None) for hits in left]
    taken: set[Hashable] = set()
    picks: list[tuple[int, Hit]] = []
    counts = [0, 0]
    while len(picks) < limit:
        for team, hits in enumerate(left):
            while (hit := ahead[team]) is not None and key(hit) in taken:
                ahead[team] = next(hits, None)
        first = int(next(coin)) if counts[0] == counts[1] else int(counts[1] < counts[0])
        team = first if ahead[first] is not None else 1 - first
        hit = ahead[team]
        if hit is None:
            break
        picks.append((team, hit))
        taken.add(key(hit))
        counts[team] += 1
    return picks
