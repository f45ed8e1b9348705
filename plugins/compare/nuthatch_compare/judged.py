"""`Judged`: the measures' values of one comparison, and what is computed from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nuthatch_compare.bootstrap import Mean, mean_intervals
from nuthatch_compare.collect import Answered
from nuthatch_compare.comparison import Settings, SliceMeans
from nuthatch_compare.coverage import Coverage, measure_coverage
from nuthatch_compare.judgments import Grades
from nuthatch_compare.measure import Measure
from nuthatch_compare.measures import Table, evaluate
from nuthatch_compare.queries import NamedQuery
from nuthatch_compare.reconcile import Reconciled
from nuthatch_compare.significance import Difference, compare_systems
from nuthatch_compare.slices import slice_queries


class Judged:
    """Holds the values of the measures, and what is computed from them; empty if none judged."""

    def __init__(
        self,
        measures: Sequence[Measure],
        settings: Settings,
        answers: Mapping[str, Answered],
        grades: Grades,
        fit: Reconciled | None,
    ) -> None:
        self._measures, self._settings, self._grades = measures, settings, grades
        self._answers = answers
        self.queries = fit.measured if fit else ()
        self.values: dict[str, Table] = {}
        if fit:
            self.values = {
                name: evaluate(measures, grades, each.rankings, fit.measured)
                for name, each in answers.items()
            }
        self._rows = {name: row for row, name in enumerate(self.queries)}

    def of(self, query: str) -> dict[str, dict[str, float]]:
        """Returns one query's values, by measure and system."""
        row = self._rows.get(query)
        if row is None:
            return {}
        return {
            str(measure): {
                name: float(table[str(measure)][row]) for name, table in self.values.items()
            }
            for measure in self._measures
        }

    def means(self) -> dict[str, dict[str, Mean]]:
        """Returns the means with intervals, by system and measure."""
        return mean_intervals(
            self.values,
            alpha=self._settings.alpha,
            resamples=self._settings.resamples,
            seed=self._settings.seed,
        )

    def differences(self) -> tuple[Difference, ...]:
        """Returns what the other systems gain over the baseline."""
        if len(self.values) < 2:
            return ()
        return compare_systems(
            self.values,
            self._settings.baseline,
            self._settings.primary,
            alpha=self._settings.alpha,
            permutations=self._settings.permutations,
            resamples=self._settings.resamples,
            seed=self._settings.seed,
        )

    def coverage(self) -> tuple[Coverage, ...]:
        """Returns how much of each system's answers the judgments know."""
        if not self.queries:
            return ()
        quality = [each for each in self._measures if each.is_quality]
        return tuple(
            measure_coverage(name, quality, self._grades, each.rankings, self.queries)
            for name, each in self._answers.items()
        )

    def slices(self, asked: Sequence[NamedQuery], by: Sequence[str]) -> tuple[SliceMeans, ...]:
        """Returns the means of the primary measure by groups of queries."""
        if not self.queries:
            return ()
        primary, base = self._settings.primary[0], self._settings.baseline
        judged = [each for each in asked if each.name in self._rows]
        found = []
        for each in (part for field in by for part in slice_queries(judged, field)):
            rows = [self._rows[name] for name in each.queries]
            means = {
                name: float(table[primary][rows].mean()) for name, table in self.values.items()
            }
            found.append(
                SliceMeans(
                    by=each.by,
                    label=each.label,
                    queries=len(rows),
                    large_enough=each.is_large_enough,
                    means=means,
                    deltas={
                        name: mean - means[base] for name, mean in means.items() if name != base
                    },
                )
            )
        return tuple(found)
