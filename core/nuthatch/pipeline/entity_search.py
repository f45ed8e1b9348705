"""One entity search from plan to hits, written once for every engine.

    match_entities ──▶ fetch ──▶ snippet, evidence ──▶ Results

The engine's own `match_entities` is used where it has one, else core's over the reader's four
look-ups.
"""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

from nuthatch.contract.query import EntityQuery
from nuthatch.contract.reader import AsyncReader
from nuthatch.contract.request import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.entities.match import match_by_lookups
from nuthatch.entities.plan import EntityPlan
from nuthatch.pipeline.hits import Found, Showing, built_hits, fetched, undefined
from nuthatch.pipeline.readers import has_look_ups, has_match_entities, missing_look_up


class EntityTask(NamedTuple):
    """One planned entity search: everything that is known before the engine is asked."""

    backend: str
    request: SearchRequest
    asked: EntityQuery
    plan: EntityPlan
    limit: int
    showing: Showing
    deadline: float | None
    begun: float
    notes: tuple[str, ...] = ()


async def entity_search(task: EntityTask, reader: AsyncReader) -> Results:
    """Return the results of a task."""
    if has_match_entities(reader):
        matches = await reader.match_entities(task.plan, task.limit)
    elif has_look_ups(reader):
        matches = await match_by_lookups(reader, task.plan, task.limit)
    else:
        raise undefined(task.backend, "entities", f"the reader's {missing_look_up(reader)}")
    candidates = matches.candidates
    stored = await fetched(task.showing, reader, [candidate.key for candidate in candidates])
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
