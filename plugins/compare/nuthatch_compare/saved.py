"""Baselines: a comparison that was saved, and whether a newer one is as good."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.gated import GateResult
from nuthatch_compare.significance import compare_systems

_SAVED, _NOW = "saved", "now"


def check_saved(now: Comparison, saved: Comparison, max_drop: float) -> Iterator[GateResult]:
    """Yields for each system that both hold whether it is as good as it was, query by query.

    It is not where the interval of the gain, over the queries that both judged, reaches below
    −`max_drop`. Raises `InvalidConfig` where the two have no system, measure or query in common.
    """
    names = [each.name for each in now.systems if each.name in saved.means]
    measures = [name for name in now.settings.primary if name in saved.settings.measures]
    if not names or not measures:
        what = "system" if not names else "primary measure"
        raise InvalidConfig(f"the saved comparison and this one have no {what} in common")
    for name in names:
        for measure in measures:
            yield _check(now, saved, name, measure, max_drop)


def _check(
    now: Comparison, saved: Comparison, system: str, measure: str, max_drop: float
) -> GateResult:
    before, after = (_values(each, system, measure) for each in (saved, now))
    common = [query for query in after if query in before]
    text = f"{measure}: max_drop {max_drop:g} against the saved comparison"
    if not common:
        found = "no query that both judged"
        return GateResult(rule=text, system=system, passed=None, found=found)
    values = {
        _SAVED: {measure: np.array([before[query] for query in common])},
        _NOW: {measure: np.array([after[query] for query in common])},
    }
    (tested,) = compare_systems(
        values, _SAVED, [measure], alpha=now.settings.alpha, seed=now.settings.seed
    )
    told = (
        f"{tested.delta:+.4f}, between {tested.low:+.4f} and {tested.high:+.4f}, "
        f"over {len(common):,} queries"
    )
    if now.inputs.get("judgments") != saved.inputs.get("judgments"):
        told += "; the judgments have changed since"
    return GateResult(rule=text, system=system, passed=tested.low >= -max_drop, found=told)


def _values(comparison: Comparison, system: str, measure: str) -> dict[str, float]:
    return {
        query.name: query.values[measure][system]
        for query in comparison.queries
        if system in query.values.get(measure, {})
    }
