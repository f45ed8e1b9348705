"""`OpenSearchBackend`: opens an index, gives readers, serializes the writers of a process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from threading import get_ident
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar
from uuid import uuid4

from nuthatch import (
    AnalyzedBatch,
    Analyzer,
    BackendUnavailable,
    Create,
    Document,
    Durability,
    IndexExists,
    IndexInfo,
    IndexLocked,
    IndexMetadata,
    IndexNotFound,
    Lease,
    Leases,
    LexicalBackend,
    PlannedSearch,
    Results,
    Schema,
    WriteOutcome,
    corpus_fingerprint,
    run_blocking,
)
from nuthatch.postings import UNREADABLE, ForkAware, watch_forks
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.blocking import OpenSearchReader
from nuthatch_opensearch.channel import AwaitedChannel, BlockingChannel, Channel
from nuthatch_opensearch.check import find_problems
from nuthatch_opensearch.client import Client, Request
from nuthatch_opensearch.compaction import Compaction
from nuthatch_opensearch.config import OpenSearchConfig
from nuthatch_opensearch.failure import Conflict
from nuthatch_opensearch.marker import ABANDONED, Marker
from nuthatch_opensearch.plugin import SPEC
from nuthatch_opensearch.read import OpenSearchAsyncReader
from nuthatch_opensearch.snapshot import Snapshots, close_points
from nuthatch_opensearch.write import Writer

T = TypeVar("T")
#: Seconds before a read that the cluster could not answer is made again: the first time, at most.
_PAUSE: Final = 0.05
_LONGEST: Final = 1.0
#: How much longer each pause is: what is there again is read at most so much later.
_GROWTH: Final = 1.5


class Place(NamedTuple):
    """Where an index is: its name in the cluster, the alias of its handles, and what it records."""

    name: str
    alias: str
    metadata: str
    shards: int


class ReaderLease:
    """A reader for the length of a block. A class: a generator would lose it to an interrupt."""

    def __init__(self, reader: OpenSearchAsyncReader) -> None:
        self._reader = reader

    def __enter__(self) -> OpenSearchReader:
        return OpenSearchReader(self._reader)

    async def __aenter__(self) -> OpenSearchAsyncReader:
        return self._reader

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.release()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.release()


class OpenSearchBackend(LexicalBackend, ForkAware):
    """An index of a cluster. Threads, event loops and forked processes may share it."""

    spec = SPEC
    config: OpenSearchConfig

    def __init__(
        self,
        config: OpenSearchConfig,
        client: Client,
        place: Place,
        record: IndexMetadata,
        analyzer: Analyzer,
    ) -> None:
        super().__init__(config, record.schema, analyzer)
        self._client = client
        self._index = place
        self._snapshots = _make_snapshots(config, place)
        self._writer = Writer(config, client, self._snapshots, record.schema)
        self._turns = Leases(1)  # of those who write
        self._forking: Lease | None = None  # of a fork that keeps others from writing
        watch_forks(self)

    # Opening

    @classmethod
    def open(
        cls, config: OpenSearchConfig, *, create: Create, schema: Schema | None
    ) -> Self | None:
        if create == "new":
            return cls.make(config, schema=schema or Schema())
        client = Client(config)
        try:
            place = _find_index(client, config)
            if place is not None:
                marker = _find_marker(client, config, place)
                if marker is None or marker.commit == ABANDONED:
                    place = None
            if place is not None:
                return cls._open_found(config, client, place, schema)
        except BaseException:
            client.close()
            raise
        client.close()
        if create and not config.read_only:
            return None
        advice = "read_only makes none" if create else "create it, or check its name"
        raise IndexNotFound(f"there is no index at {config.place}; {advice}")

    @classmethod
    def _open_found(
        cls, config: OpenSearchConfig, client: Client, place: Place, wanted: Schema | None
    ) -> Self:
        record = IndexMetadata.from_json(place.metadata, place=config.place, format=_FORMAT)
        analyzer = record.check(wanted, place=config.place, export_only=config.export_only)
        return cls(config, client, place, record, analyzer)

    @classmethod
    def make(
        cls,
        config: OpenSearchConfig,
        *,
        schema: Schema,
        documents: AnalyzedBatch = AnalyzedBatch((), {}),  # noqa: B008  # frozen
        durability: Durability = "power",
    ) -> Self:
        _refuse_if_read_only(config)
        record = IndexMetadata.create(_FORMAT, schema)
        client = Client(config)
        try:
            place = _make_index(client, config, record)
            try:
                index = cls._open_found(config, client, place, schema)
                index._writer.write(documents, Marker())
            except Exception:
                _remove_unfinished(client, place)
                raise
        except BaseException:
            client.close()
            raise
        return index

    @classmethod
    def drop(cls, config: OpenSearchConfig) -> None:
        _refuse_if_read_only(config)
        client = Client(config)
        try:
            place = _find_index(client, config)
            if place is None:
                raise IndexNotFound(f"there is no index at {config.place}; check its name")
            # Sent twice, the second finds nothing; and what was found is gone.
            _remove(client, place)
        finally:
            client.close()

    # Reading

    def reader(self, deadline: float | None = None) -> ReaderLease:
        self._settle()
        return self._lease_reader(BlockingChannel(self._client), deadline)

    def async_reader(self, deadline: float | None = None) -> ReaderLease:
        return self._lease_reader(AwaitedChannel(self._client), deadline)

    def _lease_reader(self, channel: Channel, deadline: float | None) -> ReaderLease:
        return ReaderLease(OpenSearchAsyncReader(channel, self._snapshots, self.schema, deadline))

    def run(self, search: PlannedSearch) -> Results:
        return self._read(lambda: super(OpenSearchBackend, self).run(search), search.deadline)

    async def run_async(self, search: PlannedSearch) -> Results:
        channel = AwaitedChannel(self._client)
        if self._writer.unsettled:
            await channel.do(self._settle)
        pauses = Pauses(self.config.retry, search.deadline)
        while True:
            try:
                return await super().run_async(search)
            except BackendUnavailable as error:
                pause = pauses.next(error)
            await asyncio.sleep(pause)

    def get(self, uri: str) -> Document | None:
        return self._read(lambda: super(OpenSearchBackend, self).get(uri))

    def _read(self, read: Callable[[], T], deadline: float | None = None) -> T:
        return _read_patiently(read, self.config.retry, deadline)

    # Writing

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        _refuse_if_read_only(self.config)
        self._settle()
        keys = {schema.make_key(uri): uri for uri in uris}
        heads = self._read(lambda: self._writer.find_heads(self._writer.read_marker(), list(keys)))
        return {keys[key]: head.root for key, head in heads.items()}

    def write(self, documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
        return self._in_turn(lambda: self._writer.write(documents))

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        return self._in_turn(lambda: self._writer.remove(uris))

    def _in_turn(self, work: Callable[[], T]) -> T:
        """Work while the other threads that write wait, and a fork."""
        _refuse_if_read_only(self.config)
        lease = Lease.of_call()
        try:
            if not self._turns.acquire(lease, self.config.lock_timeout):
                raise IndexLocked(
                    f"{self.config.place} is being written by another thread; try again, or raise "
                    "lock_timeout"
                )
            self._settle()
            return work()
        finally:
            self._turns.release(lease)

    def _settle(self) -> None:
        if self._writer.unsettled:
            self._writer.settle()

    def optimize(self) -> None:
        """Compact the catalog, delete what is dead or was given up, and have each shard merged
        into one segment."""
        place, timeout = self.config.place, self.config.lock_timeout

        def settle() -> None:
            Compaction(self._writer, self.analyzer, place, timeout).run()
            self._writer.clear_all()
            path = f"/{self._index.alias}/_forcemerge"
            self._client.send(Request("POST", path, {"max_num_segments": 1}))

        self._in_turn(settle)

    # Describing

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        return self._read(lambda: self._describe(fingerprint))

    def _describe(self, fingerprint: bool) -> IndexInfo:
        with self.reader() as reader:
            marker = reader.read_marker()
            roots = None
            if fingerprint:
                rows = reader.rows([query.FIRST], "stored.root")
                roots = sorted(bytes.fromhex(row["root"]) for row in rows)
        # What nobody reads any more keeps files on the disks that were merged into others.
        run_blocking(self._snapshots.close_retired(BlockingChannel(self._client), 1))
        path = f"/{self._index.alias}/_stats/store,docs"
        stats = self._client.send(Request("GET", path))["_all"]
        return IndexInfo(
            backend=self.name,
            documents=marker.documents,
            chunks=marker.chunks,
            bytes=stats["total"]["store"]["size_in_bytes"],
            analyzer=self.schema.analyzer,
            schema=self.schema,
            corpus_fingerprint=None if roots is None else corpus_fingerprint(roots),
            format=_FORMAT,
            details={
                "index": self._index.name,
                "shards": self._index.shards,
                "health": self._find_health()["status"],
                "generation": marker.generation,
                "deleted_chunks": stats["primaries"]["docs"]["deleted"],
                "uncommitted_batches": len(marker.uncommitted),
                "opensearch": self._client.send(Request("GET", "/"))["version"]["number"],
                "opensearch-py": version("opensearch-py"),
            },
        )

    def _find_health(self) -> Mapping[str, Any]:
        health: Mapping[str, Any] = self._client.send(
            Request("GET", f"/_cluster/health/{self._index.alias}")
        )
        return health

    def check(self) -> list[str]:
        def find() -> list[str]:
            health = self._find_health()
            with self.reader() as reader:
                return list(find_problems(health, reader, self.analyzer))

        return self._read(find)

    # The end

    def close(self) -> None:
        points = self._snapshots.take_points()
        if points:
            with suppress(BackendUnavailable, IndexNotFound):  # they end by themselves
                self._client.send(close_points(points))
        self._client.close()

    def before_fork(self) -> None:
        """Wait for the batch that is being written: it is not the child's to go on with."""
        forking = Lease()
        if self._turns.acquire(forking, self.config.lock_timeout):
            self._forking = forking

    def after_fork_in_parent(self) -> None:
        """Let the parent's writers continue."""
        forking = self._forking
        if forking is not None and forking.thread == get_ident():
            self._forking = None
            self._turns.release(forking)

    def after_fork_in_child(self) -> None:
        """Start again: the snapshots are the parent's to close, and its loops are not here."""
        self._snapshots.take_points()
        self._client.reset_after_fork()
        self._turns = Leases(1)
        self._forking = None


