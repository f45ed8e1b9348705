"""Slices: groups of queries, so that a gain in one and a loss in another do not hide each other.

    length     by the number of words between blanks: 1, 2, 3-4, 5-8, 9 and more
    anything   by the field of that name; a list puts a query into several slices

A query without the field is in the slice `(none)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.queries import NamedQuery

LENGTH: Final = "length"
NONE: Final = "(none)"
_LENGTHS: Final = ((1, 1, "1"), (2, 2, "2"), (3, 4, "3-4"), (5, 8, "5-8"), (9, None, "9+"))


class Slice(BaseModel):
    """A group of queries: `by` is the field, `label` the value that they share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    label: str
    queries: tuple[str, ...]


def slice_queries(queries: Sequence[NamedQuery], by: str) -> tuple[Slice, ...]:
    """Return the slices by `length` or by a field of the queries, in the order of their labels.

    Raise `InvalidConfig` where no query has the field.
    """
    groups: dict[str, list[str]] = {}
    for query in queries:
        for label in dict.fromkeys(_list_labels(query, by)):
            groups.setdefault(label, []).append(query.name)
    if set(groups) == {NONE} and by != LENGTH:
        names = sorted({name for query in queries for name in query.fields})
        raise InvalidConfig(
            f"no query has a field {by!r} to slice by; there is {', '.join([LENGTH, *names])}"
        )
    order = [label for _, _, label in _LENGTHS] if by == LENGTH else sorted(groups)
    labels = [label for label in order if label in groups and label != NONE]
    labels += [NONE] if NONE in groups else []
    return tuple(Slice(by=by, label=label, queries=tuple(groups[label])) for label in labels)


def _list_labels(query: NamedQuery, by: str) -> Iterator[str]:
    if by == LENGTH:
        words = len(query.text.split())
        yield next((name for low, high, name in _LENGTHS if low <= words <= (high or words)), NONE)
        return
    value = query.fields.get(by)
    values = value if isinstance(value, list) else [value]
    yield from (NONE if item is None or item == "" else str(item) for item in values or [None])
