"""The score of a document: how many phrases it matches, and how well its title fits.

    title      (1 + β²) · m / (β² · k + L)     m of k resolved tokens are in a title of L tokens
    raw        matched phrases + title scores, rounded to 12 decimals
    score      raw / (phrases + title searches)

The title's score equals F_β of its coverage m / k and its specificity m / L (van Rijsbergen 1979).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Hashable, Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Any, Final, NamedTuple

from nuthatch.contract.entity_settings import EntitySettings
from nuthatch.entities.plan import EntityPlan

#: The decimals of a raw score: sums in another order than the query's differ behind them.
DECIMALS: Final = 12
#: The name that the title searches have among the parts of a score.
TITLES: Final = "titles"

#: Document keys with their title's number of tokens.
Lengths = Mapping[Hashable, int]


class EntityCandidate(NamedTuple):
    """Names a document by the key of its first chunk, with its score and the parts of it: for
    each phrase field by name, and for `titles`."""

    key: Hashable
    score: float
    parts: dict[str, float]


class EntityMatches(NamedTuple):
    """Holds the best documents, by score and then in document order; `total` match (None: that
    was not counted)."""

    candidates: Sequence[EntityCandidate]
    total: int | None


def title_score(matched: int, resolved: int, length: int, settings: EntitySettings) -> float:
    """Returns how well a title fits; 0 below the threshold. `matched` may exceed `length`."""
    weight = settings.beta**2
    score = (1 + weight) * matched / (weight * resolved + length)
    return score if score >= settings.threshold else 0.0


def scored(
    plan: EntityPlan,
    included: Sequence[Collection[Hashable]],
    excluded: Container[Hashable],
    titles: Sequence[Sequence[Lengths]],
    eligible: Container[Hashable] | None,
    limit: int,
) -> EntityMatches:
    """Returns the best documents.

    `included` are the documents of each phrase of the plan, `excluded` those of any excluded one,
    `titles` those of each resolved token of each title search, `eligible` those that pass the
    filters (None: all).
    """
    matched: dict[Hashable, Counter[str]] = {}
    for lookup, documents in zip(plan.include, included, strict=True):
        for key in documents:
            if eligible is None or key in eligible:
                matched.setdefault(key, Counter())[lookup.field] += 1
    sums = _title_sums(titles, eligible, plan.settings)
    found = [
        candidate(key, matched.get(key, {}), sums.get(key, 0.0), plan.possible)
        for key in matched.keys() | sums.keys()
        if key not in excluded
    ]
    return EntityMatches(nsmallest(limit, found, key=_place), len(found))


def candidate(
    key: Hashable, matched: Mapping[str, int], titles: float, possible: int
) -> EntityCandidate:
    """Returns a document that so many phrases of each field match, with a sum of title scores."""
    parts = {field: count / possible for field, count in matched.items()}
    if titles:
        parts[TITLES] = parts.get(TITLES, 0.0) + round(titles, DECIMALS) / possible
    return EntityCandidate(key, round(sum(matched.values()) + titles, DECIMALS) / possible, parts)


def _place(candidate: EntityCandidate) -> tuple[float, Any]:
    return -candidate.score, candidate.key


def _title_sums(
    titles: Sequence[Sequence[Lengths]],
    eligible: Container[Hashable] | None,
    settings: EntitySettings,
) -> dict[Hashable, float]:
    sums: dict[Hashable, float] = {}
    for positions in titles:
        scores = _title_scores(positions, eligible, settings)
        for key, score in _best(scores.items(), settings.title_cap):
            sums[key] = sums.get(key, 0.0) + score
    return dict(_best(sums.items(), settings.title_cap))


def _title_scores(
    positions: Sequence[Lengths], eligible: Container[Hashable] | None, settings: EntitySettings
) -> dict[Hashable, float]:
    matched: Counter[Hashable] = Counter()
    lengths: dict[Hashable, int] = {}
    for documents in positions:
        matched.update(documents.keys())
        lengths.update(documents)
    scores = {}
    for key, count in matched.items():
        if eligible is None or key in eligible:
            score = title_score(count, len(positions), lengths[key], settings)
            if score:
                scores[key] = score
    return scores


def _best(scores: Iterable[tuple[Hashable, float]], cap: int) -> Iterable[tuple[Hashable, float]]:
    given = list(scores)
    if len(given) <= cap:
        return given
    return nsmallest(cap, given, key=lambda each: (-each[1], each[0]))