class Pauses:
    """The pauses before a read is made again, for so many seconds together."""

    def __init__(self, seconds: float, deadline: float | None) -> None:
        ends = monotonic() + seconds
        self._ends = ends if deadline is None else min(ends, deadline)
        self._pause = _PAUSE

    def next(self, error: BackendUnavailable) -> float:
        """Return the next pause. Raise the error where another try cannot help or is too late."""
        if not error.transient or monotonic() + self._pause >= self._ends:
            raise error
        pause, self._pause = self._pause, min(_GROWTH * self._pause, _LONGEST)
        return pause


_FORMAT: Final = schema.FORMAT


def _read_patiently(read: Callable[[], T], seconds: float, deadline: float | None = None) -> T:
    """Read, and again where the cluster could not answer: a read changes nothing."""
    pauses = Pauses(seconds, deadline)
    while True:
        try:
            return read()
        except BackendUnavailable as error:
            pause = pauses.next(error)
        sleep(pause)


def _refuse_if_read_only(config: OpenSearchConfig) -> None:
    if config.read_only:
        raise BackendUnavailable(f"{config.place} was named with read_only; name it without")


def _make_snapshots(config: OpenSearchConfig, place: Place) -> Snapshots:
    return Snapshots(place.alias, config.place, place.shards, config.keep_alive)


