"""One text search from normalized query to hits, written once for every engine.

    climb ──▶ fetch ──▶ snippet, evidence ──▶ order ──▶ Results

It is a generator of reader requests, which `executor` puts to a reader.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Policy
from nuthatch.contract.reader import AsyncReader, Candidate, Reader, Stored
from nuthatch.contract.request import Request
from nuthatch.contract.results import Results
from nuthatch.matching.climb import Climb
from nuthatch.pipeline.hits import Found, Showing, built_hits, check_rows, fetched, undefined
from nuthatch.text.normalize import NormalizedQuery

T = TypeVar("T")
Search = Generator[Request, Any, T]


class SearchTask(NamedTuple):
    """Holds one validated search: everything that is known before the engine is asked.

    `largest` is the engine's largest limit, `deadline` a `time.monotonic` reading.
    """

    backend: str
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


def text_search(task: SearchTask, reader: Reader | AsyncReader) -> Search[Results]:
    """Yields the requests of one search and returns its results.

    The reader is only looked at for its optional methods, never called.
    """
    if task.explain and not hasattr(reader, "explain"):
        raise undefined(task.backend, "explain", "the reader's explain")
    one_pass = hasattr(reader, "first_match")
    limit = task.limit
    notes = list(task.notes)
    while True:
        climb = Climb(task.query, task.filters, limit, task.budget, one_pass)
        yield from climb.run(task.policy)
        found = climb.found
        keys = [candidate.key for _, candidate in found]
        stored = yield from fetched(task.showing, keys)
        kept = [pair for pair in zip(found, stored, strict=True) if pair[1] is not None]
        vanished = len(found) - len(kept)
        if not task.collapse:
            break
        # A document's best chunk stands for it; ask deeper until enough documents are found.
        best: dict[str, tuple[tuple[int, Candidate], Stored | None]] = {}
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
    if task.explain:
        parts = yield from _explain(task.backend, climb, [pair for pair, _ in kept])
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


def _found(
    kept: Sequence[tuple[tuple[int, Candidate], Stored | None]],
    parts: Mapping[Hashable, Mapping[str, float]],
) -> list[Found]:
    found = []
    for (rung, candidate), row in kept:
        assert row is not None  # vanished ones were taken out
        part = parts.get(candidate.key) or {"bm25": candidate.score}
        found.append(Found(row, candidate.score, part, rung))
    return found


def _explain(
    backend: str, climb: Climb, found: Sequence[tuple[int, Candidate]]
) -> Search[Mapping[Hashable, Mapping[str, float]]]:
    """Asks, rung by rung, what each token adds to the scores of the hits."""
    parts: dict[Hashable, Mapping[str, float]] = {}
    for index in dict.fromkeys(index for index, _ in found):
        keys = [candidate.key for rung, candidate in found if rung == index]
        answer = yield Request("explain", (climb.rungs[index], keys))
        check_rows(backend, "explain", keys, answer)
        parts.update(zip(keys, answer, strict=True))
    return parts
