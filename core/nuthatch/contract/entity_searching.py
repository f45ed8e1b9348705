"""One entity search from plan to hits, written once for every engine.

    match_entities ──▶ fetch ──▶ snippet, evidence ──▶ Results

The engine's own `match_entities` is used where it has one, else core's over the reader's four
look-ups.
"""

from __future__ import annotations

from time import perf_counter
from typing import Final, NamedTuple

from nuthatch.contract.query import EntityQuery
from nuthatch.contract.reader import AsyncReader, Reader
from nuthatch.contract.results import Results
from nuthatch.contract.searching import Search
from nuthatch.contract.showing import Found, Showing, built_hits, fetched, undefined
from nuthatch.entities.arithmetic import EntityMatches
from nuthatch.entities.match import match_entities
from nuthatch.entities.plan import EntityPlan
from nuthatch.matching.request import Request

_LOOK_UPS: Final = ("phrase_terms", "title_terms", "entity_postings", "eligible")


class EntityTask(NamedTuple):
    """Holds one validated entity search; `asked` is the query as it was given."""

    backend: str
    asked: EntityQuery
    plan: EntityPlan
    limit: int
    showing: Showing
    deadline: float | None
    begun: float
    notes: tuple[str, ...] = ()


def entity_search(task: EntityTask, reader: Reader | AsyncReader) -> Search[Results]:
    """Yields the requests of one search and returns its results."""
    if hasattr(reader, "match_entities"):
        matches: EntityMatches = yield Request("match_entities", (task.plan, task.limit))
    else:
        for method in _LOOK_UPS:
            if not hasattr(reader, method):
                raise undefined(task.backend, "entities", f"the reader's {method}")
        matches = yield from match_entities(task.plan, task.limit)
    candidates = matches.candidates
    stored = yield from fetched(task.showing, [candidate.key for candidate in candidates])
    found = [
        Found(row, candidate.score, candidate.parts)
        for candidate, row in zip(candidates, stored, strict=True)
        if row is not None
    ]
    notes = [*task.notes, *matches.notes]
    if len(found) < len(candidates):
        vanished = len(candidates) - len(found)
        notes.append(f"{vanished} hits vanished between matching and reading and are left out")
    return Results(
        hits=built_hits(task.showing, (), found),
        query=task.plan.query(),
        exact=len(found) == len(candidates) and not matches.notes,
        notes=tuple(notes),
        took_ms=1000 * (perf_counter() - task.begun),
    )


def nothing_asked(task: EntityTask) -> Results:
    """Returns the results of a query of which nothing is left to look for."""
    return Results(
        hits=(),
        query=task.asked,
        exact=True,
        notes=(*task.notes, "nothing to look for is left"),
        took_ms=1000 * (perf_counter() - task.begun),
    )
