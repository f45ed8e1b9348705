"""Conditions on values without numpy: the first search of a process reads the blocks in Python.

To scan the blocks of 50,000 documents takes some milliseconds, to import numpy more than a hundred.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

import apsw

from nuthatch import AnyOf, FilterValue, Leaf, Range, Schema
from nuthatch.postings import readable, scan_block
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import rows

CHOSEN_KEYWORDS: Final = """
SELECT keyword.id - :first
FROM json_each(:texts) AS given
CROSS JOIN keyword ON keyword.id >> 32 = :place AND keyword.text = given.value
"""
KEYWORDS_WITHIN: Final = """
SELECT id - :first
FROM keyword
WHERE id >> 32 = :place
    AND (:low IS NULL OR text >= :low)
    AND (:high IS NULL OR text <= :high)
"""
Accepts = Callable[[Any], bool]


def scan_documents(connection: apsw.Connection, declared: Schema, condition: Leaf) -> Iterator[int]:
    """Yield the ids of the documents with a value that passes; deleted ones may be among them."""
    place = [field.name for field in declared.fields].index(condition.field)
    field = declared.fields[place]
    passes = accept_value(condition)
    yield from scan_log(connection, place, passes)
    if field.type == "keyword":
        accepts: Accepts = find_codes(connection, place, condition).__contains__
    elif field.type == "date":
        accepts = accept_value(condition, lambda day: date.fromisoformat(str(day)).toordinal())
    else:
        accepts = passes
    blocks = rows(connection, schema.BLOCKS, schema.span(place + 1))
    with readable("the columns of the fields"):
        for number, data in blocks:
            yield from scan_block(number, data, accepts)


def scan_log(connection: apsw.Connection, place: int, passes: Accepts) -> Iterator[int]:
    """Yield the ids of the logged documents with a value that passes."""
    with readable("the log of the columns"):
        for (data,) in rows(connection, schema.LOGS, (-1,)):
            for id, _, values in json.loads(data)[1]:
                if any(passes(value) for at, some in values if at == place for value in some):
                    yield id


def accept_value(
    condition: Leaf, encode: Callable[[FilterValue], Any] = lambda value: value
) -> Accepts:
    """Return what tells whether a value passes, the bounds being encoded as values are."""
    if isinstance(condition, AnyOf):
        return {*map(encode, condition.values)}.__contains__  # type: ignore[arg-type]  # checked
    assert isinstance(condition, Range)  # core makes one of all others
    low, high = (
        None if bound is None else encode(bound)  # type: ignore[arg-type]  # checked
        for bound in (condition.gte, condition.lte)
    )
    return lambda value: (low is None or value >= low) and (high is None or value <= high)


def find_codes(connection: apsw.Connection, place: int, condition: Leaf) -> set[int]:
    """Return the numbers of the keywords that pass."""
    given: dict[str, object] = {"first": schema.span(place)["first"], "place": place}
    if isinstance(condition, AnyOf):
        given["texts"] = json.dumps(condition.values, ensure_ascii=False)
        return {code for (code,) in rows(connection, CHOSEN_KEYWORDS, given)}
    assert isinstance(condition, Range)
    given |= {"low": condition.gte, "high": condition.lte}
    return {code for (code,) in rows(connection, KEYWORDS_WITHIN, given)}
