"""Slips in trees of filters, and in what conditions compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

import nuthatch
from nuthatch import (
    All,
    AnalyzedDocument,
    AnyOf,
    DateTimeField,
    Filter,
    Matches,
    Mentions,
    Not,
    Range,
    Rung,
)
from nuthatch.memory import MemoryReader

from .working import Working


class NotForgetsDocumentsWithoutTheField(Working):
    """The complement is taken among the documents that have the field."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            fields = {name for name, _ in document.values}
            return super()._passes(document, [_keep_known(item, fields) for item in filters])


class NotDoesNotTurnBranches(Working):
    """A Not is carried to the conditions, and All stays All."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            return super()._passes(document, [_carry_in(item, False) for item in filters])


class AnyIsAll(Working):
    """The branches of a tree are joined by AND, whatever they are."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            return super()._passes(document, [_join_by_and(item) for item in filters])


class AnyOfNothingIsEverything(Working):
    """A disjunction without parts is left out."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            return super()._passes(document, [f for f in filters if f != nuthatch.Any()])


class OneValueMeetsAllRanges(Working):
    """Ranges on one field are merged into one, which a single value has to meet."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            merged: dict[object, Any] = {}
            for item in filters:
                key = item.field if isinstance(item, Range) else item
                merged[key] = _merge(merged.get(key), item)
            return super()._passes(document, list(merged.values()))


class TheFirstOfAListIsStored(Working):
    """Of a list of numbers the first is compared."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            first: dict[str, Any] = {}
            for name, value in document.values:
                first.setdefault(name, value)
            return super()._passes(replace(document, values=list(first.items())), filters)


class KeywordsAreNormalized(Working):
    """Keywords, and what they are compared with, are brought to NFC."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            values = [(name, _compose(value)) for name, value in document.values]
            composed = [_compose_range(item) for item in filters]
            return super()._passes(replace(document, values=values), composed)


class OffsetsAreCutOff(Working):
    """Instants are stored as they stand in the text, whatever the offset."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            values: list[Any] = [*document.values]
            for at, text in enumerate(_instants(self._schema, document)):
                place = [n for n, (name, _) in enumerate(values) if name == "added"][at]
                moment = datetime.fromisoformat(text[:16]).replace(tzinfo=UTC)
                values[place] = ("added", round(moment.timestamp() * 1e6))
            return super()._passes(replace(document, values=values), filters)


class MentionsAreForgottenForText(Working):
    """Phrases are left to entity search."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            kept = [item for item in filters if not isinstance(item, Mentions)]
            return super().match(rung, kept, limit)


class AllPhrasesMustBeMentioned(Working):
    """Several phrases are joined by AND."""

    class Reader(MemoryReader):
        def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
            split: list[Filter] = []
            for item in filters:
                one_by_one = isinstance(item, Mentions)
                split += _split(item) if one_by_one else [item]
            return super()._passes(document, split)


class MentionsComeFromTheFirstVersion(Working):
    """What a document mentioned when it was added is kept when it is replaced."""

    _first: dict[str, Any] = {}  # noqa: RUF012  # of all indexes of a run

    def write(self, documents: Any, durability: Any) -> Any:
        for row in documents:
            known = self._documents.get(row.document.uri)
            first = row if known is None else known
            fields = {**row.document.fields, **_phrases(first.document.fields)}
            object.__setattr__(row.document, "fields", fields)
        return super().write(documents, durability)


class EntitiesKnowNoTrees(Working):
    """For entities a tree lets everything pass."""

    class Reader(MemoryReader):
        def eligible(self, filters: Sequence[Filter]) -> Any:
            flat = [item for item in filters if isinstance(item, Range | AnyOf)]
            return super().eligible(flat)


def _phrases(fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in ("people", "studios")}


def _keep_known(item: Filter, fields: set[str]) -> Filter:
    if isinstance(item, Not) and isinstance(item.part, Range | AnyOf):
        return item if item.part.field in fields else nuthatch.Any()
    if isinstance(item, All | nuthatch.Any):
        return type(item)(*(_keep_known(part, fields) for part in item.parts))
    return item


def _carry_in(item: Filter, negated: bool) -> Filter:
    if isinstance(item, Not):
        return _carry_in(item.part, not negated)
    if isinstance(item, All | nuthatch.Any):
        return type(item)(*(_carry_in(part, negated) for part in item.parts))
    return Not(item) if negated else item


def _join_by_and(item: Filter) -> Filter:
    if isinstance(item, Not):
        return Not(_join_by_and(item.part))
    if isinstance(item, nuthatch.Any) and item.parts:
        return All(*map(_join_by_and, item.parts))
    return item


def _merge(before: Any, item: Any) -> Any:
    if before is None or not isinstance(item, Range):
        return item
    lows = [bound for bound in (before.gte, item.gte) if bound is not None]
    highs = [bound for bound in (before.lte, item.lte) if bound is not None]
    return Range(item.field, gte=max(lows, default=None), lte=min(highs, default=None))


def _compose(value: Any) -> Any:
    return normalize("NFC", value) if isinstance(value, str) else value


def _compose_range(item: Filter) -> Filter:
    if isinstance(item, Range):
        return Range(item.field, gte=_compose(item.gte), lte=_compose(item.lte))
    return item


def _instants(schema: Any, document: AnalyzedDocument) -> list[str]:
    value: Any = document.document.fields.get("added")
    if value is None or not isinstance(schema.field("added"), DateTimeField):
        return []
    return value if isinstance(value, list) else [value]


def _split(item: Any) -> list[Filter]:
    return [Mentions(item.field, [phrase]) for phrase in item.phrases]
