"""Slips in filters: which act when, on which values, and how they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from nuthatch import AnyOf, Filter, Matches, Range, Rung
from nuthatch.memory import MemoryReader

from .working import Working


class FiltersAreDropped(Working):
    """Filters are taken and forgotten."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return super().match(rung, (), limit)


class FiltersActAfterTheCut(Working):
    """The best are taken first, and filtered then."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, len(self._chunks))
            best = super().match(rung, (), limit).candidates
            return found._replace(
                candidates=[candidate for candidate in found.candidates if candidate in best]
            )


class FiltersAreJoinedByOr(Working):
    """A chunk passes by one of several filters."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            parts = [super(type(self), self).match(rung, [f], 10**6) for f in filters]
            whole = super().match(rung, (), 10**6).candidates
            passing = set(chain(*(part.candidates for part in parts))) if parts else set(whole)
            kept = [candidate for candidate in whole if candidate in passing]
            return Matches(kept[:limit], len(kept), True)


class TheLastFilterOfAFieldWins(Working):
    """Filters are gathered in a dictionary by field."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            by_field = {_field(condition): condition for condition in filters}
            return super().match(rung, list(by_field.values()), limit)


class TheUpperBoundIsLeftOut(Working):
    """A range with two bounds keeps the lower one alone."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            lower = [
                Range(f.field, gte=f.gte) if isinstance(f, Range) and f.gte is not None else f
                for f in filters
            ]
            return super().match(rung, lower, limit)


class OnlyTheFirstValueIsLookedFor(Working):
    """A choice of values is read as its first one."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            first = [AnyOf(f.field, f.values[:1]) if isinstance(f, AnyOf) else f for f in filters]
            return super().match(rung, first, limit)


class BoundsAreMetByDifferentValues(Working):
    """A range over several values is split into two, which two of them may meet."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            split: list[Filter] = []
            for condition in filters:
                both = isinstance(condition, Range) and None not in (condition.gte, condition.lte)
                split += _halves(condition) if both else [condition]
            return super().match(rung, split, limit)


def _field(condition: Filter) -> object:
    """Return the field of a condition; a tree is one of its own."""
    return getattr(condition, "field", condition)


def _halves(whole: Any) -> list[Filter]:
    return [Range(whole.field, gte=whole.gte), Range(whole.field, lte=whole.lte)]


class AMissingFieldPasses(Working):
    """A filter is applied to the documents that have the field."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            passing = set(super().match(rung, filters, 10**6).candidates)
            fields = {_field(condition) for condition in filters}
            kept = [
                candidate
                for candidate in super().match(rung, (), 10**6).candidates
                if candidate in passing
                or not fields & {n for n, _ in self._chunks[candidate.key][0].values}
            ]
            return Matches(kept[:limit], len(kept), True)


class AHitForEachValue(Working):
    """A join with the values gives a chunk once for each value of the filter."""

    class Reader(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            found = super().match(rung, filters, limit)
            times = max((len(f.values) for f in filters if isinstance(f, AnyOf)), default=1)
            repeated = [candidate for candidate in found.candidates for _ in range(times)]
            return found._replace(candidates=repeated[:limit])
