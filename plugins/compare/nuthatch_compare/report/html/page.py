"""The content of a report, as values: words, tables, queries with their lists, curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from nuthatch_compare.comparison import ListedDocument
from nuthatch_compare.performance.latency import Latency


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `strong` where it is significantly the best, `note` in small beside it."""

    text: str
    note: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A section with a table: its first `words` columns are words, the others numbers."""

    title: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One query: its value, its outcome and its list, by system.

    `values` are of the primary metric, None where the query was not judged or the system failed;
    `states` tell what is not an ordinary answer (`no hits`, `failed`, `timed out`); `shared` is the
    overlap of each system's first documents with the baseline's.
    """

    text: str
    values: Mapping[str, float | None]
    lists: Mapping[str, tuple[ListedDocument, ...]]
    states: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, float] = field(default_factory=dict)

    def difference(self, baseline: str, system: str) -> float | None:
        """Return how much better the system is than the baseline."""
        ours, theirs = self.values.get(system), self.values.get(baseline)
        return None if ours is None or theirs is None else ours - theirs


@dataclass(frozen=True, slots=True)
class Card:
    """The answer about one system: what may be said, the interval against zero, the figures.

    `kind` is the class that colours it; `scale` is how far the bar reaches on either side.
    """

    kind: str
    outcome: str
    systems: str
    answer: str
    bar: Markup
    scale: str
    means: str
    figures: str
    queries: str


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One metric or slice: `note` says of how many queries, and whether it decides."""

    label: str
    note: str
    bar: Markup
    delta: str
    interval: str
    p: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Forest:
    """All differences of a system from the baseline on one scale, from −scale to +scale."""

    system: str
    baseline: str
    scale: str
    rows: tuple[ForestRow, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. `systems` begin with the baseline.

    `caveats` stand before everything else; `margin` is what is too small to matter, where that was
    said. `validity` is (what, found, good). `circumstances` are versions, digests and settings,
    which stand last.
    """

    title: str
    systems: tuple[str, ...]
    verdict: tuple[str, ...]
    primary: str = "nDCG@10"
    caveats: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    forests: tuple[Forest, ...] = ()
    margin: str = ""
    validity: tuple[tuple[str, str, bool], ...] = ()
    circumstances: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    queries: tuple[QueryRow, ...] = ()
    latency: Latency | None = None
    footer: tuple[str, ...] = ()

    @property
    def judged(self) -> bool:
        """Whether any query has a value."""
        return any(value is not None for row in self.queries for value in row.values.values())
