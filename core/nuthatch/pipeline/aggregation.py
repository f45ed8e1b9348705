"""Totals, facets and orders: what is made of all that match, alike for every engine.

    filters   year≥1990, genre=Drama        facets   genre without its own filter, country

    matching(rung, year≥1990) ─▶ keys ┬─ count_values(genre)                            facets
                                      └─ select(genre=Drama) ─▶ keys ┬─ count           total
                                                                     ├─ count_values(country)
                                                                     └─ sort ─▶ page    hits

An engine gives `matching` and `columns`. Of one that has neither, core reads every match, and the
documents: complete, and slow.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from nuthatch.columns import DocumentRow, PlainColumns
from nuthatch.contract.columns import Columns, Keys
from nuthatch.contract.facet import (
    SCORE,
    Facet,
    FacetCount,
    FacetValue,
    SortKey,
    check_facets,
    check_sort,
)
from nuthatch.contract.filter_matching import values_by_field
from nuthatch.contract.filter_validation import check_filters
from nuthatch.contract.filters import Filter, Range, leaves
from nuthatch.contract.instant import instant_text
from nuthatch.contract.query import Rung
from nuthatch.contract.reader import AsyncReader, Candidate, Matches
from nuthatch.contract.schema import FilterValue, Schema
from nuthatch.errors import InvalidQuery
from nuthatch.pipeline.readers import engine_of, has_columns, has_documents
from nuthatch.pipeline.shape import check_rows, check_type, missing_method

#: A limit that no index reaches.
EVERYTHING: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What a search wants to know of all that match, beside its best hits.

    `shared` are the filters that act before the match. `own` has, by field, those that a facet
    leaves out. `ranges` are those of facets as engines read them.
    """

    schema: Schema
    shared: tuple[Filter, ...]
    own: Mapping[str, tuple[Filter, ...]]
    facets: tuple[Facet, ...]
    ranges: Mapping[str, tuple[Range, ...]]
    order: tuple[SortKey, ...]

    @property
    def fields(self) -> list[str]:
        """The names of the columns that it needs."""
        named = [facet.field for facet in self.facets]
        named += [key.field for key in self.order if key.field != SCORE]
        return list(dict.fromkeys(named))

    @property
    def needs_scores(self) -> bool:
        """Whether hits are sorted by score."""
        return any(key.field == SCORE for key in self.order)


def plan_aggregation(
    schema: Schema,
    filters: Sequence[Filter],
    facets: Iterable[Facet | str],
    sort: str | Iterable[str],
) -> Aggregation:
    """Return what is wanted, given the checked filters of the query. Raise `InvalidQuery`."""
    checked = check_facets(schema, facets)
    own = {
        facet.field: _own_filters(facet.field, filters)
        for facet in checked
        if facet.without_own_filter
    }
    left_out = {condition for conditions in own.values() for condition in conditions}
    return Aggregation(
        schema=schema,
        shared=tuple(condition for condition in filters if condition not in left_out),
        own=own,
        facets=checked,
        ranges={facet.field: _ranges(schema, facet) for facet in checked if facet.ranges},
        order=check_sort(schema, sort),
    )


