"""The policies: how far up its ladder a query climbs.

    ranked   one disjunction over everything, exact BM25 top k
    ladder   the first rung with a hit wins
    auto     ranked while it is affordable, else the ladder, filled up from lower rungs

A climb does no I/O. It is a generator: it yields the requests that it has for a reader and is
sent the answers, so that one climb serves synchronous and asynchronous engines alike.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping, Sequence
from time import perf_counter
from typing import Any, Literal

from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Policy
from nuthatch.contract.reader import Candidate, FirstMatch, Matches
from nuthatch.contract.request import Request
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

Steps = Generator[Request, Any, None]


class Climb:
    """Holds one query's way up: the rungs and attempts so far and the candidates found.

    `found` pairs each candidate with the index of its rung. `budget` bounds the postings that
    `auto` may rank (None: no bound). `one_pass` tells that the reader has `first_match`.
    """

    def __init__(
        self,
        query: NormalizedQuery,
        filters: tuple[Filter, ...],
        limit: int,
        budget: int | None,
        one_pass: bool,
    ) -> None:
        self.query = query
        self.filters = filters
        self.limit = limit
        self.budget = budget
        self.one_pass = one_pass
        self.rungs: list[Rung] = []
        self.attempts: list[Attempt] = []
        self.found: list[tuple[int, Candidate]] = []
        self.frequencies: Mapping[str, int] = {}
        self.ran: Literal["ranked", "ladder"] = "ranked"
        self.exact = True
        self._seen: set[Hashable] = set()

    def run(self, policy: Policy) -> Steps:
        """Climbs by the given policy; everything learnt is left in the attributes."""
        wanted = tuple(dict.fromkeys((*self.query.tokens, *self.query.extras)))
        held: Mapping[str, int] = yield Request("document_frequencies", (wanted,))
        self.frequencies = {token: held.get(token, 0) for token in wanted}
        if policy == "ranked" or (policy == "auto" and self._affordable()):
            yield from self._ranked()
            return
        self.ran = "ladder"
        if self.query.only_stopwords:
            known = any(self.frequencies[token] for token in self.query.tokens)
            extras = self.query.extras if policy == "auto" and not known else ()
            yield from self._match(fallback_rung(self.query.tokens, extras, self.frequencies))
        else:
            yield from self._conjunctions(fill=policy == "auto")
            if not self.found or (policy == "auto" and len(self.found) < self.limit):
                extras = self.query.extras
                fallback = fallback_rung(self.query.tokens, extras, self.frequencies)
                yield from self._match(fallback)
        self.exact = self._provably_ranked()

    def _affordable(self) -> bool:
        """Tells whether ranking everything costs at most the budget, in postings.

        The cost depends on index and query only, never on caches, time or filters. A query of
        which the index knows no token has nothing to rank.
        """
        costs = [self.frequencies[token] for token in set(self.query.tokens)]
        return any(costs) and (self.budget is None or sum(costs) <= self.budget)

    def _ranked(self) -> Steps:
        rung = ranked_rung(self.query.tokens, self.query.extras)
        known = tuple(token for token in rung.tokens if self.frequencies[token])
        dropped = tuple(token for token in rung.tokens if not self.frequencies[token])
        yield from self._match(Rung("OR", known or rung.tokens, dropped if known else ()))

    def _conjunctions(self, *, fill: bool) -> Steps:
        """Climbs the conjunctions to the first that matches; with `fill`, on to `limit` hits."""
        rungs = list(and_rungs(self.query.tokens))
        possible = [rung for rung in rungs if can_match(rung, self.frequencies)]
        # Dropping tokens only adds matches, so what can match is the tail of the list.
        for rung in rungs[: len(rungs) - len(possible)]:
            self._note(rung, skipped=True)
        if self.one_pass and possible:
            possible = yield from self._first_match(possible)
        for rung in possible:
            if self.found and not (fill and len(self.found) < self.limit):
                return
            yield from self._match(rung)

    def _first_match(self, rungs: Sequence[Rung]) -> Generator[Request, Any, list[Rung]]:
        """Lets the reader find the winning rung; returns the rungs after it."""
        start = perf_counter()
        first: FirstMatch | None = yield Request("first_match", (rungs, self.filters, self.limit))
        spent = 1000 * (perf_counter() - start)
        for rung in rungs[: len(rungs) if first is None else first.rung]:
            self._note(rung)
        if first is None:
            return []
        self._take(rungs[first.rung], first.matches, spent)
        return list(rungs[first.rung + 1 :])

    def _match(self, rung: Rung) -> Steps:
        if not can_match(rung, self.frequencies):
            self._note(rung, skipped=True)
            return
        start = perf_counter()
        matches: Matches = yield Request("match", (rung, self.filters, self.limit))
        self._take(rung, matches, 1000 * (perf_counter() - start))

    def _note(self, rung: Rung, *, skipped: bool = False) -> None:
        """Records a rung that matched nothing."""
        self.rungs.append(rung)
        attempt = Attempt(rung.operator, rung.tokens, rung.dropped, matched=0, skipped=skipped)
        self.attempts.append(attempt)

    def _take(self, rung: Rung, matches: Matches, ms: float) -> None:
        """Appends what the rung found and was not seen before, as far as the limit goes.

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
