"""`Snapshot`: one committed state of an index, held open by the cluster as a point in time.

    marker ──▶ open a point in time ──▶ generation ── the marker's? ──▶ a snapshot
                                              └─ another: once more

A batch is stored before its marker, and what it replaces is deleted after it. So a point in time
that was opened between two readings of the same generation holds the whole of that state. The
second reading rides with the first search. While it stays, all searches share one snapshot.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nuthatch import BackendUnavailable, IndexNotFound
from nuthatch_opensearch import query
from nuthatch_opensearch.catalog import Catalog
from nuthatch_opensearch.channel import Channel
from nuthatch_opensearch.client import Request
from nuthatch_opensearch.failure import interpret, is_over, late
from nuthatch_opensearch.marker import Marker, Stored
from nuthatch_opensearch.schema import MARKER

if TYPE_CHECKING:
    from nuthatch.postings import Vocabulary

#: A search as OpenSearch reads it.
Body = dict[str, Any]

#: Points in time that are not read any more and wait for being closed, at most.
_RETIRED: Final = 8
#: Seconds for which a reader waits for what another one opens.
_SHARED: Final = 1.0
#: Seconds between two looks. An interrupt can leave a lock taken, so nobody waits at one.
_POLL: Final = 0.002


@dataclass(slots=True, eq=False)
class Snapshot:
    """A state, by its marker and the id of its point in time.

    `has_later` tells whether there may be chunks of batches after its own, which its searches must
    leave out: the first one finds out. `readers` are those who read it; `catalogs` holds what
    documents have in titles and fields, once that was read; `counts` the document frequencies of
    tokens that the dictionary was asked for.
    """

    marker: Marker
    point: str
    has_later: bool = True
    readers: dict[object, None] = field(default_factory=dict)
    catalogs: list[Catalog] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def visible(self) -> list[query.Query]:
        """The conditions that the chunks of this state meet, and no others."""
        return query.visible(self.marker, has_later=self.has_later)


class Dictionary(NamedTuple):
    """The surface words of a state; states before it, of the same epoch, have no others."""

    marker: Marker
    words: Vocabulary


@dataclass(slots=True, eq=False)
class Opening:
    """A snapshot that is being opened: `done` gets it, or None where that fails."""

    done: list[Snapshot | None] = field(default_factory=list)


class Snapshots:
    """The snapshots of one index: the newest, and those that are still read or to be closed."""

    def __init__(self, alias: str, place: str, shards: int, keep_alive: int) -> None:
        self.alias = alias
        self.place = place
        #: With one shard its own statistics are those of all.
        self._search_type = "dfs_query_then_fetch" if shards > 1 else "query_then_fetch"
        self._keep_alive = f"{keep_alive}s"
        self.newest: Snapshot | None = None
        #: The catalog of the latest state that was read: the next one is made from it.
        self.latest_catalog: Catalog | None = None
        #: The words of the latest state in which they were read.
        self.latest_words: Dictionary | None = None
        self._retired: deque[Snapshot] = deque()
        #: What a reader is opening just now, for others that want the same.
        self._opening: dict[str, Opening] = {}

    async def open(self, channel: Channel, deadline: float | None) -> tuple[Snapshot, bool]:
        """Return a snapshot of a state that may have passed already; the next search tells. And
        whether it was opened here: those who ask while another one opens it get the same."""
        await self.close_retired(channel, deadline=deadline)  # of searches that failed
        own = Opening()
        opening = self._opening.setdefault("newest", own)
        if opening is not own:
            shared = await self._share(channel, opening, deadline)
            if shared is not None:
                return shared, False
        snapshot = None
        try:
            snapshot = await self._open(channel, deadline)
        finally:
            own.done.append(snapshot)
            self._end_opening(own)
        return snapshot, True

    async def _share(
        self, channel: Channel, opening: Opening, deadline: float | None
    ) -> Snapshot | None:
        """Return what another reader opens; None where it fails, or an interrupt has ended it."""
        ends = monotonic() + _SHARED
        if deadline is not None:
            ends = min(ends, deadline)
        while not opening.done and monotonic() < ends:
            await channel.pause(_POLL)
        self._end_opening(opening)
        return opening.done[0] if opening.done else None

    def _end_opening(self, opening: Opening) -> None:
        if self._opening.get("newest") is opening:
            self._opening.pop("newest", None)

    async def _open(self, channel: Channel, deadline: float | None) -> Snapshot:
        marker = await self.read_marker(channel, deadline)
        answer = await channel.send(
            Request(
                "POST",
                f"/{self.alias}/_search/point_in_time",
                {"keep_alive": self._keep_alive, "allow_partial_pit_creation": "false"},
                deadline=deadline,
            )
        )
        return Snapshot(marker, answer["pit_id"])

    async def read_marker(self, channel: Channel, deadline: float | None) -> Marker:
        """Return the newest marker, also where no search sees it yet."""
        marker = await self.find_marker(channel, deadline)
        if marker is None:
            raise IndexNotFound(
                f"{self.place} is being made, or its making was interrupted; create it"
            )
        return marker

    async def find_marker(self, channel: Channel, deadline: float | None = None) -> Marker | None:
        """Return the newest marker; None where the index is not made yet."""
        path = f"/{self.alias}/_doc/{MARKER}"
        params = {"preference": "_primary"}
        answer = await channel.send(Request("GET", path, params, deadline=deadline, ignore=(404,)))
        if "error" in answer:
            raise interpret(404, answer["error"], self.place, deadline)
        if not answer["found"]:
            return None
        stored = Stored(answer["_seq_no"], answer["_primary_term"])
        return Marker.from_json(answer["_source"][MARKER], stored)

    async def search(
        self,
        channel: Channel,
        snapshot: Snapshot,
        bodies: Sequence[Body],
        deadline: float | None,
        *,
        marked: bool,
    ) -> tuple[int | None, list[Body]]:
        """Return the answers to searches of a snapshot, made in one request.

        With `marked` the newest generation comes first. Raise where any part of an answer is
        missing.
        """
        lines = [*self._generation_lines()] if marked else []
        looks = marked and snapshot.has_later
        if looks:
            later = query.later(snapshot.marker)
            body = {"query": later, "size": 0, "track_total_hits": True, "terminate_after": 1}
            lines += self._search_lines(body, snapshot, deadline)
        for body in bodies:
            lines += self._search_lines(body, snapshot, deadline)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        params = {"max_concurrent_searches": len(lines) // 2}
        answer = await channel.send(Request("POST", "/_msearch", params, text, deadline))
        answers = answer["responses"]
        for one in answers:
            self._check(one, deadline)
        if not marked:
            return None, answers
        found = answers[0]["aggregations"]["generation"]["value"]
        generation = None if found is None else int(found)
        if not looks:
            return generation, answers[1:]
        if not answers[1]["hits"]["total"]["value"]:
            snapshot.has_later = False
        return generation, answers[2:]

    async def search_parts(
        self, channel: Channel, snapshot: Snapshot, body: Body, deadline: float | None
    ) -> Body:
        """Return the answer to a search that gives the scores of its named parts.

        Only a request for one search can ask for them.
        """
        head, search = self._search_lines(body, snapshot, deadline)
        params = {"include_named_queries_score": "true", "search_type": head["search_type"]}
        answer: Body = await channel.send(
            Request(
                "POST",
                "/_search",
                {**params, "allow_partial_search_results": "false"},
                json.dumps(search),
                deadline,
            )
        )
        self._check(answer, deadline)
        return answer

    def _generation_lines(self) -> Iterator[Body]:
        # An id is its own routing, so one shard is looked at; and it keeps the answer, as there is
        # no hit in it, until something is written there.
        yield {"index": self.alias, "routing": MARKER, "allow_partial_search_results": False}
        generation = {"max": {"field": "generation"}}
        yield {"size": 0, "track_total_hits": False, "aggs": {"generation": generation}}

    def _search_lines(
        self, body: Body, snapshot: Snapshot, deadline: float | None
    ) -> Iterator[Body]:
        yield {"search_type": self._search_type, "allow_partial_search_results": False}
        point = {"id": snapshot.point, "keep_alive": self._keep_alive}
        timeout = {}
        if deadline is not None:
            timeout["timeout"] = f"{find_milliseconds(deadline, self.place)}ms"
        yield {"pit": point, "track_total_hits": False, **timeout, **body}

    def _check(self, answer: Body, deadline: float | None) -> None:
        """Raise for an answer that is an error, or a part of one."""
        if "error" in answer:
            raise interpret(answer["status"], answer["error"], self.place, deadline)
        if answer["timed_out"]:
            raise late(self.place)
        shards = answer["_shards"]
        if shards["successful"] < shards["total"] or shards["failed"]:
            raise BackendUnavailable(
                f"{self.place} has answered from {shards['successful']} of {shards['total']} "
                "shards; try again, and look at the health of the cluster",
                transient=True,
            )

    def keep(self, snapshot: Snapshot) -> None:
        """Make a snapshot the newest one."""
        before = self.newest
        if before is not snapshot:
            self.newest = snapshot
            if before is not None:
                self._leave(before)

    def keep_catalog(self, catalog: Catalog) -> None:
        """Keep the catalog of a state, unless that of a later one is here."""
        latest = self.latest_catalog
        if latest is None or latest.marker.generation < catalog.marker.generation:
            self.latest_catalog = catalog

    def keep_words(self, words: Dictionary) -> None:
        """Keep the words of a state, unless those of a later one are here."""
        latest = self.latest_words
        if latest is None or latest.marker.generation < words.marker.generation:
            self.latest_words = words

    def retire(self, snapshot: Snapshot) -> None:
        """Leave a snapshot of a state that has passed; it is closed sooner or later."""
        if snapshot not in self._retired:  # several readers find out
            self.forget(snapshot)
            self._leave(snapshot)

    def _leave(self, snapshot: Snapshot) -> None:
        self._retired.append(snapshot)
        if not snapshot.readers:
            snapshot.catalogs.clear()

    def release(self, snapshot: Snapshot, reader: object) -> None:
        """Have a reader leave a snapshot; nobody else comes to one that is not the newest."""
        snapshot.readers.pop(reader, None)
        if not snapshot.readers and snapshot is not self.newest:
            snapshot.catalogs.clear()

    def forget(self, snapshot: Snapshot) -> None:
        """Leave a snapshot that the cluster does not keep any more."""
        if self.newest is snapshot:
            self.newest = None

    async def close_retired(
        self, channel: Channel, at_least: int = _RETIRED, deadline: float | None = None
    ) -> None:
        """Have the cluster close what nobody reads any more, once there is enough of it."""
        if len(self._retired) < at_least:
            return
        points = []
        for snapshot in list(self._retired):
            if not snapshot.readers:
                with suppress(ValueError):  # another thread was faster
                    self._retired.remove(snapshot)
                    points.append(snapshot.point)
        if points:
            await channel.send(close_points(points, deadline))

    def take_points(self) -> list[str]:
        """Return the ids of all points in time, which nobody reads any more."""
        snapshots = [*self._retired, *([self.newest] if self.newest else [])]
        self._retired.clear()
        self._opening.clear()
        self.newest = None
        return [snapshot.point for snapshot in snapshots]


def close_points(points: Sequence[str], deadline: float | None = None) -> Request:
    """Return the request that closes points in time; those that are gone are no error."""
    body = json.dumps({"pit_id": list(points)})
    path = "/_search/point_in_time"
    return Request("DELETE", path, body=body, deadline=deadline, ignore=(404,))


def find_milliseconds(deadline: float, place: str) -> int:
    """Return how much of the time of a search is left. Raise `QueryTimeout` if nothing."""
    if is_over(deadline):
        raise late(place)
    return max(1, int((deadline - monotonic()) * 1000))
