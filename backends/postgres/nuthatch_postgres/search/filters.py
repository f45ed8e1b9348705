"""Filters: what passes is found in columns, and for phrases read by statements.

    reading = filters.begin(…, conditions)
    rows = await execute(*reading.statements)       in the trip of whatever else is read
    ids = reading.finish(rows)                      None without a condition

What passes is cached for the state. A search that will look at few documents may instead read the
headers of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from nuthatch import (
    Exists,
    Filter,
    Leaf,
    Mentions,
    PhraseField,
    Schema,
    document_from_header,
    matches_filter,
    values_by_field,
)
from nuthatch.postings import DocumentIds, leaves, readable
from nuthatch_postgres.client.pipeline import Rows, Statement
from nuthatch_postgres.queries import columns as column_queries
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import Caches, State
from nuthatch_postgres.search.columns import ColumnReading
from nuthatch_postgres.storage.packed_ids import Ids, unpack_ids

#: Whether each id passes filters.
Mask = npt.NDArray[np.bool_]


class Filters:
    """The filters of one index."""

    def __init__(self, statements: Statements, declared: Schema, caches: Caches) -> None:
        self._statements = statements
        self._declared = declared
        self.caches = caches
        self._places = {field.name: at for at, field in enumerate(declared.fields)}

    def begin(self, state: State, generation: int, filters: Sequence[Filter]) -> FilterReading:
        """Return what reads the ids that pass filters in a state."""
        return FilterReading(self, state, generation, filters)

    def begin_columns(self, state: State, generation: int, fields: Iterable[str]) -> ColumnReading:
        """Return what reads the columns of fields in a state."""
        return ColumnReading(self._statements, self.caches, state, generation, fields)

    def is_late(self, state: State, generation: int, filters: Sequence[Filter]) -> bool:
        """Return whether filters are better applied to few documents; note their use.

        They are where whole columns would be read for them, unless a search used the same before
        in this state.
        """
        if not filters or self.caches.filters.get(generation, _key(filters)) is not None:
            return False
        if any(map(self.is_on_phrases, leaves(filters))):
            return False
        fields = (leaf.field for leaf in leaves(filters))
        if self.begin_columns(state, generation, fields).is_cheap:
            return False
        caches = self.caches
        return not caches.enabled or not caches.filters.seen_before(generation, _key(filters))

    def headers(self, ids: Ids) -> Statement:
        """Return the statement that reads the headers of documents."""
        return Statement(self._statements(column_queries.HEADERS), (ids.tolist(),))

    def passing_headers(self, rows: Rows, filters: Sequence[Filter]) -> Ids:
        """Return the ids, ascending, of the documents that pass, given their headers."""
        passing = []
        for id_, header in rows:
            with readable(f"the stored document at chunk {id_}"):
                values = values_by_field(self._declared, document_from_header(header, ()))
            if all(matches_filter(self._declared, values, item) for item in filters):
                passing.append(id_)
        return np.array(sorted(passing), dtype=np.uint32)

    def is_on_phrases(self, leaf: Leaf) -> bool:
        """Return whether a condition is on a phrase field, of which there is no column."""
        return isinstance(self._declared.field(leaf.field), PhraseField)

    def phrase_statement(self, leaf: Leaf) -> Statement:
        """Return the statement that reads the documents which meet a condition on phrases."""
        # Its index is for one field, so the number is written into the statement.
        place = str(self._places[leaf.field])
        before, _, after = queries.HOLDING_PHRASES.replace("{field}", place).partition(
            "{condition}"
        )
        condition, values = self._phrase_condition(leaf)
        fill = self._statements
        # The plan of a substring depends on how many phrases hold it.
        prepare = False if self._is_substring(leaf) else None
        return Statement(fill(before) + condition + fill(after), values, prepare=prepare)

    def _is_substring(self, leaf: Leaf) -> bool:
        declared = self._declared.field(leaf.field)
        is_mention = isinstance(leaf, Mentions)
        return is_mention and isinstance(declared, PhraseField) and declared.match == "substring"

    def _phrase_condition(self, leaf: Leaf) -> tuple[bytes, list[object]]:
        if isinstance(leaf, Exists):
            return b"", []
        assert isinstance(leaf, Mentions)  # core refuses all others on a phrase field
        phrases = list(leaf.phrases)
        if not self._is_substring(leaf):
            return self._statements(queries.PHRASE), [phrases, phrases]
        # A normalized phrase holds letters, digits and blanks: nothing that has a meaning to LIKE.
        likes = b" OR ".join([b"entity.text LIKE %s"] * len(phrases))
        return b" AND (" + likes + b")", [f"%{phrase}%" for phrase in phrases]


class FilterReading:
    """Reads what passes some filters in one state."""

    def __init__(
        self, filters: Filters, state: State, generation: int, conditions: Sequence[Filter]
    ) -> None:
        self._caches = filters.caches
        self._generation = generation
        self._conditions = conditions
        self._phrases: dict[Leaf, Ids | None] = {}
        self._columns: ColumnReading | None = None
        self.statements: list[Statement] = []
        self._ids = self._caches.filters.get(generation, _key(conditions)) if conditions else None
        if self._ids is None and conditions:
            distinct = dict.fromkeys(leaves(conditions))
            self._phrases = {
                leaf: self._caches.filters.get(generation, repr(leaf))
                for leaf in distinct
                if filters.is_on_phrases(leaf)
            }
            fields = (leaf.field for leaf in distinct if leaf not in self._phrases)
            self._columns = filters.begin_columns(state, generation, fields)
            self.statements = [
                *(filters.phrase_statement(leaf) for leaf in self._unread()),
                *self._columns.statements,
            ]

    def _unread(self) -> Iterator[Leaf]:
        return (leaf for leaf, ids in self._phrases.items() if ids is None)

    def finish(self, rows: Sequence[Rows]) -> Ids | None:
        """Return the ids of the chunks that pass all filters, given the rows of the statements.

        Return None where there is no filter.
        """
        if self._columns is None:
            return self._ids
        unread = list(self._unread())
        for leaf, answer in zip(unread, rows, strict=False):
            self._phrases[leaf] = ids = decode_ids(answer)
            self._caches.filters.put(self._generation, repr(leaf), ids)
        columns = self._columns.finish(rows[len(unread) :])
        columns = columns.with_leaves(
            {leaf: _mask(columns.documents, ids) for leaf, ids in self._phrases.items()}
        )
        ids = columns.documents.chunks_of(columns.passing(self._conditions))
        self._caches.filters.put(self._generation, _key(self._conditions), ids)
        return ids

    def finish_mask(self, rows: Sequence[Rows]) -> Mask | None:
        """Return what `finish` does as a mask, which suits a search of many short lists."""
        key = _key(self._conditions)
        mask = self._caches.masks.get(self._generation, key)
        ids = self.finish(rows)
        if mask is None and ids is not None:
            mask = np.zeros(int(ids[-1]) + 1 if ids.size else 1, dtype=np.bool_)
            mask[ids] = True
            self._caches.masks.put(self._generation, key, mask)
        return mask


def _mask(documents: DocumentIds, ids: Ids | None) -> Mask:
    """Return which documents are among some, by ordinal."""
    assert ids is not None  # all are read
    mask = np.zeros(len(documents), dtype=np.bool_)
    mask[documents.ordinals_of(ids)] = True
    return mask


def _key(filters: Iterable[Filter]) -> str:
    return repr([*dict.fromkeys(filters)])


def decode_ids(rows: Rows) -> Ids:
    """Return the ids that a statement has read, ascending."""
    with readable("a list of ids"):
        return np.sort(unpack_ids(rows[0][0]))
