"""Judgments (qrels): how well which document answers which query.

    query-id  corpus-id  score         BEIR: tab-separated, with this header
    query  iteration  document  grade  TREC: four columns between blanks, no header
    {"query-id": …, "corpus-id": …, "score": …}        JSON Lines; other names as below
    {"q1": {"d7": 2, …}, …}            JSON of ranx and pytrec_eval: grades
    query  document  grade             tab-separated, with a header of other names, or none
    query,docid,rating                 comma-separated, with a header, as Quepid exports it

A grade is a whole number: 0 is not relevant, below 0 is judged and not relevant either (TREC
marks spam so); an empty one of the comma-separated form is not judged. The form is seen from the
first line; every other line must be of the same. Blanks are ASCII ones: another blank is part of a
name. A line that begins with # is a comment.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from nuthatch import InvalidConfig
from nuthatch_compare.formatting import format_count
from nuthatch_compare.inputs.lines import (
    BLANKS,
    Line,
    is_json,
    parse_json_object,
    parse_json_tables,
    read_lines,
    split_ascii,
)
from nuthatch_compare.inputs.queries import NamedQuery

#: Grades by query, then by document.
Grades = Mapping[str, Mapping[str, int]]
Form = Literal["beir", "trec", "jsonl", "json", "tsv", "csv"]

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
_TABLE: Final = '{"q1": {"d7": 2}}'
_COMMENT: Final = "#"


class Judgment(NamedTuple):
    """One judgment and its place, `file:line`."""

    where: str
    query: str
    document: str
    grade: int | None


@dataclass(frozen=True, slots=True)
class Judgments:
    """The judgments of a file.

    `repeated` is the number of lines that repeat another one; `negative` is the number of grades
    below 0; `empty` rows have no grade; `comments` are lines that begin with #. `by_text` is
    true where the queries were named by their texts.
    """

    source: str
    form: Form
    grades: dict[str, dict[str, int]] = field(default_factory=dict)
    repeated: int = 0
    negative: int = 0
    empty: int = 0
    comments: int = 0
    by_text: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the file that a reader should know."""
        counts = (
            (
                self.repeated,
                "line of judgments repeats another",
                "lines of judgments repeat others",
            ),
            (self.negative, "grade is below 0, not relevant", "grades are below 0, not relevant"),
            (self.empty, "row of judgments has no grade", "rows of judgments have no grade"),
            (
                self.comments,
                "line of judgments begins with # and is a comment",
                "lines of judgments begin with # and are comments",
            ),
        )
        notes = [format_count(count, one, many) for count, one, many in counts if count]
        return (*notes, *(["the judgments name queries by their text"] if self.by_text else []))

    def for_queries(self, queries: Iterable[NamedQuery]) -> Judgments:
        """Return the judgments by the names of queries, where they are by their texts."""
        names = {query.text: query.name for query in queries}
        if any(name in self.grades for name in names.values()):
            return self
        if not any(text in self.grades for text in names):
            return self
        grades = {names.get(text, text): rated for text, rated in self.grades.items()}
        return replace(self, grades=grades, by_text=True)

    @property
    def pairs(self) -> int:
        """The number of judged pairs of query and document."""
        return sum(map(len, self.grades.values()))


def read_judgments(path: str) -> Judgments:
    """Return the judgments of a file, plain or gzip; `-` is standard input.

    Raise `InvalidConfig` that names the line: a column is missing, a grade is no whole number, a
    document is judged twice and differently, the file is empty.
    """
    read = list(read_lines(path, "file of judgments"))
    rows = [line for line in read if not line.text.startswith(_COMMENT)]
    if not rows:
        raise InvalidConfig(f"{path} holds no judgments; it is empty")
    form, parsed = _parse(path, rows)
    grades: dict[str, dict[str, int]] = {}
    judged = empty = 0
    for judgment in parsed:
        if judgment.grade is None:
            empty += 1
            continue
        rated = grades.setdefault(judgment.query, {})
        known = rated.setdefault(judgment.document, judgment.grade)
        if known != judgment.grade:
            raise InvalidConfig(
                f"{judgment.where}: {judgment.document!r} has grade {judgment.grade} for query "
                f"{judgment.query!r} and had {known} before; keep one of the two lines"
            )
        judged += 1
    if not grades:
        raise InvalidConfig(f"{path} holds no judgments; all {empty:,} rows lack a grade")
    pairs = sum(map(len, grades.values()))
    negative = sum(grade < 0 for rated in grades.values() for grade in rated.values())
    comments = len(read) - len(rows)
    return Judgments(path, form, grades, judged - pairs, negative, empty, comments)


