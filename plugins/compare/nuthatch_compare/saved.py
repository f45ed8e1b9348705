"""Baselines: a comparison that was saved, and whether a newer one is as good."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.gated import GateResult
from nuthatch_compare.margin_tests import (
    MIN_QUERIES,
    MarginTest,
    decide,
    explain_doubt,
    explain_failures,
    explain_few,
    values_of,
)
from nuthatch_compare.wording import some


def check_saved(
    now: Comparison, saved: Comparison, max_drop: float, min_queries: int = MIN_QUERIES
) -> Iterator[GateResult]:
    """Yield for each system that both hold whether it is as good as it was, query by query.

    It is where the difference lies above −`max_drop` (`margin_tests.py`), over all queries that
    the saved comparison judged. Raise `InvalidConfig` where the two have no system, measure or
    query in common.
    """
    names = [facts.name for facts in now.systems if facts.name in saved.means]
    measures = [name for name in now.settings.primary if name in saved.settings.measures]
    if not names or not measures:
        what = "system" if not names else "primary measure"
        raise InvalidConfig(f"the saved comparison and this one have no {what} in common")
    tests = [
        _test(now, saved, name, measure, max_drop, min_queries)
        for name in names
        for measure in measures
    ]
    return decide(tests, now.settings.alpha, now.settings.seed)


def _test(
    now: Comparison, saved: Comparison, system: str, measure: str, max_drop: float, least: int
) -> MarginTest:
    before, after = (values_of(one, system, measure) for one in (saved, now))
    common = [query for query in after if query in before]
    changed = now.inputs.get("judgments") != saved.inputs.get("judgments")
    return MarginTest(
        rule=f"{measure}: max_drop {max_drop:g} against the saved comparison",
        system=system,
        values=np.array([after[query] - before[query] for query in common]),
        margin=-max_drop,
        doubt=_lost([query for query in before if query not in after])
        or explain_few(len(common), least)
        or explain_doubt(now, system, saved.facts(system).missing)
        or explain_failures(saved, system),
        note="; the judgments have changed since" if changed else "",
    )


def _lost(queries: list[str]) -> str:
    if not queries:
        return ""
    return f"{len(queries):,} of the saved queries were not judged now: {some(queries)}"
