"""Totals, facets and orders: what is made of all that match, alike for every engine.

    filters   year≥1990, genre=Drama        facets   genre without its own filter, country

    matching(rung, year≥1990) ─▶ keys ┬─ count_values(genre)                            facets
                                      └─ select(genre=Drama) ─▶ keys ┬─ count           total
                                                                     ├─ count_values(country)
                                                                     └─ sort ─▶ page    hits

`matching_source` says where the keys and the columns come from.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from nuthatch.contract.columns import URI_ORDER, Columns, Keys
from nuthatch.contract.facet import (
    SCORE,
    URI,
    Facet,
    FacetCount,
    FacetValue,
    SortKey,
    check_facets,
    check_sort,
)
from nuthatch.contract.filter_validation import check_filters
from nuthatch.contract.filters import Filter, Range, leaves
from nuthatch.contract.instant import instant_text
from nuthatch.contract.query import Rung
from nuthatch.contract.schema import FilterValue, Schema
from nuthatch.errors import InvalidQuery
from nuthatch.pipeline.matching_source import MatchingSource
from nuthatch.text.chunking import WHOLE


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What a search wants to know of all that match, beside its best hits.

    `shared` are the filters that act before the match, `emulated` those that the engine does not
    know. `own` has, by field, those that a facet leaves out. `ranges` are those of facets as
    engines read them. `counts` tells that a total is wanted.
    """

    schema: Schema
    shared: tuple[Filter, ...]
    emulated: tuple[Filter, ...]
    own: Mapping[str, tuple[Filter, ...]]
    facets: tuple[Facet, ...]
    ranges: Mapping[str, tuple[Range, ...]]
    order: tuple[SortKey, ...]
    counts: bool

    @property
    def has_whole_documents(self) -> bool:
        """Whether each document is one chunk, so that counts of chunks are those of documents."""
        return self.schema.chunker == WHOLE

    @property
    def fields(self) -> list[str]:
        """The names of the columns that it needs."""
        named = [facet.field for facet in self.facets]
        named += [leaf.field for leaf in leaves(self.emulated)]
        keys = [key.field for key in self.order if key.field != SCORE]
        named += [URI_ORDER if field == URI else field for field in keys]
        return list(dict.fromkeys(named))

    @property
    def is_by_score_first(self) -> bool:
        """Whether the score decides before all else, and each document has one."""
        return self.has_whole_documents and bool(self.order) and self.order[0].field == SCORE

    @property
    def needs_scores(self) -> bool:
        """Whether hits are sorted by score."""
        return any(key.field == SCORE for key in self.order)


def plan_aggregation(
    schema: Schema,
    filters: Sequence[Filter],
    facets: Iterable[Facet | str],
    sort: str | Iterable[str],
    *,
    emulated: Collection[Filter] = (),
    fixed: Collection[Filter] = (),
    counts: bool = True,
) -> Aggregation:
    """Return what is wanted, given the checked filters of the query. The engine does not know those
    that are `emulated`, and no facet leaves out those that are `fixed`. Raise `InvalidQuery`."""
    checked = check_facets(schema, facets)
    loose = [condition for condition in filters if condition not in fixed]
    own = {
        facet.field: _own_filters(facet.field, loose)
        for facet in checked
        if facet.without_own_filter
    }
    left_out = {condition for conditions in own.values() for condition in conditions}
    shared = [condition for condition in filters if condition not in left_out]
    return Aggregation(
        schema=schema,
        shared=tuple(condition for condition in shared if condition not in emulated),
        emulated=tuple(condition for condition in shared if condition in emulated),
        own=own,
        facets=checked,
        ranges={facet.field: _ranges(schema, facet) for facet in checked if facet.ranges},
        order=check_sort(schema, sort),
        counts=counts,
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

    total: int | None
    facets: Mapping[str, tuple[FacetCount, ...]]


def count_nothing(wanted: Aggregation | None) -> Totals:
    """Return the total and the facets of a search that nothing matches."""
    facets = {} if wanted is None else {item.field: _zero_counts(item) for item in wanted.facets}
    return Totals(0, facets)


def _zero_counts(facet: Facet) -> tuple[FacetCount, ...]:
    return tuple(FacetCount(item, 0) for item in facet.ranges or ())


class MatchingSet:
    """All that match, and the columns to count and sort them by."""

    def __init__(
        self, wanted: Aggregation, shared: Keys, columns: Columns, keys: Keys | None = None
    ) -> None:
        """Take the keys of all chunks that pass the shared filters, and of those that pass all
        where this is known."""
        self._wanted = wanted
        self._columns = columns
        emulated = wanted.emulated
        self._shared = columns.select(shared, emulated) if emulated else shared
        self.keys = self._select([*wanted.own]) if keys is None else keys

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
    wanted: Aggregation, source: MatchingSource, rung: Rung | None
) -> MatchingSet:
    """Return all that a rung and the filters match; with None, all documents."""
    keys = await source.matching(rung, wanted.shared)
    return MatchingSet(wanted, keys, await source.columns(wanted.fields))
