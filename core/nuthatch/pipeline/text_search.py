"""One text search from normalized query to hits, written once for every engine.

climb ──▶ fetch ──▶ snippet, evidence ──▶ order ──▶ Results
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from time import perf_counter
from typing import NamedTuple

from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Policy
from nuthatch.contract.reader import AsyncExplainingReader, AsyncReader, Candidate, StoredChunk
from nuthatch.contract.request import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.matching.climb import Climb
from nuthatch.pipeline.hits import Found, Showing, built_hits, check_rows, fetched, undefined
from nuthatch.pipeline.readers import has_explain, has_first_match
from nuthatch.text.normalize import NormalizedQuery


class SearchTask(NamedTuple):
    """One planned search: everything that is known before the engine is asked.

    `largest` is the engine's largest limit, `deadline` a `time.monotonic` reading.
    """

    backend: str
    request: SearchRequest
    query: NormalizedQuery
    filters: tuple[Filter, ...]
    limit: int
    largest: int | None
    policy: Policy
    budget: int | None
    showing: Showing
    collapse: bool
    explain: bool
    deadline: float | None
    begun: float
    notes: tuple[str, ...] = ()


async def text_search(task: SearchTask, reader: AsyncReader) -> Results:
    """Return the results of a task."""
    if task.explain and not has_explain(reader):
        raise undefined(task.backend, "explain", "the reader's explain")
    limit = task.limit
    notes = list(task.notes)
    while True:
        climb = Climb(task.query, task.policy, limit, task.budget)
        await match_rungs(climb, reader, task.filters)
        found = climb.found
        keys = [candidate.key for _, candidate in found]
        stored = await fetched(task.showing, reader, keys)
        kept = [pair for pair in zip(found, stored, strict=True) if pair[1] is not None]
        vanished = len(found) - len(kept)
        if not task.collapse:
            break
        # A document's best chunk stands for it; ask deeper until enough documents are found.
        best: dict[str, tuple[tuple[int, Candidate], StoredChunk | None]] = {}
        for pair, row in kept:
            if row is not None:
                best.setdefault(row.uri, (pair, row))
        kept = list(best.values())[: task.limit]
        if len(kept) == task.limit or len(found) < limit:
            break
        if limit == task.largest:
            notes.append(f"{task.backend} gives no more than {limit} chunks; more may match")
            break
        limit = 2 * limit if task.largest is None else min(2 * limit, task.largest)
    if vanished:
        notes.append(f"{vanished} hits vanished between matching and reading and are left out")
    parts: Mapping[Hashable, Mapping[str, float]] = {}
    if task.explain and has_explain(reader):
        parts = await _explain(task.backend, reader, climb, [pair for pair, _ in kept])
    tokens = (*task.query.tokens, *task.query.extras)
    return Results(
        hits=built_hits(task.showing, tokens, _found(kept, parts)),
        query=task.query,
        attempts=tuple(climb.attempts),
        policy=task.policy,
        ran=climb.ran,
        exact=climb.exact and not vanished and not task.collapse,
        notes=tuple(notes),
        took_ms=1000 * (perf_counter() - task.begun),
        frequencies=tuple(climb.frequencies.items()),
    )


async def match_rungs(climb: Climb, reader: AsyncReader, filters: Sequence[Filter]) -> None:
    """Match one rung after another, until the climb is at its end."""
    climb.begin(await reader.document_frequencies(climb.tokens))
    if climb.ahead and has_first_match(reader):
        begun = perf_counter()
        first = await reader.first_match(climb.ahead, filters, climb.limit)
        climb.take_first(first, 1000 * (perf_counter() - begun))
    for rung in climb.next_rungs():
        begun = perf_counter()
        matches = await reader.match(rung, filters, climb.limit)
        climb.take(rung, matches, 1000 * (perf_counter() - begun))


def _found(
    kept: Sequence[tuple[tuple[int, Candidate], StoredChunk | None]],
    parts: Mapping[Hashable, Mapping[str, float]],
) -> list[Found]:
    found = []
    for (rung, candidate), row in kept:
        assert row is not None  # vanished ones were taken out
        part = parts.get(candidate.key) or {"bm25": candidate.score}
        found.append(Found(row, candidate.score, part, rung))
    return found


async def _explain(
    backend: str,
    reader: AsyncExplainingReader,
    climb: Climb,
    found: Sequence[tuple[int, Candidate]],
) -> Mapping[Hashable, Mapping[str, float]]:
    """Ask, rung by rung, what each token adds to the scores of the hits."""
    parts: dict[Hashable, Mapping[str, float]] = {}
    for index in dict.fromkeys(index for index, _ in found):
        keys = [candidate.key for rung, candidate in found if rung == index]
        answer = await reader.explain(climb.rungs[index], keys)
        check_rows(backend, "explain", keys, answer)
        parts.update(zip(keys, answer, strict=True))
    return parts
