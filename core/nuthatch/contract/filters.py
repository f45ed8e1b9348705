"""Hard conditions on declared fields. A document that lacks the field fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeGuard

from nuthatch.contract.document import INT64
from nuthatch.contract.schema import AnyField, FilterValue, PhraseField, Schema
from nuthatch.errors import InvalidQuery

Bound = int | float | str | date


@dataclass(frozen=True, slots=True)
class Range:
    """Keeps documents with a value of `field` from `gte` to `lte`, both included.

    At least one bound is given. Of a keyword field with several values one must lie within.
    """

    field: str
    gte: Bound | None = None
    lte: Bound | None = None

    def __post_init__(self) -> None:
        if self.gte is None and self.lte is None:
            raise InvalidQuery(f"the range filter on {self.field!r} has no bound; give gte or lte")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Keeps documents with at least one of `values` in `field`."""

    field: str
    values: Sequence[Bound]

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Iterable):
            raise InvalidQuery(f"the values of the filter on {self.field!r} must be a list")
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise InvalidQuery(f"the filter on {self.field!r} has no value; give at least one")


#: A hard condition; several are all to hold.
Filter = Range | AnyOf


def checked_filters(schema: Schema, filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """Returns the filters with values as the schema stores them.

    Dates become ISO text, bounds of number fields floats and those of integer fields integers.
    Raises `InvalidQuery` for a field that is not declared or a value of the wrong type.
    """
    return tuple(_checked(schema, item) for item in filters)


def _checked(schema: Schema, condition: Filter) -> Filter:
    if not isinstance(condition, Range | AnyOf):
        raise InvalidQuery(f"a filter is a Range or an AnyOf; found {condition!r}")
    declared = schema.field(condition.field)
    if declared is None:
        names = ", ".join(field.name for field in schema.fields) or "none"
        raise InvalidQuery(
            f"filter on {condition.field!r}: the schema declares no such field; declared: {names}"
        )
    if isinstance(declared, PhraseField):
        raise InvalidQuery(
            f"filter on {condition.field!r}: a phrase field is searched with include and "
            "exclude; declare a KeywordField to filter by it"
        )
    if isinstance(condition, AnyOf):
        values = tuple(_value(declared, item, _exactly) for item in condition.values)
        return AnyOf(condition.field, values)
    low, high = condition.gte, condition.lte
    return Range(
        condition.field,
        None if low is None else _value(declared, low, math.ceil),
        None if high is None else _value(declared, high, math.floor),
    )


def _value(declared: AnyField, given: Bound, whole: Callable[[float], int]) -> FilterValue:
    """Returns a filter's value as the field's own values are, so that engines compare like with
    like. `whole` turns a fraction into the integer that bounds an integer field the same way."""
    if isinstance(given, date) and not isinstance(given, datetime):
        given = given.isoformat()
    try:
        match declared.type:
            case "date" if isinstance(given, str):
                return declared.values(given)[0]
            case "keyword" if isinstance(given, str):
                given.encode()
                return given
            case "number" if _is_number(given):
                return float(given) + 0.0  # −0.0 + 0.0 is 0.0
            case "integer" if _is_number(given):
                number = whole(given)
                if number in INT64:
                    return number
                raise ValueError(f"{given!r} is beyond int64")
    except (ValueError, OverflowError) as error:  # UnicodeEncodeError is a ValueError
        raise InvalidQuery(f"filter on {declared.name!r}: {error}") from error
    raise InvalidQuery(
        f"filter on {declared.name!r}: {given!r} cannot be compared with {declared.type} values"
    )


def _exactly(given: float) -> int:
    if given != int(given):
        raise ValueError(f"no integer equals {given!r}")
    return int(given)


def _is_number(given: Bound) -> TypeGuard[int | float]:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    return isinstance(given, int) or math.isfinite(given)


def passes(values: Iterable[FilterValue], condition: Filter) -> bool:
    """Tells whether one of a field's values satisfies a checked filter."""
    if isinstance(condition, AnyOf):
        return any(value in condition.values for value in values)
    low, high = condition.gte, condition.lte
    return any(
        (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]
        for value in values
    )
