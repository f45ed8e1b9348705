"""All documents that pass filters, over a reader: matching ──▶ columns ──▶ fetch ──▶ hits."""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

from nuthatch.contract.query import MatchAll, SearchRequest
from nuthatch.contract.reader import AsyncReader
from nuthatch.contract.results import Results
from nuthatch.pipeline.aggregation import Aggregation, read_matching
from nuthatch.pipeline.fetching import fetch_rows, vanished_note
from nuthatch.pipeline.hits import HitOptions, ScoredRow, build_hits
from nuthatch.pipeline.matching_source import EngineFacts, open_source


class BrowseTask(NamedTuple):
    """One planned `MatchAll`: everything that is known before the engine is asked."""

    facts: EngineFacts
    request: SearchRequest
    query: MatchAll
    wanted: Aggregation
    limit: int
    offset: int
    hit_options: HitOptions
    begun: float
    notes: tuple[str, ...] = ()


async def browse(task: BrowseTask, reader: AsyncReader) -> Results:
    """Return the results of a task."""
    source = open_source(task.facts, reader)
    matching = await read_matching(task.wanted, source, None)
    keys = matching.sort(task.offset + task.limit, collapse=True, scores={})[task.offset :]
    totals = matching.count()
    stored = await fetch_rows(task.hit_options, source, keys)
    rows = [ScoredRow(row, 0.0, {}) for row in stored if row is not None]
    vanished = len(keys) - len(rows)
    return Results(
        hits=build_hits(task.hit_options, (), rows),
        query=task.query,
        exact=not vanished,
        notes=(*task.notes, *vanished_note(vanished)),
        took_ms=1000 * (perf_counter() - task.begun),
        total=totals.total,
        facets=totals.facets,
    )
