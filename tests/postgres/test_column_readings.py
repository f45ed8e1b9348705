"""Readings of columns that overlap, over a stand-in for the server: each has its own state."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from nuthatch import IntegerField, Schema
from nuthatch.postings import LoggedBatch
from nuthatch_postgres.client.pipeline import Rows, Statement
from nuthatch_postgres.queries import columns as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import Caches, State
from nuthatch_postgres.search.columns import ColumnReading

SCHEMA: Final = Schema(fields=(IntegerField("number"),))
STATEMENTS: Final = Statements("nuthatch_a")
WRITES: Final = range(1, 200)


def state_after(writes: Sequence[int]) -> State:
    """Return the state in which these writes are committed; each added the document of its id."""
    packed = struct.pack(f">{len(writes)}q", *sorted(writes))
    counts = len(writes), len(writes), len(writes)
    gone = np.zeros(0, dtype=np.uint32)
    return State(*counts, 1, 1.0, packed, gone, len(WRITES) + 1, sha256(packed).digest())


class Reading:
    """One reading of the field in a state, from its statements to its columns."""

    def __init__(self, caches: Caches, writes: Sequence[int]) -> None:
        self.writes = sorted(writes)
        state = state_after(writes)
        generation = caches.record(state)
        self._reading = ColumnReading(STATEMENTS, caches, state, generation, ["number"])
        self.is_cheap = self._reading.is_cheap
        self.logged = self._rows_of_log(self._reading.statements)

    def _rows_of_log(self, statements: Sequence[Statement]) -> list[int]:
        """Return the writes whose rows are read."""
        for sql, values, _ in statements:
            if sql == STATEMENTS(queries.LOG):
                return self.writes
            if sql == STATEMENTS(queries.SOME_LOG):
                assert not isinstance(values, Mapping)
                return [*values[0]]
        return []

    def finish(self) -> tuple[list[int], list[int]]:
        """Return the documents, and those with a number, as the columns have them."""
        rows: list[Rows] = [
            [(write, pack(write)) for write in self.logged] if b"batch_log" in sql else []
            for sql, _, _ in self._reading.statements
        ]
        columns = self._reading.finish(rows)
        ids = columns.documents.ids.tolist()
        return ids, [ids[ordinal] for ordinal, _ in columns.pairs("number")]


def pack(write: int) -> bytes:
    return LoggedBatch([write], [1], {0: ([0], [write])}).pack()


#: (n, None): another handle has written n times, and each state is seen; (n, at): a reading begins,
#: and ends after the `at` next steps.
STEPS: Final = st.lists(st.tuples(st.integers(1, 20), st.none() | st.integers(0, 4)), max_size=8)


@given(STEPS, st.randoms(use_true_random=False))
@example([(1, 0), (1, 1), (15, None)], None)
def test_a_reading_has_its_state_whatever_others_see_meanwhile(
    steps: list[tuple[int, int | None]], random: Any
) -> None:
    """Writes become visible in any order; readings end in any."""
    order = [*WRITES]
    if random is not None:
        random.shuffle(order)
    caches = Caches(10**8, SCHEMA)
    seen = 0
    open_: list[tuple[int, Reading]] = []
    for at, (number, lasts) in enumerate([*steps, *[(1, 0)] * 5]):
        for _ in range(number):
            seen += 1
            caches.record(state_after(order[:seen]))
        if lasts is not None:
            open_.append((at + lasts, Reading(caches, order[:seen])))
        for ends, reading in [*open_]:
            if ends <= at:
                open_.remove((ends, reading))
                assert reading.finish() == (reading.writes, reading.writes)


def test_a_reading_costs_the_writes_since_the_last_one_however_many_states_were_seen() -> None:
    caches = Caches(10**8, SCHEMA)
    Reading(caches, [1]).finish()
    for number in range(2, 100):
        caches.record(state_after(range(1, number)))
    reading = Reading(caches, range(1, 100))
    assert reading.is_cheap
    assert reading.logged == [*range(2, 100)]
    assert reading.finish() == (reading.writes, reading.writes)
    assert Reading(caches, range(1, 100)).logged == []


def test_a_reading_that_failed_leaves_what_was_kept_of_use() -> None:
    caches = Caches(10**8, SCHEMA)
    Reading(caches, [1]).finish()
    Reading(caches, [1, 2])  # its trip fails: it has no end
    reading = Reading(caches, [1, 2, 3])
    assert (reading.is_cheap, reading.logged) == (True, [2, 3])
    assert reading.finish() == ([1, 2, 3], [1, 2, 3])
