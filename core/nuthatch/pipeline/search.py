"""A planned search from its query to its hits, written once for every engine.

    request ── plan ──▶ PlannedSearch ── over a reader ──▶ Results

    text       LadderSearch ──▶ match ──▶ fetch ──▶ snippets, evidence ──▶ hits
                          └────▶ answer ───┘      in one trip, where the reader can
    entities   match_entities, or core's arithmetic over the reader's look-ups ──▶ fetch ──▶ hits

What plugins say of a query is in the plan, so an engine may run it a second time.
"""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from nuthatch.contract.filters import Filter
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import EntityQuery, Policy, SearchRequest
from nuthatch.contract.reader import (
    AsyncExplainingReader,
    AsyncReader,
    Candidate,
    FetchedChunk,
    FirstMatch,
    Matches,
)
from nuthatch.contract.results import Results
from nuthatch.contract.spec import ScoreName
from nuthatch.errors import IndexCorrupt
from nuthatch.matching import LadderSearch
from nuthatch.pipeline.answers import AnswerReader
from nuthatch.pipeline.hits import HitOptions, ScoredRow, build_hits
from nuthatch.pipeline.readers import (
    TimedReader,
    has_answer,
    has_explain,
    has_first_match,
    has_look_ups,
    has_match_entities,
    missing_look_up,
)
from nuthatch.pipeline.shape import check_chunks, check_rows, check_type, missing_method
from nuthatch.text.normalize import NormalizedQuery

if TYPE_CHECKING:
    from nuthatch.entities.plan import EntityPlan


async def fetch_rows(
    options: HitOptions, reader: AsyncReader, keys: Sequence[Hashable]
) -> Sequence[FetchedChunk | None]:
    """Return what is stored for each key; None for one that is gone.

    Raise `IndexCorrupt` for that under `snapshot`.
    """
    if not keys:
        return ()
    proofs = options.audit is AuditMode.GROUNDED
    stored = await reader.fetch(keys, proofs)
    check_rows(options.backend, "fetch", keys, stored)
    check_chunks(options.backend, stored)
    missing = sum(row is None for row in stored)
    if missing and options.snapshot:
        raise IndexCorrupt(
            f"the index of the backend {options.backend!r} matched {len(stored)} chunks, and "
            f"{missing} of them are not stored; run `nuthatch check`, and add the documents again"
        )
    return stored


class SearchTask(NamedTuple):
    """One planned search: everything that is known before the engine is asked.

    `largest` is the engine's largest limit, `score` the name of its scores, `deadline` a
    `time.monotonic` reading; `is_stable` says that the engine declares `stable_scores`.
    """

    backend: str
    request: SearchRequest
    query: NormalizedQuery
    filters: tuple[Filter, ...]
    limit: int
    largest: int | None
    policy: Policy
    budget: int | None
    hit_options: HitOptions
    collapse: bool
    explain: bool
    score: ScoreName
    deadline: float | None
    begun: float
    notes: tuple[str, ...] = ()
    is_stable: bool = True


async def text_search(task: SearchTask, reader: AsyncReader) -> Results:
    """Return the results of a task."""
    if task.explain and not has_explain(reader):
        raise missing_method(task.backend, "explain", "the reader's explain")
    limit = task.limit
    notes = list(task.notes)
    while True:
        wanted = task.request.explain
        climb = LadderSearch(task.query, task.policy, limit, task.budget, counted=wanted)
        source = _foresee(task, climb, reader)
        await match_rungs(task.backend, climb, source, task.filters)
        found = climb.found
        keys = [candidate.key for _, candidate in found]
        stored = await fetch_rows(task.hit_options, source, keys)
        kept = [pair for pair in zip(found, stored, strict=True) if pair[1] is not None]
        vanished = len(found) - len(kept)
        if not task.collapse:
            break
        # A document's best chunk stands for it; ask deeper until enough documents are found.
        best: dict[str, tuple[tuple[int, Candidate], FetchedChunk | None]] = {}
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
        hits=build_hits(task.hit_options, tokens, _make_rows(kept, parts, task.score)),
        query=task.query,
        attempts=tuple(climb.attempts),
        policy=task.policy,
        ran=climb.ran,
        exact=climb.exact and task.is_stable and not vanished and not task.collapse,
        notes=tuple(notes),
        took_ms=1000 * (perf_counter() - task.begun),
        frequencies=tuple(climb.frequencies.items()),
    )


def _foresee(task: SearchTask, climb: LadderSearch, reader: AsyncReader) -> AsyncReader:
    """Return a reader that asks for the whole climb in one trip, where the engine can answer so."""
    if not has_answer(reader):
        return reader
    proofs = task.hit_options.audit is AuditMode.GROUNDED
    request = climb.request(task.filters, collapse=task.collapse, proofs=proofs)
    return AnswerReader(task.backend, reader, request, snapshot=task.hit_options.snapshot)


