"""Gates: what a comparison must keep, for CI.

    [[rule]]                      # every system but the baseline, or `system = "name"`
    measure = "nDCG@10"
    max_drop = 0.01               # the gain must lie above -0.01
    min_gain = 0.0                # … above 0
    min = 0.35                    # the mean of the system itself, above this
    min_queries = 10              # with fewer judged queries it is not measured
    allow_identical = false       # whether max_drop holds where both gave the same answers
    max_latency_ratio = 1.2       # upper end of the interval of system ÷ baseline
    max_p95_ratio = 1.5           # the same of the 95th percentiles of all requests
    max_p95_ms = 50               # upper end of the interval of the system's own
    max_size_ratio = 1.5          # bytes ÷ the baseline's
    max_index_ratio = 2.0         # seconds of indexing ÷ the baseline's
    max_empty = 3                 # queries without a hit
    max_failed = 0                # queries that failed or ran out of time

A mean that may be luck passes no gate (`margin_tests.py`). A bound that was not measured neither
passes nor fails. The same holds for a run that was cut off, and for a run against itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Comparison, GateResult
from nuthatch_compare.gates.margin_tests import (
    MIN_QUERIES,
    MarginTest,
    decide,
    explain_distrust,
    explain_failures,
    explain_few,
    read_values,
)
from nuthatch_compare.measures.measure import Measure
from nuthatch_compare.performance.latency import TAIL, LatencyRatio, SystemLatency

#: Exit codes.
PASSED: Final = 0
FAILED: Final = 1
COULD_NOT_MEASURE: Final = 3

Bound = Annotated[float, Field(ge=0)]


class Rule(BaseModel):
    """One table of a gate; at least one bound is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str | None = None
    measure: str | None = None
    max_drop: Bound | None = None
    min_gain: float | None = None
    min: Bound | None = None
    min_queries: int = Field(default=MIN_QUERIES, ge=1)
    allow_identical: bool = False
    max_latency_ratio: Bound | None = None
    max_p95_ratio: Bound | None = None
    max_p95_ms: Bound | None = None
    max_size_ratio: Bound | None = None
    max_index_ratio: Bound | None = None
    max_empty: int | None = Field(default=None, ge=0)
    max_failed: int | None = Field(default=None, ge=0)


def read_gate(path: str) -> list[Rule]:
    """Return the rules of a file. Raise `InvalidConfig` that names the rule and the fault."""
    try:
        tables = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfig(f"the gate {path} cannot be read: {error}") from error
    tables_of_rules = tables.pop("rule", None)
    if tables or not isinstance(tables_of_rules, list) or not tables_of_rules:
        raise InvalidConfig(f"the gate {path} must hold [[rule]] tables, and nothing else")
    rules = []
    for number, table in enumerate(tables_of_rules, start=1):
        try:
            rule = Rule.model_validate(table)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"]))
            problem = first["msg"]
            if first["type"] == "extra_forbidden":
                problem = f"there is no such key; there are {', '.join(Rule.model_fields)}"
            raise InvalidConfig(f"{path}, rule {number}: {name}: {problem}") from error
        if not any(True for _ in _list_bounds(rule)):
            raise InvalidConfig(
                f"{path}, rule {number}: no bound; give one of {', '.join((*_TESTS, *_CHECKS))}"
            )
        rules.append(rule)
    return rules


def resolve_gate(
    rules: Sequence[Rule], systems: Sequence[str], measures: Sequence[str]
) -> list[Rule]:
    """Return the rules with the names of measures written out, as a comparison has them.

    Raise `InvalidConfig` for a system or a measure that the comparison will not have.
    """
    resolved = []
    for rule in rules:
        measure = None if rule.measure is None else str(Measure.parse(rule.measure))
        for what, name, known in (("system", rule.system, systems), ("measure", measure, measures)):
            if name is not None and name not in known:
                raise InvalidConfig(
                    f"the gate names the {what} {name!r}; there are {', '.join(known)}"
                )
        resolved.append(rule.model_copy(update={"measure": measure}))
    return resolved


