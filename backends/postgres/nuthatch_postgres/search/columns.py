"""Columns of fields in one state: first their statements, which share a trip, then their rows.

    reading = ColumnReading(…, ["year"])
    rows = await execute(*reading.statements)       none where all is kept
    columns = reading.finish(rows)

What is kept is brought to a later state by what the writes between have logged. The log names each
write, so none is missed: a write with lower ids may become visible after one with higher ids. After
a compaction columns are read from their blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nuthatch.postings import (
    ArrayColumns,
    LoggedBatch,
    LoggedColumns,
    readable,
)
from nuthatch_postgres.client.pipeline import Rows, Statement
from nuthatch_postgres.queries import columns as queries
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.search.cache import Caches, State
from nuthatch_postgres.storage.column_blocks import unpack_keywords
from nuthatch_postgres.storage.packed_ids import Ids, unpack_ids


class StoredColumns:
    """What was read of stored columns, for a `ColumnStore`."""

    def __init__(self, caches: Caches, state: State, generation: int) -> None:
        self.state = generation
        self._caches = caches
        self._current = state
        self.rows: dict[str, Rows] = {}
        #: The writes that each state lacks which this one follows. They are found once, before the
        #: trip: while it lasts, other readers may replace what is kept.
        self.unseen: dict[int, list[int]] = {}
        self._logs: dict[int | None, LoggedColumns] = {}

    def follows(self, since: int) -> bool:
        before = self._caches.columns_state.get(since)
        writes = None if before is None else self._current.writes_since(before)
        if writes is None:
            return False
        self.unseen[since] = writes
        return True

    def keep_state(self) -> None:
        """Keep the state itself beside its columns."""
        self._caches.columns_state.put(self.state, self._current)

    def read_blocks(self, place: int, since: int | None) -> Iterable[tuple[int, bytes]]:
        if since is not None:
            return ()  # blocks are written by compactions alone
        return [row[1:] for row in self.rows.get(queries.BLOCKS, []) if row[0] == place]

    def read_log(self, since: int | None) -> LoggedColumns:
        log = self._logs.get(since)
        if log is None:
            wanted = None if since is None else {*self.unseen[since]}
            rows = self.rows.get(queries.LOG) or self.rows.get(queries.SOME_LOG) or []
            blobs = [data for write, data in rows if wanted is None or write in wanted]
            log = LoggedColumns([*map(LoggedBatch.unpack, blobs)], self._current.deleted)
            self._logs[since] = log
        return log

    def read_texts(self, place: int, codes: Sequence[int] | None) -> Sequence[str]:
        return unpack_keywords(
            row[1] for row in self.rows.get(queries.KEYWORDS, []) if row[0] == place
        )

    def read_uri_order(self) -> Ids:
        return unpack_ids(self.rows[queries.URI_ORDER][0][0])


class ColumnReading:
    """Reads the columns of fields, as far as they are not kept."""

    def __init__(
        self,
        statements: Statements,
        caches: Caches,
        state: State,
        generation: int,
        fields: Iterable[str],
    ) -> None:
        self._store = caches.columns
        self._fields = list(dict.fromkeys(fields))
        self._source = StoredColumns(caches, state, generation)
        self._request = self._store.request(self._source, self._fields)
        self._texts: list[str] = []
        self.statements: list[Statement] = []
        for text, values in self._wanted(state):
            self._texts.append(text)
            self.statements.append(Statement(statements(text), values))

    def _wanted(self, state: State) -> Iterable[tuple[str, Sequence[object]]]:
        request = self._request
        if request.whole:
            yield queries.BLOCKS, (request.whole,)
            yield queries.KEYWORDS, (request.whole,)
            if state.writes:
                yield queries.LOG, ()
        elif request.changed and request.since is not None:
            writes = self._source.unseen[request.since]
            if writes:
                yield queries.SOME_LOG, (writes,)
        if request.uris:
            yield queries.URI_ORDER, ()

    @property
    def is_cheap(self) -> bool:
        """Whether no column is read whole."""
        return not self._request.whole

    def finish(self, rows: Sequence[Rows]) -> ArrayColumns:
        """Return the columns, given the rows of the statements."""
        self._source.rows = dict(zip(self._texts, rows, strict=True))
        with readable("the columns of the fields"):
            columns = self._store.read(self._source, self._fields, self._request)
        self._source.keep_state()
        return columns
