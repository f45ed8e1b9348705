"""The values of measures, one per query.

Computed by ir-measures (trec_eval's code) where it is installed, else by our own, which tests
hold equal. Either is given ranks, never scores: trec_eval sorts by score, as a C float, and
breaks ties by name, so that the list it measures need not be the one that was served.

A query that was answered with nothing counts 0, and so does one without a relevant document. Only
Judged is then not defined (NaN): without documents there is no share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Final

import numpy as np

from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.runs import Rankings
from nuthatch_compare.measures.formulas import FORMULAS
from nuthatch_compare.measures.grade_matrix import GradeMatrix, Values
from nuthatch_compare.measures.measure import Measure

#: Values by the measure's name, one per query, in the order of the queries.
Table = Mapping[str, Values]
#: ir-measures needs another package for RBP, and our call does not pass it every judgment.
_OURS: Final = {"RBP", "Judged"}
#: trec_eval counts documents in an array as long as the highest grade.
_HIGHEST_GRADE: Final = 10_000


def compute_measures(
    measures: Sequence[Measure],
    grades: Grades,
    rankings: Rankings,
    queries: Sequence[str],
    *,
    own: bool | None = None,
) -> dict[str, Values]:
    """Return the value of each measure for each query, from 0 to 1 or NaN, by the measure's name.

    `own` chooses our implementation (True) or ir-measures (False); None takes ir-measures where
    it is installed. Raise `InvalidConfig` where a ranking holds a document twice.
    """
    graded = GradeMatrix.of(grades, rankings, queries)
    library = (
        None if own or graded.pool_grade.max(initial=0) > _HIGHEST_GRADE else _import_library()
    )
    if own is False and _import_library() is None:
        raise ModuleNotFoundError("ir-measures is not installed")
    theirs = (
        [] if library is None else [measure for measure in measures if measure.kind not in _OURS]
    )
    values = (
        _compute_by_library(library, theirs, grades, rankings, queries)
        if library and theirs
        else {}
    )
    return {
        str(measure): values[str(measure)]
        if str(measure) in values
        else FORMULAS[measure.kind](graded, measure)
        for measure in measures
    }


def describe_library() -> str:
    """Return what computes the measures, with versions, for the report."""
    if _import_library() is None:
        return f"nuthatch-compare {version('nuthatch-compare')}"
    return (
        f"ir-measures {version('ir-measures')} "
        f"(pytrec-eval-terrier {version('pytrec-eval-terrier')}, trec_eval 9)"
    )


@cache
def _import_library() -> ModuleType | None:
    try:
        import_module("pytrec_eval")  # the part of it that is compiled
        return import_module("ir_measures")
    except ImportError:
        return None


def _compute_by_library(
    library: ModuleType,
    measures: Sequence[Measure],
    grades: Grades,
    rankings: Rankings,
    queries: Sequence[str],
) -> dict[str, Values]:
    rows = {name: row for row, name in enumerate(queries)}
    wanted = {library.parse_measure(str(measure)): measure for measure in measures}
    values = {str(measure): np.zeros(len(queries)) for measure in measures}
    # A grade below 0 is none to trec_eval, and a query with no other one makes it crash.
    rated = {
        name: {uri: grade for uri, grade in grades.get(name, {}).items() if grade >= 0}
        for name in queries
    }
    rated = {name: judged for name, judged in rated.items() if judged}
    ranked = {
        name: {uri: float(-rank) for rank, uri in enumerate(rankings[name])}
        for name in rated
        if rankings.get(name)
    }
    if not ranked:
        return values
    for metric in library.iter_calc(list(wanted), rated, ranked):
        values[str(wanted[metric.measure])][rows[metric.query_id]] = metric.value
    return values
