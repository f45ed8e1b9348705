"""Runs: what any engine answered, in TREC's format.

    query  Q0  document  rank  score  tag          six columns between blanks, best document first
    301    Q0  FR94-104  1     2.129  standard

The order is by score, as TREC's tools have it; where scores are equal, the order that was served,
which is the file's rank. (trec_eval breaks ties by the document's name instead, whatever was
served.) A tag may hold blanks: what follows the score is the tag.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from nuthatch import InvalidConfig
from nuthatch_compare.lines import Line, lines

#: Documents by query, best first, each once.
Rankings = Mapping[str, Sequence[str]]
#: Scores by query, beside the documents of the rankings.
Scores = Mapping[str, Sequence[float]]
_COLUMNS = 6


class Row(NamedTuple):
    """Is one line of a run."""

    query: str
    document: str
    rank: int
    score: float
    tag: str


@dataclass(frozen=True, slots=True)
class Run:
    """Holds the answers of one engine to all queries.

    `repeated` counts documents that were there before in the same query; the best one counts.
    `disordered` counts queries whose ranks contradict their scores. `tagged` counts lines whose
    tag holds blanks.
    """

    name: str
    source: str
    rankings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scores: dict[str, tuple[float, ...]] = field(default_factory=dict)
    repeated: int = 0
    disordered: int = 0
    tagged: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Are the exclusions and repairs, each a sentence."""
        told = (
            (self.repeated, "repeated documents were left out; the best rank of each counts"),
            (self.disordered, "queries have ranks that contradict their scores; the scores count"),
            (self.tagged, "lines have more than six columns; what follows the score is the tag"),
        )
        return tuple(f"run {self.name}: {count:,} {what}" for count, what in told if count)

    def notes_on(self, asked: Collection[str]) -> tuple[str, ...]:
        """Returns its notes and what of it does not fit the queries asked, each a sentence."""
        known = set(asked)
        told = (
            (len(self.rankings.keys() - known), "queries of it were not asked; left out"),
            (len(known - self.rankings.keys()), "queries are not in it and count as not answered"),
        )
        misfits = (f"run {self.name}: {count:,} {what}" for count, what in told if count)
        return (*self.notes, *misfits)


def read_run(path: str, name: str | None = None) -> Run:
    """Returns the run of a file, plain or gzip; `-` is standard input. Its tag is the name.

    Raises `InvalidConfig` that names the line: a column is missing, a rank or score is no number,
    a score is not finite, the file is empty.
    """
    rows: dict[str, list[Row]] = {}
    tag, tagged = "", 0
    for line in lines(path, "run"):
        row = _row(line)
        rows.setdefault(row.query, []).append(row)
        tag, tagged = tag or row.tag, tagged + (" " in row.tag)
    if not rows:
        raise InvalidConfig(f"{path} holds no answers; it is empty")
    rankings: dict[str, tuple[str, ...]] = {}
    scores: dict[str, tuple[float, ...]] = {}
    repeated = disordered = 0
    for query, found in rows.items():
        found.sort(key=lambda row: (-row.score, row.rank))
        disordered += any(one.rank > other.rank for one, other in pairwise(found))
        best: dict[str, float] = {}
        for row in found:
            best.setdefault(row.document, row.score)
        repeated += len(found) - len(best)
        rankings[query], scores[query] = tuple(best), tuple(best.values())
    return Run(name or tag, path, rankings, scores, repeated, disordered, tagged)


def write_run(rankings: Rankings, name: str, scores: Scores | None = None) -> Iterator[str]:
    """Yields the lines of a run. Without scores 1/rank stands in, so that every tool keeps the
    order; with scores that do not fall along the ranks it would not.

    Raises `InvalidConfig` for a query or document with white space in its name.
    """
    tag = "_".join(name.split()) or "nuthatch"
    for query, documents in rankings.items():
        given = scores[query] if scores else [1 / rank for rank in range(1, len(documents) + 1)]
        for rank, (document, score) in enumerate(zip(documents, given, strict=True), 1):
            if len(query.split()) != 1 or len(document.split()) != 1:
                raise InvalidConfig(
                    f"a run cannot hold query {query!r} with document {document!r}, for its "
                    "columns are separated by blanks; write JSON instead"
                )
            yield f"{query} Q0 {document} {rank} {float(score)!r} {tag}\n"


def _row(line: Line) -> Row:
    columns = line.text.split(maxsplit=_COLUMNS - 1)
    if len(columns) < _COLUMNS:
        raise InvalidConfig(
            f"{line.where}: {len(columns)} columns where a run has six: "
            "query, Q0, document, rank, score, tag"
        )
    query, _, document, rank, score, tag = columns
    try:
        place, value = int(rank), float(score)
    except ValueError as error:
        raise InvalidConfig(
            f"{line.where}: rank {rank!r} and score {score!r} must be numbers; the columns are "
            "query, Q0, document, rank, score, tag, and only the tag may hold blanks"
        ) from error
    if not math.isfinite(value):
        raise InvalidConfig(
            f"{line.where}: the score {score!r} is no finite number, so the document has no "
            "place in the order; leave the line out or give it a number"
        )
    return Row(query, document, place, value, " ".join(tag.split()))
