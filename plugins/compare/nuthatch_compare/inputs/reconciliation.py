"""Reconciliation of queries, judgments and corpus: what does not fit is counted and reported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig, NuthatchError
from nuthatch_compare.formatting import format_count, format_names
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.runs import Rankings

#: Documents that are looked up in the corpus at the most.
_MOST_LOOKUPS: Final = 10_000
#: Documents of each side that show a reader that their names are of two kinds.
_EXAMPLES: Final = 3


class NothingMeasured(NuthatchError):
    """No system found any judged document, so there is nothing to measure."""


class Reconciled(BaseModel):
    """The queries that can be measured, and those that are left out.

    `measured` are the queries of the comparison that were judged, in its order. Of these
    `without_relevant` have no relevant document and count as 0. Left out are
    `unjudged_queries`, asked but not judged, and `unknown_queries`, judged but not asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asked: int
    measured: tuple[str, ...]
    without_relevant: tuple[str, ...] = ()
    unjudged_queries: tuple[str, ...] = ()
    unknown_queries: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the exclusions."""
        exclusions = (
            (
                "query was asked but never judged; left out of the metrics",
                "queries were asked but never judged; left out of the metrics",
                self.unjudged_queries,
            ),
            (
                "query was judged but not asked; left out",
                "queries were judged but not asked; left out",
                self.unknown_queries,
            ),
            (
                "query has no relevant document and counts as 0",
                "queries have no relevant document and count as 0",
                self.without_relevant,
            ),
        )
        return tuple(
            f"{format_count(len(names), one, many)}: {format_names(names)}"
            for one, many, names in exclusions
            if names
        )


def reconcile(grades: Grades, queries: Iterable[str]) -> Reconciled:
    """Return what can be measured.

    Raise `InvalidConfig` where nothing can be, as with the judgments of another set of queries.
    """
    asked = tuple(dict.fromkeys(queries))
    measured = tuple(name for name in asked if grades.get(name))
    if not measured:
        raise InvalidConfig(
            f"none of the {len(asked):,} queries ({format_names(asked)}) is among the "
            f"{len(grades):,} "
            f"judged ones ({format_names(tuple(grades))}); are these the judgments of other "
            "queries?"
        )
    known = set(asked)
    return Reconciled(
        asked=len(asked),
        measured=measured,
        without_relevant=tuple(
            name for name in measured if not any(grade > 0 for grade in grades[name].values())
        ),
        unjudged_queries=tuple(name for name in asked if not grades.get(name)),
        unknown_queries=tuple(name for name in grades if name not in known),
    )


def list_unmatched(
    grades: Grades, queries: Iterable[str], rankings: Mapping[str, Rankings]
) -> Iterator[str]:
    """Yield a sentence for each system that found no judged document of any query.

    Raise `NothingMeasured` where that holds for all: their documents have other names, likely.
    """
    names = list(queries)
    judged = list(dict.fromkeys(uri for name in names for uri in grades[name]))
    answered = {
        system: [uri for name in names for uri in ranked.get(name, ())]
        for system, ranked in rankings.items()
    }
    unmatched = [
        system
        for system, ranked in rankings.items()
        if not any(uri in grades[name] for name in names for uri in ranked.get(name, ()))
    ]
    if len(unmatched) == len(rankings):
        names_found = list(dict.fromkeys(uri for uris in answered.values() for uri in uris))
        raise NothingMeasured(
            f"no system found any of the {len(judged):,} judged documents "
            f"({_format_few(judged)}); they "
            f"found {_format_few(names_found)}: name the documents alike in the judgments and in "
            "the answers"
        )
    for system in unmatched:
        yield (
            f"{system} found none of the {len(judged):,} judged documents ({_format_few(judged)}) "
            "but "
            f"{_format_few(list(dict.fromkeys(answered[system])))}: are their names of two kinds?"
        )


def _format_few(names: list[str]) -> str:
    return format_names([repr(name) for name in names], _EXAMPLES) if names else "nothing at all"


def describe_unknown(
    grades: Grades,
    queries: Iterable[str],
    known: Collection[str],
    holds: Callable[[str], bool],
) -> str:
    """Return a note on relevant documents that the corpus does not hold, empty if it has all.

    `found` are documents that some system found, so that they need not be looked up; `holds`
    looks one up. Such judgments stay, for no engine could find them and all lose alike.
    """
    relevant = [uri for name in queries for uri, grade in grades[name].items() if grade > 0]
    left = [uri for uri in dict.fromkeys(relevant) if uri not in known]
    missing = {uri: None for uri in left[:_MOST_LOOKUPS] if not holds(uri)}
    if not missing:
        return ""
    count = sum(uri in missing for uri in relevant)
    among = f" (of {_MOST_LOOKUPS:,} documents looked up)" if len(left) > _MOST_LOOKUPS else ""
    nouns = ("relevant judgment is of a document", "relevant judgments are of documents")
    return (
        f"{format_count(count, *nouns)} that the corpus does not hold{among}; left in, so no "
        f"system can reach 1 there: {format_names(tuple(missing))}"
    )
