"""The ladder of a query, and the policies: how far up it is climbed. Pure: no engine, no I/O.

    the quick brown fox jumps     query
    AND  quick brown fox jumps    all tokens
    AND  quick brown jumps        without the shortest (fox)
    AND  quick brown              … ties: the earlier one goes (of quick, brown, jumps: quick)
    …                             down to one token
    OR   quick brown fox jumps    only when every chain was empty: up to five longest tokens,
                                  none that is in no chunk or in more than 50,000

Each rung's matches contain those of the rung before it, up to the disjunction.

    ranked   one disjunction over everything, exact BM25 top k
    ladder   the first rung with a hit wins
    auto     ranked while it is affordable, else the ladder, filled up from lower rungs
    all      the conjunction of all tokens, and nothing else

Document frequencies are read where they decide: by `ladder`, and by `auto` with a budget or with
synonyms.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Policy, Rung
from nuthatch.contract.reader import AnswerRequest, Budget, Candidate, FirstMatch, Matches
from nuthatch.contract.results import Attempt
from nuthatch.text.normalize import NormalizedQuery
from nuthatch.text.slot import Slot, tokens_of

#: Tokens in more chunks than this say too little to be worth a disjunction.
FALLBACK_MAX_FREQUENCY = 50_000
FALLBACK_TOKENS = 5


def and_rungs(slots: Sequence[Slot]) -> Iterator[Rung]:
    """Yield the progressive conjunction: each rung drops the slot of the shortest word of the last.

    Length is counted in code points; of equally short words the earlier one goes. A word that
    occurs twice is dropped one occurrence at a time.
    """
    remaining = list(slots)
    dropped: list[str] = []
    for shortest in sorted(range(len(remaining)), key=lambda place: len(slots[place].word)):
        yield Rung("AND", tuple(remaining), tuple(dropped))
        # Of equal slots the first still there goes, and all before it that are shorter are gone.
        remaining.remove(slots[shortest])
        dropped.append(slots[shortest].word)


def fallback_rung(
    slots: Sequence[Slot], extras: Sequence[str], frequencies: Mapping[str, int]
) -> Rung:
    """Return the disjunction that is tried when every conjunction was empty.

    The pool is the slots with their repetitions, then the extras; a word that stands twice counts
    twice, in the score and as two of the five. `frequencies` gives the number of chunks that hold
    each token; a slot has the sum of its alternatives'. Where the bounds on it would leave nothing
    the whole pool stays.
    """
    pool = (*slots, *map(Slot, extras))
    useful = [place for place, slot in enumerate(pool) if _is_useful(slot, frequencies)]
    longest = sorted(useful or range(len(pool)), key=lambda place: -len(pool[place].word))
    # In query order again, so that scores are summed, and rounded, as in the ranked disjunction.
    kept = frozenset(longest[:FALLBACK_TOKENS])
    chosen = tuple(slot for place, slot in enumerate(pool) if place in kept)
    dropped = tuple(slot.word for place, slot in enumerate(pool) if place not in kept)
    return Rung("OR", chosen, dropped)


def _is_useful(slot: Slot, frequencies: Mapping[str, int]) -> bool:
    cost = sum(frequencies[token] for token in slot.tokens)
    return 0 < cost <= FALLBACK_MAX_FREQUENCY


def or_rung(slots: Sequence[Slot], extras: Sequence[str]) -> Rung:
    """Return the disjunction of everything, for exact ranking; repeated words weigh double."""
    return Rung("OR", (*slots, *map(Slot, extras)))


def all_rung(slots: Sequence[Slot]) -> Rung:
    """Return the conjunction of all slots."""
    return Rung("AND", tuple(slots))


def is_known(slot: Slot, frequencies: Mapping[str, int]) -> bool:
    """Return whether some chunk holds the slot."""
    if slot.is_plain:  # nearly always
        return frequencies[slot.word] > 0
    return any(frequencies[token] for token in slot.tokens)


def can_match(rung: Rung, frequencies: Mapping[str, int]) -> bool:
    """Return whether document frequencies leave the rung a chance."""
    chances = (is_known(slot, frequencies) for slot in rung.slots)
    return all(chances) if rung.operator == "AND" else any(chances)


def same_as_ranked(rung: Rung, ranked: Rung, frequencies: Mapping[str, int]) -> bool:
    """Return whether a rung scores and matches exactly as the ranked disjunction does.

    So it is when both hold the same occurrences of slots that exist in the index, in the same
    order, and the rung is a disjunction or has one distinct slot only.
    """
    if rung.operator == "AND" and len(set(rung.slots)) > 1:
        return False
    known = [[slot for slot in one.slots if is_known(slot, frequencies)] for one in (rung, ranked)]
    return known[0] == known[1]


class LadderSearch:
    """One query's way up: the rungs and attempts so far and the candidates found.

        begin ──▶ rungs, one after another, and take for each ──▶ found, attempts, exact

    `found` pairs each candidate with the index of its rung. `budget` bounds the postings that
    `auto` may rank (None: no bound). `counted` asks for document frequencies that the climb could
    do without. `depth` is how many candidates are wanted at least where they are ranked, together
    with document frequencies. `ahead` are the conjunctions that are still to be tried.
    """

    def __init__(
        self,
        query: NormalizedQuery,
        policy: Policy,
        limit: int,
        budget: int | None,
        *,
        counted: bool = False,
        depth: int = 0,
    ) -> None:
        self.query = query
        self.policy = policy
        self.limit = max(limit, depth)
        self._ladder_limit = limit
        self._depth = depth
        self.budget = Budget(tokens_of(query.slots), budget)
        self.rungs: list[Rung] = []
        self.attempts: list[Attempt] = []
        self.found: list[tuple[int, Candidate]] = []
        self.frequencies: Mapping[str, int] = {}
        self.ran: Literal["ranked", "ladder", "all"] = "ranked"
        self.exact = True
        self.ahead: Sequence[Rung] = ()
        # With synonyms `auto` must know whether the query itself has a token to rank.
        unbounded = policy == "auto" and budget is None and not query.extras
        self._always_ranks = policy == "ranked" or unbounded
        self._counted = counted or depth > 0 or not (self._always_ranks or policy == "all")
        self._seen: set[Hashable] = set()

    @property
    def tokens(self) -> tuple[str, ...]:
        """The distinct tokens whose document frequencies `begin` needs; none if it needs none."""
        if not self._counted:
            return ()
        return tuple(dict.fromkeys((*tokens_of(self.query.slots), *self.query.extras)))

    def request(
        self, filters: Sequence[Filter] = (), *, collapse: bool = False, proofs: bool = False
    ) -> AnswerRequest:
        """Return what the climb may ask for, as far as that is known without frequencies."""
        auto = self.policy == "auto"
        ranks = self._always_ranks or (auto and self.budget.postings is None)
        return AnswerRequest(
            limit=self.limit,
            tokens=self.tokens,
            ranked=self._ranked() if ranks or auto else None,
            ladder=() if ranks else self._foreseen_ladder(),
            budget=self.budget if auto and not self._always_ranks else None,
            fill=auto and not ranks,
            filters=tuple(filters),
            collapse=collapse,
            proofs=proofs,
            statistics=self._depth > 0,
        )

    def begin(self, frequencies: Mapping[str, int]) -> None:
        """Decide whether to rank or to climb; notes the conjunctions that cannot match."""
        self.frequencies = {token: frequencies.get(token, 0) for token in self.tokens}
        if self._always_ranks or (self.policy == "auto" and self.budget.allows(self.frequencies)):
            return
        self.limit = self._ladder_limit
        if self.policy == "all":
            self.ran = "all"
            return
        self.ran = "ladder"
        if not self.query.only_stopwords:
            rungs = [self._conditioned(rung) for rung in and_rungs(self.query.slots)]
            self.ahead = [rung for rung in rungs if can_match(rung, self.frequencies)]
            # Dropping tokens only adds matches, so what can match is the tail of the list.
            for rung in rungs[: len(rungs) - len(self.ahead)]:
                self._note(rung, skipped=True)

    def next_rungs(self) -> Iterator[Rung]:
        """Yield the rungs to match, each once what the one before matched was taken."""
        if self.ran == "ranked":
            yield from self._possible(self._disjunction())
            return
        if self.ran == "all":
            yield from self._possible(self._conditioned(all_rung(self.query.slots)))
            self.exact = self._provably_ranked()
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
        self.attempts.append(Attempt(rung.operator, rung.words, rung.dropped, total, ms))
        self.exact = self.exact and matches.exact
        found, seen = self.found, self._seen
        for candidate in matches.candidates[: self.limit]:
            if len(found) < self.limit and candidate.key not in seen:
                seen.add(candidate.key)
                found.append((index, candidate))

    @property
    def winner(self) -> Rung | None:
        """The rung that totals, facets and orders range over, once the climb is at its end: that of
        the first hit, or the only one; None where no rung of a ladder matched."""
        if self.found:
            return self.rungs[self.found[0][0]]
        return None if self.ran == "ladder" else self.rungs[0]

    def _conditioned(self, rung: Rung) -> Rung:
        """Return a rung under the phrases and exclusions of the query."""
        phrases, excluded = self.query.phrases, self.query.excluded
        if not phrases and not excluded:
            return rung
        return replace(rung, phrases=phrases, excluded=excluded)

    def _ranked(self) -> Rung:
        """Return the disjunction of everything."""
        return self._conditioned(or_rung(self.query.slots, self.query.extras))

    def _disjunction(self) -> Rung:
        """Return the disjunction of everything that the index knows, as far as that is known."""
        rung = self._ranked()
        if not self._counted:
            return rung
        known = tuple(slot for slot in rung.slots if is_known(slot, self.frequencies))
        if not known or len(known) == len(rung.slots):
            return rung
        dropped = [slot.word for slot in rung.slots if not is_known(slot, self.frequencies)]
        return replace(rung, slots=known, dropped=tuple(dropped))

    def _fallback(self, fill: bool) -> Rung:
        """Return the disjunction at the end of the ladder."""
        extras = self.query.extras
        if self.query.only_stopwords:
            known = any(is_known(slot, self.frequencies) for slot in self.query.slots)
            extras = extras if fill and not known else ()
        return self._conditioned(fallback_rung(self.query.slots, extras, self.frequencies))

    def _foreseen_ladder(self) -> tuple[Rung, ...]:
        """Return the ladder of a query whose words are all in some chunks, none in too many.

        A disjunction matches and scores the same with and without words that are in no chunk.
        """
        slots = self.query.slots
        if self.policy == "all":
            return (self._conditioned(all_rung(slots)),)
        extras = () if self.query.only_stopwords else self.query.extras
        conjunctions = () if self.query.only_stopwords else and_rungs(slots)
        counts = dict.fromkeys((*tokens_of(slots), *extras), 1)
        rungs = (*conjunctions, fallback_rung(slots, extras, counts))
        return tuple(map(self._conditioned, rungs))

    def _possible(self, rung: Rung) -> Iterator[Rung]:
        """Yield the rung if it can match; record that it was skipped otherwise."""
        if not self._counted or can_match(rung, self.frequencies):
            yield rung
        else:
            self._note(rung, skipped=True)

    def _note(self, rung: Rung, *, skipped: bool = False) -> None:
        """Record a rung that matched nothing."""
        self.rungs.append(rung)
        attempt = Attempt(rung.operator, rung.words, rung.dropped, matched=0, skipped=skipped)
        self.attempts.append(attempt)

    def _provably_ranked(self) -> bool:
        ranked = self._ranked()
        # Where frequencies were not read, any token may be in some chunk.
        frequencies = self.frequencies if self._counted else dict.fromkeys(ranked.tokens, 1)
        if not self.found and not can_match(ranked, frequencies):
            return True
        answered = {index for index, _ in self.found} or {len(self.rungs) - 1}
        return (
            self.exact
            and len(answered) == 1
            and same_as_ranked(self.rungs[answered.pop()], ranked, frequencies)
        )
