"""Writing: a batch is stored, and then committed by its marker.

    marker ──▶ what is stored of these uris ──▶ a number for the batch ──▶ chunks, refreshed
        ──▶ the marker, over the one that was read: the commit
              └─ another writer was faster: from the beginning, with what is stored already

Nobody sees a batch before its commit, so whatever ends a writer leaves nothing that is found. What
it has stored is deleted when the index is optimized, or by another writer ten minutes later: the
batch is closed first, so that its writer, should it still run, begins again.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic, sleep, time
from typing import Any, Final, NamedTuple
from uuid import uuid4

from nuthatch import (
    AnalyzedBatch,
    AnalyzedDocument,
    BackendUnavailable,
    IndexExists,
    IndexLocked,
    Schema,
    WriteOutcome,
    run_blocking,
)
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.catalog import (
    GONE,
    ROWS,
    WORDS,
    CatalogRow,
    KnownWords,
    pack_gone,
    pack_rows,
    pack_words,
)
from nuthatch_opensearch.channel import BlockingChannel
from nuthatch_opensearch.client import Client, Request
from nuthatch_opensearch.config import OpenSearchConfig
from nuthatch_opensearch.failure import Conflict, interpret
from nuthatch_opensearch.marker import Marker, Stored
from nuthatch_opensearch.schema import COUNTER, MARKER
from nuthatch_opensearch.session import ORDER
from nuthatch_opensearch.snapshot import Snapshots

#: Documents that are looked up in one request, and chunks that are deleted in one.
_LOOKED_UP: Final = 10_000
#: Dead chunks that stay until the next batch; more are deleted at once.
_DEAD: Final = 200
#: Seconds after which a batch that is not committed is given up.
_GIVEN_UP: Final = 600
#: Pauses before a part of a batch that the cluster has no room for is sent again, in seconds.
_PAUSES: Final = (0.1, 0.3, 1.0, 3.0)
#: Makes JSON; one encoder, as `json.dumps` makes another for each call.
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
#: The counter, which is its version.
_COUNTER: Final = json.dumps({"tokens": schema.NO_TOKENS})


class Head(NamedTuple):
    """What is stored of a document: the version, its root, the numbers of its chunks and tokens,
    and the place of the first of the chunks."""

    version: str
    root: bytes
    chunks: int
    tokens: int
    seq: int


class LookUp(NamedTuple):
    """What was looked up in one state, which its marker's place names: by key a head, or None."""

    marker: Stored | None
    heads: dict[str, Head | None]


@dataclass(slots=True)
class Upload:
    """What was stored of a batch that is not committed yet: documents by key, parts of the catalog
    by their number, and the words that were selected in an epoch."""

    batch: int
    place: int = 0
    stored: dict[str, Head] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    epoch: int = -1
    gone: list[int] = field(default_factory=list)

    def number(self, kind: str) -> int:
        """Return the number of the next part of a kind."""
        number = self.parts.get(kind, 0)
        self.parts[kind] = number + 1
        return number