def _find_index(client: Client, config: OpenSearchConfig) -> Place | None:
    """Return the index of the configured name; raise `IndexExists` for one that is not ours."""
    answer = client.send(Request("GET", f"/{config.index}", ignore=(404,)))
    if "error" in answer:
        return None
    try:
        ((name, found),) = answer.items()
        meta = found["mappings"].get("_meta", {})
        shards = int(found["settings"]["index"]["number_of_shards"])
    except UNREADABLE as error:
        raise BackendUnavailable(
            f"{config.place} names several indexes, or is another server than OpenSearch; it "
            f"answered {list(answer)[:3]}"
        ) from error
    if "nuthatch" not in meta:
        raise IndexExists(
            f"{config.place} is an index of the cluster, and not one of nuthatch; choose another "
            "name"
        )
    return Place(name, meta["alias"], meta["nuthatch"], shards)


def _find_marker(client: Client, config: OpenSearchConfig, place: Place) -> Marker | None:
    """Return the marker of an index, which its first batch ends with; None where it has none."""
    snapshots = _make_snapshots(config, place)

    def find() -> Marker | None:
        return run_blocking(snapshots.find_marker(BlockingChannel(client)))

    # The shards of an index that was made just now may not be there yet.
    return _read_patiently(find, config.retry)


def _make_index(client: Client, config: OpenSearchConfig, record: IndexMetadata) -> Place:
    """Make an index that nobody sees before it has a marker. Raise `IndexExists`.

    One without a marker is being made by another process, or was left by one that was killed. If
    it is to be just like ours, the first marker decides whose it is.
    """
    incarnation = uuid4().hex
    alias = f"{config.index}.{incarnation[:16]}"
    body = schema.make_index(
        record.schema, record.to_json(), incarnation, alias, config.shards, config.replicas
    )
    for _ in range(10):
        request = Request("PUT", f"/{config.index}", body=json.dumps(body), ignore=(400,))
        answer = client.send(request)
        found = _find_index(client, config)
        if found is None:
            if "error" in answer and "already_exists" not in str(answer["error"]):
                raise BackendUnavailable(
                    f"{config.place} cannot be made: {answer['error'].get('reason')}"
                )
            continue  # it was dropped just now
        if found.alias == alias:
            return found
        marker = _find_marker(client, config, found)
        if marker is None and found.metadata == record.to_json():
            return found
        if marker is None:
            _remove_unfinished(client, found)
        elif marker.commit == ABANDONED:  # by one that was killed before it could remove the index
            _remove(client, found)
        else:
            raise IndexExists(f"{config.place} is an index already; open it or choose another name")
    raise IndexExists(f"{config.place} is made and dropped all the time; choose another name")


def _remove_unfinished(client: Client, place: Place) -> None:
    """Remove an index whose making was interrupted. Should it still go on, its marker fails."""
    body = json.dumps(Marker(commit=ABANDONED).to_document())
    path = f"/{place.alias}/_create/{schema.MARKER}"
    with suppress(Conflict):
        client.send(Request("PUT", path, body=body))
        _remove(client, place)


def _remove(client: Client, place: Place) -> None:
    client.send(Request("DELETE", f"/{place.name}", ignore=(404,)))
