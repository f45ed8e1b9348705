"""Sheets: what a rater fills in, with any spreadsheet.

    query-id  corpus-id  score  query                 title  text
    17        heat              thief in los angeles  Heat   A thief and a detective in …

The rater writes a grade into `score`: 0 not relevant, 1 and more the better; an empty one is not
judged yet. Tabs separate the columns; a sheet that comes back with commas or semicolons, and with
quotation marks, is read as well.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.judgments import Grades, parse_grade
from nuthatch_compare.inputs.lines import read_lines
from nuthatch_compare.judging.judgment_pool import PooledDocument
from nuthatch_compare.judging.raters import Ratings

_HEADER: Final = ("query-id", "corpus-id", "score", "query", "title", "text")
_LONGEST_TEXT: Final = 500
#: What a spreadsheet would take for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class DocumentText(NamedTuple):
    """The part of a document that a rater sees."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The grades that a rater filled in; `empty` rows are not judged yet."""

    source: str
    ratings: Ratings
    empty: int


def write_sheet(
    pooled: Iterable[PooledDocument],
    queries: Mapping[str, str] | None = None,
    documents: Mapping[str, DocumentText] | None = None,
) -> Iterator[str]:
    """Yield the lines of a sheet, the header first; texts are cut to what fits a cell."""
    yield _format_row(_HEADER)
    for query, uri in pooled:
        title, text = (documents or {}).get(uri, DocumentText("", ""))
        query_text = (queries or {}).get(query, "")
        yield _format_row(
            (
                escape_name(query),
                escape_name(uri),
                "",
                *map(_format_cell, (query_text, title, text)),
            )
        )


def read_sheet(path: str) -> Sheet:
    """Return the grades of a sheet. Raise `InvalidConfig` that names the line."""
    rows = read_lines(path, "sheet")
    first = next(rows, None)
    if first is None:
        raise InvalidConfig(f"{path} is empty; write a sheet with nuthatch judge pool")
    separator = next((candidate for candidate in "\t;," if candidate in first.text), "\t")
    header = _split_columns(first.text, separator)
    if not set(_HEADER[:3]) <= set(header):
        raise InvalidConfig(
            f"{first.where}: a sheet begins with the columns {', '.join(_HEADER[:3])}; "
            f"found {', '.join(header)}"
        )
    places = [header.index(name) for name in _HEADER[:3]]
    ratings: dict[tuple[str, str], int] = {}
    empty = 0
    for line in rows:
        columns = _split_columns(line.text, separator)
        if len(columns) <= max(places[:2]):
            raise InvalidConfig(f"{line.where}: no query or document; keep the rows as they were")
        query, document, score = (columns[at] if at < len(columns) else "" for at in places)
        query, document = unescape_name(query), unescape_name(document)
        if not score.strip():
            empty += 1
            continue
        grade = parse_grade(score, line)
        if ratings.setdefault((query, document), grade) != grade:
            raise InvalidConfig(
                f"{line.where}: {document!r} was judged before for query {query!r}, and "
                "differently; keep one of the two rows"
            )
    return Sheet(path, ratings, empty)


class MergedJudgments(NamedTuple):
    """Judgments made of sheets and earlier ones.

    `added` are new, `changed` had another grade before, `disputed` got different grades.
    """

    grades: dict[str, dict[str, int]]
    added: int
    changed: int
    disputed: int


def merge_sheets(sheets: Sequence[Sheet], earlier: Grades | None = None) -> MergedJudgments:
    """Return the judgments of all sheets; a sheet's grade replaces an earlier one.

    Where raters differ the median counts, of two grades the lower: at least half of the raters
    gave the document that grade or a higher one.
    """
    grades = {query: dict(rated) for query, rated in (earlier or {}).items()}
    added = changed = disputed = 0
    for query, document in dict.fromkeys(key for sheet in sheets for key in sheet.ratings):
        given = sorted(
            sheet.ratings[query, document] for sheet in sheets if (query, document) in sheet.ratings
        )
        grade = given[(len(given) - 1) // 2]
        disputed += given[0] != given[-1]
        rated = grades.setdefault(query, {})
        added += document not in rated
        changed += rated.get(document, grade) != grade
        rated[document] = grade
    return MergedJudgments(grades, added, changed, disputed)


def write_judgments(grades: Grades) -> Iterator[str]:
    """Yield judgments in BEIR's form, line by line.

    Raise `InvalidConfig` for a name that holds a tab or a line break, which the form cannot hold.
    """
    yield "query-id\tcorpus-id\tscore\n"
    for query, rated in grades.items():
        for document, grade in rated.items():
            if set("\t\r\n") & {*query, *document}:
                raise InvalidConfig(
                    f"judgments cannot hold query {query!r} with document {document!r}, for tabs "
                    "and line breaks separate them; name the documents otherwise"
                )
            yield f"{query}\t{document}\t{grade}\n"


def escape_name(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula: `'=1+1` for `=1+1`."""
    return f"'{name}" if name.lstrip("'").startswith(_FORMULA) else name


def unescape_name(cell: str) -> str:
    """Return the name that `escape_name` made a cell of."""
    return cell[1:] if cell.startswith("'") and escape_name(cell) != cell else cell


def _format_row(cells: Sequence[str]) -> str:
    into = io.StringIO()
    csv.writer(into, delimiter="\t", lineterminator="\n").writerow(cells)
    return into.getvalue()


def _split_columns(text: str, separator: str) -> list[str]:
    return next(csv.reader([text], delimiter=separator), [])


def _format_cell(text: str) -> str:
    flat = " ".join(text.split())
    cut = flat if len(flat) <= _LONGEST_TEXT else flat[: _LONGEST_TEXT - 1] + "…"
    return f" {cut}" if cut.startswith(_FORMULA) else cut