class Writer:
    """A writer of one index, for one thread at a time."""

    def __init__(
        self,
        config: OpenSearchConfig,
        client: Client,
        snapshots: Snapshots,
        declared: Schema,
    ) -> None:
        self._config = config
        self._client = client
        self._snapshots = snapshots
        self._channel = BlockingChannel(client)
        self._schema = declared
        self._columns = schema.find_columns(declared)
        self._words = KnownWords()
        self._looked_up = LookUp(None, {})
        self.bulk_bytes = config.bulk_bytes
        #: Commits of which nobody knows whether they were made.
        self.unsettled: deque[str] = deque()

    # A batch

    def write(self, documents: AnalyzedBatch, marker: Marker | None = None) -> WriteOutcome:
        """Upsert documents with distinct uris. `marker` is that of an index that is being made."""
        keyed = {schema.make_key(row.document.uri): row for row in documents}
        upload: Upload | None = None
        is_new = marker is not None
        ends = monotonic() + self._config.lock_timeout
        while True:
            if marker is None:
                marker = self.read_marker()
            heads = {} if is_new else self.find_heads(marker, list(keyed))
            fresh = {
                key: row
                for key, row in keyed.items()
                if key not in heads or heads[key].root != row.root
            }
            if not fresh and not is_new:
                self._give_up(upload)
                return WriteOutcome(unchanged=len(keyed))
            if upload is None or marker.is_closed(upload.batch):
                upload = Upload(self.take_number())
            gone = [heads[key] for key in heads.keys() & fresh.keys()]
            # What another writer has written meanwhile, just the same, is not written again.
            gone += [upload.stored[key] for key in upload.stored.keys() - fresh.keys()]
            self._upload(upload, fresh, marker, gone, documents.words)
            after = self._plan_commit(marker, upload, fresh, heads, gone)
            if self.commit(marker, after, upload.batch, is_new=is_new):
                self._words.add(documents.words, marker.epoch)
                break
            marker = None
            if monotonic() > ends:
                raise self.locked()
        self._clear(after)
        replaced = len(fresh.keys() & heads.keys())
        return WriteOutcome(
            added=len(fresh) - replaced,
            replaced=replaced,
            unchanged=len(keyed) - len(fresh),
            chunks=sum(len(row.chunks) for row in fresh.values()),
        )

    def _plan_commit(
        self,
        marker: Marker,
        upload: Upload,
        fresh: Mapping[str, AnalyzedDocument],
        heads: Mapping[str, Head],
        gone: Sequence[Head],
    ) -> Marker:
        """Return the marker that commits an upload, by which some versions are gone."""
        before = [heads[key] for key in heads.keys() & fresh.keys()]
        return marker.after(
            upload.batch,
            [(head.version, head.chunks) for head in gone],
            uuid4().hex,
            int(time()),
            documents=len(fresh.keys() - heads.keys()),
            chunks=sum(len(row.chunks) for row in fresh.values())
            - sum(head.chunks for head in before),
            tokens=sum(map(schema.count_tokens, fresh.values()))
            - sum(head.tokens for head in before),
            long_phrases=any(
                schema.phrase_term(phrase) != phrase
                for row in fresh.values()
                for _, phrase in schema.find_phrases(self._columns, row)
            ),
            removed=bool(gone),
        )

    def remove(self, uris: Sequence[str]) -> int:
        """Remove the documents with these uris; return how many there were."""
        keys = [schema.make_key(uri) for uri in uris]
        upload: Upload | None = None
        ends = monotonic() + self._config.lock_timeout
        while True:
            marker = self.read_marker()
            heads = self.find_heads(marker, keys)
            if not heads:
                self._give_up(upload)
                return 0
            if upload is None or marker.is_closed(upload.batch):
                upload = Upload(self.take_number())
            gone = list(heads.values())
            self._upload(upload, {}, marker, gone, {})
            after = marker.after(
                upload.batch,
                [(head.version, head.chunks) for head in gone],
                uuid4().hex,
                int(time()),
                documents=-len(heads),
                chunks=-sum(head.chunks for head in gone),
                tokens=-sum(head.tokens for head in gone),
                removed=True,
            )
            if self.commit(marker, after, upload.batch):
                self._clear(after)
                return len(heads)
            if monotonic() > ends:
                raise self.locked()

    def locked(self) -> IndexLocked:
        """Return the error of a writer who was too late all the time."""
        return IndexLocked(
            f"{self._config.place} is written by others, who are always faster; try again, "
            "or raise lock_timeout"
        )

    # The marker

    def read_marker(self) -> Marker:
        """Return the newest marker. Raise `IndexNotFound` where the index is gone."""
        return run_blocking(self._snapshots.read_marker(self._channel, None))

    def take_number(self) -> int:
        """Return the number of a new batch, which no other writer has or will have."""
        answer = self._client.send(Request("PUT", self.path(f"_doc/{COUNTER}"), body=_COUNTER))
        number: int = answer["_version"]
        return number

    def commit(
        self, before: Marker, after: Marker, batch: int | None = None, *, is_new: bool = False
    ) -> bool:
        """Write a marker over the one that was read; return False where that is gone.

        `batch` is what it commits; without one it may be written twice.
        """
        params: dict[str, Any] = {"refresh": "true"}
        if is_new:
            params["op_type"] = "create"
        else:
            assert before.stored is not None  # as it was read
            params["if_seq_no"], params["if_primary_term"] = before.stored
        body = json.dumps(after.to_document())
        request = Request("PUT", self.path(f"_doc/{MARKER}"), params, body)
        try:
            self._client.send(request)
            is_done = True
        except Conflict:
            # Perhaps by our own: the request was made, its answer lost, and then sent again. Since
            # then others may have committed, too.
            is_done = batch is not None and self.read_marker().has(batch)
        except BaseException:
            self.unsettled.append(after.commit)
            raise
        if is_new and not is_done:
            raise IndexExists(f"{self._config.place} was made by another process just now; open it")
        return is_done

    def settle(self) -> None:
        """Have commits made, or never made, that were interrupted or failed on the way.

        The marker is written again as it is: a request that is still under way finds another one
        than it was to be written over.
        """
        while commits := list(self.unsettled):
            marker = run_blocking(self._snapshots.find_marker(self._channel))
            if marker is not None and marker.stored is not None:
                number, term = marker.stored
                params = {"if_seq_no": number, "if_primary_term": term, "refresh": "true"}
                body = json.dumps(marker.to_document())
                try:
                    self._client.send(Request("PUT", self.path(f"_doc/{MARKER}"), params, body))
                except Conflict:
                    continue
            for commit in commits:
                with suppress(ValueError):  # another thread was faster
                    self.unsettled.remove(commit)

    # Chunks

    def find_heads(self, marker: Marker, keys: Sequence[str]) -> dict[str, Head]:
        """Return by key what a state has of documents.

        What `roots` has looked up for a batch is not looked up again when that is written.
        """
        if not marker.documents:
            return {}
        known = self._looked_up
        if known.marker != marker.stored or len(known.heads) > 2 * _LOOKED_UP:
            known = self._looked_up = LookUp(marker.stored, {})
        new = [key for key in keys if key not in known.heads]
        found = self._search_heads(marker, new)
        known.heads.update((key, found.get(key)) for key in new)
        heads = {key: known.heads[key] for key in keys}
        return {key: head for key, head in heads.items() if head is not None}

    def _search_heads(self, marker: Marker, keys: Sequence[str]) -> dict[str, Head]:
        heads = {}
        for at in range(0, len(keys), _LOOKED_UP):
            some = list(keys[at : at + _LOOKED_UP])
            conditions = [query.FIRST, {"terms": {"key": some}}, *query.visible(marker)]
            body = {
                "query": query.all_of(conditions),
                "size": len(some),
                "sort": ORDER,
                "_source": ["stored.root", "stored.chunks", "stored.tokens"],
                "track_total_hits": False,
            }
            for hit in self.search(body):
                version = schema.version_of(hit["_id"])
                row = hit["_source"]["stored"]
                key = version.rpartition(".")[0]
                root = bytes.fromhex(row["root"])
                (seq,) = hit["sort"]
                heads[key] = Head(version, root, row["chunks"], row["tokens"], seq)
        return heads

    def search(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the hits of a search of what is stored now, committed or not."""
        params = {"allow_partial_search_results": "false"}
        request = Request("POST", self.path("_search"), params, json.dumps(body))
        answer = self._client.send(request)
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits

    def _upload(
        self,
        upload: Upload,
        fresh: Mapping[str, AnalyzedDocument],
        marker: Marker,
        gone: Sequence[Head],
        words: Mapping[str, str],
    ) -> None:
        """Store what is not stored yet of a batch, and delete the dead chunks of before."""
        waiting = [row for key, row in fresh.items() if key not in upload.stored]
        lines, rows = self._chunk_lines(upload, waiting)
        lines += _deletions(marker.dead)
        lines += make_part_lines(ROWS, upload, pack_rows(rows))
        if upload.epoch != marker.epoch:  # or others may have forgotten words that were known
            upload.epoch = marker.epoch
            new = self._words.select_new(words, marker.epoch)
            lines += make_part_lines(WORDS, upload, pack_words(new))
        places = sorted(head.seq for head in gone)
        if places != upload.gone:  # perhaps over those of an earlier attempt
            lines.append(_line(*schema.make_part(GONE, upload.batch, 0, pack_gone(places))))
            upload.gone = places
        self._send_lines(lines)

    def _send_lines(self, lines: Sequence[str]) -> None:
        """Send the lines of a bulk in requests of a bounded size, and have them seen."""
        parts = list(cut_lines(lines, self.bulk_bytes))
        for part in parts:
            self.send_bulk(part, refresh=len(parts) == 1)
        if len(parts) > 1:
            self.refresh()

    def _chunk_lines(
        self, upload: Upload, documents: Sequence[AnalyzedDocument]
    ) -> tuple[list[str], list[CatalogRow]]:
        """Return the lines that store documents, and what the catalog has of them."""
        lines: list[str] = []
        rows: list[CatalogRow] = []
        for analyzed in documents:
            key = schema.make_key(analyzed.document.uri)
            seq = schema.make_seq(upload.batch, upload.place)
            version = schema.make_version(key, upload.batch)
            chunks = schema.make_chunks(self._columns, analyzed, upload.batch, upload.place)
            lines += [_line(chunk_id, document) for chunk_id, document in chunks]
            upload.place += len(analyzed.chunks)
            tokens = schema.count_tokens(analyzed)
            upload.stored[key] = Head(version, analyzed.root, len(analyzed.chunks), tokens, seq)
            rows.append(CatalogRow.of(self._schema, analyzed, seq))
        return lines, rows

    def send_bulk(self, lines: Sequence[str], *, refresh: bool = False) -> None:
        """Store and delete; a part that the cluster has no room for just now is sent again.

        Each line names its document, so it may be sent any number of times.
        """
        params = {"require_alias": "true", "filter_path": "errors,items.*.error,items.*.status"}
        params["refresh"] = "true" if refresh else "false"
        for pause in (*_PAUSES, None):
            body = "".join(lines)
            request = Request("POST", self.path("_bulk"), params, body)
            try:
                answer = self._client.send(request)
                failures = _find_failures(answer) if answer["errors"] else []
            except BackendUnavailable as error:
                if pause is None or not error.transient:
                    raise
            else:
                if not failures:
                    return
                status, details = failures[0]
                if pause is None or status != 429:
                    raise interpret(status, details, self._config.place, None)
            sleep(pause)
            if len(lines) > 1:  # there may be no room for so much, however long one waits
                half = len(lines) // 2
                self.send_bulk(lines[:half])
                self.send_bulk(lines[half:], refresh=refresh)
                return

    def refresh(self) -> None:
        for pause in (*_PAUSES, None):
            try:
                answer = self._client.send(Request("POST", self.path("_refresh")))
                if not answer["_shards"]["failed"]:
                    return
                raise BackendUnavailable(
                    f"a shard of {self._config.place} could not be refreshed; try again, and look "
                    "at the health of the cluster",
                    transient=True,
                )
            except BackendUnavailable as error:
                if pause is None or not error.transient:
                    raise
            sleep(pause)

    # What is not needed any more

    def _clear(self, marker: Marker) -> None:
        """Delete what is dead or given up, where there is much of it; a batch was committed, and
        what fails now is left to the next one."""
        oldest = min((hole.since for hole in marker.holes), default=None)
        is_due = oldest is not None and time() - oldest > _GIVEN_UP
        if len(marker.dead) > _DEAD or is_due:
            with suppress(BackendUnavailable):
                self.clear_all(older=_GIVEN_UP)

    def clear_all(self, older: float = 0) -> None:
        """Delete the dead chunks, and those of batches that are not committed since `older`
        seconds."""
        while True:
            marker = self.read_marker()
            self.delete_chunks(marker.dead)
            closing = marker.close(int(time() - older))
            if (marker.dead, marker.holes) == ((), closing.holes):
                break
            generation = marker.generation + 1
            after = replace(closing, dead=(), generation=generation, commit=uuid4().hex)
            if self.commit(marker, after):
                break
        self.delete_batches([batch for batch in closing.uncommitted if closing.is_closed(batch)])

    def _give_up(self, upload: Upload | None) -> None:
        """Delete what was stored of a batch that nobody needs."""
        if upload is not None:
            self.delete_batches([upload.batch])

    def delete_batches(self, batches: Sequence[int]) -> None:
        """Delete the chunks of batches that are never committed."""
        while batches:
            body = {
                "query": query.all_of([{"terms": {"batch": list(batches)}}]),
                "size": _LOOKED_UP,
                "_source": False,
                "track_total_hits": False,
            }
            ids = [hit["_id"] for hit in self.search(body)]
            if not ids:
                return
            self.send_bulk([_deletion(chunk_id) for chunk_id in ids])
            self.refresh()

    def delete_chunks(self, dead: Sequence[tuple[str, int]]) -> None:
        lines = list(_deletions(dead))
        for at in range(0, len(lines), _LOOKED_UP):
            self.send_bulk(lines[at : at + _LOOKED_UP])
        if lines:
            self.refresh()

    def path(self, rest: str) -> str:
        return f"/{self._snapshots.alias}/{rest}"


def _line(name: str, document: Mapping[str, Any]) -> str:
    """Return the lines of a bulk that store one document of OpenSearch."""
    return f'{{"index":{{"_id":"{name}"}}}}\n{_encode(document)}\n'  # no name needs escaping


def make_part_lines(kind: str, upload: Upload, contents: Iterable[str]) -> list[str]:
    """Return the lines of a bulk that store parts of a batch's catalog."""
    return [
        _line(*schema.make_part(kind, upload.batch, upload.number(kind), content))
        for content in contents
    ]


def _deletions(dead: Sequence[tuple[str, int]]) -> Iterator[str]:
    for version, chunks in dead:
        for chunk_id in schema.chunk_ids(version, chunks):
            yield _deletion(chunk_id)


def _deletion(chunk_id: str) -> str:
    return f'{{"delete":{{"_id":"{chunk_id}"}}}}\n'


def _find_failures(answer: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """Return (status, error) of the lines that failed; what is deleted twice has not failed."""
    items = [next(iter(item.values())) for item in answer["items"]]
    return [(item["status"], item["error"]) for item in items if "error" in item]


def cut_lines(lines: Sequence[str], size: int) -> Iterator[list[str]]:
    """Yield lines in parts of about this many bytes."""
    part: list[str] = []
    length = 0
    for line in lines:
        part.append(line)
        length += len(line.encode())
        if length >= size:
            yield part
            part, length = [], 0
    if part:
        yield part
