"""`SnapshotReader`: a reader's snapshot, and searches in it.

The first search of a reader finds the snapshot: the newest, unless its marker has changed. All that
follow are made in the same one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nuthatch import BackendUnavailable, Schema
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.channel import Channel
from nuthatch_opensearch.failure import SnapshotLost
from nuthatch_opensearch.marker import Marker
from nuthatch_opensearch.snapshot import Body, Snapshot, Snapshots

#: Names a chunk: its place in document order.
Key = int

#: Hits of one answer at most.
PAGE: Final = 10_000
#: Document order.
ORDER: Final = [{"seq": "asc"}]
#: Parts of a catalog in the first answer, and letters that later ones aim at.
_FIRST_PARTS: Final = 20
_LETTERS: Final = 4_000_000
#: Snapshots that a reader opens until one is not outdated by writers meanwhile.
_TRIES: Final = 100


@dataclass(slots=True)
class Page:
    """One answer of several to the same search: the hits after those before, so many at most."""

    search: Callable[[Snapshot], Body]
    after: Body
    left: int | None
    size: int = 0

    def make(self, snapshot: Snapshot) -> list[Body]:
        """Return the search in a snapshot."""
        body = {**self.search(snapshot), **self.after}
        if self.left is not None:
            body["size"] = min(body["size"], self.left)
        self.size = body["size"]
        return [body]


class SnapshotReader:
    """A reader over a channel: its coroutines wait only as far as the channel does."""

    def __init__(
        self, channel: Channel, snapshots: Snapshots, declared: Schema, deadline: float | None
    ) -> None:
        self._channel = channel
        self._snapshots = snapshots
        self.schema = declared
        self._columns = schema.find_columns(declared)
        self._deadline = deadline
        self.place = snapshots.place
        self._snapshot: Snapshot | None = None

    def release(self) -> None:
        """Read no more."""
        if self._snapshot is not None:
            self._snapshots.release(self._snapshot, self)

    async def _search(self, make: Callable[[Snapshot], Sequence[Body]]) -> list[Body]:
        """Return the answers to searches in this reader's snapshot, in one request.

        The first call finds the snapshot: the newest, unless its marker has changed.
        """
        if self._snapshot is not None:
            return (await self._send(self._snapshot, make(self._snapshot), marked=False))[1]
        snapshots = self._snapshots
        snapshot, is_own = snapshots.newest, False
        for _ in range(_TRIES):
            if snapshot is None:
                snapshot, is_own = await snapshots.open(self._channel, self._deadline)
            snapshot.readers[self] = None
            try:
                generation, answers = await self._send(snapshot, make(snapshot), marked=True)
            except BaseException as error:
                snapshot.readers.pop(self, None)
                if is_own:  # perhaps nobody else knows it, so nobody else would close it
                    snapshots.retire(snapshot)
                # If a fresh one is lost, so was a node just now: it takes a while until all know.
                if is_own or not isinstance(error, SnapshotLost):
                    raise
                snapshot = None
                continue
            if generation == snapshot.marker.generation:
                snapshots.keep(snapshot)
                self._snapshot = snapshot
                await snapshots.close_retired(self._channel)
                return answers
            snapshot.readers.pop(self, None)
            snapshots.retire(snapshot)
            # Another reader may have opened a later one meanwhile.
            before, snapshot = snapshot, snapshots.newest
            if snapshot is before:
                snapshot = None
            is_own = False
        raise BackendUnavailable(
            f"{self.place} is written faster than it can be read; try again", transient=True
        )

    async def _send(
        self, snapshot: Snapshot, bodies: Sequence[Body], *, marked: bool
    ) -> tuple[int | None, list[Body]]:
        try:
            return await self._snapshots.search(
                self._channel, snapshot, bodies, self._deadline, marked=marked
            )
        except SnapshotLost:
            self._snapshots.forget(snapshot)
            raise

    async def bind(self) -> Snapshot:
        """Return the snapshot of this reader."""
        if self._snapshot is None:
            await self._search(lambda _: [])
        assert self._snapshot is not None  # found, or an error was raised
        return self._snapshot

    async def _pages(
        self, make: Callable[[Snapshot], Body], limit: int | None = None
    ) -> AsyncIterator[list[Body]]:
        """Yield the hits of a search, one answer after another, each as large as `make` says."""
        after: dict[str, Any] = {}
        found = 0
        while limit is None or found < limit:
            page = Page(make, after, None if limit is None else limit - found)
            (answer,) = await self._search(page.make)
            hits = answer["hits"]["hits"]
            if hits:
                yield hits
            if len(hits) < page.size:
                return
            found += len(hits)
            after = {"search_after": hits[-1]["sort"]}

    async def _places(self, conditions: Sequence[query.Query], of: str = "seq") -> list[Key]:
        """Return the keys of chunks, in document order; with `of="first"` those of the first chunks
        of their documents. Nothing that is stored is read."""
        found: list[Key] = []
        order = ORDER if of == "seq" else [*ORDER, {of: "asc"}]
        async for page in self._pages(
            lambda snapshot: {
                "query": query.all_of([*snapshot.visible, *conditions]),
                "size": PAGE,
                "sort": order,
                "stored_fields": "_none_",
            }
        ):
            found += [hit["sort"][-1] for hit in page]
        return found

    async def _parts(self, kind: str, since: Marker | None) -> AsyncIterator[str]:
        """Yield the contents of parts of the catalog, in the order of batches; with `since`, of
        those that were committed after that marker."""
        size = _FIRST_PARTS

        def make(snapshot: Snapshot) -> Body:
            return {
                "query": query.all_of([*snapshot.visible, *query.parts_since(kind, since)]),
                "size": size,
                "sort": [{"place": "asc"}],
                "_source": [schema.CATALOG],
            }

        async for page in self._pages(make):
            contents = [hit["_source"][schema.CATALOG] for hit in page]
            for content in contents:
                yield content
            mean = sum(map(len, contents)) / len(contents) + 200
            size = max(1, min(PAGE, int(_LETTERS / mean)))
