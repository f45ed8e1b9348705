"""Rungs over scored terms: the first that matches anything, and each token's part of a score."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from nuthatch.contract.query import Rung
from nuthatch.contract.reader import Candidate, FirstMatch, Matches
from nuthatch.scoring.arrays import Allowed, IdArray, intersect_mask
from nuthatch.scoring.postings import Term, TermScores
from nuthatch.scoring.ranking import TopK, conjunction_top_k, intersect_terms
from nuthatch.text.slot import Slot


def to_matches(best: TopK) -> Matches:
    """Return a ranking as the answer to a rung."""
    candidates = [*map(Candidate, best.ids.tolist(), best.scores.tolist())]
    return Matches(candidates, best.total, exact=True)


def find_first_match(
    rungs: Sequence[Rung],
    terms: Mapping[Slot, TermScores],
    allowed: Allowed | None,
    limit: int,
) -> FirstMatch | None:
    """Return the first rung that matches anything, and its best chunks; None if there is none.

    The rungs are conjunctions, each of a part of the slots of the one before; `terms` has the
    first one's. So the climb begins at the last rung, of the fewest slots, and goes on while a
    chunk is left: every list is read once. `allowed` is what passes filters, phrases and
    exclusions, which all rungs share.
    """
    winner: int | None = None
    ids: IdArray | None = None
    mask: Allowed | None = None
    if allowed is not None and allowed.dtype == np.bool_:
        mask = allowed
    elif allowed is not None:
        ids = allowed.astype(np.uint32, copy=False)
    known: set[Slot] = set()
    for index in range(len(rungs) - 1, -1, -1):
        fresh = [terms[slot] for slot in set(rungs[index].slots) - known]
        known.update(rungs[index].slots)
        if fresh:
            ids = intersect_terms(fresh, ids)
            if mask is not None:
                ids, mask = ids[intersect_mask(ids, mask)], None
        if ids is None or not ids.size:
            break
        winner = index
    if winner is None:
        return None
    best = conjunction_top_k([terms[slot] for slot in rungs[winner].slots], limit, allowed)
    return FirstMatch(winner, to_matches(best))


def explain_rung(
    rung: Rung, terms: Mapping[str, Term], keys: Sequence[Hashable]
) -> list[dict[str, float]]:
    """Return for each chunk, whose keys are ids, the part of its score that each token gives.

    `terms` has the tokens of all alternatives. A slot's part is that of its best alternative, of
    equally good ones the first.
    """
    ids = np.array(keys, dtype=np.uint32)
    impacts = {token: terms[token].impacts_at(ids) for token in rung.tokens}
    parts: list[dict[str, float]] = [{} for _ in range(ids.size)]
    for slot in dict.fromkeys(rung.slots):
        repeats = rung.slots.count(slot)
        scores = np.array([impacts[token] * weight for token, weight in slot.alternatives])
        for part, best, score in zip(
            parts, scores.argmax(axis=0).tolist(), scores.max(axis=0).tolist(), strict=True
        ):
            token = slot.alternatives[best].token
            part[token] = part.get(token, 0.0) + score * repeats
    return parts
