"""`Evaluation`: the measures' values of one comparison, and what is computed from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from nuthatch_compare.answers import SystemAnswers
from nuthatch_compare.comparison import SliceMeans
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.reconciliation import Reconciled
from nuthatch_compare.inputs.slices import slice_queries
from nuthatch_compare.measures.computation import Table, compute_measures
from nuthatch_compare.measures.coverage import Coverage, measure_coverage
from nuthatch_compare.settings import Settings
from nuthatch_compare.statistics.intervals import Mean, compute_means
from nuthatch_compare.statistics.significance import Difference, adjust, compare_systems


class Evaluation:
    """The values of the measures, and what is computed from them; empty if none judged."""

    def __init__(
        self,
        settings: Settings,
        answers: Mapping[str, SystemAnswers],
        grades: Grades,
        reconciled: Reconciled | None,
    ) -> None:
        self._settings, self._grades = settings, grades
        self._measures = settings.list_measures()
        self._answers = answers
        self.queries = reconciled.measured if reconciled else ()
        self.values: dict[str, Table] = {}
        if reconciled:
            self.values = {
                name: compute_measures(self._measures, grades, answer.rankings, reconciled.measured)
                for name, answer in answers.items()
            }
        self._rows = {name: row for row, name in enumerate(self.queries)}

    def list_values(self, query: str) -> dict[str, dict[str, float]]:
        """Return one query's values, by measure and system."""
        row = self._rows.get(query)
        if row is None:
            return {}
        return {
            str(measure): {
                name: value
                for name, table in self.values.items()
                if not math.isnan(value := float(table[str(measure)][row]))
            }
            for measure in self._measures
        }

    def means(self) -> dict[str, dict[str, Mean]]:
        """Return the means with intervals, by system and measure."""
        return compute_means(
            self.values,
            alpha=self._settings.alpha,
            resamples=self._settings.resamples,
            seed=self._settings.seed,
        )

    def differences(self) -> tuple[Difference, ...]:
        """Return what the other systems gain over the baseline, on the measures of quality."""
        quality = [str(measure) for measure in self._measures if measure.is_quality]
        return self._compare(quality, slice(None))

    def _compare(
        self, measures: Sequence[str], rows: Sequence[int] | slice, family: int | None = None
    ) -> tuple[Difference, ...]:
        if len(self.values) < 2:
            return ()
        settings = self._settings
        return compare_systems(
            {name: {one: table[one][rows] for one in measures} for name, table in self._tables},
            settings.baseline,
            [name for name in settings.primary if name in measures],
            alpha=settings.alpha,
            min_effect=settings.min_effect,
            family=family,
            permutations=settings.permutations,
            resamples=settings.resamples,
            seed=settings.seed,
        )

    @property
    def _tables(self) -> Sequence[tuple[str, Table]]:
        return list(self.values.items())

    def coverage(self) -> tuple[Coverage, ...]:
        """Return how much of each system's answers is judged."""
        if not self.queries:
            return ()
        quality = [measure for measure in self._measures if measure.is_quality]
        return tuple(
            measure_coverage(name, quality, self._grades, answer.rankings, self.queries)
            for name, answer in self._answers.items()
        )

    def slices(self, queries: Sequence[NamedQuery], by: Sequence[str]) -> tuple[SliceMeans, ...]:
        """Return the means of the primary measure by groups of queries.

        All slices and systems are one family: with many of them some look better by chance.
        """
        if not self.queries:
            return ()
        parts = list(self._slices(queries, by))
        every = adjust([one for part in parts for one in part.differences], self._settings.alpha)
        adjusted = iter(every)
        return tuple(
            part.model_copy(update={"differences": tuple(next(adjusted) for _ in part.differences)})
            for part in parts
        )

    def _slices(self, queries: Sequence[NamedQuery], by: Sequence[str]) -> Iterator[SliceMeans]:
        primary = self._settings.primary[0]
        judged = [query for query in queries if query.name in self._rows]
        parts = [part for field in by for part in slice_queries(judged, field)]
        family = len(parts) * (len(self.values) - 1)
        for part in parts:
            rows = [self._rows[name] for name in part.queries]
            yield SliceMeans(
                by=part.by,
                label=part.label,
                queries=len(rows),
                means={name: float(table[primary][rows].mean()) for name, table in self._tables},
                differences=self._compare([primary], rows, family),
            )
