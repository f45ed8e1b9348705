"""Counts: whether systems count the same over all that match, documents and by value.

    query      a       b
    thief      12      12      the same
    space      40      41      another total: the systems do not match the same documents

It needs no judgments, and no order: two systems that match the same documents count the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nuthatch import FacetCount


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted for each query beside its documents: a total, facets of fields."""

    total: bool = False
    facets: tuple[str, ...] = ()


NO_COUNTS: Final = Counts()


@dataclass(frozen=True, slots=True)
class CountAgreement:
    """By how many of the `queries` that two systems or more counted their counts differ.

    `examples` are the first of these, with what each system counted.
    """

    what: str
    queries: int
    different: int
    examples: tuple[str, ...] = ()

    @property
    def found(self) -> str:
        """The agreement in words."""
        if not self.different:
            noun = "query" if self.queries == 1 else "queries"
            return f"the same for {self.queries:,} {noun}"
        shown = "; ".join(self.examples)
        return f"{self.different:,} of {self.queries:,} queries differ: {shown}"


#: Differences that are shown.
_SHOWN: Final = 3


def compare_totals(
    totals: Mapping[str, Mapping[str, int]], queries: Sequence[str]
) -> Iterator[CountAgreement]:
    """Yield whether totals agree, by system and query; nothing where no query has two."""
    yield from _compare("total", totals, queries)


def compare_facets(
    facets: Mapping[str, Mapping[str, Mapping[str, tuple[FacetCount, ...]]]],
    queries: Sequence[str],
) -> Iterator[CountAgreement]:
    """Yield for each field whether its facets agree."""
    fields = dict.fromkeys(
        name for by_query in facets.values() for counts in by_query.values() for name in counts
    )
    for name in fields:
        by_system = {
            system: {
                query: {counted.value: counted.documents for counted in counts[name]}
                for query, counts in by_query.items()
                if name in counts
            }
            for system, by_query in facets.items()
        }
        yield from _compare(f"facet {name}", by_system, queries)


def _compare(
    what: str, counts: Mapping[str, Mapping[str, Any]], queries: Sequence[str]
) -> Iterator[CountAgreement]:
    counted: list[tuple[str, dict[str, Any]]] = [
        (query, {system: given[query] for system, given in counts.items() if query in given})
        for query in queries
    ]
    pairs = [(query, by_system) for query, by_system in counted if len(by_system) > 1]
    different = [(query, by_system) for query, by_system in pairs if not _is_same(by_system)]
    if pairs:
        examples = tuple(f"{query} ({_describe(found)})" for query, found in different[:_SHOWN])
        yield CountAgreement(what, len(pairs), len(different), examples)


def _is_same(by_system: Mapping[str, Any]) -> bool:
    first, *others = by_system.values()
    return all(other == first for other in others)


def _describe(by_system: Mapping[str, Any]) -> str:
    """Return what each system counted; of a facet, the first value that they count differently."""
    values = list(by_system.values())
    if not isinstance(values[0], Mapping):
        return ", ".join(f"{system} {total:,}" for system, total in by_system.items())
    every = dict.fromkeys(value for counts in values for value in counts)
    value = next(value for value in every if len({counts.get(value) for counts in values}) > 1)
    told = (f"{system} {counts.get(value, 'none')}" for system, counts in by_system.items())
    return f"{value}: {', '.join(told)}"
