"""Filters: trees of hard conditions on declared fields.

    Range("year", gte=1990) & ~AnyOf("genres", ["Horror"])

    All ─┬─ Range       a value within bounds             AnyOf       one of some values
         └─ Not         StartsWith  a keyword's beginning Exists      any value
             └─ AnyOf   Mentions    one of some phrases

A leaf is about one field. It holds for a document where one of the field's values meets it, so it
is false where the document lacks the field, and two leaves on a list may be met by different
values. `Not` is the complement among all documents: `Not` of a leaf holds where the field is
missing. `All()` holds for every document and `Any()` for none.

Filters are values: frozen, hashable, equal by what they hold. Their `repr` evaluates to them, and
their `str` is what `filter_language` reads. `filter_validation` compares them with a schema,
`filter_matching` with a document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from typing import Final

from nuthatch.contract.filter_tokens import quote
from nuthatch.contract.instant import format_instant
from nuthatch.errors import InvalidQuery

#: A value as filters are given it. A `datetime` is a `date`, too.
Bound = bool | int | float | str | date
#: How deep `All`, `Any` and `Not` nest: engines walk over them by recursion.
MAX_DEPTH: Final = 100
_SIGNS: Final = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Combinable:
    """What all filters have in common: `&`, `|` and `~` make trees of them."""

    __slots__ = ()

    def __and__(self, other: Filter) -> All:
        return All(*_parts(All, self), *_parts(All, other)) if is_filter(other) else NotImplemented

    def __or__(self, other: Filter) -> Any:
        return Any(*_parts(Any, self), *_parts(Any, other)) if is_filter(other) else NotImplemented

    def __invert__(self) -> Filter:
        return self.part if isinstance(self, Not) else Not(self)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Range(Combinable):
    """A filter: documents with a value of `field` within bounds.

    `gte` and `lte` are within themselves, `gt` and `lt` are not. At least one is given, and at
    most one at each end. Of a field with several values one must lie within all bounds.
    """

    field: str = dataclass_field(kw_only=False)
    gt: Bound | None = None
    gte: Bound | None = None
    lt: Bound | None = None
    lte: Bound | None = None

    def __post_init__(self) -> None:
        _check_name(self.field)
        given = self.bounds
        if not given:
            raise InvalidQuery(
                f"the range filter on {self.field!r} has no bound; give gt, gte, lt or lte"
            )
        for exclusive, inclusive in (("gt", "gte"), ("lt", "lte")):
            if exclusive in given and inclusive in given:
                raise InvalidQuery(
                    f"the range filter on {self.field!r} has both {exclusive} and {inclusive}; "
                    "give one of them"
                )

    @property
    def bounds(self) -> dict[str, Bound]:
        """The bounds that are given, by name."""
        named = {"gt": self.gt, "gte": self.gte, "lt": self.lt, "lte": self.lte}
        return {name: bound for name, bound in named.items() if bound is not None}

    def __repr__(self) -> str:
        bounds = (f"{name}={bound!r}" for name, bound in self.bounds.items())
        return f"Range({', '.join([repr(self.field), *bounds])})"

    def __str__(self) -> str:
        field, bounds = quote(self.field), self.bounds
        if len(bounds) == 1:
            ((name, bound),) = bounds.items()
            return f"{field}{_SIGNS[name]}{_value_text(bound)}"
        (low, lower), (high, upper) = bounds.items()
        sign = _SIGNS[low].replace(">", "<")
        return f"{_value_text(lower)}{sign}{field}{_SIGNS[high]}{_value_text(upper)}"


@dataclass(frozen=True, slots=True, repr=False)
class AnyOf(Combinable):
    """A filter: documents with at least one of `values` in `field`."""

    field: str
    values: Sequence[Bound]
    _members: frozenset[Bound] | None = dataclass_field(default=None, init=False, compare=False)

    def __post_init__(self) -> None:
        _check_name(self.field)
        object.__setattr__(self, "values", _check_list(self.field, self.values, "value"))

    @property
    def members(self) -> frozenset[Bound]:
        """The values as a set, made when they are first looked up."""
        if self._members is None:
            object.__setattr__(self, "_members", frozenset(self.values))
        assert self._members is not None
        return self._members

    def __repr__(self) -> str:
        return f"AnyOf({self.field!r}, {self.values!r})"

    def __str__(self) -> str:
        return self._text("=", "in")

    def _text(self, single: str, several: str) -> str:
        """Return the condition as text, with the operator for one value, or that for several."""
        if len(self.values) == 1:
            return f"{quote(self.field)}{single}{_value_text(self.values[0])}"
        return f"{quote(self.field)} {several} ({', '.join(map(_value_text, self.values))})"


@dataclass(frozen=True, slots=True, repr=False)
class Exists(Combinable):
    """A filter: documents that have a value in `field`; in a phrase field, one that can be
    mentioned."""

    field: str

    def __post_init__(self) -> None:
        _check_name(self.field)

    def __repr__(self) -> str:
        return f"Exists({self.field!r})"

    def __str__(self) -> str:
        return f"exists({quote(self.field)})"


@dataclass(frozen=True, slots=True, repr=False)
class StartsWith(Combinable):
    """A filter: documents with a keyword in `field` that begins with `text`.

    Code points are compared, as everywhere in keywords: no case is folded and nothing is
    normalized, so `e` begins an `é` of two code points and does not begin the `é` of one.
    """

    field: str
    text: str

    def __post_init__(self) -> None:
        _check_name(self.field)
        if not isinstance(self.text, str):
            raise InvalidQuery(
                f"the filter on {self.field!r} compares beginnings with text; found {self.text!r}"
            )

    def __repr__(self) -> str:
        return f"StartsWith({self.field!r}, {self.text!r})"

    def __str__(self) -> str:
        return f"{quote(self.field)} starts with {quote(self.text)}"


@dataclass(frozen=True, slots=True, repr=False)
class Mentions(Combinable):
    """A filter: documents that mention at least one of `phrases` in a phrase field.

    Phrases are normalized and matched as `include` of an entity query does it: whole, or as a
    substring where the field is declared so. A phrase without letters and digits is mentioned
    nowhere. Documents that mention all of several phrases pass `All` of as many `Mentions`.
    """

    field: str
    phrases: Sequence[str]

    def __post_init__(self) -> None:
        _check_name(self.field)
        phrases = _check_list(self.field, self.phrases, "phrase")
        for phrase in phrases:
            if not isinstance(phrase, str):
                raise InvalidQuery(
                    f"the phrases of the filter on {self.field!r} are texts; found {phrase!r}"
                )
        object.__setattr__(self, "phrases", phrases)

    def __repr__(self) -> str:
        return f"Mentions({self.field!r}, {self.phrases!r})"

    def __str__(self) -> str:
        phrases = ", ".join(map(quote, self.phrases))
        named = phrases if len(self.phrases) == 1 else f"({phrases})"
        return f"{quote(self.field)} mentions {named}"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class _Branch(Combinable):
    """A filter made of several."""

    parts: tuple[Filter, ...]
    depth: int = dataclass_field(compare=False)

    def __init__(self, *parts: Filter) -> None:
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "depth", _check_parts(type(self).__name__, parts))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"

    def __str__(self) -> str:
        is_all = isinstance(self, All)
        if len(self.parts) < 2:
            return f"{'all' if is_all else 'any'}({''.join(map(str, self.parts))})"
        return (" and " if is_all else " or ").join(map(part_text, self.parts))


@dataclass(frozen=True, slots=True, init=False, repr=False)
class All(_Branch):
    """A filter: documents that pass all of these; every document where there is none."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Any(_Branch):
    """A filter: documents that pass at least one of these; no document where there is none."""


