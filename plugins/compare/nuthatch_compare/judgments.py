"""Judgments (qrels): how well which document answers which query.

    query-id  corpus-id  score         BEIR: tab-separated, with this header
    query  iteration  document  grade  TREC: four columns between blanks, no header
    {"query-id": …, "corpus-id": …, "score": …}        JSON Lines; other names as below
    query  document  grade             tab-separated, with a header of other names, or none

A grade is a whole number: 0 is not relevant, below 0 is judged and not relevant either (TREC
marks spam so). The form is seen from the first line; every other line must be of the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Literal, NamedTuple

from nuthatch import InvalidConfig
from nuthatch_compare.lines import Line, json_object, lines
from nuthatch_compare.wording import counted

#: Grades by query, then by document.
Grades = Mapping[str, Mapping[str, int]]
Form = Literal["beir", "trec", "jsonl", "tsv"]

_QUERY: Final = ("query-id", "query_id", "queryid", "qid", "query", "topic")
_DOCUMENT: Final = (
    "corpus-id",
    "corpus_id",
    "doc_id",
    "doc-id",
    "docid",
    "docno",
    "document",
    "uri",
)
_GRADE: Final = ("score", "grade", "relevance", "rel", "rating", "label")
_HIGHEST: Final = 10**9
_EXAMPLE: Final = '{"query-id": "1", "corpus-id": "d7", "score": 2}'


class Judgment(NamedTuple):
    """Is one judgment and its place, `file:line`."""

    where: str
    query: str
    document: str
    grade: int


@dataclass(frozen=True, slots=True)
class Judgments:
    """Holds the judgments of a file.

    `repeated` lines said once more what another had said; `negative` is the number of grades
    below 0.
    """

    source: str
    form: Form
    grades: dict[str, dict[str, int]] = field(default_factory=dict)
    repeated: int = 0
    negative: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Are what a reader should know, each a sentence."""
        told = (
            (
                self.repeated,
                "line of judgments repeats another",
                "lines of judgments repeat others",
            ),
            (self.negative, "grade is below 0, not relevant", "grades are below 0, not relevant"),
        )
        return tuple(counted(count, one, many) for count, one, many in told if count)

    @property
    def pairs(self) -> int:
        """Is the number of judged pairs of query and document."""
        return sum(map(len, self.grades.values()))


def read_judgments(path: str) -> Judgments:
    """Returns the judgments of a file, plain or gzip; `-` is standard input.

    Raises `InvalidConfig` that names the line: a column is missing, a grade is no whole number, a
    document is judged twice and differently, the file is empty.
    """
    rows = lines(path, "file of judgments")
    first = next(rows, None)
    if first is None:
        raise InvalidConfig(f"{path} holds no judgments; it is empty")
    form, found = _read(first, rows)
    grades: dict[str, dict[str, int]] = {}
    repeated = 0
    for each in found:
        rated = grades.setdefault(each.query, {})
        known = rated.setdefault(each.document, each.grade)
        if known != each.grade:
            raise InvalidConfig(
                f"{each.where}: {each.document!r} has grade {each.grade} for query "
                f"{each.query!r} and had {known} before; keep one of the two lines"
            )
        repeated += 1
    pairs = sum(map(len, grades.values()))
    negative = sum(grade < 0 for rated in grades.values() for grade in rated.values())
    return Judgments(path, form, grades, repeated - pairs, negative)


def _read(first: Line, rest: Iterator[Line]) -> tuple[Form, Iterator[Judgment]]:
    every = chain([first], rest)
    if first.text.lstrip().startswith("{"):
        return "jsonl", map(_from_json, every)
    places = _header(first)
    if places is not None:
        beir = first.text.split("\t") == [_QUERY[0], _DOCUMENT[0], _GRADE[0]]
        return "beir" if beir else "tsv", (_from_columns(line, places) for line in rest)
    if len(first.text.split("\t")) == 3:
        return "tsv", (_from_columns(line, (0, 1, 2)) for line in every)
    return "trec", map(_from_trec, every)


def _header(line: Line) -> tuple[int, int, int] | None:
    """Returns where query, document and grade stand, None where the line is no header."""
    names = [name.strip().casefold() for name in line.text.split("\t")]
    found = [
        next((names.index(name) for name in known if name in names), None)
        for known in (_QUERY, _DOCUMENT, _GRADE)
    ]
    query, document, grade = found
    if query is not None and document is not None and grade is not None:
        return query, document, grade
    if query is not None and any(place is not None for place in (document, grade)):
        missing = "document" if document is None else "grade"
        wanted = _DOCUMENT if document is None else _GRADE
        raise InvalidConfig(
            f"{line.where}: the header {line.text!r} names no column of {missing}s; "
            f"call it one of {', '.join(wanted)}"
        )
    return None


def _from_trec(line: Line) -> Judgment:
    columns = line.text.split()
    if len(columns) != 4:
        raise InvalidConfig(
            f"{line.where}: {len(columns)} columns, where TREC's judgments have four: "
            "query, iteration, document, grade; or separate three by tabs: query, document, grade"
        )
    query, _, document, grade = columns
    return Judgment(line.where, query, document, grade_of(grade, line))


def _from_columns(line: Line, places: tuple[int, int, int]) -> Judgment:
    columns = line.text.split("\t")
    if len(columns) <= max(places):
        raise InvalidConfig(
            f"{line.where}: {len(columns)} tab-separated columns, at least {max(places) + 1} are "
            "due: query, document, grade"
        )
    query, document, grade = (columns[place].strip() for place in places)
    if not query or not document:
        raise InvalidConfig(f"{line.where}: the name of the query or of the document is empty")
    return Judgment(line.where, query, document, grade_of(grade, line))


def _from_json(line: Line) -> Judgment:
    row = json_object(line, _EXAMPLE)
    values = []
    for names in (_QUERY, _DOCUMENT, _GRADE):
        name = next((name for name in names if name in row), None)
        if name is None:
            raise InvalidConfig(
                f"{line.where}: none of the keys {', '.join(names)} is there; write {_EXAMPLE}"
            )
        values.append(row[name])
    query, document, grade = values
    for value in (query, document):
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise InvalidConfig(f"{line.where}: {value!r} names no query or document; use a text")
    if isinstance(grade, bool) or not isinstance(grade, int | float | str):
        raise InvalidConfig(f"{line.where}: the grade {grade!r} is no whole number")
    return Judgment(line.where, str(query), str(document), grade_of(str(grade), line))


def grade_of(text: str, line: Line) -> int:
    """Returns the whole number that a grade is. Raises `InvalidConfig` that names the line."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not number.is_integer():
        raise InvalidConfig(
            f"{line.where}: the grade {text!r} is no whole number; metrics take 0, 1, 2, …: "
            "multiply fractions, or write 1 from the value on that means relevant"
        )
    if abs(number) > _HIGHEST:
        raise InvalidConfig(
            f"{line.where}: the grade {text!r} is beyond {_HIGHEST:,}; are the columns in order?"
        )
    return int(number)
