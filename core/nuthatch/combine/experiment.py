"""Experiments on users: `Split` (A/B) and `Interleave` (one list drafted from two).

    unit (user, session) ── hash ──▶ Split: a place in [0, 1), always the same engine
                                 └─▶ Interleave: the coins of the draft

Team-draft interleaving, Radlinski, Kurup and Joachims, CIKM 2008: round by round the team with
fewer picks, or at a tie a coin, drafts its best hit that is not on the list yet; the hit is
credited to the team that drafted it. The coin is a hash of salt, unit and query, so reloading or
paging shows a user the same list. Under `collapse` documents are drafted, so that one is never
shown, nor credited, twice by two of its chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count
from time import perf_counter

from nuthatch.combine.combination import (
    MIXING,
    Call,
    Caller,
    Combination,
    HitKey,
    choose_key,
    combine_capabilities,
    credit_hits,
    cut_page,
    merge_results,
    widen,
)
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities, unsupported
from nuthatch.contract.document import Document
from nuthatch.contract.hit import Hit, Origin
from nuthatch.contract.query import DEFAULT_LIMIT, AnyQuery, EntityQuery, MatchAll, SearchRequest
from nuthatch.contract.results import Results
from nuthatch.errors import InvalidConfig


def unit_of(unit: Callable[[], str]) -> str:
    """Return the unit that a search belongs to. Raise `InvalidConfig` if it is no text."""
    found = unit()
    if not isinstance(found, str) or not found:
        raise InvalidConfig(
            f"unit() must name the user or session of this search by a text; found {found!r}"
        )
    return found


def point(salt: str, unit: str) -> float:
    """Return where a unit lies in [0, 1); uniform over units, independent between salts."""
    return int.from_bytes(_hash(salt, unit)[:7], "big") / 2**56


def bits(salt: str, unit: str, text: str) -> Iterator[bool]:
    """Yield fair coins without end, the same ones for the same texts."""
    for block in count():
        for byte in _hash(salt, unit, text, str(block)):
            yield from (bool(byte >> shift & 1) for shift in range(8))


def text_of(query: AnyQuery) -> str:
    """Return what makes two queries the same for a user: words, not case or blanks."""
    if isinstance(query, EntityQuery):
        return repr((query.include, query.exclude, query.titles)).casefold()
    if isinstance(query, MatchAll):
        return ""
    return " ".join(query.text.casefold().split())


def _hash(*texts: str) -> bytes:
    found = blake2b(digest_size=32, person=b"nuthatch")
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "big"))  # so that "ab", "c" is not "a", "bc"
        found.update(encoded)
    return found.digest()


class Split(Combination):
    """A searcher that serves a share of all units from `b` and the others from `a`.

    `unit` is called for each search and names the user or session. A unit's place in [0, 1) is a
    hash of salt and unit, and `b` serves those below `share`: raising it moves units to `b` and
    none away. Hits tell the engine in `Hit.origin`, and a note tells it for every search, also
    one without hits. Raises `InvalidConfig`.
    """

    kind = "split"

    def __init__(
        self,
        a: SearchBackend,
        b: SearchBackend,
        *,
        share: float,
        unit: Callable[[], str],
        salt: str = "",
        names: Sequence[str] | None = None,
    ) -> None:
        super().__init__((a, b), names)
        self.share = share
        self._unit = unit
        self._salt = salt

    @property
    def share(self) -> float:
        """The share of units that `b` serves, from 0 to 1; may be set at any time."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        if not 0 <= share <= 1:
            raise InvalidConfig(f"the share of b must be between 0 and 1; found {share!r}")
        self._share = share

    def serves(self, unit: str) -> str:
        """Return the name of the engine that serves a unit."""
        a, b = self.engines
        return b if point(self._salt, unit) < self._share else a

    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        name = self.serves(unit_of(self._unit))
        (results,) = await call([Call(self.engines[name], request)])
        return credit_hits(results, name, f"split: served by {name}")

    def get(self, uri: str) -> Document | None:
        return self.engines[self.serves(unit_of(self._unit))].get(uri)


class Interleave(Combination):
    """A searcher that drafts one list from both engines, as long as the limit says.

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

    def _combine_capabilities(self, by_engine: Mapping[str, Capabilities]) -> Capabilities:
        return combine_capabilities(
            by_engine,
            self.kind,
            explain=unsupported("a score is 1/rank; no token has a part in it"),
            native_top_k=unsupported("no engine ranks by the draft"),
            **MIXING,
        )

    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        begun = perf_counter()
        coin = bits(self._salt, unit_of(self._unit), text_of(request.query))
        wider = widen(request, self.capabilities.max_limit)
        answers = await call([Call(engine, wider) for engine in self.engines.values()])
        by_name = dict(zip(self.engines, answers, strict=True))
        last = request.query.offset + (request.query.limit or DEFAULT_LIMIT)
        key = choose_key(request.query)
        picks = draft([results.hits for results in answers], last, coin, key)
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
        page = cut_page(request, hits)
        return merge_results(by_name, page, 1000 * (perf_counter() - begun))


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
