"""`compare`: systems, queries and judgments in, a `Comparison` out."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import combinations

from nuthatch import BackendUnavailable, InvalidConfig, SearchBackend
from nuthatch_compare.agreement import Answers, agree
from nuthatch_compare.bootstrap import RESAMPLES
from nuthatch_compare.collect import Answered, collect
from nuthatch_compare.comparison import Comparison, Settings
from nuthatch_compare.cost import Cost
from nuthatch_compare.coverage import coverage_warning
from nuthatch_compare.driver import Ask
from nuthatch_compare.facts import facts_of, query_answers, validity_of
from nuthatch_compare.judged import Judged
from nuthatch_compare.judgments import Grades
from nuthatch_compare.latency import Latency, measure_latency
from nuthatch_compare.measure import Measure
from nuthatch_compare.measures import DEFAULT, engine
from nuthatch_compare.permutation import PERMUTATIONS
from nuthatch_compare.queries import NamedQuery
from nuthatch_compare.reconcile import reconcile
from nuthatch_compare.runs import Run
from nuthatch_compare.system import System, systems_of
from nuthatch_compare.verdict import verdict, warnings_of
from nuthatch_compare.workload import Bounds, Load

#: Documents of each list that a comparison holds with title and snippet.
SHOWN = 10


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
    """Returns the comparison of two systems or more, the first of which is the baseline.

    `judgments` are grades by query and document; without them there are no metrics, but
    agreement. `primary` measures decide (by default the first quality measure), all others are
    exploratory. `latency` is the load to measure under, after the answers were collected.
    `costs` were measured while indexing. `timeout` is in seconds, for each query.

    Raises `InvalidConfig`, and `BackendUnavailable` where a system answered no query at all.
    """
    systems = systems_of(backends) if isinstance(backends, Mapping) else list(backends)
    asked = _named(queries)
    base = baseline or (systems[0].name if systems else "")
    _check(systems, asked, base, depth, alpha)
    systems.sort(key=lambda each: each.name != base)
    wanted = [Measure.parse(each) for each in measures]
    settings = Settings(
        measures=tuple(map(str, wanted)),
        primary=_primary(wanted, primary),
        baseline=base,
        depth=depth,
        shown=min(SHOWN, depth),
        alpha=alpha,
        seed=seed,
        permutations=permutations,
        resamples=resamples,
    )
    answers = {
        each.name: collect(each, asked, depth=depth, shown=settings.shown, timeout=timeout)
        for each in systems
    }
    _refuse_silent(answers, len(asked))
    fit = reconcile(judgments, [each.name for each in asked]) if judgments else None
    judged = Judged(wanted, settings, answers, judgments or {}, fit)
    names = [each.name for each in asked]
    pairs = tuple(
        agree(_answers(answers[one]), _answers(answers[other]), names)
        for one, other in combinations(answers, 2)
    )
    measured = (
        _latency(systems, asked, latency, settings, bounds, timeout)
        if latency is not None
        else None
    )
    facts = tuple(facts_of(each, answers[each.name]) for each in systems)
    coverage = judged.coverage()
    unlike = coverage_warning(coverage)
    warnings = [*warnings_of(facts, len(asked)), *(fit.notes if fit else ())]
    warnings += [unlike] if unlike else []
    warnings += [note for each in systems if each.run for note in each.run.notes]
    differences = judged.differences()
    return Comparison(
        title=title or " · ".join(each.name for each in systems),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("nuthatch-compare"),
        host=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        measured_by=engine() if fit else "",
        settings=settings,
        systems=facts,
        verdict=verdict(base, settings.primary[0], differences, pairs, measured, costs),
        warnings=tuple(warnings),
        validity=tuple(validity_of(facts, asked, fit)),
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
        rankings={name: each.rankings for name, each in answers.items()},
    )


def _named(queries: Sequence[NamedQuery] | Mapping[str, str]) -> list[NamedQuery]:
    if isinstance(queries, Mapping):
        return [NamedQuery(name, text) for name, text in queries.items()]
    return list(queries)


def _check(
    systems: Sequence[System],
    asked: Sequence[NamedQuery],
    baseline: str,
    depth: int,
    alpha: float,
) -> None:
    if not asked:
        raise InvalidConfig("there are no queries; nothing can be compared")
    if not systems:
        raise InvalidConfig("there is no system; name two or more")
    names = [each.name for each in systems]
    if len(set(names)) < len(names):
        raise InvalidConfig(f"two systems have one name: {', '.join(names)}")
    if baseline not in names:
        raise InvalidConfig(f"the baseline {baseline!r} is none of {', '.join(names)}")
    if depth < 1 or not 0 < alpha < 1:
        raise InvalidConfig(
            f"depth is 1 or more and alpha between 0 and 1; found {depth} and {alpha:g}"
        )


def _primary(measures: Sequence[Measure], given: Sequence[str]) -> tuple[str, ...]:
    names = [str(each) for each in measures]
    if given:
        wanted = tuple(str(Measure.parse(each)) for each in given)
        for each in wanted:
            if each not in names:
                raise InvalidConfig(
                    f"the primary measure {each} is none of those computed: {', '.join(names)}"
                )
        return wanted
    quality = [str(each) for each in measures if each.is_quality]
    if not quality:
        raise InvalidConfig(f"none of {', '.join(names) or 'no measures'} tells quality; add one")
    return (quality[0],)


def _refuse_silent(answers: Mapping[str, Answered], asked: int) -> None:
    for each in answers.values():
        if each.count("failed") + each.count("timed out") == asked:
            error = next(iter(each.errors), "")
            raise BackendUnavailable(
                f"{each.name} failed on all {asked:,} queries, so there is nothing to compare: "
                f"{error}"
            )


def _answers(answered: Answered) -> Answers:
    return Answers(answered.name, answered.rankings, answered.scores)


def _latency(
    systems: Sequence[System],
    asked: Sequence[NamedQuery],
    load: Load,
    settings: Settings,
    bounds: Bounds | None,
    timeout: float | None,
) -> Latency | None:
    live = {each.name: each.searcher for each in systems if each.searcher is not None}
    if not live:
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
