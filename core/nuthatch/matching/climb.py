"""The policies: how far up its ladder a query climbs.

    ranked   one disjunction over everything, exact BM25 top k
    ladder   the first rung with a hit wins
    auto     ranked while it is affordable, else the ladder, filled up from lower rungs

A climb does no I/O: it says which rung is next, and takes what that matched.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Literal

from nuthatch.contract.query import Policy
from nuthatch.contract.reader import Candidate, FirstMatch, Matches
from nuthatch.contract.results import Attempt
from nuthatch.contract.rung import Rung
from nuthatch.matching.ladder import (
    and_rungs,
    can_match,
    fallback_rung,
    ranked_rung,
    same_as_ranked,
)
from nuthatch.text.normalize import NormalizedQuery


class Climb:
    """One query's way up: the rungs and attempts so far and the candidates found.

        begin ──▶ rungs, one after another, and take for each ──▶ found, attempts, exact

    `found` pairs each candidate with the index of its rung. `budget` bounds the postings that
    `auto` may rank (None: no bound). `ahead` are the conjunctions that are still to be tried.
    """

    def __init__(
        self, query: NormalizedQuery, policy: Policy, limit: int, budget: int | None
    ) -> None:
        self.query = query
        self.policy = policy
        self.limit = limit
        self.budget = budget
        self.rungs: list[Rung] = []
        self.attempts: list[Attempt] = []
        self.found: list[tuple[int, Candidate]] = []
        self.frequencies: Mapping[str, int] = {}
        self.ran: Literal["ranked", "ladder"] = "ranked"
        self.exact = True
        self.ahead: Sequence[Rung] = ()
        self._seen: set[Hashable] = set()

    @property
    def tokens(self) -> tuple[str, ...]:
        """The distinct tokens whose document frequencies the climb goes by."""
        return tuple(dict.fromkeys((*self.query.tokens, *self.query.extras)))

    def begin(self, frequencies: Mapping[str, int]) -> None:
        """Decide whether to rank or to climb; notes the conjunctions that cannot match."""
        self.frequencies = {token: frequencies.get(token, 0) for token in self.tokens}
        if self.policy == "ranked" or (self.policy == "auto" and self._affordable()):
            return
        self.ran = "ladder"
        if not self.query.only_stopwords:
            rungs = list(and_rungs(self.query.tokens))
            self.ahead = [rung for rung in rungs if can_match(rung, self.frequencies)]
            # Dropping tokens only adds matches, so what can match is the tail of the list.
            for rung in rungs[: len(rungs) - len(self.ahead)]:
                self._note(rung, skipped=True)

    def next_rungs(self) -> Iterator[Rung]:
        """Yield the rungs to match, each once what the one before matched was taken."""
        if self.ran == "ranked":
            yield from self._possible(self._ranked())
            return
        fill = self.policy == "auto"
        for rung in self.ahead:
            if self.found and not (fill and len(self.found) < self.limit):
                break
            yield rung
        if not self.found or (fill and len(self.found) < self.limit):
            yield from self._possible(self._fallback(fill))
        self.exact = self._provably_ranked()

    def take_first(self, first: FirstMatch | None, ms: float) -> None:
        """Take the winner of the conjunctions ahead, which the engine has found by itself."""
        rungs, self.ahead = self.ahead, ()
        for rung in rungs if first is None else rungs[: first.rung]:
            self._note(rung)
        if first is not None:
            self.take(rungs[first.rung], first.matches, ms)
            self.ahead = rungs[first.rung + 1 :]

    def take(self, rung: Rung, matches: Matches, ms: float) -> None:
        """Append what the rung found and was not seen before, as far as the limit goes.

        A rung is asked for `limit` candidates; at most as many of them as were found before can
        have been seen, so enough new ones are among them.
        """
        index = len(self.rungs)
        self.rungs.append(rung)
        total = matches.total if matches.candidates else 0
        self.attempts.append(Attempt(rung.operator, rung.tokens, rung.dropped, total, ms))
        self.exact = self.exact and matches.exact
        for candidate in matches.candidates[: self.limit]:
            if len(self.found) < self.limit and candidate.key not in self._seen:
                self._seen.add(candidate.key)
                self.found.append((index, candidate))

    def _affordable(self) -> bool:
        """Return whether ranking everything costs at most the budget, in postings.

        The cost depends on index and query only, never on caches, time or filters. A query of
        which the index knows no token has nothing to rank.
        """
        costs = [self.frequencies[token] for token in set(self.query.tokens)]
        return any(costs) and (self.budget is None or sum(costs) <= self.budget)

    def _ranked(self) -> Rung:
        """Return the disjunction of everything that the index knows."""
        rung = ranked_rung(self.query.tokens, self.query.extras)
        known = tuple(token for token in rung.tokens if self.frequencies[token])
        dropped = tuple(token for token in rung.tokens if not self.frequencies[token])
        return Rung("OR", known or rung.tokens, dropped if known else ())

    def _fallback(self, fill: bool) -> Rung:
        """Return the disjunction at the end of the ladder."""
        extras = self.query.extras
        if self.query.only_stopwords:
            known = any(self.frequencies[token] for token in self.query.tokens)
            extras = extras if fill and not known else ()
        return fallback_rung(self.query.tokens, extras, self.frequencies)

    def _possible(self, rung: Rung) -> Iterator[Rung]:
        """Yield the rung if it can match, and else notes that it was skipped."""
        if can_match(rung, self.frequencies):
            yield rung
        else:
            self._note(rung, skipped=True)

    def _note(self, rung: Rung, *, skipped: bool = False) -> None:
        """Record a rung that matched nothing."""
        self.rungs.append(rung)
        attempt = Attempt(rung.operator, rung.tokens, rung.dropped, matched=0, skipped=skipped)
        self.attempts.append(attempt)

    def _provably_ranked(self) -> bool:
        ranked = ranked_rung(self.query.tokens, self.query.extras)
        if not self.found and not can_match(ranked, self.frequencies):
            return True
        answered = {index for index, _ in self.found} or {len(self.rungs) - 1}
        return (
            self.exact
            and len(answered) == 1
            and same_as_ranked(self.rungs[answered.pop()], ranked, self.frequencies)
        )
