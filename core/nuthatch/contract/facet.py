"""Facets and sort keys: what is counted over all that match, and in which order hits come.

Facet("genre", size=3)             ──▶  [("Drama", 812), ("Comedy", 640), ("Thriller", 320)]
Facet("year", ranges=[Range("year", lt=1980), Range("year", gte=1980)])
                                   ──▶  [(Range("year", lt=1980), 95), (Range(…), 1400)]
sort=("-year", "uri")              ──▶  newest first, ties by uri
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from nuthatch.contract.filters import Range
from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.errors import InvalidQuery

#: How many values a facet gives unless it says so.
DEFAULT_FACET_SIZE: Final = 10
#: The sort keys that are no fields; fields of these names cannot be sorted by.
URI: Final = "uri"
SCORE: Final = "score"


@dataclass(frozen=True, slots=True)
class Facet:
    """A count of documents by the values of a declared field, over all that match.

    The `size` most frequent values are given, ties by value; a document with several values counts
    for each of them. With `ranges` the documents within each range are counted in place of values,
    in the given order, empty ranges too. `without_own_filter` counts as if those filters were not
    there that name this field alone: so a shop shows what else could be chosen. Raises
    `InvalidQuery`.
    """

    field: str
    size: int = DEFAULT_FACET_SIZE
    ranges: Sequence[Range] | None = None
    without_own_filter: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.field, str):
            raise InvalidQuery(f"a facet names its field by a text; found {self.field!r}")
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise InvalidQuery(
                f"the facet on {self.field!r} has the size {self.size!r}; it is an integer from 1"
            )
        if not isinstance(self.without_own_filter, bool):
            raise InvalidQuery(
                f"the facet on {self.field!r}: without_own_filter is True or False; found "
                f"{self.without_own_filter!r}"
            )
        if self.ranges is not None:
            object.__setattr__(self, "ranges", _check_ranges(self.field, self.ranges))


def _check_ranges(field: str, ranges: object) -> tuple[Range, ...]:
    if isinstance(ranges, str) or not isinstance(ranges, Iterable):
        raise InvalidQuery(f"the ranges of the facet on {field!r} are a list; found {ranges!r}")
    listed = tuple(ranges)
    for item in listed:
        if not isinstance(item, Range) or item.field != field:
            raise InvalidQuery(
                f"the facet on {field!r} counts ranges of that field, such as "
                f"Range({field!r}, gte=…); found {item!r}"
            )
    if not listed:
        raise InvalidQuery(f"the facet on {field!r} has no range; give some, or leave ranges out")
    return listed


#: A value as facets show it: a boolean is one, and an instant is text in ISO 8601, in UTC.
FacetValue = bool | int | float | str | Range


class FacetCount(NamedTuple):
    """How many of the documents that match have a value, or one within a range."""

    value: FacetValue
    documents: int


class SortKey(NamedTuple):
    """One key of an order: a declared field, `uri` or `score`."""

    field: str
    descending: bool


def as_sort(sort: str | Iterable[str]) -> tuple[str, ...]:
    """Return one sort key, or several, as a tuple of texts. Raise `InvalidQuery`."""
    if not isinstance(sort, Iterable):
        raise InvalidQuery(f"sort is a list of field names; found {sort!r}")
    keys = (sort,) if isinstance(sort, str) else tuple(sort)
    for key in keys:
        if not isinstance(key, str):
            raise InvalidQuery(f"a sort key is a text; found {key!r}")
    return keys


def check_sort(schema: Schema, sort: str | Iterable[str]) -> tuple[SortKey, ...]:
    """Return the keys that texts such as `-year` stand for. Raise `InvalidQuery`."""
    keys = [_check_key(schema, text) for text in as_sort(sort)]
    names = [key.field for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise InvalidQuery(f"sort names {name!r} twice; the second could decide nothing")
    return tuple(keys)


def _check_key(schema: Schema, text: str) -> SortKey:
    if schema.field(text) is None and text.startswith("-"):
        key = SortKey(text[1:], True)
    else:
        key = SortKey(text, False)
    if key.field == SCORE:
        if not key.descending:
            raise InvalidQuery("hits are sorted by score from the best on: write -score")
        return key
    if key.field != URI:
        _check_declared(schema, key.field, "sort")
    return key


def as_facets(facets: Facet | str | Iterable[Facet | str]) -> tuple[Facet, ...]:
    """Return one facet, or several, as a tuple; a field's name stands for its facet.

    Raise `InvalidQuery`, also for two facets on one field.
    """
    if not isinstance(facets, Facet | Iterable):
        raise InvalidQuery(f"facets are a list of Facet or of field names; found {facets!r}")
    by_field: dict[str, Facet] = {}
    for item in [facets] if isinstance(facets, Facet | str) else facets:
        facet = Facet(item) if isinstance(item, str) else item
        if not isinstance(facet, Facet):
            raise InvalidQuery(f"a facet is a Facet or the name of a field; found {item!r}")
        if facet.field in by_field:
            raise InvalidQuery(
                f"two facets are on {facet.field!r}; ask for one, for Results.facets has one a "
                "field"
            )
        by_field[facet.field] = facet
    return tuple(by_field.values())


def check_facets(schema: Schema, facets: Facet | str | Iterable[Facet | str]) -> tuple[Facet, ...]:
    """Return the facets, whose fields the schema declares. Raise `InvalidQuery`."""
    checked = as_facets(facets)
    for facet in checked:
        _check_declared(schema, facet.field, "facet")
    return checked


def _check_declared(schema: Schema, field: str, what: str) -> None:
    declared = schema.field(field)
    usable = [item.name for item in schema.fields if not isinstance(item, PhraseField)]
    usable += ["uri", "-score"] if what == "sort" else []
    names = ", ".join(usable) or "none"
    if declared is None:
        raise InvalidQuery(f"{what} {field!r}: the schema declares no such field; usable: {names}")
    if isinstance(declared, PhraseField):
        raise InvalidQuery(
            f"{what} {field!r}: a phrase field has neither facets nor an order; declare a keyword "
            f"field beside it; usable: {names}"
        )
