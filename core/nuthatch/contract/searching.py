"""One text search from normalized query to hits, written once for every engine.

    climb ──▶ fetch ──▶ snippet, evidence ──▶ order ──▶ Results

It is a generator of reader requests. Two short loops drive it: `drive` over a `Reader`,
`drive_async` over an `AsyncReader`.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping, Sequence
from time import monotonic, perf_counter
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from nuthatch.contract.audit import AuditMode
from nuthatch.contract.filters import Filter
from nuthatch.contract.hit import HITS, Hit
from nuthatch.contract.query import Policy
from nuthatch.contract.reader import AsyncReader, Candidate, Reader, Stored
from nuthatch.contract.results import Results
from nuthatch.contract.schema import explain as explain_validation
from nuthatch.errors import PluginFailure, QueryTimeout
from nuthatch.grounding.evidence import evidence_for
from nuthatch.matching.climb import Climb, Request
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.normalize import NormalizedQuery
from nuthatch.text.snippet import Snippets

T = TypeVar("T")
Search = Generator[Request, Any, T]


class SearchTask(NamedTuple):
    """Holds one validated search: everything that is known before the engine is asked.

    `largest` is the engine's largest limit, `deadline` a `time.monotonic` reading.
    """

    backend: str
    analyzer: Analyzer
    query: NormalizedQuery
    filters: tuple[Filter, ...]
    limit: int
    largest: int | None
    policy: Policy
    budget: int | None
    audit: AuditMode
    collapse: bool
    explain: bool
    snippet_width: int
    deadline: float | None
    begun: float
    notes: tuple[str, ...] = ()


def drive(search: Search[T], reader: Reader, deadline: float | None) -> T:
    """Runs a search over a reader. Raises `QueryTimeout` between requests."""
    try:
        request = next(search)
        while True:
            _check_deadline(deadline)
            request = search.send(getattr(reader, request.method)(*request.arguments))
    except StopIteration as done:
        result: T = done.value
        return result


async def drive_async(search: Search[T], reader: AsyncReader, deadline: float | None) -> T:
    """Runs a search over an asynchronous reader. Raises `QueryTimeout` between requests."""
    try:
        request = next(search)
        while True:
            _check_deadline(deadline)
            request = search.send(await getattr(reader, request.method)(*request.arguments))
    except StopIteration as done:
        result: T = done.value
        return result


def _check_deadline(deadline: float | None) -> None:
    if deadline is not None and monotonic() > deadline:
        raise QueryTimeout("the search took longer than its timeout; raise it or ask for less")


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
        proofs = task.audit is AuditMode.GROUNDED
        stored: Sequence[Stored | None] = (yield Request("fetch", (keys, proofs))) if keys else ()
        _check_rows(task.backend, "fetch", keys, stored)
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
    hits = _hits(task, climb, kept, parts)
    return Results(
        hits=hits,
        query=task.query,
        attempts=tuple(climb.attempts),
        policy=task.policy,
        ran=climb.ran,
        exact=climb.exact and not vanished and not task.collapse,
        notes=tuple(notes),
        took_ms=1000 * (perf_counter() - task.begun),
        frequencies=tuple(climb.frequencies.items()),
    )


def undefined(backend: str, feature: str, method: str) -> PluginFailure:
    """Returns the failure of a backend that declares a feature without the method for it."""
    return _failure(backend, f"declares {feature} and does not define {method}", "shape")


def _failure(backend: str, problem: str, stage: str) -> PluginFailure:
    hint = "Report it to the backend's author."
    return PluginFailure(f"the backend {backend!r} {problem}. {hint}", stage=stage, hint=hint)


def _check_rows(
    backend: str, method: str, keys: Sequence[Hashable], rows: Sequence[object]
) -> None:
    if len(rows) != len(keys):
        problem = f"was asked by {method} for {len(keys)} rows and gave {len(rows)}"
        raise _failure(backend, problem, "search")


def _explain(
    backend: str, climb: Climb, found: Sequence[tuple[int, Candidate]]
) -> Search[Mapping[Hashable, Mapping[str, float]]]:
    """Asks, rung by rung, what each token adds to the scores of the hits."""
    parts: dict[Hashable, Mapping[str, float]] = {}
    for index in dict.fromkeys(index for index, _ in found):
        keys = [candidate.key for rung, candidate in found if rung == index]
        answer = yield Request("explain", (climb.rungs[index], keys))
        _check_rows(backend, "explain", keys, answer)
        parts.update(zip(keys, answer, strict=True))
    return parts


def _hits(
    task: SearchTask,
    climb: Climb,
    kept: Sequence[tuple[tuple[int, Candidate], Stored | None]],
    parts: Mapping[Hashable, Mapping[str, float]],
) -> tuple[Hit, ...]:
    tokens = (*task.query.tokens, *task.query.extras)
    snippets = Snippets(task.analyzer, tokens, width=task.snippet_width)
    values = []
    for (rung, candidate), row in kept:
        assert row is not None  # vanished ones were taken out
        cut = snippets.of(row.text)
        value = {
            "document_root": row.root.hex(),
            "document_uri": row.uri,
            "chunk_idx": row.chunk_idx,
            "title": row.title,
            "snippet": cut.text,
            "score": candidate.score,
            "score_parts": parts.get(candidate.key) or {"bm25": candidate.score},
            "audit_mode": task.audit,
            "fields": row.fields,
            "rung": rung,
            "marks": cut.shown,
        }
        if task.audit is AuditMode.GROUNDED:
            value["evidence"] = evidence_for(row, cut)
        values.append(value)
    try:
        return HITS.validate_python(values)
    except ValidationError as error:
        problem = f"returned hits that break the contract ({explain_validation(error)})"
        raise _failure(task.backend, problem, "search") from error
