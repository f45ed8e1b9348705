"""A title search in one index: the tokens that each of its words matches, and which find titles.

    teh matrix ──▶ position  the, ten, …      a frequent token counts where it matches, and finds
                             matrix, …        nothing, unless all positions have only such

A position stands for the tokens within its edits; where it is typed as one with a neighbour, for
that word; and where it is no title's token, for the two halves of it that titles have.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from nuthatch.contract.spec import EntitySettings
from nuthatch.entities.fuzzy import FuzzyMatch, TitleTerm, closest, has_digit, nearness
from nuthatch.entities.plan import EntityPlan, TitleLookup, number_repeats, position_lookup, squeeze

#: Of each look-up the terms that it may stand for, as `closest` gives them.
Answers = Mapping[TitleLookup, Sequence[FuzzyMatch]]


class Position(NamedTuple):
    """What one token of a search stands for: terms, nearest first, and pairs of terms that a
    title must both have."""

    terms: Sequence[FuzzyMatch]
    halves: Sequence[tuple[TitleTerm, TitleTerm]]


@dataclass(frozen=True, slots=True)
class TitleSearch:
    """A title search as it is looked for: its tokens and what each stands for, and the
    `wholes` that it is but for blanks. `finder` is the key of the frequent token that finds titles
    all the same, if there is one. `is_cut` where a token is like too many others.
    """

    tokens: tuple[str, ...]
    positions: Sequence[Position]
    wholes: Sequence[TitleTerm]
    finder: Hashable | None
    is_cut: bool
    settings: EntitySettings

    @property
    def count(self) -> int:
        """The number of tokens that titles are measured by, *k*."""
        if self.settings.count_all:
            return len(self.tokens)
        return sum(bool(position.terms or position.halves) for position in self.positions)

    def finds(self, term: TitleTerm) -> bool:
        """Return whether a title is found by having a term; otherwise the term only counts."""
        return term.df <= self.settings.frequent or term.key == self.finder

    def are_finding(self, halves: tuple[TitleTerm, TitleTerm]) -> bool:
        """Return whether a title is found by having both halves of a token."""
        return min(half.df for half in halves) <= self.settings.frequent

    def terms(self) -> Iterator[TitleTerm]:
        """Yield all terms, of which some may come more than once."""
        for position in self.positions:
            yield from (reached.term for reached in position.terms)
            for halves in position.halves:
                yield from halves
        yield from self.wholes


def resolve_terms(
    lookup: TitleLookup, terms: Iterable[TitleTerm], settings: EntitySettings
) -> list[FuzzyMatch]:
    """Return the terms that a look-up may stand for, nearest first; `terms` may hold others."""
    if lookup.kind == "title":
        wholes = [term for term in terms if term.df > 0 and squeeze(term.token) == lookup.token]
        return sorted((FuzzyMatch(0, term) for term in wholes), key=nearness)
    return closest(lookup.token, lookup.edits, terms, settings)


def title_halves(plan: EntityPlan, answers: Answers) -> list[TitleLookup]:
    """Return the look-ups that come second: halves of the tokens that no title has, given the
    answers to `plan.tokens`."""
    if not plan.settings.joins:
        return []
    tokens = (token for title in plan.titles for token in title)
    return list(
        dict.fromkeys(
            TitleLookup(half, 0)
            for token in dict.fromkeys(tokens)
            if _is_unknown(token, answers, plan.settings)
            for halves in splits(token)
            for half in halves
        )
    )


def splits(token: str) -> list[tuple[str, str]]:
    """Return the halves that a token may be made of; with a digit it is not split."""
    return [] if has_digit(token) else [(token[:at], token[at:]) for at in range(1, len(token))]


def title_searches(plan: EntityPlan, answers: Answers) -> list[TitleSearch]:
    """Return the title searches of a plan, given the answers to `plan.tokens` and to the
    `title_halves`."""
    return [_title_search(tokens, answers, plan.settings) for tokens in plan.titles]


def _title_search(
    tokens: tuple[str, ...], answers: Answers, settings: EntitySettings
) -> TitleSearch:
    lookups = [position_lookup(token, nth, settings) for token, nth in number_repeats(tokens)]
    reached = [_select_terms(answers[lookup], settings) for lookup in lookups]
    is_cut = any(len(terms) > settings.expansions for terms in reached)
    reached = [terms[: settings.expansions] for terms in reached]
    if settings.joins:
        _join(tokens, lookups, reached, answers, settings)
    positions = [
        Position(terms, _halves(lookup, answers, settings))
        for lookup, terms in zip(lookups, reached, strict=True)
    ]
    wholes: list[TitleTerm] = []
    if settings.exact_titles:
        wholes = [match.term for match in answers[TitleLookup("".join(tokens), 0, "title")]]
    return TitleSearch(tokens, positions, wholes, _finder(reached, settings), is_cut, settings)


def _select_terms(terms: Sequence[FuzzyMatch], settings: EntitySettings) -> list[FuzzyMatch]:
    """Return the terms that count: a frequent token stands for itself alone."""
    if not settings.count_all:
        return [match for match in terms if match.term.df <= settings.frequent]
    return list(terms[:1] if _is_frequent(terms, settings) else terms)


def _is_frequent(terms: Sequence[FuzzyMatch], settings: EntitySettings) -> bool:
    """Return whether a token itself, of which these are the nearest terms, is frequent."""
    return bool(terms) and not terms[0].edits and terms[0].term.df > settings.frequent


def _join(
    tokens: Sequence[str],
    lookups: Sequence[TitleLookup],
    reached: list[list[FuzzyMatch]],
    answers: Answers,
    settings: EntitySettings,
) -> None:
    """Add to neighbouring positions the word that both are together, one edit away."""
    for at, (one, other) in enumerate(pairwise(tokens)):
        for joined in _select_terms(answers[TitleLookup(one + other, 0)], settings):
            for place in (at, at + 1):
                if lookups[place].kind == "token" and not _is_frequent(reached[place], settings):
                    reached[place] = _with(reached[place], FuzzyMatch(1, joined.term))


def _with(terms: Sequence[FuzzyMatch], added: FuzzyMatch) -> list[FuzzyMatch]:
    """Return terms with one more, each once, as near as it is in any way."""
    farthest_first = sorted([*terms, added], key=nearness, reverse=True)
    nearest = {match.term.key: match for match in farthest_first}
    return sorted(nearest.values(), key=nearness)


def _is_unknown(token: str, answers: Answers, settings: EntitySettings) -> bool:
    """Return whether no title has a token, which may then be two words typed as one."""
    nearest = answers[position_lookup(token, 1, settings)]
    return not (nearest and not nearest[0].edits)


def _halves(
    lookup: TitleLookup, answers: Answers, settings: EntitySettings
) -> list[tuple[TitleTerm, TitleTerm]]:
    token = lookup.token
    if not settings.joins or lookup.kind != "token" or not _is_unknown(token, answers, settings):
        return []
    return [
        (first.term, second.term)
        for one, other in splits(token)
        for first in answers[TitleLookup(one, 0)]
        for second in answers[TitleLookup(other, 0)]
    ]


def _finder(reached: Sequence[Sequence[FuzzyMatch]], settings: EntitySettings) -> Hashable | None:
    """Return the nearest term of the position whose terms are in the fewest titles."""
    some = [terms for terms in reached if terms]
    if not some or not settings.count_all:
        return None
    rarest = min(some, key=lambda terms: sum(match.term.df for match in terms))
    return rarest[0].term.key
