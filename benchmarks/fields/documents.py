"""Documents with five fields, by rule.

| field  | type       | distinct values | of a document |
|--------|------------|-----------------|---------------|
| place  | keyword    | 171             | one           |
| year   | integer    | 29              | one           |
| day    | date       | 8,071           | one           |
| topics | keywords   | 200             | one to three  |
| people | keywords   | 100,000         | one to five   |

One document in twenty lacks a field. A few values are frequent and many are rare, as in life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from benchmarks.corpus import Synthetic
from nuthatch import DateField, Document, IntegerField, KeywordField, Schema

FIELDS: Final = ("place", "year", "day", "topics", "people")
SCHEMA: Final = Schema(
    analyzer="ascii",
    fields=(
        KeywordField("place"),
        IntegerField("year"),
        DateField("day"),
        KeywordField("topics"),
        KeywordField("people"),
    ),
)
TOPICS: Final = 200
PEOPLE: Final = 100_000
_PLACES: Final = 171
_YEARS: Final = 29
_DAYS: Final = 8_071
_FIRST_DAY: Final = date(1995, 1, 1)


def documents(number: int) -> Iterator[Document]:
    """Yield the first documents; the same ones, however many are made."""
    rng = np.random.default_rng(5)
    for document in Synthetic().documents(number):
        yield replace(document, fields=_draw_fields(rng))


def _draw_fields(rng: np.random.Generator) -> dict[str, Any]:
    kept = rng.random(5) >= 0.05
    one, two, three = rng.random(3) ** 2
    values: dict[str, Any] = {
        "place": f"place {int(one * _PLACES)}",
        "year": 1990 + int(two * _YEARS),
        "day": (_FIRST_DAY + timedelta(int(three * _DAYS))).isoformat(),
        "topics": [f"topic {int(at * TOPICS)}" for at in rng.random(rng.integers(1, 4)) ** 2],
        "people": [f"person {int(at * PEOPLE)}" for at in rng.random(rng.integers(1, 6)) ** 1.5],
    }
    return {name: value for name, value in values.items() if kept[FIELDS.index(name)]}