def check_gate(comparison: Comparison, rules: Sequence[Rule]) -> Iterator[GateResult]:
    """Yield the result of each bound of each rule (of `resolve_gate`), system by system.

    All bounds of relevance are one family, whichever rule they are of.
    """
    checks = list(_expand_rules(comparison, rules))
    tests = [
        _TESTS[bound](comparison, name, rule) for bound, name, rule in checks if bound in _TESTS
    ]
    results = decide(tests, comparison.settings.alpha, comparison.settings.seed)
    for bound, name, rule in checks:
        yield next(results) if bound in _TESTS else _CHECKS[bound](comparison, name, rule)


def _expand_rules(comparison: Comparison, rules: Sequence[Rule]) -> Iterator[tuple[str, str, Rule]]:
    others = [system.name for system in comparison.systems if system.name != comparison.baseline]
    for rule in rules:
        for name in [rule.system] if rule.system is not None else others:
            for bound in _list_bounds(rule):
                yield bound, name, rule


def _list_bounds(rule: Rule) -> Iterator[str]:
    return (name for name in (*_TESTS, *_CHECKS) if getattr(rule, name) is not None)


def _test_gain(
    comparison: Comparison, system: str, rule: Rule, margin: float, name: str
) -> MarginTest:
    measure = rule.measure or comparison.primary
    ours, theirs = (read_values(comparison, one, measure) for one in (system, comparison.baseline))
    common = [query for query in ours if query in theirs]
    allowed = rule.max_empty or 0
    return MarginTest(
        rule=f"{measure}: {name}",
        system=system,
        values=np.array([ours[query] - theirs[query] for query in common]),
        margin=margin,
        untrusted_reason=explain_few(len(common), rule.min_queries)
        or explain_distrust(comparison, comparison.baseline, allowed)
        or explain_failures(comparison, comparison.baseline)
        or explain_distrust(comparison, system, allowed),
        trivial_reason="" if rule.allow_identical else _explain_identical(comparison, system),
    )


def _explain_identical(comparison: Comparison, system: str) -> str:
    ours, theirs = (comparison.rankings[one] for one in (system, comparison.baseline))
    if ours != theirs:
        return ""
    return (
        f"{system} and {comparison.baseline} gave the same answers to all queries: a run against "
        "itself says nothing; if that is meant, say allow_identical = true"
    )


def _test_max_drop(comparison: Comparison, system: str, rule: Rule) -> MarginTest:
    drop = rule.max_drop or 0.0
    return _test_gain(comparison, system, rule, -drop, f"max_drop {drop:g}")


def _test_min_gain(comparison: Comparison, system: str, rule: Rule) -> MarginTest:
    gain = rule.min_gain or 0.0
    return _test_gain(comparison, system, rule, gain, f"min_gain {gain:g}")


def _test_min(comparison: Comparison, system: str, rule: Rule) -> MarginTest:
    measure = rule.measure or comparison.primary
    values = read_values(comparison, system, measure)
    return MarginTest(
        rule=f"{measure}: min {rule.min:g}",
        system=system,
        values=np.array(list(values.values())),
        margin=rule.min or 0.0,
        least=0.0,
        untrusted_reason=explain_few(len(values), rule.min_queries)
        or explain_distrust(comparison, system, rule.max_empty or 0),
    )


