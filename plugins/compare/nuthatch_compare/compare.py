"""`compare`: systems, queries and judgments in, a `Comparison` out."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import combinations

from nuthatch import (
    BackendUnavailable,
    EntityQuery,
    InvalidConfig,
    MatchAll,
    NuthatchError,
    SearchBackend,
    TextQuery,
)
from nuthatch_compare.answers import SystemAnswers, run_queries
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.evaluation import Evaluation
from nuthatch_compare.formatting import digest, format_names
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.reconciliation import (
    Reconciled,
    describe_unknown,
    list_unmatched,
    reconcile,
)
from nuthatch_compare.inputs.runs import Run
from nuthatch_compare.inputs.slices import slice_queries
from nuthatch_compare.inputs.systems import System, make_systems
from nuthatch_compare.measures.agreement import Agreement, RankedAnswers, compare_answers
from nuthatch_compare.measures.computation import describe_library
from nuthatch_compare.measures.counts import NO_COUNTS, Counts
from nuthatch_compare.measures.coverage import warn_of_coverage
from nuthatch_compare.performance.driver import SearchCall
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.latency import Latency, measure_latency
from nuthatch_compare.performance.workload import Limits, Load
from nuthatch_compare.report.verdict import list_caveats, list_warnings, write_verdict
from nuthatch_compare.settings import Settings
from nuthatch_compare.system_summary import (
    check_counts,
    check_validity,
    describe_system,
    list_answers,
    with_outcomes,
)

Search = TextQuery | EntityQuery | MatchAll


def compare(
    backends: Mapping[str, SearchBackend | Run] | Sequence[System],
    queries: Sequence[NamedQuery] | Mapping[str, str | Search],
    judgments: Grades | None = None,
    *,
    settings: Settings | None = None,
    latency: Load | None = None,
    limits: Limits | None = None,
    slices: Sequence[str] = (),
    costs: Sequence[Cost] = (),
    timeout: float | None = None,
    counts: Counts = NO_COUNTS,
    title: str = "",
) -> Comparison:
    """Return the comparison of two systems or more. By default the first one is the baseline.

    `judgments` are grades by query and document. Without them there are no measures of relevance,
    but agreement. `latency` is the load under which the latency is measured, within `limits`,
    after all queries were answered once. `slices` are fields of the queries, or `length`. `costs`
    were measured while indexing. `timeout` is in seconds, for each query. `counts` say what all
    systems count over all that match; whether they count the same is among the conditions.

    A query may be a `TextQuery` with filters and an order, an `EntityQuery` or `MatchAll`.

    Raise `InvalidConfig`, `BackendUnavailable` where a system answered no query at all, and
    `NothingMeasured` where no system found a judged document.
    """
    systems = make_systems(backends) if isinstance(backends, Mapping) else list(backends)
    settings = (settings or Settings()).for_systems([system.name for system in systems])
    systems.sort(key=lambda system: system.name != settings.baseline)
    named = _name_queries(queries)
    names = [query.name for query in named]
    _check_runs(systems, names)
    reconciled = reconcile(judgments, names) if judgments else None
    if latency is not None:
        _refuse_latency(named)
    for field in slices:
        slice_queries(named, field)  # report a field that no query has before any work
    descriptions = {system.name: describe_system(system) for system in systems}
    answers = {
        system.name: run_queries(
            system,
            named,
            depth=settings.depth,
            shown=settings.shown,
            timeout=timeout,
            counts=counts,
        )
        for system in systems
    }
    _check_answers(answers, len(named))
    rankings = {name: one.rankings for name, one in answers.items()}
    unmatched = (
        list(list_unmatched(judgments, reconciled.measured, rankings))
        if judgments and reconciled
        else []
    )
    evaluation = Evaluation(settings, answers, judgments or {}, reconciled)
    pairs = _compare_answers(answers, names)
    latencies = _measure_latency(systems, named, latency, settings, limits, timeout)
    summaries = tuple(
        with_outcomes(descriptions[system.name], answers[system.name]) for system in systems
    )
    caveats = (*unmatched, *list_caveats(summaries))
    coverage = evaluation.coverage()
    differences = evaluation.differences()
    counted = tuple(check_counts(answers, named))
    notes = [
        *(f"{condition.what}: {condition.found}" for condition in counted if condition.good),
        *list_warnings(summaries, len(named)),
        *(reconciled.notes if reconciled else ()),
        _note_unknown_documents(judgments, reconciled, systems, answers)
        if judgments and reconciled
        else "",
        warn_of_coverage(coverage),
        "there are no judgments, so the slices have no means" if slices and not reconciled else "",
        "" if latency is None or latencies else "runs cannot be timed, so there is no latency",
        *(note for system in systems if system.run for note in system.run.notes_on(names)),
    ]
    return Comparison(
        title=title or " · ".join(system.name for system in systems),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("nuthatch-compare"),
        host=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        measured_by=describe_library() if reconciled else "",
        settings=settings,
        inputs=_digest_inputs(named, judgments),
        systems=summaries,
        caveats=caveats,
        verdict=(*caveats, *write_verdict(settings, differences, pairs, latencies, costs)),
        warnings=tuple(filter(None, notes)),
        validity=(*check_validity(summaries, named, reconciled, latencies), *counted),
        definitions={str(measure): measure.definition for measure in settings.list_measures()}
        if reconciled
        else {},
        judged=len(reconciled.measured) if reconciled else 0,
        means=evaluation.means(),
        differences=differences,
        agreement=pairs,
        coverage=coverage,
        slices=evaluation.slices(named, slices),
        latency=latencies,
        costs=tuple(costs),
        queries=tuple(list_answers(query, answers, evaluation, judgments or {}) for query in named),
        rankings=rankings,
    )


def _name_queries(queries: Sequence[NamedQuery] | Mapping[str, str | Search]) -> list[NamedQuery]:
    if not queries:
        raise InvalidConfig("there are no queries; nothing can be compared")
    if isinstance(queries, Mapping):
        return [_name_query(name, query) for name, query in queries.items()]
    return list(queries)


def _name_query(name: str, query: str | Search) -> NamedQuery:
    if isinstance(query, str):
        return NamedQuery(name, query)
    text = query.text if isinstance(query, TextQuery) else repr(query)
    return NamedQuery(name, text, search=query)


def _refuse_latency(queries: Sequence[NamedQuery]) -> None:
    query = next((query for query in queries if query.search is not None), None)
    if query is not None:
        raise InvalidConfig(
            f"latency is measured for texts, and query {query.name!r} is {query.search!r}; leave "
            "latency out, or give the queries as texts"
        )


def _digest_inputs(queries: Sequence[NamedQuery], judgments: Grades | None) -> dict[str, str]:
    inputs = {"queries": digest([_identify(query) for query in queries])}
    if judgments:
        inputs["judgments"] = digest({name: dict(rated) for name, rated in judgments.items()})
    return inputs


def _identify(query: NamedQuery) -> list[str]:
    return [query.name, query.text, *([repr(query.search)] if query.search is not None else [])]


def _check_runs(systems: Sequence[System], names: Sequence[str]) -> None:
    for system in systems:
        if system.run is not None and not any(name in system.run.rankings for name in names):
            raise InvalidConfig(
                f"the run {system.name} ({system.source}) answers none of the {len(names):,} "
                "queries "
                f"({format_names(names)}) but {format_names(list(system.run.rankings))}; is it of "
                "other queries?"
            )


def _note_unknown_documents(
    grades: Grades,
    reconciled: Reconciled,
    systems: Sequence[System],
    answers: Mapping[str, SystemAnswers],
) -> str:
    """Return a note on judged documents that the corpus lacks; empty where there is no index."""
    index = next((system.lexical for system in systems if system.lexical is not None), None)
    if index is None:
        return ""
    known = {
        uri for answer in answers.values() for uris in answer.rankings.values() for uri in uris
    }
    try:
        return describe_unknown(
            grades, reconciled.measured, known, lambda uri: index.get(uri) is not None
        )
    except NuthatchError as error:
        return f"whether the corpus holds all judged documents is not known: {error}"


def _check_answers(answers: Mapping[str, SystemAnswers], queries: int) -> None:
    for answer in answers.values():
        if answer.count("failed") + answer.count("timed out") == queries:
            error = next(iter(answer.errors), "")
            raise BackendUnavailable(
                f"{answer.name} failed on all {queries:,} queries, so there is nothing to compare: "
                f"{error}"
            )


def _compare_answers(
    answers: Mapping[str, SystemAnswers], queries: Sequence[str]
) -> tuple[Agreement, ...]:
    ranked = [
        RankedAnswers(answer.name, answer.rankings, answer.scores) for answer in answers.values()
    ]
    return tuple(compare_answers(one, other, queries) for one, other in combinations(ranked, 2))


def _measure_latency(
    systems: Sequence[System],
    queries: Sequence[NamedQuery],
    load: Load | None,
    settings: Settings,
    limits: Limits | None,
    timeout: float | None,
) -> Latency | None:
    live = {system.name: system.searcher for system in systems if system.searcher is not None}
    if not live or load is None:
        return None
    base = settings.baseline if settings.baseline in live else next(iter(live))

    def make_call(searcher: SearchBackend) -> SearchCall:
        def call(text: str) -> int:
            results = searcher.search(text, settings.shown, timeout=timeout)
            for hit in results:  # as whoever shows them does: they are made when they are read
                _ = hit.title, hit.snippet
            return len(results)

        return call

    return measure_latency(
        {name: make_call(searcher) for name, searcher in live.items()},
        [query.text for query in queries],
        load,
        baseline=base,
        depth=settings.shown,
        limits=limits,
        seed=settings.seed,
        alpha=settings.alpha,
    )
