"""Batches that are logged beside the blocks of columns: packed, read, and followed in any order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import AnyOf, DateField, IntegerField, KeywordField, NumberField, Range, Schema
from nuthatch.contract.facet import SortKey
from nuthatch.postings import (
    UNREADABLE,
    ColumnStore,
    LoggedBatch,
    LoggedColumns,
    compress_text,
)

SCHEMA = Schema(
    fields=(
        KeywordField("tags"),
        IntegerField("year"),
        NumberField("price"),
        DateField("day"),
    )
)
FIELDS = [field.name for field in SCHEMA.fields]
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "tags": st.sampled_from(["", "a", "b", "é", "\U0001f426"]),
    "year": st.sampled_from([-(2**63), 0, 7, 2**63 - 1]),
    "price": st.sampled_from([-1.5, 0.1, 1e300]),
    "day": st.sampled_from(["0001-01-01", "2024-02-29"]),
}


@st.composite
def batches(draw: st.DrawFn) -> list[LoggedBatch]:
    """Batches of which each reserves ids above those of the batches before."""
    found, following = [], 1
    for _ in range(draw(st.integers(1, 6))):
        numbered = []
        for _ in range(draw(st.integers(1, 4))):
            values = [
                (name, value)
                for name in FIELDS
                for value in draw(st.lists(VALUES[name], max_size=3))
            ]
            chunks = draw(st.integers(1, 3))
            numbered.append((following, SimpleNamespace(chunks=[0] * chunks, values=values)))
            following += chunks
        places = {name: place for place, name in enumerate(FIELDS)}
        found.append(LoggedBatch.of(numbered, places))  # type: ignore[arg-type]
    return found


class LogSource:
    """A state that has seen some batches, and in which some documents are removed."""

    def __init__(self, state: int, seen: Mapping[int, LoggedBatch], gone: Sequence[int]) -> None:
        self.state = state
        self.seen = seen
        self.gone = np.array(sorted(gone), dtype=np.uint32)
        self.states: dict[int, set[int]] = {}

    def follows(self, since: int) -> bool:
        return self.states.get(since, {-1}) <= self.seen.keys()

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        return ()

    def read_log(self, since: int | None) -> LoggedColumns:
        known = set() if since is None else self.states[since]
        unseen = [batch for write, batch in self.seen.items() if write not in known]
        return LoggedColumns(unseen, self.gone)

    def read_texts(self, place: int, codes: Sequence[int] | None) -> Mapping[int, str]:
        return {}

    def read_uri_order(self) -> Any:
        raise AssertionError("no order of uris is asked for")


def answers(store: ColumnStore, source: LogSource) -> list[Any]:
    columns = store.read(source, FIELDS)
    documents = columns.documents
    keys = documents.chunks_of(documents.live)
    order = [SortKey("day", True), SortKey("tags", False)]
    return [
        keys.tolist(),
        *(columns.count_values(keys, name, 9) for name in FIELDS),
        columns.select(keys, [Range("year", gte=0)]).tolist(),
        documents.ids[columns.passing([AnyOf("tags", ("a", "é"))])].tolist(),
        columns.sort(keys, order, 5),
    ]


@given(batches(), st.data())
def test_what_is_kept_follows_batches_in_whatever_order_they_appear(
    written: list[LoggedBatch], data: st.DataObject
) -> None:
    """Ids are reserved before a batch is committed, so a lower one may become visible later."""
    store = ColumnStore(SCHEMA, 2**20)
    order = data.draw(st.permutations(range(len(written))))
    seen: dict[int, LoggedBatch] = {}
    gone: list[int] = []
    states: dict[int, set[int]] = {}
    for state, write in enumerate(order):
        seen = seen | {write: LoggedBatch.unpack(written[write].pack())}
        visible = [id_ for batch in seen.values() for id_ in batch.ids]
        gone = [*gone, *data.draw(st.lists(st.sampled_from(visible), max_size=2))]
        source = LogSource(state, seen, gone)
        source.states = states
        assert answers(store, source) == answers(ColumnStore(SCHEMA, 0), source)
        states[state] = {*seen}


def test_a_batch_that_is_none_is_unreadable() -> None:
    for text in ("", "[]", "[[1],[1],[]]", '[["x"],[1],{}]', "[[1,2],[1],{}]"):
        with pytest.raises(UNREADABLE):
            LoggedBatch.unpack(compress_text(text))
    with pytest.raises(UNREADABLE):
        LoggedBatch.unpack(b"no frame")