def _check_latency(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    ratio = _find_latency_ratio(comparison, system)
    ends = (ratio.ratio, ratio.low, ratio.high) if ratio else (None, None, None)
    return _check_upper_end(comparison, "max_latency_ratio", system, rule.max_latency_ratio, *ends)


def _check_p95_ratio(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    ratio = _find_latency_ratio(comparison, system)
    ends = (ratio.p95, ratio.p95_low, ratio.p95_high) if ratio else (None, None, None)
    return _check_upper_end(comparison, "max_p95_ratio", system, rule.max_p95_ratio, *ends)


def _check_p95(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    percentile_95 = next(
        (
            percentile
            for one in _list_latencies(comparison)
            if one.system == system
            for percentile in one.percentiles
            if percentile.percent == TAIL
        ),
        None,
    )
    ends = (
        (percentile_95.ms, percentile_95.low, percentile_95.high)
        if percentile_95
        else (None, None, None)
    )
    return _check_upper_end(comparison, "max_p95_ms", system, rule.max_p95_ms, *ends)


def _list_latencies(comparison: Comparison) -> Sequence[SystemLatency]:
    return comparison.latency.systems if comparison.latency is not None else ()


def _find_latency_ratio(comparison: Comparison, system: str) -> LatencyRatio | None:
    ratios = comparison.latency.ratios if comparison.latency is not None else ()
    return next((one for one in ratios if one.system == system), None)


def _check_upper_end(
    comparison: Comparison,
    name: str,
    system: str,
    most: float | None,
    value: float | None,
    low: float | None,
    high: float | None,
) -> GateResult:
    text = f"{name} {most:g}"
    if any(one.system == system and one.saturated for one in _list_latencies(comparison)):
        return GateResult(rule=text, system=system, passed=False, found="it is saturated")
    if most is None or value is None or low is None or high is None:
        found = "latency was not measured, or of too few requests"
        return GateResult(rule=text, system=system, passed=None, found=found)
    found = f"{value:.3g}, between {low:.3g} and {high:.3g}"
    return GateResult(rule=text, system=system, passed=high < most, found=found)


def _check_ratio(
    comparison: Comparison, system: str, text: str, most: float, of: Mapping[str, float]
) -> GateResult:
    ours, theirs = of.get(system), of.get(comparison.baseline)
    if not ours or not theirs:
        return GateResult(rule=text, system=system, passed=None, found="it was not measured")
    ratio = ours / theirs
    return GateResult(rule=text, system=system, passed=ratio <= most, found=f"{ratio:.3f}")


def _check_size(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    most = rule.max_size_ratio or 0.0
    sizes = {system.name: float(system.bytes or 0) for system in comparison.systems}
    return _check_ratio(comparison, system, f"max_size_ratio {most:g}", most, sizes)


def _check_indexing(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    most = rule.max_index_ratio or 0.0
    times = {cost.system: cost.wall for cost in comparison.costs}
    return _check_ratio(comparison, system, f"max_index_ratio {most:g}", most, times)


def _check_count(system: str, name: str, count: int, most: int | None) -> GateResult:
    passed = count <= (most or 0)
    return GateResult(rule=f"{name} {most}", system=system, passed=passed, found=str(count))


def _check_empty(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    summary = comparison.system(system)
    return _check_count(system, "max_empty", summary.empty + summary.missing, rule.max_empty)


def _check_failed(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    summary = comparison.system(system)
    return _check_count(system, "max_failed", summary.failed + summary.timed_out, rule.max_failed)


_TESTS: Final[Mapping[str, Callable[[Comparison, str, Rule], MarginTest]]] = {
    "max_drop": _test_max_drop,
    "min_gain": _test_min_gain,
    "min": _test_min,
}
_CHECKS: Final[Mapping[str, Callable[[Comparison, str, Rule], GateResult]]] = {
    "max_latency_ratio": _check_latency,
    "max_p95_ratio": _check_p95_ratio,
    "max_p95_ms": _check_p95,
    "max_size_ratio": _check_size,
    "max_index_ratio": _check_indexing,
    "max_empty": _check_empty,
    "max_failed": _check_failed,
}


def exit_code(results: Sequence[GateResult]) -> int:
    """Return 0 if all rules hold, 1 if one does not, 3 if one could not be measured."""
    if any(result.passed is False for result in results):
        return FAILED
    return COULD_NOT_MEASURE if any(result.passed is None for result in results) else PASSED
