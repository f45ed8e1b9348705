"""The constants and the rules of entity search, each with the value that serves best (measured)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final, Self

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from nuthatch.errors import InvalidConfig

#: The name that stands for the reference's own arithmetic, in a URL too.
REFERENCE: Final = "reference"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class EntitySettings:
    """Sets how entities match and score. Two engines with the same settings give the same scores.

    `beta` weighs coverage over specificity in a title's score, from which an edit takes
    `edit_cost`; a score below `threshold` is none. `title_cap` bounds the documents that have a
    title score, for each title search and for their best; `phrase_cap` the phrases that a
    substring stands for. Title tokens match with one edit from `one_edit` code points on, two from
    `two_edits`; the best `expansions` count. More edits than by default are not to be had, as
    engines index for these. Titles are not found by a token that more than `frequent` documents
    have, unless nothing else finds any.

    The rules: `transpositions` makes one edit of two neighbours that changed places, otherwise it
    is two. `edit_digits` edits tokens with digits too. `count_all` counts in *k* tokens that stand
    for nothing, and frequent ones wherever they match; otherwise both are left out. `repeats` asks
    of a word's second occurrence that the title repeats it too. `bound_matches` lets no more
    tokens match than the title has. `exact_titles` gives 1.0 to a title that is the query, nearly
    as much to one that is the query but for blanks, and puts the former first among equals.
    `joins` finds words that were typed as one, and one that was typed as two. `best_title` counts
    the best of several title searches as one part of the whole; otherwise each is a part, and
    they add up.

    `EntitySettings.reference()`, or the text `reference`, is the arithmetic of the reference.
    Raises `InvalidConfig`.
    """

    beta: float = Field(default=2.0, gt=0, le=1000)
    threshold: float = Field(default=0.15, ge=0, le=1)
    title_cap: int = Field(default=10_000, ge=1)
    phrase_cap: int = Field(default=500, ge=1)
    frequent: int = Field(default=10_000, ge=0, le=10_000)
    expansions: int = Field(default=50, ge=1)
    one_edit: int = Field(default=3, ge=3)
    two_edits: int = Field(default=6, ge=6)
    edit_cost: float = Field(default=1.0, ge=0, le=1)
    transpositions: bool = True
    edit_digits: bool = False
    count_all: bool = True
    repeats: bool = True
    bound_matches: bool = True
    exact_titles: bool = True
    joins: bool = True
    best_title: bool = True

    @classmethod
    def reference(cls, **changed: Any) -> Self:
        """Return the reference's own constants and rules, but for those that are given."""
        rules: dict[str, Any] = dict.fromkeys(
            (
                "transpositions",
                "count_all",
                "repeats",
                "bound_matches",
                "exact_titles",
                "joins",
                "best_title",
            ),
            False,
        )
        return cls(**rules | {"edit_cost": 0.0, "edit_digits": True} | changed)

    @model_validator(mode="wrap")
    @classmethod
    def _typed_error(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        if values == REFERENCE:
            return cls.reference()
        if isinstance(values, str):
            raise InvalidConfig(
                f"the EntitySettings {values!r} are not known; the text {REFERENCE!r} stands for "
                "the reference's arithmetic, anything else is given as EntitySettings(…)"
            )
        try:
            return build(values)
        except ValidationError as error:
            from nuthatch.contract.validation import explain  # which imports no entities

            problem = explain(error, [each.name for each in fields(cls)])
            raise InvalidConfig(f"the EntitySettings are not valid: {problem}") from error
