"""A planned entity search over a reader.

match_entities, or core's arithmetic over the reader's look-ups ──▶ fetch ──▶ hits
                                     └──▶ columns ──▶ sort, count ──┘
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from nuthatch.contract.facet import FacetCount
from nuthatch.contract.query import EntityQuery, SearchRequest
from nuthatch.contract.reader import AsyncReader
from nuthatch.contract.results import Results
from nuthatch.pipeline.aggregation import Aggregation, MatchingSet
from nuthatch.pipeline.fetching import fetch_rows, vanished_note
from nuthatch.pipeline.hits import HitOptions, ScoredRow, build_hits
from nuthatch.pipeline.matching_source import EVERYTHING, EngineFacts, open_source
from nuthatch.pipeline.readers import has_look_ups, has_match_entities, missing_look_up
from nuthatch.pipeline.shape import check_type, missing_method

if TYPE_CHECKING:
    from nuthatch.entities.match import EntityMatches
    from nuthatch.entities.plan import EntityPlan


class EntityTask(NamedTuple):
    """One planned entity search: everything that is known before the engine is asked.

    Of the plans, `shared` does without the filters that facets leave out; None where it is the
    same.
    """

    facts: EngineFacts
    request: SearchRequest
    query: EntityQuery
    plan: EntityPlan
    shared: EntityPlan | None
    wanted: Aggregation | None
    limit: int
    offset: int
    hit_options: HitOptions
    begun: float
    notes: tuple[str, ...] = ()


async def entity_search(task: EntityTask, reader: AsyncReader) -> Results:
    """Return the results of a task."""
    wanted = task.wanted
    window = task.offset + task.limit
    matches = await _match_entities(task, reader, task.plan, EVERYTHING if wanted else window)
    notes = [*matches.notes]
    candidates = matches.candidates[task.offset : window]
    total: int | None = matches.total
    facets: Mapping[str, Sequence[FacetCount]] = {}
    has_scores = True
    if wanted is not None:
        by_key = {item.key: item for item in matches.candidates}
        source = open_source(task.facts, reader)
        keys = await source.locate([*by_key])
        shared = keys
        if task.shared is not None:
            wider = await _match_entities(task, reader, task.shared, EVERYTHING)
            notes += [note for note in wider.notes if note not in notes]
            shared = await source.locate([item.key for item in wider.candidates])
        matching = MatchingSet(wanted, shared, await source.columns(wanted.fields), keys)
        total, facets = matching.count()
        if wanted.order:
            has_scores = wanted.needs_scores
            scores = {key: item.score for key, item in by_key.items()}
            order = matching.sort(window, collapse=False, scores=scores)
            candidates = [by_key[key] for key in order[task.offset :]]
    stored = await fetch_rows(task.hit_options, reader, [item.key for item in candidates])
    found = [
        ScoredRow(row, item.score, item.parts) if has_scores else ScoredRow(row, 0.0, {})
        for item, row in zip(candidates, stored, strict=True)
        if row is not None
    ]
    vanished = len(candidates) - len(found)
    return Results(
        hits=build_hits(task.hit_options, (), found),
        query=task.plan.query(),
        exact=not vanished and not notes,
        notes=(*task.notes, *notes, *vanished_note(vanished)),
        took_ms=1000 * (perf_counter() - task.begun),
        total=total,
        facets=facets,
    )


async def _match_entities(
    task: EntityTask, reader: AsyncReader, plan: EntityPlan, limit: int
) -> EntityMatches:
    from nuthatch.entities.match import EntityMatches, match_by_lookups  # no text search needs it

    backend = task.facts.backend
    if has_match_entities(reader):
        matches = await reader.match_entities(plan, limit)
    elif has_look_ups(reader):
        matches = await match_by_lookups(reader, plan, limit)
    else:
        raise missing_method(backend, "entities", f"the reader's {missing_look_up(reader)}")
    check_type(backend, "match_entities", matches, EntityMatches)
    return matches
