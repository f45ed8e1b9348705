"""What an index answers through `matching` and `columns`, in terms that all engines share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from nuthatch import ColumnReader, Filter, LexicalBackend, PhraseField, Range, Rung, SortKey


def answer_by_columns(
    index: LexicalBackend,
    rung: Rung | None,
    filters: Sequence[Filter],
    more: Sequence[Filter],
    order: Sequence[SortKey],
    limit: int = 5,
) -> dict[str, Any]:
    """Return totals, facets, ranges, selections and orders; chunks by their place, not their key.

    `filters` act before the match, `more` on the columns. A reader is taken as it is, so what core
    makes of it plays no part.
    """
    fields = [field.name for field in index.schema.fields if not isinstance(field, PhraseField)]
    with index.reader() as plain_reader:
        reader = cast(ColumnReader, plain_reader)
        columns = reader.columns([*fields, ""])
        keys = reader.matching(rung, filters)

        def places(chosen: Any) -> list[tuple[str, int] | None]:
            stored = reader.fetch([int(key) for key in chosen], False)
            return [None if row is None else (row.uri, row.chunk_idx) for row in stored]

        return {
            "matching": places(keys),
            "total": columns.count(keys),
            "facets": {name: columns.count_values(keys, name, limit) for name in fields},
            "ranges": columns.count_ranges(keys, [f for f in more if isinstance(f, Range)]),
            "selected": places(columns.select(keys, more)),
            "sorted": places(columns.sort(keys, order, limit)),
            "collapsed": places(columns.sort(keys, order, limit, collapse=True)),
        }
