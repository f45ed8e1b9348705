"""Gates: rules that a comparison must keep, for CI.

    [[rule]]                      # every system but the baseline, or `system = "name"`
    measure = "nDCG@10"
    max_drop = 0.01               # the interval of the gain must not reach below -0.01
    min_gain = 0.0                # … must lie above 0
    min = 0.35                    # the mean of the system itself
    max_latency_ratio = 1.2       # upper end of the interval of system ÷ baseline
    max_size_ratio = 1.5          # bytes ÷ the baseline's
    max_index_ratio = 2.0         # seconds of indexing ÷ the baseline's
    max_empty = 3                 # queries without a hit
    max_failed = 0                # queries that failed or ran out of time

A mean that may only be luck passes no gate: `max_drop` and `min_gain` look at the end of the
interval that would be worst. What was not measured is neither passed nor failed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.gated import GateResult
from nuthatch_compare.measure import Measure

Bound = Annotated[float, Field(ge=0)]
Check = Callable[[Comparison, str, "Rule"], GateResult]


class Rule(BaseModel):
    """Is one table of a gate; at least one bound is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str | None = None
    measure: str | None = None
    max_drop: Bound | None = None
    min_gain: float | None = None
    min: Bound | None = None
    max_latency_ratio: Bound | None = None
    max_size_ratio: Bound | None = None
    max_index_ratio: Bound | None = None
    max_empty: int | None = Field(default=None, ge=0)
    max_failed: int | None = Field(default=None, ge=0)


def read_gate(path: str) -> list[Rule]:
    """Returns the rules of a file. Raises `InvalidConfig` that says what is wrong where."""
    try:
        tables = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfig(f"the gate {path} cannot be read: {error}") from error
    found = tables.pop("rule", None)
    if tables or not isinstance(found, list) or not found:
        raise InvalidConfig(f"the gate {path} must hold [[rule]] tables, and nothing else")
    rules = []
    for number, each in enumerate(found, start=1):
        try:
            rule = Rule.model_validate(each)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"]))
            told = first["msg"]
            if first["type"] == "extra_forbidden":
                told = f"there is no such key; there are {', '.join(Rule.model_fields)}"
            raise InvalidConfig(f"{path}, rule {number}: {name}: {told}") from error
        if not any(True for _ in _bounds(rule)):
            raise InvalidConfig(
                f"{path}, rule {number}: no bound; give one of {', '.join(_CHECKS)}"
            )
        rules.append(rule)
    return rules


def fit_gate(rules: Sequence[Rule], systems: Sequence[str], measures: Sequence[str]) -> list[Rule]:
    """Returns the rules with the names of measures written out, as a comparison has them.

    Raises `InvalidConfig` for a system or a measure that the comparison will not have.
    """
    fit = []
    for rule in rules:
        measure = None if rule.measure is None else str(Measure.parse(rule.measure))
        for what, name, known in (("system", rule.system, systems), ("measure", measure, measures)):
            if name is not None and name not in known:
                raise InvalidConfig(
                    f"the gate names the {what} {name!r}; there are {', '.join(known)}"
                )
        fit.append(rule.model_copy(update={"measure": measure}))
    return fit


def check_gate(comparison: Comparison, rules: Sequence[Rule]) -> Iterator[GateResult]:
    """Yields what each bound of each rule (of `fit_gate`) found, system by system."""
    names = [each.name for each in comparison.systems]
    for rule in rules:
        others = [name for name in names if name != comparison.baseline]
        for name in [rule.system] if rule.system is not None else others:
            for bound in _bounds(rule):
                yield _CHECKS[bound](comparison, name, rule)


def _bounds(rule: Rule) -> Iterator[str]:
    return (name for name in _CHECKS if getattr(rule, name) is not None)


def _gain(comparison: Comparison, system: str, rule: Rule, least: float, name: str) -> GateResult:
    measure = rule.measure or comparison.primary
    found = comparison.difference(system, measure)
    text = f"{measure}: {name}"
    if found is None:
        return GateResult(rule=text, system=system, passed=None, found="no judged queries")
    told = f"{found.delta:+.4f}, between {found.low:+.4f} and {found.high:+.4f}"
    return GateResult(rule=text, system=system, passed=found.low >= least, found=told)


def _max_drop(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    drop = rule.max_drop or 0.0
    return _gain(comparison, system, rule, -drop, f"max_drop {drop:g}")


def _min_gain(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    gain = rule.min_gain or 0.0
    return _gain(comparison, system, rule, gain, f"min_gain {gain:g}")


def _min(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    measure = rule.measure or comparison.primary
    mean = comparison.means.get(system, {}).get(measure)
    text = f"{measure}: min {rule.min:g}"
    if mean is None or rule.min is None:
        return GateResult(rule=text, system=system, passed=None, found="no judged queries")
    return GateResult(
        rule=text, system=system, passed=mean.mean >= rule.min, found=f"{mean.mean:.4f}"
    )


def _latency(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    text = f"max_latency_ratio {rule.max_latency_ratio:g}"
    ratios = comparison.latency.ratios if comparison.latency is not None else ()
    found = next((each for each in ratios if each.system == system), None)
    if found is None or rule.max_latency_ratio is None:
        return GateResult(rule=text, system=system, passed=None, found="latency was not measured")
    told = f"{found.ratio:.3f}, between {found.low:.3f} and {found.high:.3f}"
    passed = found.high <= rule.max_latency_ratio
    return GateResult(rule=text, system=system, passed=passed, found=told)


def _ratio(
    comparison: Comparison, system: str, text: str, most: float, of: Mapping[str, float]
) -> GateResult:
    ours, theirs = of.get(system), of.get(comparison.baseline)
    if not ours or not theirs:
        return GateResult(rule=text, system=system, passed=None, found="it was not measured")
    ratio = ours / theirs
    return GateResult(rule=text, system=system, passed=ratio <= most, found=f"{ratio:.3f}")


def _size(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    most = rule.max_size_ratio or 0.0
    sizes = {each.name: float(each.bytes or 0) for each in comparison.systems}
    return _ratio(comparison, system, f"max_size_ratio {most:g}", most, sizes)


def _index(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    most = rule.max_index_ratio or 0.0
    times = {each.system: each.wall for each in comparison.costs}
    return _ratio(comparison, system, f"max_index_ratio {most:g}", most, times)


def _count(system: str, name: str, count: int, most: int | None) -> GateResult:
    passed = count <= (most or 0)
    return GateResult(rule=f"{name} {most}", system=system, passed=passed, found=str(count))


def _empty(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    return _count(system, "max_empty", comparison.facts(system).empty, rule.max_empty)


def _failed(comparison: Comparison, system: str, rule: Rule) -> GateResult:
    facts = comparison.facts(system)
    return _count(system, "max_failed", facts.failed + facts.timed_out, rule.max_failed)


_CHECKS: Final[Mapping[str, Check]] = {
    "max_drop": _max_drop,
    "min_gain": _min_gain,
    "min": _min,
    "max_latency_ratio": _latency,
    "max_size_ratio": _size,
    "max_index_ratio": _index,
    "max_empty": _empty,
    "max_failed": _failed,
}
