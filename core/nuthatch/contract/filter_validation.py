"""From filters as they are given to filters as engines read them.

    Range("year", gt=1989.5)              ──▶  Range("year", gte=1990)
    StartsWith("tag", "sci")              ──▶  Range("tag", gte="sci", lte="sci" and all after it)
    Exists("tag")                         ──▶  Range("tag", gte="")
    AnyOf("at", [date(2024, 5, 1)])       ──▶  Range("at", gte=1714521600000000, lte=…)
    Any(All(x), Any(y, Any()), Not(Not(z)))    ──▶  Any(x, y, z)

An engine is given `Range` (with `gte` and `lte` alone), `AnyOf` and `Mentions`, `Exists` of phrase
fields, and trees of these in which no part is needless. Their values are as documents have them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from sys import float_info
from typing import Final, TypeGuard, cast

from nuthatch.contract.document import CONTROL, INT64, MAX_KEY_BYTES
from nuthatch.contract.filters import (
    All,
    Any,
    AnyOf,
    Bound,
    Exists,
    Filter,
    Leaf,
    Mentions,
    Not,
    Range,
    StartsWith,
    as_filters,
    is_filter,
    leaves,
)
from nuthatch.contract.instant import DAY, first_instant, instant_of, parse_instant
from nuthatch.contract.schema import AnyField, FilterValue, PhraseField, Schema
from nuthatch.errors import InvalidQuery
from nuthatch.text.standard import normalize_phrase

#: Conditions on fields in one query; engines nest them, and some not deeper than a thousand.
MAX_FILTERS: Final = 500
#: Values that all filters of one query list together.
MAX_VALUES: Final = 1_000_000
#: Phrases that all `Mentions` of one query list together: each is looked up.
MAX_MENTIONS: Final = 1000
#: Equals no keyword, for those hold no control characters; comes after "" and before all others.
_NO_KEYWORD: Final = "\x01"
#: No keyword goes on beyond this after what it begins with.
_LAST_TEXT: Final = "\U0010ffff" * (MAX_KEY_BYTES // 4 + 1)
_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: By type a value that no value is less than, and a greater one.
_ENDS: Final[dict[str, tuple[FilterValue, FilterValue]]] = {
    "keyword": ("", _NO_KEYWORD),
    "integer": (INT64[0], INT64[-1]),
    "number": (-float_info.max, float_info.max),
    "date": (date.min.isoformat(), date.max.isoformat()),
    "datetime": (INT64[0], INT64[-1]),
    "boolean": (0, 1),
}


def check_filters(schema: Schema, filters: Filter | Iterable[Filter]) -> tuple[Filter, ...]:
    """Return the conditions that must all hold, as engines read them.

    Raise `InvalidQuery`, which names the place in a tree, for a field that is not declared, a value
    of the wrong type, or too many.
    """
    given = as_filters(filters)
    if not given:
        return ()
    checked = [_check(schema, item, f"filters[{at}]", "") for at, item in enumerate(given)]
    _refuse_too_many(given)
    whole = _join(All, map(simplify, checked))
    return whole.parts if isinstance(whole, All) else (whole,)


def simplify(condition: Filter) -> Filter:
    """Return an equal filter without needless parts.

    `All` in `All` and `Any` in `Any` are opened, a branch of one part is that part, repeats and
    double `Not` go, and so does what always or never holds, unless it is all that is left. Choices
    on one field within `Any` become one.
    """
    match condition:
        case All():
            return _join(All, map(simplify, condition.parts))
        case Any():
            return _join(Any, _merge_choices(list(map(simplify, condition.parts))))
        case Not():
            return _negate(simplify(condition.part))
    return condition


def _negate(condition: Filter) -> Filter:
    match condition:
        case Not():
            return condition.part
        case All(parts=()):
            return Any()
        case Any(parts=()):
            return All()
    return Not(condition)


def _join(kind: type[All | Any], simple: Iterable[Filter]) -> Filter:
    """Return the branch of simple parts; its opposite without parts decides alone."""
    opposite = Any() if kind is All else All()
    parts: dict[Filter, None] = {}
    for part in simple:
        if part == opposite:
            return opposite
        parts |= dict.fromkeys(part.parts if isinstance(part, kind) else (part,))
    return next(iter(parts)) if len(parts) == 1 else kind(*parts)


def _merge_choices(parts: list[Filter]) -> Iterator[Filter]:
    choices: dict[str, dict[Bound, None]] = {}
    for part in parts:
        if isinstance(part, AnyOf):
            choices.setdefault(part.field, {}).update(dict.fromkeys(part.values))
    yield from (AnyOf(field, tuple(values)) for field, values in choices.items())
    yield from (part for part in parts if not isinstance(part, AnyOf))


def _refuse_too_many(filters: Iterable[Filter]) -> None:
    conditions = list(leaves(filters))
    if len(conditions) > MAX_FILTERS:
        raise InvalidQuery(
            f"the filters of a query have at most {MAX_FILTERS:,} conditions; found "
            f"{len(conditions):,}: join those on one field, or store in a field what they mean "
            "together"
        )
    values = sum(len(item.values) for item in conditions if isinstance(item, AnyOf))
    if values > MAX_VALUES:
        raise InvalidQuery(
            f"the filters of a query list at most {MAX_VALUES:,} values; found {values:,}: ask in "
            "parts, or store in a field what they have in common"
        )
    phrases = sum(len(item.phrases) for item in conditions if isinstance(item, Mentions))
    if phrases > MAX_MENTIONS:
        raise InvalidQuery(
            f"the filters of a query list at most {MAX_MENTIONS:,} phrases; found {phrases:,}: ask "
            "in parts, or store in a field what they have in common"
        )


def _check(schema: Schema, condition: Filter, top: str, path: str) -> Filter:
    """Return a checked tree; `top` and `path` are its place, as Python would reach it."""
    match condition:
        case All() | Any():
            parts = [
                _check(schema, part, top, f"{path}.parts[{at}]")
                for at, part in enumerate(condition.parts)
            ]
            return type(condition)(*parts)
        case Not():
            return Not(_check(schema, condition.part, top, f"{path}.part"))
    where = f", at {top}{path}" if path else ""
    if not is_filter(condition):
        raise InvalidQuery(
            f"a filter is a Range, an AnyOf, another condition or a tree of them; found "
            f"{condition!r}{where}"
        )
    place = f"filter on {condition.field!r}{where}"
    declared = schema.field(condition.field)
    if declared is None:
        names = ", ".join(field.name for field in schema.fields) or "none"
        raise InvalidQuery(f"{place}: the schema declares no such field; declared: {names}")
    try:
        return check_leaf(declared, condition)
    except (ValueError, OverflowError) as error:  # UnicodeEncodeError is a ValueError
        raise InvalidQuery(f"{place}: {error}") from error


def check_leaf(declared: AnyField, condition: Leaf) -> Filter:
    """Return a condition on a declared field as engines read it. Raise `ValueError`."""
    if isinstance(declared, PhraseField):
        return _check_phrases(condition)
    match condition:
        case AnyOf():
            return _check_choice(declared, condition)
        case Range():
            return _check_range(declared, condition)
        case Exists():
            return Range(declared.name, gte=_ENDS[declared.type][0])
        case StartsWith():
            return _check_beginning(declared, condition.text)
    raise ValueError(
        f"only phrase fields mention phrases, and it is declared as {declared.type}; use AnyOf"
    )


def _check_phrases(condition: Leaf) -> Filter:
    match condition:
        case Exists():
            return condition
        case Mentions():
            phrases = dict.fromkeys(map(normalize_phrase, condition.phrases))
            named = tuple(phrase for phrase in phrases if phrase)
            return Mentions(condition.field, named) if named else Any()
    raise ValueError(
        "a phrase field is searched with Mentions, or with include and exclude of an EntityQuery; "
        "declare a KeywordField to filter by it"
    )


def _check_choice(declared: AnyField, condition: AnyOf) -> Filter:
    days: list[Filter] = []
    values: list[Bound] = []
    for given in condition.values:
        if declared.type == "datetime" and (day := _as_day(given)):
            days.append(_within(declared, first_instant(day), first_instant(day) + DAY - 1))
        else:
            value = _value(declared, given, _exactly)
            if _is_possible(value):
                values.append(value)
    # One that is listed twice finds no more.
    possible = tuple(dict.fromkeys(values)) or (() if days else (_NO_KEYWORD,))
    choice = [AnyOf(declared.name, possible)] if possible else []
    return Any(*choice, *days) if days else choice[0]


def _check_range(declared: AnyField, condition: Range) -> Range:
    low: FilterValue | None = None
    high: FilterValue | None = None
    if condition.gte is not None:
        low = _from(declared, condition.gte)
    elif condition.gt is not None:
        low = _after(declared, condition.gt)
        if low is None:
            return _nothing(declared)
    if condition.lte is not None:
        high = _to(declared, condition.lte)
    elif condition.lt is not None:
        high = _before(declared, condition.lt)
        if high is None:
            return _nothing(declared)
    return _within(declared, low, high)


def _check_beginning(declared: AnyField, text: str) -> Range:
    if declared.type != "keyword":
        raise ValueError(
            f"only keywords are compared by their beginning, and it is declared as {declared.type}"
        )
    text.encode()
    return _within(declared, text, text + _LAST_TEXT) if _is_possible(text) else _nothing(declared)


def _within(declared: AnyField, low: FilterValue | None, high: FilterValue | None) -> Range:
    return Range(declared.name, gte=low, lte=high)


def _nothing(declared: AnyField) -> Range:
    """Return the range that no value is within."""
    least, more = _ENDS[declared.type]
    return _within(declared, more, least)


def _from(declared: AnyField, given: Bound) -> FilterValue:
    """Return the least value that is `given` or greater; for keywords a text that parts them so."""
    value = _value(declared, given, math.ceil)
    return _cut(value, _NO_KEYWORD) if isinstance(value, str) else value


def _to(declared: AnyField, given: Bound) -> FilterValue:
    """Return the greatest value that is `given` or less; for keywords a text that parts them so."""
    if declared.type == "datetime" and (day := _as_day(given)):
        return first_instant(day) + DAY - 1
    value = _value(declared, given, math.floor)
    return _cut(value, "") if isinstance(value, str) else value


def _after(declared: AnyField, given: Bound) -> FilterValue | None:
    """Return the least value that is greater; None where there is none."""
    if declared.type == "keyword":
        text = str(_value(declared, given, _exactly))
        # What follows NUL decides nothing: no keyword has a character so low.
        return _cut(text, "") + _NO_KEYWORD
    last = _to(declared, given)
    match declared.type, last:
        case "number", float():
            following = math.nextafter(last, math.inf)
            return following if math.isfinite(following) else None
        case "date", str():
            return None if last == date.max.isoformat() else _move_day(last, 1)
        case _, int():
            return last + 1 if last + 1 in INT64 else None
    raise AssertionError(declared)


def _before(declared: AnyField, given: Bound) -> FilterValue | None:
    """Return the greatest value that is less; None where there is none."""
    if declared.type == "keyword":
        return _keyword_before(str(_value(declared, given, _exactly)))
    first = _from(declared, given)
    match declared.type, first:
        case "number", float():
            previous = math.nextafter(first, -math.inf)
            return previous if math.isfinite(previous) else None
        case "date", str():
            return None if first == date.min.isoformat() else _move_day(first, -1)
        case _, int():
            return first - 1 if first - 1 in INT64 else None
    raise AssertionError(declared)


def _keyword_before(text: str) -> str | None:
    """Return a text that all keywords before this one are up to, and no other."""
    cut, last = text[: MAX_KEY_BYTES + 1], ""
    if "\0" in cut:
        return _cut(cut, "")
    if not cut:
        return None
    cut, last = cut[:-1], cut[-1]
    if last <= " ":  # no keyword has a lower character
        return cut
    before = "\ud7ff" if last == "\ue000" else chr(ord(last) - 1)
    return cut + before + _LAST_TEXT


def _move_day(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _is_possible(value: FilterValue) -> bool:
    """Return whether a document's field can have this value, or one that begins with it."""
    if not isinstance(value, str):
        return True
    return len(value.encode()) <= MAX_KEY_BYTES and not CONTROL.search(value)