async def match_rungs(
    backend: str, climb: LadderSearch, reader: AsyncReader, filters: Sequence[Filter]
) -> None:
    """Match one rung after another, until the climb is at its end."""
    begun = perf_counter()
    tokens = climb.tokens
    climb.begin(await reader.document_frequencies(tokens) if tokens else {})
    if climb.ahead and has_first_match(reader):
        first = await reader.first_match(climb.ahead, filters, climb.limit)
        if first is not None:
            check_type(backend, "first_match", first, FirstMatch)
        climb.take_first(first, 1000 * (perf_counter() - begun))
        begun = perf_counter()
    for rung in climb.next_rungs():
        matches = await reader.match(rung, filters, climb.limit)
        check_type(backend, "match", matches, Matches)
        climb.take(rung, matches, 1000 * (perf_counter() - begun))
        begun = perf_counter()


def _make_rows(
    kept: Sequence[tuple[tuple[int, Candidate], FetchedChunk | None]],
    parts: Mapping[Hashable, Mapping[str, float]],
    whole: ScoreName,
) -> list[ScoredRow]:
    found = []
    for (rung, candidate), row in kept:
        assert row is not None  # vanished ones were taken out
        part = parts.get(candidate.key) or {whole: candidate.score}
        found.append(ScoredRow(row, candidate.score, part, rung))
    return found


async def _explain(
    backend: str,
    reader: AsyncExplainingReader,
    climb: LadderSearch,
    found: Sequence[tuple[int, Candidate]],
) -> Mapping[Hashable, Mapping[str, float]]:
    """Return, read rung by rung, what each token adds to the scores of the hits."""
    parts: dict[Hashable, Mapping[str, float]] = {}
    for index in dict.fromkeys(index for index, _ in found):
        keys = [candidate.key for rung, candidate in found if rung == index]
        answer = await reader.explain(climb.rungs[index], keys)
        check_rows(backend, "explain", keys, answer)
        parts.update(zip(keys, answer, strict=True))
    return parts


class EntityTask(NamedTuple):
    """One planned entity search: everything that is known before the engine is asked."""

    backend: str
    request: SearchRequest
    asked: EntityQuery
    plan: EntityPlan
    limit: int
    hit_options: HitOptions
    deadline: float | None
    begun: float
    notes: tuple[str, ...] = ()


async def entity_search(task: EntityTask, reader: AsyncReader) -> Results:
    """Return the results of a task."""
    from nuthatch.entities.match import EntityMatches, match_by_lookups  # no text search needs it

    if has_match_entities(reader):
        matches = await reader.match_entities(task.plan, task.limit)
    elif has_look_ups(reader):
        matches = await match_by_lookups(reader, task.plan, task.limit)
    else:
        raise missing_method(task.backend, "entities", f"the reader's {missing_look_up(reader)}")
    check_type(task.backend, "match_entities", matches, EntityMatches)
    candidates = matches.candidates
    stored = await fetch_rows(task.hit_options, reader, [candidate.key for candidate in candidates])
    found = [
        ScoredRow(row, candidate.score, candidate.parts)
        for candidate, row in zip(candidates, stored, strict=True)
        if row is not None
    ]
    notes = [*task.notes, *matches.notes]
    if len(found) < len(candidates):
        vanished = len(candidates) - len(found)
        notes.append(f"{vanished} hits vanished between matching and reading and are left out")
    return Results(
        hits=build_hits(task.hit_options, (), found),
        query=task.plan.query(),
        exact=len(found) == len(candidates) and not matches.notes,
        notes=tuple(notes),
        took_ms=1000 * (perf_counter() - task.begun),
    )


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """One search, normalized, and checked against the index and its plugins."""

    task: SearchTask | EntityTask

    @property
    def request(self) -> SearchRequest:
        """The search as it came."""
        return self.task.request

    @property
    def deadline(self) -> float | None:
        """A reading of `time.monotonic` from which on the search is too late, if there is one."""
        return self.task.deadline

    @property
    def is_empty(self) -> bool:
        """Return whether normalization has left nothing to look for."""
        task = self.task
        return not (task.plan.possible if isinstance(task, EntityTask) else task.query.tokens)

    def over(self, reader: AsyncReader) -> Coroutine[Any, Any, Results]:
        """Return the coroutine of the search over a reader.

        It raises `QueryTimeout` before a call of the reader once the deadline has passed.
        """
        if self.task.deadline is not None:
            reader = TimedReader(reader, self.task.deadline)
        if isinstance(self.task, EntityTask):
            return entity_search(self.task, reader)
        return text_search(self.task, reader)

    def nothing(self) -> Results:
        """Return the results of a search of which nothing is left."""
        task = self.task
        took_ms = 1000 * (perf_counter() - task.begun)
        if isinstance(task, EntityTask):
            notes = (*task.notes, "nothing to look for is left")
            return Results((), task.asked, exact=True, notes=notes, took_ms=took_ms)
        notes = (*task.notes, "the query holds no word to look for")
        return Results((), task.query, policy=task.policy, exact=True, notes=notes, took_ms=took_ms)
