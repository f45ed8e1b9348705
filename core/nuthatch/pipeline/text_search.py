"""A planned text search over a reader: ranked, climbed, or in the order of fields.

ranked   LadderSearch ──▶ match ──▶ (matching ──▶ columns ──▶ count) ──▶ fetch ──▶ (judge) ──▶ hits
                   └────▶ answer ───┘      in one trip, where the reader can
sorted   LadderSearch ──▶ matching ──▶ columns ──▶ sort, count ──▶ fetch ──▶ hits
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import islice
from time import perf_counter
from typing import NamedTuple

from nuthatch.contract.filters import Filter
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import Corrections, Policy, SearchRequest
from nuthatch.contract.reader import (
    AsyncExplainingReader,
    AsyncReader,
    Candidate,
    FirstMatch,
    Matches,
)
from nuthatch.contract.results import Results
from nuthatch.contract.spec import ScoreName
from nuthatch.matching import LadderSearch
from nuthatch.pipeline.aggregation import (
    Aggregation,
    MatchingSet,
    Totals,
    count_nothing,
    read_matching,
)
from nuthatch.pipeline.answers import AnswerReader
from nuthatch.pipeline.expansion import Visible, expand_query
from nuthatch.pipeline.fetching import fetch_rows, vanished_note
from nuthatch.pipeline.filtering import FilteringReader
from nuthatch.pipeline.hits import HitOptions, ScoredRow, build_hits
from nuthatch.pipeline.matching_source import (
    EngineFacts,
    MatchingSource,
    match_all,
    more_than,
    open_source,
)
from nuthatch.pipeline.readers import has_answer, has_explain, has_first_match
from nuthatch.pipeline.rescoring import (
    PlacedRow,
    RescoredRows,
    read_relevance_query,
    rescore_rows,
)
from nuthatch.pipeline.shape import check_rows, check_type, missing_method
from nuthatch.pipeline.verifying import verifying_reader
from nuthatch.text.normalize import NormalizedQuery
from nuthatch.text.slot import tokens_of


class SearchTask(NamedTuple):
    """One planned text search: everything that is known before the engine is asked.

    `limit` hits are wanted from `offset` on. `wanted` is what is asked of all that match, None
    where nothing is; `emulated` are the filters that the engine does not know. `score` is the name
    of the engine's scores; `is_stable` says that it declares `stable_scores`. `verifies` says that
    core reads texts to see where the phrases of the query stand. `depth` candidates are judged by
    their text if they are ranked.
    """

    facts: EngineFacts
    request: SearchRequest
    query: NormalizedQuery
    filters: tuple[Filter, ...]
    emulated: tuple[Filter, ...]
    wanted: Aggregation | None
    limit: int
    offset: int
    policy: Policy
    budget: int | None
    hit_options: HitOptions
    collapse: bool
    explain: bool
    score: ScoreName
    begun: float
    notes: tuple[str, ...] = ()
    is_stable: bool = True
    corrections: Corrections = "off"
    fixed: tuple[Filter, ...] = ()
    verifies: bool = False
    depth: int = 0

    def climb(self, limit: int) -> LadderSearch:
        """Return the climb for so many hits, as far as engines count; where all that match are
        read, `auto` ranks them."""
        ranks = self.wanted is not None and self.policy == "auto"
        policy: Policy = "ranked" if ranks else self.policy
        return LadderSearch(
            self.query,
            policy,
            min(limit, self.facts.deepest),
            self.budget,
            counted=self.request.explain,
            depth=self.depth,
        )

    def judges(self, climb: LadderSearch) -> bool:
        """Return whether the best candidates of a climb are judged by their text."""
        return self.depth > 0 and climb.ran == "ranked"


class _Page(NamedTuple):
    """The hits that a search shows: candidates with what is stored of them.

    `totals` are what was counted; without, what the hits tell of it. `parts` are those of the
    scores of candidates that were judged by their text.
    """

    climb: LadderSearch
    rows: list[PlacedRow]
    vanished: int
    totals: Totals
    notes: tuple[str, ...] = ()
    parts: Mapping[Hashable, Mapping[str, float]] = {}


async def text_search(task: SearchTask, reader: AsyncReader) -> Results:
    """Return the results of a task."""
    backend, wanted = task.facts.backend, task.wanted
    if task.explain and not has_explain(reader):
        raise missing_method(backend, "explain", "the reader's explain")
    if task.verifies:
        reader = verifying_reader(task.facts, reader)
    source: MatchingSource | None = None
    engine = reader
    if wanted is not None or task.emulated:
        source = open_source(task.facts, reader)
    if source is not None and task.emulated:
        engine = FilteringReader(task.facts, reader, source, task.emulated)
    visible = Visible(engine, task.fixed, task.emulated) if task.fixed else None
    expansion = await expand_query(backend, reader, task.query, task.corrections, visible)
    if expansion.query is not task.query:
        task = task._replace(query=expansion.query)
    if wanted is not None and source is not None and wanted.is_by_score_first:
        page = await _sort_best_page(task, wanted, engine, source)
    elif wanted is not None and source is not None and wanted.order:
        page = await _sort_page(task, wanted, engine, source)
    elif task.collapse:
        page = await _collapse_page(task, engine, source)
    else:
        page = await _rank_page(task, engine, source)
    notes = [*task.notes, *page.notes, *vanished_note(page.vanished)]
    parts = page.parts
    has_scores = wanted is None or not wanted.order or wanted.needs_scores
    if task.explain and has_scores and has_explain(reader):
        explained = await _explain(backend, reader, page.climb, [placed for placed, _ in page.rows])
        parts = {
            key: _join_parts(part, parts.get(key), task.score) for key, part in explained.items()
        }
    climb = page.climb
    tokens = tokens_of(task.query.slots)
    rows = _make_rows(page.rows, parts, task.score if has_scores else None)
    is_stable = task.is_stable or not has_scores
    return Results(
        hits=build_hits(task.hit_options, (*tokens, *task.query.extras), rows),
        query=task.query,
        attempts=tuple(climb.attempts),
        policy=task.policy,
        ran=climb.ran,
        exact=climb.exact and is_stable and not page.vanished and not task.collapse,
        notes=tuple(notes),
        took_ms=1000 * (perf_counter() - task.begun),
        frequencies=tuple(climb.frequencies.items()),
        total=page.totals.total,
        facets=page.totals.facets,
        corrections=expansion.corrections,
        relevance="auto" if task.judges(climb) else "bm25",
    )


async def _rank_page(task: SearchTask, reader: AsyncReader, source: MatchingSource | None) -> _Page:
    """Return the best chunks."""
    climb = task.climb(task.offset + task.limit)
    answering = _foresee(task, climb, reader)
    await match_rungs(task.facts.backend, climb, answering, task.filters)
    totals = await _count(task, climb, source)
    judges = task.judges(climb) and task.offset < task.depth
    begin = 0 if judges else task.offset  # what is judged is read from its beginning
    found = await _read_found(task, climb, answering, climb.found[begin:], judges=judges)
    if totals.total is None and not begin and not found.vanished and _is_whole(task, climb):
        totals = Totals(len({row.uri for _, row in found.rows}), {})
    first = task.offset - begin
    kept = found.rows[first : first + task.limit]
    return _Page(climb, kept, found.vanished, totals, parts=found.parts_of(kept))


async def _collapse_page(
    task: SearchTask, reader: AsyncReader, source: MatchingSource | None
) -> _Page:
    """Return the best chunk of each of the best documents: ask deeper until there are enough."""
    wanted, largest = task.offset + task.limit, task.facts.largest
    limit = wanted
    while True:
        climb = task.climb(limit)
        answering = _foresee(task, climb, reader)
        await match_rungs(task.facts.backend, climb, answering, task.filters)
        judges = task.judges(climb)
        found = await _read_found(task, climb, answering, climb.found, judges=judges)
        best: dict[str, PlacedRow] = {}
        for placed, row in found.rows:
            best.setdefault(row.uri, (placed, row))
        is_whole = not found.vanished and _is_whole(task, climb)
        kept = list(best.values())
        is_cut = len(climb.found) == climb.limit
        if len(kept) >= wanted or not is_cut or climb.limit == largest:
            break
        limit = 2 * climb.limit if largest is None else min(2 * climb.limit, largest)
    notes = []
    if len(kept) < wanted and is_cut:
        notes.append(f"{task.facts.backend} gives no more than {largest} chunks; more may match")
    totals = await _count(task, climb, source)
    if totals.total is None and is_whole and len(kept) < wanted:
        totals = Totals(len(kept), {})
    page = kept[task.offset : wanted]
    parts = found.parts_of(page)
    return _Page(climb, page, found.vanished, totals, tuple(notes), parts)


class _Found(NamedTuple):
    """Candidates in the order in which they are shown, without those that vanished meanwhile."""

    rows: list[PlacedRow]
    vanished: int
    rescored: RescoredRows | None

    def parts_of(self, rows: Sequence[PlacedRow]) -> Mapping[Hashable, Mapping[str, float]]:
        """Return the parts of the scores of those rows that were judged by their text."""
        return {} if self.rescored is None else self.rescored.parts_of(rows)


async def _read_found(
    task: SearchTask,
    climb: LadderSearch,
    reader: AsyncReader,
    placed: Sequence[tuple[int, Candidate]],
    *,
    judges: bool,
) -> _Found:
    """Read what is stored of candidates; with `judges` the first of them are judged by it."""
    backend, analyzer = task.facts.backend, task.facts.analyzer
    query = None
    if judges and placed:  # before the texts: nothing is read after them
        query = await read_relevance_query(backend, analyzer, climb, reader)
    stored = await fetch_rows(task.hit_options, reader, [one.key for _, one in placed])
    kept = [(one, row) for one, row in zip(placed, stored, strict=True) if row is not None]
    vanished = len(placed) - len(kept)
    if query is None:
        return _Found(kept, vanished, None)
    depth = task.depth - sum(row is None for row in stored[: task.depth])
    rescored = rescore_rows(backend, query, analyzer, kept[:depth], task.score)
    return _Found(rescored.rows + kept[depth:], vanished, rescored)


def _is_whole(task: SearchTask, climb: LadderSearch) -> bool:
    """Return whether a climb has found all that the policy ranges over."""
    return len(climb.found) < climb.limit and (climb.ran != "ladder" or task.policy == "ladder")


async def _sort_page(
    task: SearchTask, wanted: Aggregation, reader: AsyncReader, source: MatchingSource
) -> _Page:
    """Return the first chunks in the order of fields."""
    climb = task.climb(1)
    matching = await _match_whole(climb, reader, source, wanted)
    if matching is None:
        return _Page(climb, [], 0, count_nothing(wanted))
    rung = climb.winner
    assert rung is not None  # as a rung matched
    scores: Mapping[Hashable, float] = {}
    if wanted.needs_scores:
        scores = dict((await match_all(task.facts, reader, rung, task.filters)).candidates)
    keys = matching.sort(task.offset + task.limit, collapse=task.collapse, scores=scores)
    keys = keys[task.offset :]
    place = climb.rungs.index(rung)
    placed = [(place, Candidate(key, scores.get(key, 0.0))) for key in keys]
    totals = matching.count()
    rows = await fetch_rows(task.hit_options, source, keys)
    kept = [(one, row) for one, row in zip(placed, rows, strict=True) if row is not None]
    return _Page(climb, kept, len(placed) - len(kept), totals)


async def _sort_best_page(
    task: SearchTask, wanted: Aggregation, reader: AsyncReader, source: MatchingSource
) -> _Page:
    """Return the first chunks where the score decides first: the best, and ties of the last."""
    last = task.offset + task.limit
    climb = await _climb_past_ties(task, reader, last)
    if not climb.found:
        return _Page(climb, [], 0, await _count(task, climb, source))
    lowest = climb.found[:last][-1][1].score
    tied = {one.key: (place, one) for place, one in climb.found if one.score >= lowest}
    learnt = await source.learn([*tied])
    columns = await source.columns(wanted.fields)
    scores = [tied[key][1].score for key in learnt]
    keys = columns.sort(learnt, wanted.order, last, scores=scores)[task.offset :]
    totals = Totals(None, {})
    if wanted.counts or wanted.facets:
        totals = await _count(task, climb, source)
    elif len(tied) == len(climb.found) and _is_whole(task, climb):
        totals = Totals(columns.count(learnt), {})
    rows = await fetch_rows(task.hit_options, source, keys)
    kept = [(tied[key], row) for key, row in zip(keys, rows, strict=True) if row is not None]
    return _Page(climb, kept, len(keys) - len(kept), totals)


async def _climb_past_ties(task: SearchTask, reader: AsyncReader, last: int) -> LadderSearch:
    """Return the climb that has found `last` hits, and all that score as much as these."""
    largest = task.facts.deepest
    depth = min(last + 1, largest)
    while True:
        climb = task.climb(depth)
        await match_rungs(task.facts.backend, climb, reader, task.filters)
        found = climb.found
        if len(found) < depth or found[-1][1].score < found[last - 1][1].score:
            return climb
        if depth == largest:
            raise more_than(task.facts, largest)
        depth = task.facts.deepen(depth)


async def _match_whole(
    climb: LadderSearch, reader: AsyncReader, source: MatchingSource, wanted: Aggregation
) -> MatchingSet | None:
    """Climb to the rung that wins, and return all that it matches; None where no rung does."""
    begun = perf_counter()
    tokens = climb.tokens
    climb.begin(await reader.document_frequencies(tokens) if tokens else {})
    matching = None
    for rung in climb.next_rungs():
        matching = await read_matching(wanted, source, rung)
        found = [Candidate(key, 0.0) for key in islice(matching.keys, 1)]
        matches = Matches(found, len(matching.keys), exact=True)
        climb.take(rung, matches, 1000 * (perf_counter() - begun))
        begun = perf_counter()
    return None if climb.winner is None else matching


async def _count(task: SearchTask, climb: LadderSearch, source: MatchingSource | None) -> Totals:
    """Return what is counted over all that the policy ranges over."""
    if task.wanted is None or source is None:
        return Totals(None, {})
    rung = climb.winner
    if rung is None:
        return count_nothing(task.wanted)
    matched = climb.attempts[climb.rungs.index(rung)].matched
    if matched is not None and not task.wanted.facets and task.wanted.has_whole_documents:
        return Totals(matched, {})
    return (await read_matching(task.wanted, source, rung)).count()


def _foresee(task: SearchTask, climb: LadderSearch, reader: AsyncReader) -> AsyncReader:
    """Return a reader that asks for the whole climb in one trip, where the engine can answer so."""
    if not has_answer(reader):
        return reader
    proofs = task.hit_options.audit is AuditMode.GROUNDED
    # The best chunks are judged before those of one document are put together.
    collapse = task.collapse and not task.depth
    request = climb.request(task.filters, collapse=collapse, proofs=proofs)
    snapshot = task.hit_options.snapshot
    return AnswerReader(task.facts.backend, reader, request, snapshot=snapshot)


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
    rows: Sequence[PlacedRow],
    parts: Mapping[Hashable, Mapping[str, float]],
    whole: ScoreName | None,
) -> list[ScoredRow]:
    """Return the rows with their scores; without a name of a score they have none."""
    found = []
    for (rung, candidate), row in rows:
        part = parts.get(candidate.key) or ({whole: candidate.score} if whole else {})
        found.append(ScoredRow(row, candidate.score, part, rung))
    return found


def _join_parts(
    tokens: Mapping[str, float], judged: Mapping[str, float] | None, whole: ScoreName
) -> Mapping[str, float]:
    """Return what each token adds to the engine's score, and what the formula adds to that."""
    added = {} if judged is None else {name: judged[name] for name in judged if name != whole}
    return {**tokens, **added}


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
