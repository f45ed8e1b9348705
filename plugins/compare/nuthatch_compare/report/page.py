"""What a report shows, as values: words, tables, queries with their lists, curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nuthatch_compare.latency import Latency


@dataclass(frozen=True, slots=True)
class Cell:
    """Is one cell: `strong` where it is significantly the best, `note` in small beside it."""

    text: str
    note: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Is a section with a table: its first `words` columns are words, the others numbers."""

    title: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """Is one document in a list: `snippet` in pieces, each with whether it is marked.

    `grade` is None where nobody judged the document; `rung` names what answered.
    """

    uri: str
    title: str
    snippet: tuple[tuple[str, bool], ...] = ()
    grade: int | None = None
    rung: str = ""


@dataclass(frozen=True, slots=True)
class QueryRow:
    """Is one query: what each system made of it, and its list.

    `values` are of the primary metric, None where the query was not judged or the system failed;
    `states` tell what is not an ordinary answer (`no hits`, `failed`, `timed out`); `shared` is the
    overlap of each system's first documents with the baseline's.
    """

    text: str
    values: Mapping[str, float | None]
    lists: Mapping[str, tuple[Listed, ...]]
    states: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, float] = field(default_factory=dict)

    def difference(self, baseline: str, system: str) -> float | None:
        """Returns how much better the system is than the baseline."""
        ours, theirs = self.values.get(system), self.values.get(baseline)
        return None if ours is None or theirs is None else ours - theirs


@dataclass(frozen=True, slots=True)
class Page:
    """Is a whole report. `systems` begin with the baseline.

    `validity` is (what, found, good); good is None where there is nothing to hold.
    """

    title: str
    systems: tuple[str, ...]
    verdict: tuple[str, ...]
    primary: str = "nDCG@10"
    validity: tuple[tuple[str, str, bool | None], ...] = ()
    warnings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    queries: tuple[QueryRow, ...] = ()
    latency: Latency | None = None
    footer: tuple[str, ...] = ()

    @property
    def judged(self) -> bool:
        """Tells whether any query has a value."""
        return any(value is not None for row in self.queries for value in row.values.values())
