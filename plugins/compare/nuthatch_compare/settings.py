"""The plan: what a comparison is asked to do, checked before anything is indexed or asked."""

from __future__ import annotations

from collections.abc import Sequence

from nuthatch import InvalidConfig
from nuthatch_compare.comparison import Settings
from nuthatch_compare.measures.computation import DEFAULT
from nuthatch_compare.measures.measure import Measure
from nuthatch_compare.statistics.intervals import RESAMPLES
from nuthatch_compare.statistics.permutation import PERMUTATIONS

#: Documents of each list that a comparison holds with title and snippet.
SHOWN = 10


def plan(
    systems: Sequence[str],
    *,
    measures: Sequence[str] = DEFAULT,
    primary: Sequence[str] = (),
    baseline: str | None = None,
    depth: int = 100,
    alpha: float = 0.05,
    min_effect: float | None = None,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    resamples: int = RESAMPLES,
) -> Settings:
    """Return the settings of a comparison of these systems, all names written out.

    Raise `InvalidConfig` where they make no sense: two systems of one name, a baseline or a
    primary measure that is not there, no measure of quality, a depth or an alpha out of range.
    """
    if not systems:
        raise InvalidConfig("there is no system; name two or more")
    twice = next((name for name in systems if list(systems).count(name) > 1), None)
    if twice is not None:
        raise InvalidConfig(f"two systems are named {twice!r}; name each in your way: NAME=…")
    base = baseline or systems[0]
    if base not in systems:
        raise InvalidConfig(f"the baseline {base!r} is none of {', '.join(systems)}")
    if depth < 1 or not 0 < alpha < 1 or seed < 0:
        raise InvalidConfig(
            "depth is 1 or more, alpha between 0 and 1, the seed 0 or more; "
            f"found {depth}, {alpha:g} and {seed}"
        )
    if min_effect is not None and not 0 < min_effect < 1:
        raise InvalidConfig(
            "the least difference that matters (min_effect) is above 0 and below 1, as measures "
            f"are; found {min_effect:g}"
        )
    wanted = [Measure.parse(measure) for measure in measures]
    return Settings(
        measures=tuple(dict.fromkeys(map(str, wanted))),
        primary=_primary(wanted, primary),
        baseline=base,
        depth=depth,
        shown=min(SHOWN, depth),
        alpha=alpha,
        min_effect=min_effect,
        seed=seed,
        permutations=permutations,
        resamples=resamples,
    )


def _primary(measures: Sequence[Measure], given: Sequence[str]) -> tuple[str, ...]:
    names = [str(measure) for measure in measures]
    if given:
        wanted = tuple(dict.fromkeys(str(Measure.parse(name)) for name in given))
        for measure in wanted:
            if measure not in names:
                raise InvalidConfig(
                    f"the primary measure {measure} is none of those computed: {', '.join(names)}"
                )
        return wanted
    quality = [str(measure) for measure in measures if measure.is_quality]
    if not quality:
        raise InvalidConfig(f"none of {', '.join(names) or 'no measures'} tells quality; add one")
    return (quality[0],)