@dataclass(frozen=True, slots=True, repr=False)
class Not(Combinable):
    """A filter: all documents that do not pass another one, those without its field too."""

    part: Filter
    depth: int = dataclass_field(default=0, init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", _check_parts("Not", (self.part,)))

    def __repr__(self) -> str:
        return f"Not({self.part!r})"

    def __str__(self) -> str:
        if isinstance(self.part, AnyOf):
            return self.part._text("!=", "not in")
        return f"not {part_text(self.part)}"


#: A condition on one field.
Leaf = Range | AnyOf | Exists | StartsWith | Mentions
#: A hard condition; of several in a sequence, all must hold.
Filter = Leaf | All | Any | Not


def is_filter(value: object) -> bool:
    """Return whether a value is a filter."""
    return isinstance(value, Combinable)


def as_filters(filters: Filter | Iterable[Filter]) -> tuple[Filter, ...]:
    """Return one filter, or several that must all hold, as a tuple. Raise `InvalidQuery`."""
    if isinstance(filters, Combinable):
        return (filters,)
    if isinstance(filters, str) or not isinstance(filters, Iterable):
        raise InvalidQuery(f"filters must be a list of filters, or one of them; found {filters!r}")
    return tuple(filters)


def filters_text(filters: Sequence[Filter]) -> str:
    """Return the text of filters that must all hold, in the filter language."""
    return str(filters[0]) if len(filters) == 1 else " and ".join(map(part_text, filters))


def leaves(filters: Iterable[Filter]) -> Iterator[Leaf]:
    """Yield the conditions of trees on single fields, in order, repeats included."""
    for item in filters:
        match item:
            case All() | Any():
                yield from leaves(item.parts)
            case Not():
                yield from leaves([item.part])
            case _:
                yield item


def _parts(kind: type[_Branch], item: Combinable) -> tuple[Filter, ...]:
    """Return the parts of a filter of one kind, so that chains of an operator stay flat."""
    return item.parts if isinstance(item, kind) else (item,)  # type: ignore[return-value]


def part_text(part: Filter) -> str:
    """Return the text of a part of another filter, in parentheses where it needs them."""
    has_parts = isinstance(part, All | Any) and len(part.parts) > 1
    return f"({part})" if has_parts else str(part)


def _value_text(value: Bound) -> str:
    """Return the text that stands for a value."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quote(value)
        case datetime():
            try:
                return format_instant(value)
            except ValueError:  # a search refuses it, too
                return quote(value.isoformat())
        case date():
            return value.isoformat()
    return repr(value)


def _check_name(field: object) -> None:
    if not isinstance(field, str):
        raise InvalidQuery(f"a filter names its field by a text; found {field!r}")


def _check_list(field: str, values: object, what: str) -> tuple[object, ...]:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidQuery(f"the {what}s of the filter on {field!r} must be a list")
    listed = tuple(values)
    if not listed:
        raise InvalidQuery(f"the filter on {field!r} has no {what}; give at least one")
    return listed


def _check_parts(kind: str, parts: Sequence[object]) -> int:
    """Return the depth of a tree with these parts. Raise `InvalidQuery`."""
    for number, part in enumerate(parts, 1):
        if not is_filter(part):
            raise InvalidQuery(
                f"{kind} is made of filters; its part {number} is {part!r} (a list is unpacked: "
                f"{kind}(*filters))"
            )
    depth = 1 + max((getattr(part, "depth", 0) for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise InvalidQuery(
            f"filters nest at most {MAX_DEPTH} deep; this {kind} would be {depth} deep: join with "
            "& and |, which keep chains flat, or take double Not away"
        )
    return depth
