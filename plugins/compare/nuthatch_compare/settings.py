"""The settings of a comparison: what is computed, and what decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from nuthatch import InvalidConfig
from nuthatch_compare.measures.measure import DEFAULT_MEASURES, Measure
from nuthatch_compare.statistics.intervals import RESAMPLES
from nuthatch_compare.statistics.permutation import PERMUTATIONS


class Settings(BaseModel):
    """The settings of a comparison, validated when they are made.

    measures       names of measures, such as `nDCG@10`
    primary        the measures that decide; by default the first one that measures quality. All
                   others are exploratory
    baseline       the name of the system that all others are compared with; by default the first
    depth          documents that are fetched for a query
    shown          documents of each list that are kept with title and snippet
    alpha          the level of the tests and intervals
    min_effect     the least difference that matters; where it is given, two systems can be found
                   equivalent
    seed           repeats a comparison
    permutations   sign patterns that a permutation test draws
    resamples      samples that a bootstrap draws

    Raise `InvalidConfig` where a value is of the wrong type or out of range, where a primary
    measure is not among the measures, and where no measure is one of quality.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[str, ...] = Field(default=DEFAULT_MEASURES, validate_default=True)
    primary: tuple[str, ...] = Field(default=(), validate_default=True)
    baseline: str = ""
    depth: int = 100
    shown: int = Field(default=10, validate_default=True)
    alpha: float = 0.05
    min_effect: float | None = None
    seed: int = 0
    permutations: int = PERMUTATIONS
    resamples: int = RESAMPLES

    @model_validator(mode="wrap")
    @classmethod
    def _raise_invalid_config(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            settings = build(values)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            name = ".".join(map(str, problem["loc"]))
            message = f"{name} is not valid: {problem['msg']}; found {problem['input']!r}"
            if problem["type"] == "extra_forbidden":
                message = f"{name!r} is not known; there are {', '.join(cls.model_fields)}"
            raise InvalidConfig(f"the setting {message}") from error
        settings._check_ranges()
        return settings

    @field_validator("measures")
    @classmethod
    def _write_out(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(Measure.parse(name)) for name in names))

    @field_validator("primary")
    @classmethod
    def _choose_primary(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "measures" not in info.data:  # they are not valid themselves, which is reported
            return names
        measures: tuple[str, ...] = info.data["measures"]
        chosen = cls._write_out(names)
        for measure in chosen:
            if measure not in measures:
                raise InvalidConfig(
                    f"the primary measure {measure} is none of those computed: "
                    f"{', '.join(measures)}"
                )
        quality = [name for name in measures if Measure.parse(name).is_quality]
        if not chosen and not quality:
            raise InvalidConfig(
                f"none of {', '.join(measures) or 'no measures'} tells quality; add one"
            )
        return chosen or (quality[0],)

    @field_validator("shown")
    @classmethod
    def _limit_shown(cls, shown: int, info: ValidationInfo) -> int:
        depth: int = info.data.get("depth", shown)
        return min(shown, depth)

    def _check_ranges(self) -> None:
        if self.depth < 1 or not 0 < self.alpha < 1 or self.seed < 0:
            raise InvalidConfig(
                "depth is 1 or more, alpha between 0 and 1, the seed 0 or more; "
                f"found {self.depth}, {self.alpha:g} and {self.seed}"
            )
        if min(self.shown, self.permutations, self.resamples) < 1:
            raise InvalidConfig(
                "shown, permutations and resamples are 1 or more; "
                f"found {self.shown}, {self.permutations} and {self.resamples}"
            )
        if self.min_effect is not None and not 0 < self.min_effect < 1:
            raise InvalidConfig(
                "the least difference that matters (min_effect) is above 0 and below 1, as "
                f"measures are; found {self.min_effect:g}"
            )

    def for_systems(self, names: Sequence[str]) -> Self:
        """Return the settings for a comparison of these systems, with the baseline's name.

        Raise `InvalidConfig` without a system, where two have the same name, and where none has
        the name of the baseline.
        """
        if not names:
            raise InvalidConfig("there is no system; name two or more")
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise InvalidConfig(
                f"two systems are named {repeated!r}; name each in your way: NAME=…"
            )
        baseline = self.baseline or names[0]
        if baseline not in names:
            raise InvalidConfig(f"the baseline {baseline!r} is none of {', '.join(names)}")
        return self.model_copy(update={"baseline": baseline})

    def list_measures(self) -> list[Measure]:
        """Return the measures, parsed."""
        return [Measure.parse(name) for name in self.measures]
