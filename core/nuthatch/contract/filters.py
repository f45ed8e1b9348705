"""Hard conditions on declared fields. A document that lacks the field fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from typing import Final, TypeGuard

from nuthatch.contract.document import CONTROL, INT64, MAX_KEY_BYTES
from nuthatch.contract.schema import AnyField, FilterValue, PhraseField, Schema
from nuthatch.errors import InvalidQuery

Bound = int | float | str | date


@dataclass(frozen=True, slots=True)
class Range:
    """A filter: documents with a value of `field` from `gte` to `lte`, both included.

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
    """A filter: documents with at least one of `values` in `field`."""

    field: str
    values: Sequence[Bound]
    _members: frozenset[Bound] | None = dataclass_field(
        default=None, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Iterable):
            raise InvalidQuery(f"the values of the filter on {self.field!r} must be a list")
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise InvalidQuery(f"the filter on {self.field!r} has no value; give at least one")

    @property
    def members(self) -> frozenset[Bound]:
        """The values as a set, made when they are first looked up."""
        if self._members is None:
            object.__setattr__(self, "_members", frozenset(self.values))
        assert self._members is not None
        return self._members


#: Filters of one query; engines nest them, and some not deeper than a thousand.
MAX_FILTERS: Final = 500
#: Values that all filters of one query list together.
MAX_VALUES: Final = 1_000_000
#: Equals no keyword, for those hold no control characters.
_NO_KEYWORD: Final = "\x01"

#: A hard condition; several are all to hold.
Filter = Range | AnyOf


def check_filters(schema: Schema, filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """Return the filters with values as the schema stores them.

    Dates become ISO text, bounds of number fields floats and those of integer fields integers.
    Texts that no keyword can equal are left out or cut, so that no engine meets one. Raise
    `InvalidQuery` for a field that is not declared, a value of the wrong type, or too many.
    """
    given = tuple(filters)
    if len(given) > MAX_FILTERS:
        raise InvalidQuery(
            f"a query has at most {MAX_FILTERS:,} filters; found {len(given):,}: join those on one "
            "field, or store in a field what they mean together"
        )
    values = sum(len(item.values) for item in given if isinstance(item, AnyOf))
    if values > MAX_VALUES:
        raise InvalidQuery(
            f"the filters of a query list at most {MAX_VALUES:,} values; found {values:,}: ask in "
            "parts, or store in a field what they have in common"
        )
    return tuple(_check(schema, item) for item in given)


def _check(schema: Schema, condition: Filter) -> Filter:
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
        values = (_value(declared, item, _exactly) for item in condition.values)
        # One that is listed twice finds no more.
        possible = dict.fromkeys(value for value in values if _is_possible(value))
        return AnyOf(condition.field, tuple(possible) or (_NO_KEYWORD,))
    low, high = condition.gte, condition.lte
    return Range(
        condition.field,
        None if low is None else _make_bound(_value(declared, low, math.ceil), "\x01"),
        None if high is None else _make_bound(_value(declared, high, math.floor), ""),
    )


def _is_possible(value: FilterValue) -> bool:
    """Return whether a document's field can have this value."""
    if not isinstance(value, str):
        return True
    return len(value.encode()) <= MAX_KEY_BYTES and not CONTROL.search(value)


def _make_bound(value: FilterValue, least: str) -> FilterValue:
    """Return a bound that parts keywords in the same way, without NUL and not much longer.

    No keyword holds NUL: what follows it decides nothing but whether the text before it alone is
    within, and `least` comes after that text and before all longer ones.
    """
    if not isinstance(value, str):
        return value
    text, nul, _ = value[: MAX_KEY_BYTES + 1].partition("\0")
    return text + least if nul else text


def _value(declared: AnyField, given: Bound, whole: Callable[[float], int]) -> FilterValue:
    """Return a filter's value as the field's own values are, so that engines compare like with
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
                raise ValueError(f"{_short(given)} is beyond int64")
    except (ValueError, OverflowError) as error:  # UnicodeEncodeError is a ValueError
        raise InvalidQuery(f"filter on {declared.name!r}: {error}") from error
    raise InvalidQuery(
        f"filter on {declared.name!r}: {_short(given)} cannot be compared with "
        f"{declared.type} values"
    )


def _short(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a huge integer"
    return text if len(text) <= 100 else f"{text[:100]}…"


def _exactly(given: float) -> int:
    if given != int(given):
        raise ValueError(f"no integer equals {given!r}")
    return int(given)


def _is_number(given: Bound) -> TypeGuard[int | float]:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    return isinstance(given, int) or math.isfinite(given)


def matches_filter(values: Iterable[FilterValue], condition: Filter) -> bool:
    """Return whether one of a field's values satisfies a checked filter."""
    if isinstance(condition, AnyOf):
        return not condition.members.isdisjoint(values)
    low, high = condition.gte, condition.lte
    return any(
        (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]
        for value in values
    )
