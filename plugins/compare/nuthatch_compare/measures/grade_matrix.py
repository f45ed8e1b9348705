"""Rankings with their grades as arrays: what measures are computed from.

grades[q, i]    the grade of the document at rank i + 1 of query q; UNJUDGED where it has
                none, ABSENT beyond the end of the list
pool            every judgment as (query, grade), whether its document was found or not
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.runs import Rankings

#: Below every grade that a file can hold.
UNJUDGED: Final = -(2**40)
ABSENT: Final = -(2**41)
Integers = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GradeMatrix:
    """The grades of all rankings; rows are queries, columns are ranks."""

    grades: Integers
    pool_query: Integers
    pool_grade: Integers

    @classmethod
    def of(cls, grades: Grades, rankings: Rankings, queries: Sequence[str]) -> Self:
        """Return the grades of the rankings of some queries, in their order.

        Raise `InvalidConfig` where a ranking holds a document twice: it would count twice.
        """
        lists = [rankings.get(name, ()) for name in queries]
        matrix = np.full((len(queries), max(map(len, lists), default=0)), ABSENT, dtype=np.int64)
        pool_query: list[int] = []
        pool_grade: list[int] = []
        for row, (name, documents) in enumerate(zip(queries, lists, strict=True)):
            if len(set(documents)) != len(documents):
                raise InvalidConfig(
                    f"the ranking of query {name!r} holds a document more than once; "
                    "keep the best place of each"
                )
            rated = grades.get(name, {})
            matrix[row, : len(documents)] = [rated.get(uri, UNJUDGED) for uri in documents]
            pool_query += [row] * len(rated)
            pool_grade += rated.values()
        return cls(matrix, np.array(pool_query, np.int64), np.array(pool_grade, np.int64))

    @property
    def queries(self) -> int:
        """The number of queries."""
        return len(self.grades)

    def first_ranks(self, cut: int | None) -> Integers:
        """Return the grades of the first ranks."""
        return self.grades[:, :cut]

    def count_judged(self, at_least: int, below: int | None = None) -> Values:
        """Return per query how many judged documents have a grade within the bounds."""
        chosen = self.pool_grade >= at_least
        if below is not None:
            chosen &= self.pool_grade < below
        return np.bincount(self.pool_query[chosen], minlength=self.queries).astype(np.float64)

    def ideal_grades(self) -> Integers:
        """Return per query all grades above 0, the highest first, filled up with 0."""
        chosen = self.pool_grade > 0
        query, grade = self.pool_query[chosen], self.pool_grade[chosen]
        order = np.lexsort((-grade, query))
        counts = np.bincount(query, minlength=self.queries)
        starts = np.cumsum(counts) - counts
        best = np.zeros((self.queries, int(counts.max(initial=0))), dtype=np.int64)
        best[query[order], np.arange(len(order)) - starts[query[order]]] = grade[order]
        return best

    def with_assumed_grade(
        self, grade: int, count: int, depth: int | None, *, last: bool = False
    ) -> Self:
        """Return the matrix with a grade for the first (or last) unjudged documents of each list.

        `count` documents within `depth` get it.
        """
        unjudged = self.grades == UNJUDGED
        if depth is not None:
            unjudged[:, depth:] = False
        places = unjudged[:, ::-1].cumsum(axis=1)[:, ::-1] if last else unjudged.cumsum(axis=1)
        unjudged &= places <= count
        rows = np.nonzero(unjudged)[0]
        return replace(
            self,
            grades=np.where(unjudged, grade, self.grades),
            pool_query=np.concatenate([self.pool_query, rows]),
            pool_grade=np.concatenate([self.pool_grade, np.full(len(rows), grade)]),
        )
