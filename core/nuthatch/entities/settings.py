"""The constants of entity search, each with the value that the published semantics have."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from nuthatch.errors import InvalidConfig


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class EntitySettings:
    """Sets how entities match and score. Two engines with the same settings give the same scores.

    `beta` weighs coverage over specificity in a title's F-score; one below `threshold` is none.
    `title_cap` bounds the documents that have a title score, for each title search and for their
    sums; `phrase_cap` the phrases that a substring stands for. Title tokens match with one edit
    from `one_edit` code points on, two from `two_edits`; of those that at most `frequent`
    documents have, the best `expansions` count. More edits and more frequent tokens than by default
    are not to be had, as engines index and count for these. Raises `InvalidConfig`.
    """

    beta: float = Field(default=2.0, gt=0, le=1000)
    threshold: float = Field(default=0.15, ge=0, le=1)
    title_cap: int = Field(default=10_000, ge=1)
    phrase_cap: int = Field(default=500, ge=1)
    frequent: int = Field(default=10_000, ge=0, le=10_000)
    expansions: int = Field(default=50, ge=1)
    one_edit: int = Field(default=3, ge=3)
    two_edits: int = Field(default=6, ge=6)

    @model_validator(mode="wrap")
    @classmethod
    def _typed_error(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return build(values)
        except ValidationError as error:
            from nuthatch.contract.validation import explain  # which imports no entities

            problem = explain(error, [each.name for each in fields(cls)])
            raise InvalidConfig(f"the EntitySettings are not valid: {problem}") from error