def _parse(path: str, every: list[Line]) -> tuple[Form, Iterator[Judgment]]:
    first, rest = every[0], every[1:]
    if is_json(first):
        if _is_row(first):
            return "jsonl", map(_parse_json, every)
        return "json", _parse_tables(path, every)
    if "\t" not in first.text and "," in first.text:
        places = _find_columns(first, _split_csv(first))
        if places is not None:
            columns = ((line, _split_csv(line)) for line in rest)
            return "csv", (
                _parse_columns(line, cells, places, empty=True) for line, cells in columns
            )
    tabs = first.text.split("\t")
    places = _find_columns(first, tabs)
    if places is not None:
        form: Form = "beir" if tabs == [_QUERY[0], _DOCUMENT[0], _GRADE[0]] else "tsv"
        return form, (_parse_columns(line, line.text.split("\t"), places) for line in rest)
    if len(tabs) == 3:
        return "tsv", (_parse_columns(line, line.text.split("\t"), (0, 1, 2)) for line in every)
    return "trec", map(_parse_trec, every)


def _is_row(line: Line) -> bool:
    """Return whether the line is a judgment of JSON Lines, not the start of one large object."""
    try:
        value = json.loads(line.text)
    except ValueError:
        return False
    return not all(isinstance(member, dict) for member in value.values())


def _split_csv(line: Line) -> list[str]:
    try:
        return next(csv.reader([line.text], strict=True))
    except csv.Error as error:
        raise InvalidConfig(
            f"{line.where}: no comma-separated line ({error}); put texts with commas between "
            'quotation marks: "thief, the",d7,2'
        ) from error


def _find_columns(line: Line, cells: list[str]) -> tuple[int, int, int] | None:
    """Return where query, document and grade stand, None where the line is no header."""
    names = [name.strip().casefold() for name in cells]
    places = [
        next((names.index(name) for name in known if name in names), None)
        for known in (_QUERY, _DOCUMENT, _GRADE)
    ]
    query, document, grade = places
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


def _parse_trec(line: Line) -> Judgment:
    tabs = line.text.split("\t")
    columns = tabs if len(tabs) == 4 else split_ascii(line.text)
    if len(columns) != 4:
        raise InvalidConfig(
            f"{line.where}: {len(columns)} columns, where TREC's judgments have four: "
            "query, iteration, document, grade; or separate three by tabs: query, document, grade"
        )
    query, _, document, grade = (column.strip(BLANKS) for column in columns)
    return Judgment(line.where, query, document, parse_grade(grade, line))


def _parse_columns(
    line: Line, columns: list[str], places: tuple[int, int, int], *, empty: bool = False
) -> Judgment:
    if len(columns) <= max(places):
        raise InvalidConfig(
            f"{line.where}: {len(columns)} columns, at least {max(places) + 1} are "
            "due: query, document, grade"
        )
    query, document, grade = (columns[place].strip(BLANKS) for place in places)
    if not query or not document:
        raise InvalidConfig(f"{line.where}: the name of the query or of the document is empty")
    if empty and not grade:
        return Judgment(line.where, query, document, None)
    return Judgment(line.where, query, document, parse_grade(grade, line))


def _parse_tables(path: str, every: Iterable[Line]) -> Iterator[Judgment]:
    for query, rated in parse_json_tables(path, iter(every), _TABLE):
        for document, grade in rated.items():
            where = f"{path}, query {query!r}"
            if isinstance(grade, bool) or not isinstance(grade, int | float):
                raise InvalidConfig(f"{where}: the grade {grade!r} is no whole number; {_TABLE}")
            yield Judgment(where, query, document, parse_grade(str(grade), Line(where, "")))


def _parse_json(line: Line) -> Judgment:
    row = parse_json_object(line, _EXAMPLE)
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
    return Judgment(line.where, str(query), str(document), parse_grade(str(grade), line))


def parse_grade(text: str, line: Line) -> int:
    """Return the whole number that a grade is. Raise `InvalidConfig` that names the line."""
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