def _own_filters(field: str, filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Return the filters that name this field alone; refuse others that name it."""
    own = []
    for condition in filters:
        fields = {leaf.field for leaf in leaves([condition])}
        if fields == {field}:
            own.append(condition)
        elif field in fields:
            raise InvalidQuery(
                f"the facet on {field!r} leaves out the filters on that field, and one names it "
                f"beside others: {condition!r}; give the conditions on {field!r} as filters of "
                "their own, or take without_own_filter away"
            )
    return tuple(own)


def _ranges(schema: Schema, facet: Facet) -> tuple[Range, ...]:
    """Return the ranges of a facet with the bounds that engines read."""
    checked = (check_filters(schema, [item]) for item in facet.ranges or ())
    return tuple(cast(Range, condition) for (condition,) in checked)


class Totals(NamedTuple):
    """What was counted over all that match: documents, and by field the counts of a facet."""

    total: int
    facets: Mapping[str, tuple[FacetCount, ...]]


class MatchingSet:
    """All that match, and the columns to count and sort them by."""

    def __init__(self, wanted: Aggregation, keys: Keys, columns: Columns) -> None:
        """Take the keys of all chunks that pass the shared filters."""
        self._wanted = wanted
        self._shared = keys
        self._columns = columns
        self.keys = self._select([*wanted.own])

    def _select(self, fields: Iterable[str]) -> Keys:
        """Return the keys of what passes the facets' own filters on these fields, too."""
        conditions = [item for field in fields for item in self._wanted.own[field]]
        return self._columns.select(self._shared, conditions) if conditions else self._shared

    def count(self) -> Totals:
        """Return the total and the facets."""
        facets = {facet.field: self._count(facet) for facet in self._wanted.facets}
        return Totals(self._columns.count(self.keys), facets)

    def _count(self, facet: Facet) -> tuple[FacetCount, ...]:
        keys = self.keys
        if facet.field in self._wanted.own:
            keys = self._select(field for field in self._wanted.own if field != facet.field)
        if facet.ranges:
            counts = self._columns.count_ranges(keys, self._wanted.ranges[facet.field])
            return tuple(map(FacetCount, facet.ranges, counts))
        counted = self._columns.count_values(keys, facet.field, facet.size)
        kind = getattr(self._wanted.schema.field(facet.field), "type", "")
        return tuple(FacetCount(_shown(kind, value), count) for value, count in counted)

    def sort(
        self, limit: int, *, collapse: bool, scores: Mapping[Hashable, float]
    ) -> Sequence[Hashable]:
        """Return the first keys in the wanted order."""
        if not self._wanted.needs_scores:
            return self._columns.sort(self.keys, self._wanted.order, limit, collapse=collapse)
        scored = [key for key in self.keys if key in scores]
        return self._columns.sort(
            scored,
            self._wanted.order,
            limit,
            collapse=collapse,
            scores=[scores[key] for key in scored],
        )


def _shown(kind: str, value: FilterValue) -> FacetValue:
    """Return a value as documents have it, not as filters compare it."""
    if kind == "boolean":
        return bool(value)
    return instant_text(int(value)) if kind == "datetime" else value


async def read_matching(
    backend: str, wanted: Aggregation, reader: AsyncReader, rung: Rung
) -> MatchingSet:
    """Return all that a rung and the filters match."""
    if has_columns(reader):
        keys = await reader.matching(rung, wanted.shared)
        return MatchingSet(wanted, keys, await reader.columns(wanted.fields))
    candidates = await match_everything(backend, reader, rung, wanted.shared)
    return await columns_of_documents(backend, wanted, reader, [key for key, _ in candidates])


async def match_everything(
    backend: str, reader: AsyncReader, rung: Rung, filters: Sequence[Filter]
) -> Sequence[Candidate]:
    """Return every match of a rung with its score."""
    matches = await reader.match(rung, filters, EVERYTHING)
    check_type(backend, "match", matches, Matches)
    return matches.candidates


async def columns_of_documents(
    backend: str, wanted: Aggregation, reader: AsyncReader, keys: Sequence[Hashable]
) -> MatchingSet:
    """Return chunks by their keys, with columns that are made of the exported documents."""
    rows = await reader.fetch(keys, False) if keys else ()
    check_rows(backend, "fetch", keys, rows)
    found: dict[str, dict[int, Hashable]] = {}
    for key, row in zip(keys, rows, strict=True):
        if row is not None:
            found.setdefault(row.uri, {})[row.chunk_idx] = key
    engine = engine_of(reader)
    if not has_documents(engine):
        raise missing_method(backend, "facets, sort or count", "the reader's matching and columns")
    documents = [
        DocumentRow(
            document.uri,
            [key for _, key in sorted(found[document.uri].items())],
            values_by_field(wanted.schema, document),
        )
        for document in engine.documents()
        if document.uri in found
    ]
    ordered = [key for document in documents for key in document.keys]
    return MatchingSet(wanted, ordered, PlainColumns(documents))
