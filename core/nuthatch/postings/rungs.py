"""Rungs over scored terms: the first that matches anything, and each token's part of a score."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from nuthatch.contract.query import Rung
from nuthatch.contract.reader import Candidate, FirstMatch, Matches
from nuthatch.scoring.arrays import IdArray
from nuthatch.scoring.postings import Term, TermScores
from nuthatch.scoring.ranking import TopK, conjunction, conjunction_top_k


def to_matches(best: TopK) -> Matches:
    """Return a ranking as the answer to a rung."""
    candidates = [*map(Candidate, best.ids.tolist(), best.scores.tolist())]
    return Matches(candidates, best.total, exact=True)


def find_first_match(
    rungs: Sequence[Rung],
    terms: Mapping[str, TermScores],
    allowed: IdArray | None,
    limit: int,
) -> FirstMatch | None:
    """Return the first rung that matches anything, and its best chunks; None if there is none.

    The rungs are conjunctions, each of a part of the tokens of the one before; `terms` has the
    first one's. So the climb begins at the last rung, of the fewest tokens, and goes on while a
    chunk is left: every list is read once.
    """
    winner: int | None = None
    ids = allowed
    tokens: set[str] = set()
    for index in range(len(rungs) - 1, -1, -1):
        fresh = [terms[token].ids for token in set(rungs[index].words) - tokens]
        tokens.update(rungs[index].words)
        if fresh:
            ids = conjunction([*fresh, *(() if ids is None else (ids,))])
        if ids is None or not ids.size:
            break
        winner = index
    if winner is None:
        return None
    best = conjunction_top_k([terms[token] for token in rungs[winner].words], limit, allowed)
    return FirstMatch(winner, to_matches(best))


def explain_rung(
    rung: Rung, terms: Mapping[str, Term], keys: Sequence[Hashable]
) -> list[dict[str, float]]:
    """Return for each chunk, whose keys are ids, the part of its score that each token gives."""
    ids = np.array(keys, dtype=np.uint32)
    parts: list[dict[str, float]] = [{} for _ in range(ids.size)]
    for token in dict.fromkeys(rung.words):
        impacts = terms[token].impacts_at(ids) * rung.words.count(token)
        for part, impact in zip(parts, impacts.tolist(), strict=True):
            part[token] = impact
    return parts
