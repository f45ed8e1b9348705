"""Several engines' answers to one query made into one: what becomes of rungs and notes.

Scores of two engines cannot be compared, so a mixed list has scores of its own (a reciprocal of
ranks) and keeps each engine's own in `Hit.origin`. Rungs can be compared where all engines tried
the same ones: then a rung's hits stay ahead of a later rung's. Where they did not (another
policy, another state of the index), all hits are told to come from one disjunction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from nuthatch.contract.hit import Hit
from nuthatch.contract.query import EntityQuery
from nuthatch.contract.results import Attempt, Results


def same_rungs(answers: Sequence[Results]) -> bool:
    """Return whether all engines tried the same rungs in the same order."""
    tried = [[(each.operator, each.tokens) for each in one.attempts] for one in answers]
    return all(one == other for one, other in pairwise(tried))


def mixed(answers: Mapping[str, Results], hits: Sequence[Hit], took_ms: float) -> Results:
    """Return the results of a mixed list; put all hits on one rung unless theirs are in order."""
    first = next(iter(answers.values()))
    attempts = first.attempts
    in_order = all(better.rung <= worse.rung for better, worse in pairwise(hits))
    if not (same_rungs(list(answers.values())) and in_order):
        hits = [hit.model_copy(update={"rung": 0}) for hit in hits]
        attempts = () if isinstance(first.query, EntityQuery) else (_any_of(first),)
    ladder = any(each.ran == "ladder" for each in answers.values())
    notes = [f"{name}: {note}" for name, each in answers.items() for note in each.notes]
    return replace(
        first,
        hits=tuple(hits),
        attempts=attempts,
        ran="ladder" if ladder else "ranked",
        exact=False,
        notes=tuple(notes),
        took_ms=took_ms,
    )


def _any_of(results: Results) -> Attempt:
    """Return the attempt that all hits of all engines satisfy: any of the query's tokens."""
    assert not isinstance(results.query, EntityQuery)
    tokens = (*results.query.tokens, *results.query.extras)
    return Attempt("OR", tokens, ms=sum(each.ms for each in results.attempts))
