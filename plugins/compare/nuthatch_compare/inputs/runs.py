"""Runs: the answers of any engine, in a file.

    query  Q0  document  rank  score  tag    TREC: six columns, best document first
    301    Q0  FR94-104  1     2.129  standard
    query  document  rank                    MS MARCO: three columns, no score
    {"301": {"FR94-104": 2.129, …}, …}       JSON of ranx, pytrec_eval and BEIR: scores

Columns are separated by tabs where a line has as many as that takes (a name may hold blanks then),
else by ASCII blanks; a blank of another script is part of a name. The order is by score, as TREC's
tools have it; where scores are equal, the order that was served, which is the file's rank.
(trec_eval breaks ties by the document's name instead, whatever was served.) A tag may hold blanks:
what follows the score is the tag. Where a tag ends with `;percent-encoded`, names are
written as in URLs: `write_run` does so where a name holds a blank.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.lines import Line, is_json, parse_json_tables, read_lines, split_ascii

#: Documents by query, best first, each once.
Rankings = Mapping[str, Sequence[str]]
#: Scores by query, beside the documents of the rankings.
Scores = Mapping[str, Sequence[float]]
ENCODED: Final = ";percent-encoded"
_COLUMNS, _MARCO_COLUMNS = 6, 3
_BLANKS: Final = re.compile(r"[ \t\r\n\f\v]+")
_EXAMPLE: Final = '{"q1": {"d7": 2.5}}'


class Row(NamedTuple):
    """One line of a run."""

    query: str
    document: str
    rank: float
    score: float
    tag: str


@dataclass(frozen=True, slots=True)
class Run:
    """The answers of one engine to all queries.

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
        """Sentences about exclusions and repairs."""
        counts = (
            (self.repeated, "repeated documents were left out; the best rank of each counts"),
            (self.disordered, "queries have ranks that contradict their scores; the scores count"),
            (self.tagged, "lines have more than six columns; what follows the score is the tag"),
        )
        return tuple(f"run {self.name}: {count:,} {what}" for count, what in counts if count)

    def notes_on(self, queries: Collection[str]) -> tuple[str, ...]:
        """Return the notes, and a sentence on each mismatch with these queries."""
        known = set(queries)
        counts = (
            (len(self.rankings.keys() - known), "queries of it were not asked; left out"),
            (len(known - self.rankings.keys()), "queries are not in it and count as not answered"),
        )
        misfits = (f"run {self.name}: {count:,} {what}" for count, what in counts if count)
        return (*self.notes, *misfits)


def read_run(path: str, name: str | None = None) -> Run:
    """Return the run of a file, plain or gzip; `-` is standard input.

    Its tag is the name, of a file without tags the file's own. Raise `InvalidConfig` that names
    the line: a column is missing, a rank or score is no number, a score is not finite, the file is
    empty.
    """
    rest = read_lines(path, "run")
    first = next(rest, None)
    if first is None:
        raise InvalidConfig(f"{path} holds no answers; it is empty")
    rows = chain([first], rest)
    if is_json(first) and not _is_trec(first):
        return _build_run(_parse_json(path, rows), path, name)
    three = len(first.text.split("\t")) == _MARCO_COLUMNS or (
        "\t" not in first.text and len(split_ascii(first.text)) == _MARCO_COLUMNS
    )
    read: Callable[[Line], Row] = _parse_marco if three else _parse_trec
    return _build_run(map(read, rows), path, name)


def _build_run(rows: Iterator[Row], path: str, name: str | None) -> Run:
    """Return the run of rows, each query's by score and then by rank, each document once."""
    answers_by_query: dict[str, list[Row]] = {}
    tag, tagged = "", 0
    for row in rows:
        answers = answers_by_query.setdefault(row.query, [])
        if row.document:
            answers.append(row)
        tag, tagged = tag or row.tag, tagged + (" " in row.tag)
    decode = unquote if tag.endswith(ENCODED) else str
    rankings: dict[str, tuple[str, ...]] = {}
    scores: dict[str, tuple[float, ...]] = {}
    repeated = disordered = 0
    for query, answers in answers_by_query.items():
        answers.sort(key=lambda row: (-row.score, row.rank))
        disordered += any(one.rank > other.rank for one, other in pairwise(answers))
        best: dict[str, float] = {}
        for row in answers:
            best.setdefault(decode(row.document), row.score)
        repeated += len(answers) - len(best)
        rankings[decode(query)], scores[decode(query)] = tuple(best), tuple(best.values())
    own = tag.removesuffix(ENCODED) or Path(path).name.partition(".")[0]
    return Run(name or own, path, rankings, scores, repeated, disordered, tagged)


