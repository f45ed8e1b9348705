"""Queries by name.

    {"_id": "1", "text": "thief in los angeles", "metadata": {"lang": "en"}}      JSON Lines
    query-id  text  lang          tab-separated with a header; more columns are fields
    1  thief in los angeles       tab-separated without one: name, text
    thief in los angeles          lines without a tab: the number of the line is the name

All columns but name and text are fields, by which results can be sliced. The first line decides
the form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from nuthatch import EntityQuery, InvalidConfig, MatchAll, TextQuery
from nuthatch_compare.inputs.lines import BLANKS, Line, parse_json_object, read_lines

_NAME: Final = ("_id", "id", "query-id", "query_id", "qid")
_TEXT: Final = ("text", "query", "title", "question")
_FIELDS: Final = ("metadata", "fields")
_EXAMPLE: Final = '{"_id": "1", "text": "thief in los angeles"}'


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query with its name, and fields to slice by.

    `search` is what is searched for where it is more than a text: with filters, in an order,
    entities. Its limit is that of the comparison.
    """

    name: str
    text: str
    fields: Mapping[str, object] = field(default_factory=dict)
    search: TextQuery | EntityQuery | MatchAll | None = None


def read_queries(path: str) -> list[NamedQuery]:
    """Return the queries of a file in its order, plain or gzip; `-` is standard input.

    Raise `InvalidConfig` that names the line: no name or text, a name that was there before, a
    file without queries.
    """
    rows = read_lines(path, "file of queries")
    first = next(rows, None)
    if first is None:
        raise InvalidConfig(f"{path} holds no queries; it is empty")
    queries: dict[str, NamedQuery] = {}
    for where, query in _parse(first, rows):
        if query.name in queries:
            raise InvalidConfig(
                f"{where}: there was a query {query.name!r} before; names must differ"
            )
        queries[query.name] = query
    if not queries:
        raise InvalidConfig(f"{path} holds no queries but a header")
    return list(queries.values())


def _parse(first: Line, rest: Iterator[Line]) -> Iterator[tuple[str, NamedQuery]]:
    every = chain([first], rest)
    if first.text.lstrip().startswith("{"):
        return ((line.where, _parse_json(line)) for line in every)
    if "\t" not in first.text:
        return ((line.where, _parse_line(line)) for line in every)
    names = [name.strip(BLANKS) for name in first.text.split("\t")]
    lower = [name.casefold() for name in names]
    if any(name in lower for name in _NAME) and any(name in lower for name in _TEXT):
        return ((line.where, _parse_columns(line, names)) for line in rest)
    return ((line.where, _parse_columns(line, [_NAME[0], _TEXT[0]])) for line in every)


def _parse_json(line: Line) -> NamedQuery:
    row = parse_json_object(line, _EXAMPLE)
    name = next((row.pop(key) for key in _NAME if key in row), None)
    text = next((row.pop(key) for key in _TEXT if key in row), None)
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        raise InvalidConfig(f"{line.where}: the query has no name; write {_EXAMPLE}")
    if not isinstance(text, str):
        raise InvalidConfig(f"{line.where}: query {name!r} has no text; write {_EXAMPLE}")
    fields: dict[str, object] = {}
    for key in _FIELDS:
        nested = row.pop(key, None)
        if isinstance(nested, dict):
            fields.update(nested)
    return NamedQuery(str(name), text, fields | row)


def _parse_columns(line: Line, names: list[str]) -> NamedQuery:
    columns = line.text.split("\t")
    if len(columns) != len(names):
        raise InvalidConfig(
            f"{line.where}: {len(columns)} tab-separated columns, {len(names)} are due: "
            f"{', '.join(names)}"
        )
    row = dict(
        zip((name.casefold() for name in names), zip(names, columns, strict=True), strict=True)
    )
    _, name = row.pop(next(key for key in _NAME if key in row))
    _, text = row.pop(next(key for key in _TEXT if key in row))
    if not name.strip(BLANKS):
        raise InvalidConfig(f"{line.where}: the query has no name; write its name before the tab")
    return NamedQuery(name.strip(BLANKS), text, dict(row.values()))


def _parse_line(line: Line) -> NamedQuery:
    if "\t" in line.text:
        raise InvalidConfig(
            f"{line.where}: a tab where the first line has none; write name, tab and text on "
            "every line, or the text alone on every line"
        )
    return NamedQuery(line.where.rpartition(":")[2], line.text.strip())
