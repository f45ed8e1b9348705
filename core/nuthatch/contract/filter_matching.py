"""Whether a document passes a filter: what every engine agrees with.

values_by_field(schema, document)  ──▶  {"year": [1995], "people": ["al pacino"]}
check_filters(schema, filters)     ──▶  conditions
matches_filter(schema, values, condition)  ──▶  True
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from nuthatch.contract.document import Document
from nuthatch.contract.filters import All, Any, AnyOf, Exists, Filter, Mentions, Not, Range
from nuthatch.contract.schema import FilterValue, PhraseField, Schema
from nuthatch.text.standard import normalize_phrase

#: By field what filters compare of a document; fields that it lacks may be left out.
Values = Mapping[str, Collection[FilterValue]]


def values_by_field(schema: Schema, document: Document) -> dict[str, list[FilterValue]]:
    """Return what filters compare: of phrase fields the normalized phrases, of others what
    `Schema.filter_values` gives. Raise `InvalidDocument`."""
    values: dict[str, list[FilterValue]] = {}
    for field, value in schema.filter_values(document):
        values.setdefault(field, []).append(value)
    for declared, value in schema.field_values(document.fields):
        if isinstance(declared, PhraseField):
            phrases = (normalize_phrase(str(text)) for text in declared.values(value))
            if listed := [phrase for phrase in phrases if phrase]:
                values[declared.name] = list[FilterValue](listed)
    return values


def matches_filter(schema: Schema, values: Values, condition: Filter) -> bool:
    """Return whether a document with these values passes a filter that `check_filters` gave."""
    match condition:
        case All():
            return all(matches_filter(schema, values, part) for part in condition.parts)
        case Any():
            return any(matches_filter(schema, values, part) for part in condition.parts)
        case Not():
            return not matches_filter(schema, values, condition.part)
    found = values.get(condition.field, ())
    match condition:
        case AnyOf():
            return not condition.members.isdisjoint(found)
        case Range(gt=None, lt=None):
            return any(_is_within(value, condition) for value in found)
        case Exists():
            return bool(found)
        case Mentions():
            return _is_mentioned(schema, condition, found)
    raise TypeError(f"{condition!r} is not as check_filters gives it")


def _is_within(value: FilterValue, bounds: Range) -> bool:
    low, high = bounds.gte, bounds.lte
    return (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]


def _is_mentioned(schema: Schema, condition: Mentions, found: Collection[FilterValue]) -> bool:
    declared = schema.field(condition.field)
    if isinstance(declared, PhraseField) and declared.match == "substring":
        return any(phrase in str(value) for phrase in condition.phrases for value in found)
    return not set(condition.phrases).isdisjoint(found)
