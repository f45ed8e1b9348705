"""Orders and facets on the command line: how they are written, and how counts are shown.

--sort=-year,title               the greatest year first, then by title
--facet genre                    the ten values that most documents have
--facet genre:3                  three of them
--facet year:..1980,1980..       documents before 1980, and from 1980 on
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nuthatch.cli.output import Cell
from nuthatch.cli.screen import Screen
from nuthatch.contract.facet import Facet, FacetCount, FacetValue, SortKey, check_sort
from nuthatch.contract.filters import Bound, Range
from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.errors import InvalidQuery

_GRAMMAR: Final = (
    "write FIELD, FIELD:SIZE, or ranges as FIELD:LOW..HIGH,LOW..HIGH, where a range begins with "
    "LOW and ends before HIGH, and one of them may be left out"
)


def parse_sort(texts: Sequence[str], schema: Schema) -> tuple[SortKey, ...]:
    """Return the keys that texts stand for, each of one key or several between commas.

    Raise `InvalidQuery`.
    """
    keys: list[str] = []
    for text in texts:
        is_field = schema.field(text) or schema.field(text.removeprefix("-"))
        keys += [text] if is_field else map(str.strip, text.split(","))
    return check_sort(schema, keys)


def parse_facet(text: str, schema: Schema, *, is_open: bool = False) -> Facet:
    """Return the facet that a text stands for; an open one leaves out its own field's filters.

    Raise `InvalidQuery` that tells the grammar.
    """
    name, rest = _split_name(text, schema)
    if rest is None:
        return Facet(name, without_own_filter=is_open)
    if rest.strip().isdecimal():
        return Facet(name, int(rest), without_own_filter=is_open)
    ranges = [_parse_range(text, part, name, schema) for part in rest.split(",")]
    return Facet(name, ranges=ranges, without_own_filter=is_open)


def _split_name(text: str, schema: Schema) -> tuple[str, str | None]:
    """Return the field's name and what follows its colon; names and times may hold colons too."""
    if schema.field(text) is not None or ":" not in text:
        return text, None
    places = [place for place, sign in enumerate(text) if sign == ":"]
    declared = (place for place in reversed(places) if schema.field(text[:place]) is not None)
    place = next(declared, places[0])
    return text[:place], text[place + 1 :]


def _parse_range(text: str, part: str, name: str, schema: Schema) -> Range:
    bounds = [bound.strip() for bound in part.split("..")]
    if len(bounds) != 2 or not any(bounds):
        raise InvalidQuery(f"the facet {text!r} cannot be read at {part!r}; {_GRAMMAR}")
    low, high = (_parse_bound(text, bound, name, schema) for bound in bounds)
    return Range(name, gte=low, lt=high)


def _parse_bound(text: str, bound: str, name: str, schema: Schema) -> Bound | None:
    field = schema.field(name)
    if not bound or field is None or isinstance(field, PhraseField):
        return bound or None  # the search refuses such a field and says which can be used
    try:
        return field.parse(bound)
    except ValueError as error:
        raise InvalidQuery(
            f"the facet {text!r}: {bound!r} is no {field.type} ({error}); {_GRAMMAR}"
        ) from error


def show_facets(screen: Screen, facets: Mapping[str, Sequence[FacetCount]]) -> None:
    """Show the counts of each field as a table."""
    for name, counts in facets.items():
        screen.line("")
        if not counts:
            screen.line((name, "strong"), ("  no values", "dim"))
            continue
        rows: list[Sequence[Cell]] = [
            (f"{counted.documents:,}", describe_value(counted.value)) for counted in counts
        ]
        screen.table(("documents", name), rows, right=(0,))
    if facets:
        screen.line("")


def describe_value(value: FacetValue) -> str:
    """Return a facet's value as text, such as `from 1980 to before 2000`."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, Range):
        return str(value)
    words = {"gt": "after", "gte": "from", "lt": "to before", "lte": "to"}
    if len(value.bounds) == 1:
        words |= {"lt": "before", "lte": "up to"}
    return " ".join(f"{words[name]} {bound}" for name, bound in value.bounds.items())
