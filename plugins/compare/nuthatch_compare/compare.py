"""`compare`: systems, queries and judgments in, a `Comparison` out."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import combinations

from nuthatch import BackendUnavailable, InvalidConfig, NuthatchError, SearchBackend
from nuthatch_compare.answers import Answered, collect
from nuthatch_compare.comparison import Comparison, Settings
from nuthatch_compare.evaluation import Judged
from nuthatch_compare.formatting import digest, some
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.reconciliation import (
    Reconciled,
    reconcile,
    unknown_documents,
    unmatched,
)
from nuthatch_compare.inputs.runs import Run
from nuthatch_compare.inputs.slices import slice_queries
from nuthatch_compare.inputs.systems import System, systems_of
from nuthatch_compare.measures.agreement import Agreement, Answers, agree
from nuthatch_compare.measures.computation import DEFAULT, engine
from nuthatch_compare.measures.coverage import coverage_warning
from nuthatch_compare.measures.measure import Measure
from nuthatch_compare.performance.driver import Ask
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.latency import Latency, measure_latency
from nuthatch_compare.performance.workload import Bounds, Load
from nuthatch_compare.report.verdict import caveats_of, verdict, warnings_of
from nuthatch_compare.settings import plan
from nuthatch_compare.statistics.intervals import RESAMPLES
from nuthatch_compare.statistics.permutation import PERMUTATIONS
from nuthatch_compare.system_summary import describe, fared, query_answers, validity_of


def compare(
    backends: Mapping[str, SearchBackend | Run] | Sequence[System],
    queries: Sequence[NamedQuery] | Mapping[str, str],
    judgments: Grades | None = None,
    *,
    measures: Sequence[str] = DEFAULT,
    primary: Sequence[str] = (),
    baseline: str | None = None,
    depth: int = 100,
    alpha: float = 0.05,
    min_effect: float | None = None,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    resamples: int = RESAMPLES,
    latency: Load | None = None,
    bounds: Bounds | None = None,
    slices: Sequence[str] = (),
    costs: Sequence[Cost] = (),
    timeout: float | None = None,
    title: str = "",
) -> Comparison:
    """Return the comparison of two systems or more, the first of which is the baseline.

    `judgments` are grades by query and document; without them there are no metrics, but
    agreement. `primary` measures decide (by default the first quality measure), all others are
    exploratory. Systems may be found equivalent where `min_effect`, the least difference that
    matters, is given. `latency` is the load to measure under, after the answers were collected.
    `costs` were measured while indexing. `timeout` is in seconds, for each query.

    Raise `InvalidConfig`, `BackendUnavailable` where a system answered no query at all, and
    `NothingMeasured` where no system found a judged document.
    """
    systems = systems_of(backends) if isinstance(backends, Mapping) else list(backends)
    settings = plan(
        [each.name for each in systems],
        measures=measures,
        primary=primary,
        baseline=baseline,
        depth=depth,
        alpha=alpha,
        min_effect=min_effect,
        seed=seed,
        permutations=permutations,
        resamples=resamples,
    )
    systems.sort(key=lambda each: each.name != settings.baseline)
    asked = _named(queries)
    names = [each.name for each in asked]
    _refuse_foreign(systems, names)
    fit = reconcile(judgments, names) if judgments else None
    for field in slices:
        slice_queries(asked, field)  # a field that no query has is better told now than later
    described = {each.name: describe(each) for each in systems}
    answers = {
        each.name: collect(each, asked, depth=depth, shown=settings.shown, timeout=timeout)
        for each in systems
    }
    _refuse_silent(answers, len(asked))
    rankings = {name: one.rankings for name, one in answers.items()}
    strange = list(unmatched(judgments, fit.measured, rankings)) if judgments and fit else []
    wanted = [Measure.parse(each) for each in settings.measures]
    judged = Judged(wanted, settings, answers, judgments or {}, fit)
    pairs = _agreement(answers, names)
    measured = _latency(systems, asked, latency, settings, bounds, timeout)
    facts = tuple(fared(described[each.name], answers[each.name]) for each in systems)
    caveats = (*strange, *caveats_of(facts))
    coverage = judged.coverage()
    differences = judged.differences()
    notes = [
        *warnings_of(facts, len(asked)),
        *(fit.notes if fit else ()),
        _unknown(judgments, fit, systems, answers) if judgments and fit else "",
        coverage_warning(coverage),
        "there are no judgments, so the slices have no means" if slices and not fit else "",
        "" if latency is None or measured else "runs cannot be timed, so there is no latency",
        *(note for each in systems if each.run for note in each.run.notes_on(names)),
    ]
    return Comparison(
        title=title or " · ".join(each.name for each in systems),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("nuthatch-compare"),
        host=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        measured_by=engine() if fit else "",
        settings=settings,
        inputs=_inputs(asked, judgments),
        systems=facts,
        caveats=caveats,
        verdict=(*caveats, *verdict(settings, differences, pairs, measured, costs)),
        warnings=tuple(filter(None, notes)),
        validity=tuple(validity_of(facts, asked, fit, measured)),
        definitions={str(each): each.definition for each in wanted} if fit else {},
        judged=len(fit.measured) if fit else 0,
        means=judged.means(),
        differences=differences,
        agreement=pairs,
        coverage=coverage,
        slices=judged.slices(asked, slices),
        latency=measured,
        costs=tuple(costs),
        queries=tuple(query_answers(each, answers, judged, judgments or {}) for each in asked),
        rankings=rankings,
    )


def _named(queries: Sequence[NamedQuery] | Mapping[str, str]) -> list[NamedQuery]:
    if not queries:
        raise InvalidConfig("there are no queries; nothing can be compared")
    if isinstance(queries, Mapping):
        return [NamedQuery(name, text) for name, text in queries.items()]
    return list(queries)


def _inputs(queries: Sequence[NamedQuery], judgments: Grades | None) -> dict[str, str]:
    inputs = {"queries": digest([[each.name, each.text] for each in queries])}
    if judgments:
        inputs["judgments"] = digest({name: dict(rated) for name, rated in judgments.items()})
    return inputs


def _refuse_foreign(systems: Sequence[System], names: Sequence[str]) -> None:
    for each in systems:
        if each.run is not None and not any(name in each.run.rankings for name in names):
            raise InvalidConfig(
                f"the run {each.name} ({each.source}) answers none of the {len(names):,} queries "
                f"({some(names)}) but {some(list(each.run.rankings))}; is it of other queries?"
            )


def _unknown(
    grades: Grades,
    fit: Reconciled,
    systems: Sequence[System],
    answers: Mapping[str, Answered],
) -> str:
    """Return a note on judged documents that are nowhere; empty where no index can tell."""
    index = next((each.lexical for each in systems if each.lexical is not None), None)
    if index is None:
        return ""
    found = {uri for each in answers.values() for uris in each.rankings.values() for uri in uris}
    try:
        return unknown_documents(
            grades, fit.measured, found, lambda uri: index.get(uri) is not None
        )
    except NuthatchError as error:
        return f"whether the corpus holds all judged documents could not be told: {error}"


def _refuse_silent(answers: Mapping[str, Answered], asked: int) -> None:
    for each in answers.values():
        if each.count("failed") + each.count("timed out") == asked:
            error = next(iter(each.errors), "")
            raise BackendUnavailable(
                f"{each.name} failed on all {asked:,} queries, so there is nothing to compare: "
                f"{error}"
            )


def _agreement(answers: Mapping[str, Answered], queries: Sequence[str]) -> tuple[Agreement, ...]:
    every = [Answers(each.name, each.rankings, each.scores) for each in answers.values()]
    return tuple(agree(one, other, queries) for one, other in combinations(every, 2))


def _latency(
    systems: Sequence[System],
    asked: Sequence[NamedQuery],
    load: Load | None,
    settings: Settings,
    bounds: Bounds | None,
    timeout: float | None,
) -> Latency | None:
    live = {each.name: each.searcher for each in systems if each.searcher is not None}
    if not live or load is None:
        return None
    base = settings.baseline if settings.baseline in live else next(iter(live))

    def asking(searcher: SearchBackend) -> Ask:
        return lambda text: len(searcher.search(text, settings.shown, timeout=timeout))

    return measure_latency(
        {name: asking(searcher) for name, searcher in live.items()},
        [each.text for each in asked],
        load,
        baseline=base,
        depth=settings.shown,
        bounds=bounds,
        seed=settings.seed,
        alpha=settings.alpha,
    )