def write_run(rankings: Rankings, name: str, scores: Scores | None = None) -> Iterator[str]:
    """Yield the lines of a run. Without scores 1/rank stands in, so that every tool keeps the
    order; with scores that do not fall along the ranks it would not.

    Where a name holds a blank, all names are percent-encoded, and the tag records it.
    """
    names = chain(rankings, *rankings.values())
    encoded = any(_BLANKS.search(text) for text in names)
    encode = _percent_encode if encoded else str
    tag = ("_".join(name.split()) or "nuthatch") + (ENCODED if encoded else "")
    for query, documents in rankings.items():
        given = scores[query] if scores else [1 / rank for rank in range(1, len(documents) + 1)]
        for rank, (document, score) in enumerate(zip(documents, given, strict=True), 1):
            yield f"{encode(query)} Q0 {encode(document)} {rank} {float(score)!r} {tag}\n"


def _percent_encode(text: str) -> str:
    plain = text.replace("%", "%25")
    return _BLANKS.sub(lambda match: "".join(f"%{ord(char):02X}" for char in match[0]), plain)


def _is_trec(line: Line) -> bool:
    """Return whether a line that begins like JSON is six columns: `{` may begin a query's name."""
    try:
        _parse_trec(line)
    except InvalidConfig:
        return False
    return True


def _parse_trec(line: Line) -> Row:
    columns = line.text.split("\t")
    if len(columns) != _COLUMNS:
        columns = split_ascii(line.text, _COLUMNS - 1)
    if len(columns) < _COLUMNS:
        raise InvalidConfig(
            f"{line.where}: {len(columns)} columns where a run has six: "
            "query, Q0, document, rank, score, tag; or three: query, document, rank"
        )
    query, _, document, rank, score, tag = (column.strip(" ") for column in columns)
    try:
        place, value = float(rank), float(score)
    except ValueError as error:
        raise InvalidConfig(
            f"{line.where}: rank {rank!r} and score {score!r} must be numbers; the columns are "
            "query, Q0, document, rank, score, tag, and only the tag may hold blanks, or separate "
            "the six by tabs"
        ) from error
    return _make_row(line.where, query, document, place, value, " ".join(split_ascii(tag)))


def _parse_marco(line: Line) -> Row:
    columns = line.text.split("\t") if "\t" in line.text else split_ascii(line.text)
    if len(columns) != _MARCO_COLUMNS:
        raise InvalidConfig(
            f"{line.where}: {len(columns)} columns where the first line has three: "
            "query, document, rank"
        )
    query, document, rank = (column.strip(" ") for column in columns)
    try:
        place = float(rank)
    except ValueError as error:
        raise InvalidConfig(
            f"{line.where}: the rank {rank!r} is no number; three columns are query, document, rank"
        ) from error
    return _make_row(line.where, query, document, place, -place, "")


def _make_row(where: str, query: str, document: str, rank: float, score: float, tag: str) -> Row:
    """Return a row of a run. Raise `InvalidConfig` if a name is empty or a number has no place."""
    if not query or not document:
        raise InvalidConfig(f"{where}: the name of the query or of the document is empty")
    if not math.isfinite(score) or math.isnan(rank):
        raise InvalidConfig(
            f"{where}: the score '{score:g}' is no finite number, so the document has no "
            "place in the order; leave the line out or give it a number"
        )
    return Row(query, document, rank, score, tag)


def _parse_json(path: str, every: Iterator[Line]) -> Iterator[Row]:
    for query, scored in parse_json_tables(path, every, _EXAMPLE):
        if not scored:  # an answer without documents, which other forms cannot express
            yield Row(query, "", 0, 0, "")
        where = f"{path}, query {query!r}"
        for rank, (document, score) in enumerate(scored.items(), 1):
            if isinstance(score, bool) or not isinstance(score, int | float):
                raise InvalidConfig(
                    f"{where}: the score of {document!r} is {json.dumps(score)}; write numbers: "
                    f"{_EXAMPLE}"
                )
            yield _make_row(where, query, document, rank, float(score), "")