def _cut(value: str, least: str) -> str:
    """Return a bound that parts keywords in the same way, without NUL and not much longer.

    No keyword holds NUL: what follows it decides nothing but whether the text before it alone is
    within, and `least` comes after that text and before all longer ones.
    """
    text, nul, _ = value[: MAX_KEY_BYTES + 1].partition("\0")
    return text + least if nul else text


def _value(declared: AnyField, given: Bound, whole: Callable[[float], int]) -> FilterValue:
    """Return a filter's value as the field's own values are, so that engines compare like with
    like. `whole` turns a fraction into the integer that bounds an integer field the same way.
    Raise `ValueError`."""
    if isinstance(given, date) and not isinstance(given, datetime) and declared.type != "datetime":
        given = given.isoformat()
    match declared.type:
        case "date" if isinstance(given, str):
            return declared.values(given)[0]
        case "datetime" if isinstance(given, str | date):
            return _instant(given)
        case "keyword" if isinstance(given, str):
            given.encode()
            return given
        case "boolean" if isinstance(given, bool):
            return int(given)
        case "number" if _is_number(given):
            return float(given) + 0.0  # −0.0 + 0.0 is 0.0
        case "integer" if _is_number(given):
            number = whole(given)
            if number in INT64:
                return number
            raise ValueError(f"{_short(given)} is beyond int64")
    raise ValueError(f"{_short(given)} cannot be compared with {declared.type} values")


def _instant(given: str | date) -> int:
    """Return the instant that a filter names; of a day, its first in UTC."""
    day = _as_day(given)
    if day is not None:
        return first_instant(day)
    return parse_instant(given) if isinstance(given, str) else instant_of(cast(datetime, given))


def _as_day(given: Bound) -> date | None:
    """Return the day that a filter on an instant names, as a date or as YYYY-MM-DD, if it does."""
    if isinstance(given, str):
        return date.fromisoformat(given) if _ISO_DAY.fullmatch(given) else None
    return given if isinstance(given, date) and not isinstance(given, datetime) else None


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
