"""Agreement of raters: Cohen's κ of two raters, Krippendorff's α of any number.

    κ = 1 − observed disagreement / disagreement by chance given each rater's habits
    α = 1 − observed disagreement / disagreement by chance given all grades together

Cohen 1960, with squared weights 1968; Krippendorff, Content Analysis, 4th edition, 2018, 12.3.
1 is agreement, 0 is chance. Both are undefined where only one grade was ever given. Only what two
raters or more have judged counts; α above .8 is commonly called reliable, below .667 is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig
from nuthatch_compare.measures.grade_matrix import Values

#: Grades by what was judged (query and document).
Ratings = Mapping[tuple[str, str], int]
Scale = Literal["nominal", "ordinal", "interval"]
RELIABLE: Final = 0.667


class RaterPair(BaseModel):
    """The agreement of two raters on what both judged; `same` is the share of equal grades.

    `kappa` counts every difference the same, `weighted` by its square; None where undefined.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    a: str
    b: str
    both: int
    same: float | None
    kappa: float | None
    weighted: float | None


class RaterAgreement(BaseModel):
    """The agreement of all raters.

    `judged` pairs of query and document were judged, `several` of them by two raters or more.
    `alpha` is for the grades as they are (ordinal), `alpha_relevant` for relevant or not, a grade
    of 1 or more; None where undefined.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    raters: tuple[str, ...]
    judged: int
    several: int
    alpha: float | None
    alpha_relevant: float | None
    pairs: tuple[RaterPair, ...]


def compare_raters(ratings: Mapping[str, Ratings]) -> RaterAgreement:
    """Return the agreement of raters by name. Raise `InvalidConfig` with fewer than two."""
    if len(ratings) < 2:
        raise InvalidConfig("agreement is between raters; give the sheets of two or more")
    judged = {key for rating in ratings.values() for key in rating}
    units = [
        [rating[key] for rating in ratings.values() if key in rating] for key in sorted(judged)
    ]
    relevant = [[int(grade >= 1) for grade in unit] for unit in units]
    return RaterAgreement(
        raters=tuple(ratings),
        judged=len(judged),
        several=sum(len(unit) > 1 for unit in units),
        alpha=krippendorff_alpha(units, "ordinal"),
        alpha_relevant=krippendorff_alpha(relevant, "nominal"),
        pairs=tuple(_pair(a, b, ratings[a], ratings[b]) for a, b in combinations(ratings, 2)),
    )


def _pair(a: str, b: str, one: Ratings, other: Ratings) -> RaterPair:
    keys = [key for key in one if key in other]
    left, right = [one[key] for key in keys], [other[key] for key in keys]
    same = float(np.mean(np.equal(left, right))) if keys else None
    return RaterPair(
        a=a,
        b=b,
        both=len(keys),
        same=same,
        kappa=cohen_kappa(left, right),
        weighted=cohen_kappa(left, right, weighted=True),
    )


def cohen_kappa(
    one: Sequence[int], other: Sequence[int], *, weighted: bool = False
) -> float | None:
    """Return κ of two raters' grades of the same things; None where it is undefined."""
    if not one:
        return None
    grades, coded = np.unique([*one, *other], return_inverse=True)
    left, right = coded[: len(one)], coded[len(one) :]
    size = len(grades)
    table = np.bincount(left * size + right, minlength=size * size).reshape(size, size)
    observed = table / len(one)
    chance = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    apart = np.subtract.outer(grades, grades).astype(np.float64)
    weights = apart**2 if weighted else (apart != 0).astype(np.float64)
    expected = float((weights * chance).sum())
    return 1 - float((weights * observed).sum()) / expected if expected else None


def krippendorff_alpha(units: Sequence[Sequence[int]], scale: Scale = "ordinal") -> float | None:
    """Return α of the grades that each unit got; None where it is undefined.

    Units with a single grade show no agreement and are left out.
    """
    several = [unit for unit in units if len(unit) > 1]
    if not several:
        return None
    grades = np.unique([grade for unit in several for grade in unit])
    size = len(grades)
    met = np.zeros((size, size))
    for unit in several:
        counts = np.bincount(np.searchsorted(grades, unit), minlength=size)
        met += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    totals = met.sum(axis=1)
    apart = _squared_distances(grades.astype(np.float64), totals, scale)
    expected = np.outer(totals, totals) - np.diag(totals)
    by_chance = float((apart * expected).sum()) / (float(totals.sum()) - 1)
    return 1 - float((apart * met).sum()) / by_chance if by_chance else None


def _squared_distances(grades: Values, totals: Values, scale: Scale) -> Values:
    """Return how far apart each two grades are, squared."""
    if scale == "nominal":
        return 1 - np.eye(len(grades))
    if scale == "interval":
        return np.asarray(np.subtract.outer(grades, grades) ** 2)
    # Ordinal: the number of grades given from the one to the other, the ends counting half.
    middles = totals.cumsum() - totals / 2
    return np.asarray(np.subtract.outer(middles, middles) ** 2)
