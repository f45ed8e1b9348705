"""Filters as they are written on the command line.

    year>=1990               at least
    year<=2000               at most
    genres=Action|Comedy     any of these; \\| is a | within a value

The values are of the type that the index's schema declares for the field.
"""

from __future__ import annotations

import re
from typing import Final

from nuthatch.contract.filters import AnyOf, Filter, Range
from nuthatch.contract.schema import FilterValue, PhraseField, Schema
from nuthatch.errors import InvalidQuery

GRAMMAR: Final = "write FIELD>=VALUE, FIELD<=VALUE or FIELD=VALUE|VALUE"
_FILTER: Final = re.compile(r"\s*([^<>=]*[^<>=\s])\s*(>=|<=|=)(.*)", re.DOTALL)
_BETWEEN: Final = re.compile(r"(?<!\\)\|")


def parse_filter(text: str, schema: Schema) -> Filter:
    """Return the filter that a text stands for, its values typed by the schema.

    Raise `InvalidQuery` that tells the grammar.
    """
    match = _FILTER.fullmatch(text)
    if match is None or match[3].startswith(("=", ">", "<")):
        raise InvalidQuery(f"the filter {text!r} cannot be read; {GRAMMAR}")
    field, operator, rest = match.groups()
    if operator == ">=":
        return Range(field, gte=_value(text, rest, field, schema))
    if operator == "<=":
        return Range(field, lte=_value(text, rest, field, schema))
    parts = [part.replace("\\|", "|") for part in _BETWEEN.split(rest)]
    return AnyOf(field, [_value(text, part, field, schema) for part in parts])


def _value(text: str, value: str, name: str, schema: Schema) -> FilterValue:
    value = value.strip()
    if not value:
        raise InvalidQuery(f"the filter {text!r} lacks a value; {GRAMMAR}")
    field = schema.field(name)
    if field is None or isinstance(field, PhraseField):
        return value  # the search refuses it and says which fields can be filtered
    try:
        return field.parse(value)
    except ValueError as error:
        raise InvalidQuery(
            f"the filter {text!r}: {value!r} is no {field.type} ({error}); {GRAMMAR}"
        ) from error
